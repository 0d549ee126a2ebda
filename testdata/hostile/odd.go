package hostile

import (
	"archive/tar"
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const healthyDump = hotspotHead + "\"main\" #1 prio=5 tid=0x1 nid=0x1 runnable\n   java.lang.Thread.State: RUNNABLE\n\tat a.B.c(D.java:1)\n"

// odd are archives whose rarer features are used against who reads them.
func odd() []Input {
	return []Input{
		file("sparse.tar", "--max-unpacked", sparse),
		file("method.zip", "unsupported compression", func(w *bufio.Writer, _ float64) error {
			var b bytes.Buffer
			if err := writeZip(&b, []stored{{"a.log", strings.NewReader(logLine)}, {"b.txt", strings.NewReader(healthyDump)}}); err != nil {
				return err
			}
			raw := b.Bytes()
			raw[bytes.Index(raw, []byte("PK\x01\x02"))+10] = 99 // the method of the first
			_, err := w.Write(raw)
			return err
		}),
		{Name: "odd-names", Tells: "neither thread dumps", Make: func(path string, _ float64) error {
			if err := os.MkdirAll(path, 0o700); err != nil {
				return err
			}
			for _, name := range []string{"\xff\xfe.log", "a\nb.log", Escape + ".log", "-v.log", "\u202egol.exe", strings.Repeat("n", 250)} {
				if err := os.WriteFile(filepath.Join(path, name), []byte("x\n"), 0o600); err != nil {
					return err
				}
			}
			return os.Symlink(".", filepath.Join(path, "self"))
		}},
		file("laughs/application.properties", "", func(w *bufio.Writer, _ float64) error {
			fmt.Fprint(w, "server.port=${a0}\nspring.datasource.hikari.maximum-pool-size=${a0}\n")
			for i := range 60 {
				fmt.Fprintf(w, "a%d=%s\n", i, strings.Repeat(fmt.Sprintf("${a%d}", i+1), 3))
			}
			_, err := fmt.Fprint(w, "a60=1\n")
			return err
		}),
		bundled("odd-times", "", func(float64) []member {
			return []member{
				text("casefile.json", `{"format_version":1,"cluster":"c","started":"9999-12-31T23:59:59Z","ended":"0001-01-01T00:00:00Z","nodes":[{"name":"n1","clock_offset_ms":1e300,"clock_error_ms":1e300},{"name":""},{"name":"../x"}]}`),
				text("nodes/n1/jvm/1-a/threads/001.txt", healthyDump),
				text("nodes/n1/jvm/1-a/process/series.0.jsonl", `{"series":1,"source":"process","target":"1-a"}`+"\n"+`{"t":9223372036854775807,"v":{"cpu_seconds":1e308,"fds":1e308,"fd_limit":1e-308}}`+"\n"+`{"t":-9223372036854775808,"v":{"cpu_seconds":-1e308,"fds":-1e308}}`+"\n"),
			}
		}),
	}
}

// sparse is a tar of four blocks whose entry has, by its map, four terabytes of holes.
func sparse(w *bufio.Writer, _ float64) error {
	var records []byte
	for _, r := range [][2]string{{"GNU.sparse.major", "1"}, {"GNU.sparse.minor", "0"}, {"GNU.sparse.name", "logs/a.log"}, {"GNU.sparse.realsize", strconv.Itoa(1 << 42)}} {
		line := " " + r[0] + "=" + r[1] + "\n"
		n := len(line) + 2 // all have two digits
		records = fmt.Appendf(records, "%d%s", n, line)
	}
	for _, part := range []struct {
		kind byte
		size int
		body string
	}{{tar.TypeXHeader, len(records), string(records)}, {tar.TypeReg, 513, "1\n0\n1\n" + strings.Repeat("\x00", 506) + "x"}} {
		if _, err := w.Write(ustar(part.kind, part.size)); err != nil {
			return err
		}
		const block = 512
		if _, err := w.WriteString(part.body + strings.Repeat("\x00", (block-len(part.body)%block)%block)); err != nil {
			return err
		}
	}
	_, err := w.WriteString(strings.Repeat("\x00", 1024))
	return err
}

// ustar is a header that archive/tar would not write.
func ustar(kind byte, size int) []byte {
	h := make([]byte, 512)
	copy(h, "a.log")
	copy(h[100:], "0000600\x000000000\x000000000\x00")
	copy(h[124:], fmt.Sprintf("%011o\x0000000000000\x00        ", size))
	h[156] = kind
	copy(h[257:], "ustar\x0000")
	sum := 0
	for _, c := range h {
		sum += int(c)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	return h
}
