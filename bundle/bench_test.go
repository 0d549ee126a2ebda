package bundle

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"casefile/bundle/redact"
)

// evidence makes text like thread dumps: much repetition, some numbers that differ.
func evidence(size int) []byte {
	rnd := rand.New(rand.NewPCG(5, 6))
	var b bytes.Buffer
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "\"http-nio-8090-exec-%d\" #%d daemon prio=5 os_prio=0 cpu=%d.%02dms elapsed=%d.10s tid=0x%016x nid=0x%x waiting on condition\n   java.lang.Thread.State: WAITING (parking)\n",
			i%200, i, rnd.IntN(5000), rnd.IntN(100), rnd.IntN(9000), rnd.Uint64(), rnd.IntN(65536))
		for d := range 20 {
			fmt.Fprintf(&b, "\tat com.acme.shop.module%d.Service%d.call(Service%d.java:%d)\n", d%7, rnd.IntN(50), d, rnd.IntN(900))
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// BenchmarkWrite scrubs, compresses and checksums 32 MB in 8 entries, beside what
// the stock tool needs to compress the same bytes alone.
func BenchmarkWrite(b *testing.B) {
	const part, parts = 4 << 20, 8
	text := evidence(part)
	peers := map[Format][]string{TarZstd: {"zstd", "-q", "-f", "-T1", "-3"}, Zip: {"zip", "-q"}}
	for _, format := range []Format{TarZstd, Zip} {
		b.Run(string(format), func(b *testing.B) {
			b.SetBytes(part * parts)
			var size int64
			for b.Loop() {
				path := filepath.Join(b.TempDir(), "x")
				w, err := Create(path, format, Manifest{}, redact.NewSecrets())
				if err != nil {
					b.Fatal(err)
				}
				for i := range parts {
					if err := w.Add(Entry{Path: fmt.Sprintf("nodes/n/%d.txt", i)}, redact.Text, text); err != nil {
						b.Fatal(err)
					}
				}
				if _, err := w.Close(); err != nil {
					b.Fatal(err)
				}
				if st, err := os.Stat(path); err == nil {
					size = st.Size()
				}
			}
			ours := float64(b.Elapsed()) / float64(b.N)
			tool, peerSize := runPeer(b, peers[format], bytes.Repeat(text, parts))
			if tool > 0 {
				b.ReportMetric(float64(tool)/1e6, peers[format][0]+"-ms")
				b.ReportMetric(ours/float64(tool), "times-"+peers[format][0])
				b.ReportMetric(float64(size)/float64(peerSize), "size-ratio")
			}
		})
	}
}

// runPeer compresses the same bytes with a stock tool; 0 when it is not there.
func runPeer(b *testing.B, tool []string, content []byte) (time.Duration, int64) {
	if _, err := exec.LookPath(tool[0]); err != nil {
		return 0, 0
	}
	in, out := filepath.Join(b.TempDir(), "in"), filepath.Join(b.TempDir(), "out.zip")
	if err := os.WriteFile(in, content, 0o600); err != nil {
		b.Fatal(err)
	}
	args := append(tool[1:len(tool):len(tool)], in, "-o", out)
	if tool[0] == "zip" {
		args = append(tool[1:len(tool):len(tool)], out, in)
	}
	began := time.Now()
	if said, err := exec.Command(tool[0], args...).CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, said)
	}
	took := time.Since(began)
	st, err := os.Stat(out)
	if err != nil {
		b.Fatal(err)
	}
	return took, st.Size()
}
