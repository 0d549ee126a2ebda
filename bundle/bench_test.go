package bundle

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

// BenchmarkWrite scrubs, compresses and checksums 32 MB in 16 entries, next to what
// the stock tool needs to compress the same bytes alone.
func BenchmarkWrite(b *testing.B) {
	const part, parts = 2 << 20, 16
	text := evidence(part)
	peers := map[Format][]string{TarZstd: {"zstd", "-q", "-f", "-T1", "-9", "--long=23"}, Zip: {"zip", "-q"}}
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

// dumps are those of one node: the threads keep their names and most of their stacks from one to the next.
func dumps(node, rounds, threads int) [][]byte {
	rnd := rand.New(rand.NewPCG(uint64(node), 7))
	stacks := make([]string, 60)
	common := rand.New(rand.NewPCG(3, 4)) // all nodes run the same program
	for i := range stacks {
		var b strings.Builder
		for d := range 15 + common.IntN(30) {
			fmt.Fprintf(&b, "\tat com.acme.shop.module%d.Service%d.call(Service%d.java:%d)\n", d%7, common.IntN(50), d, common.IntN(900))
		}
		stacks[i] = b.String()
	}
	at, cpu, tid := make([]int, threads), make([]float64, threads), make([]uint64, threads)
	for t := range threads {
		at[t], tid[t] = rnd.IntN(len(stacks)), 0x7f0000000000+uint64(rnd.IntN(1<<32))
	}
	out := make([][]byte, rounds)
	for r := range out {
		var b bytes.Buffer
		fmt.Fprintf(&b, "2026-11-23 08:30:%02d\nFull thread dump OpenJDK 64-Bit Server VM (17.0.15+6 mixed mode, sharing):\n\n", 10*r)
		for t := range threads {
			if rnd.IntN(10) == 0 {
				at[t], cpu[t] = rnd.IntN(len(stacks)), cpu[t]+rnd.Float64()*900
			}
			fmt.Fprintf(&b, "\"http-nio-8090-exec-%d\" #%d daemon prio=5 os_prio=0 cpu=%.2fms elapsed=%.2fs tid=0x%016x nid=0x%x waiting on condition\n"+
				"   java.lang.Thread.State: WAITING (parking)\n%s\n", t, t+40, cpu[t], float64(9000+10*r), tid[t], 4000+t, stacks[at[t]])
		}
		out[r] = b.Bytes()
	}
	return out
}

// BenchmarkDumps writes a capture of four nodes as the nodes do, six dumps of 500 threads each, and joins them. It
// reports the size next to that of zip -9 over the same files.
func BenchmarkDumps(b *testing.B) {
	const nodes, rounds, threads = 4, 6, 500
	var plain int64
	var all []byte
	captured := make([][][]byte, nodes)
	for n := range captured {
		captured[n] = dumps(n, rounds, threads)
		for _, d := range captured[n] {
			plain += int64(len(d))
			all = append(all, d...)
		}
	}
	write := func(dir string, n int) string {
		w, err := Create(filepath.Join(dir, fmt.Sprintf("n%d.tar.zst", n)), TarZstd, Manifest{}, redact.NewSecrets())
		if err != nil {
			b.Fatal(err)
		}
		w.ForJoin()
		for r, d := range captured[n] {
			if err := w.Add(Entry{Path: fmt.Sprintf("nodes/n%d/dump-%02d.txt", n, r)}, redact.Text, d); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := w.Close(); err != nil {
			b.Fatal(err)
		}
		return w.Path()
	}
	b.Run("write", func(b *testing.B) {
		b.SetBytes(plain / nodes)
		for b.Loop() {
			write(b.TempDir(), 0)
		}
	})
	b.Run("join", func(b *testing.B) {
		dir := b.TempDir()
		var parts [nodes][]byte
		for n := range parts {
			part, err := os.ReadFile(write(dir, n))
			if err != nil {
				b.Fatal(err)
			}
			parts[n] = part
		}
		b.SetBytes(plain)
		var size int64
		for b.Loop() {
			w, err := Create(filepath.Join(b.TempDir(), "x.tar.zst"), TarZstd, Manifest{}, redact.NewSecrets())
			if err != nil {
				b.Fatal(err)
			}
			for n, part := range parts {
				name := fmt.Sprintf("n%d", n)
				if _, err := w.Join(b.Context(), bytes.NewReader(part), JoinOptions{Node: name, Dir: name, MaxBytes: 1 << 30}); err != nil {
					b.Fatal(err)
				}
			}
			if _, err := w.Close(); err != nil {
				b.Fatal(err)
			}
			if st, err := os.Stat(w.Path()); err == nil {
				size = st.Size()
			}
		}
		if tool, peer := runPeer(b, []string{"zip", "-q", "-9"}, all); tool > 0 {
			b.ReportMetric(float64(size)/float64(peer), "size/zip-9")
		}
	})
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
