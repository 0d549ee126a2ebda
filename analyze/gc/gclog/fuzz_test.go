package gclog

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"casefile/analyze/gc"
)

// seeds are a few lines of every format.
var seeds = []string{
	"[0.017s][info][gc] Using Parallel\n[0.203s][info][gc] GC(0) Pause Young (Allocation Failure) 32M->29M(123M) 6.868ms\n",
	"[2022-01-29T16:34:51.642+0000][233ms][info][gc,start] GC(5) Pause Young (Concurrent Start) (G1 Humongous Allocation)\n" +
		"[2022-01-29T16:34:51.650+0000][241ms][info][gc] GC(5) To-space exhausted\n" +
		"[2022-01-29T16:34:51.652+0000][243ms][info][gc,heap] GC(5) Old regions: 7->13\n" +
		"[2022-01-29T16:34:51.653+0000][244ms][info][gc] GC(5) Pause Young (Concurrent Start) (G1 Humongous Allocation) 19M->13M(64M) 6.277ms\n" +
		"[2022-01-29T16:34:51.653+0000][244ms][info][gc,cpu] GC(5) User=0.01s Sys=0.00s Real=0.01s\n",
	"[1.0s][info][gc] Using The Z Garbage Collector\n[2.0s][info][gc] GC(4) Major Collection (Timer)\n" +
		"[2.1s][info][gc,phases] GC(4) Y: Pause Mark Start (Major) 0.005ms\n[2.2s][info][gc,heap] GC(4) Y:      Live:         -   15M (24%)   1M (2%)  0M (1%)\n" +
		"[2.3s][info][gc] Allocation Stall (a (b) c) 706.1ms\n[2.4s][info][gc] GC(4) Major Collection (Timer) 40M(62%)->46M(72%) 0.017s\n",
	"[3.0s][info][gc] GC(0) Concurrent cleanup (Young) 21M->19M(64M) 0.014ms\n[3.0s][info][gc,stats] Pause Init Mark (N) = 0.001 s (a = 22 us) (n = 59) (lvls, us = 12)\n",
	"[4.0s][info][safepoint] Safepoint \"G1CollectForAllocation\", Time since last: 18081873 ns, Reaching safepoint: 4707 ns, At safepoint: 6311378 ns, Leaving safepoint: 11077 ns, Total: 6327162 ns, Threads: 0 runnable, 12 total\n",
	"0.963: [GC 0.963: [ParNew: 16256K->1984K(18240K), 0.0689940 secs] 16256K->6122K(58752K), 0.0691170 secs] [Times: user=0.11 sys=0.01, real=0.07 secs]\n",
	"2.235: [GC[YG occupancy: 16910 K (18240 K)]2.235: [Rescan (parallel) , 0.0141140 secs] [1 CMS-remark: 27451K(40512K)] 44361K(58752K), 0.0143210 secs]\n",
	"3.735: [GC pause (G1 Evacuation Pause) (young)\nDesired survivor size 33554432 bytes, new threshold 15 (max 15)\n, 0.0310490 secs]\n" +
		"   [Parallel Time: 20.7 ms, GC Workers: 18]\n   [Eden: 24.0M(24.0M)->0.0B(13.0M) Survivors: 0.0B->3072.0K Heap: 24.0M(256.0M)->21.2M(256.0M)]\n [Times: user=0.02 sys=0.00, real=0.01 secs]\n",
	"4.363: [Full GC (System) 4.363: [CMS4.368: [CMS-concurrent-mark: 0.012/0.813 secs] [Times: user=2.51 sys=0.10, real=0.81 secs]\n" +
		" (concurrent mode interrupted): 16487K->23431K(2960704K), 0.18 secs] 84377K->23431K(3127232K), [CMS Perm : 19815K->19787K(21248K)], 0.1830090 secs]\n",
	"<verbosegc version=\"R28\">\n<exclusive-start id=\"2\" timestamp=\"2015-12-31T15:22:46.957\" intervalms=\"3955.367\">\n<gc-start id=\"5\" type=\"scavenge\" timestamp=\"2015-12-31T15:22:46.957\">\n" +
		"<mem-info id=\"6\" free=\"401882552\" total=\"536870912\" percent=\"74\">\n<gc-end id=\"9\" durationms=\"5.158\" usertimems=\"20.0\" systemtimems=\"4.0\" timestamp=\"2015-12-31T15:22:46.962\">\n" +
		"<mem-info id=\"10\" free=\"519372040\" total=\"536870912\" percent=\"96\">\n<exclusive-end id=\"12\" timestamp=\"2015-12-31T15:22:46.962\" durationms=\"5.643\" />\n",
	"2.472: [Pause Init Mark (process weakrefs), 3.341 ms]\n2.48: [Concurrent cleanup 1198M->1190M(1200M), 0.055 ms]\n",
}

func FuzzParse(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	fixtures, _ := filepath.Glob(filepath.Join(moduleRoot(f), "testdata", "gc", "*.log"))
	for _, path := range fixtures {
		if b, err := os.ReadFile(path); err == nil {
			f.Add(b[:min(len(b), 4<<10)])
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := Parse("fuzz", bytes.NewReader(data), Options{MaxBytes: 1 << 22, Limits: gc.Limits{Pauses: 50, Exact: 30, Runs: 5}})
		if l == nil {
			t.Fatal("no log")
		}
		if err == nil && l.Format == "" {
			t.Fatal("a log without a format")
		}
		consistent(t, l)
		Sniff(data)
	})
}

// consistent checks what holds for every log.
func consistent(t *testing.T, l *gc.Log) {
	t.Helper()
	if got := int64(len(l.Pauses)) + l.Dropped; got != l.Total.Count {
		t.Errorf("%d pauses kept and dropped, %d counted", got, l.Total.Count)
	}
	var n int64
	for _, g := range l.ByKind() {
		n += g.Count
	}
	if n != l.Total.Count || l.FullGCs != l.Kind(gc.KindFull).Count {
		t.Errorf("kinds sum up to %d of %d; %d full", n, l.Total.Count, l.FullGCs)
	}
	if l.Stopped > l.Total.Sum || l.Stopped < 0 {
		t.Errorf("stopped %v of %v", l.Stopped, l.Total.Sum)
	}
	if l.Span < 0 || l.Last < l.First {
		t.Errorf("span %v from %v to %v", l.Span, l.First, l.Last)
	}
	if l.DetailLines+l.OtherLines.Count > l.Lines {
		t.Errorf("%d detail and %d other of %d lines", l.DetailLines, l.OtherLines.Count, l.Lines)
	}
	l.Summary()
	l.MMU(gc.MMUWindows())
	l.LiveTrend()
	l.Windows(60e9)
}

func FuzzZip(f *testing.F) {
	f.Add([]byte("PK\x03\x04\x14\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x03\x00\x00\x00\x01\x00\x00\x00aabc"))
	f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := decompress(newPeeker(bytes.NewReader(data)))
		if err != nil {
			return
		}
		if n, err := io.Copy(io.Discard, io.LimitReader(r, 1<<20)); err == nil && n > 1<<20 {
			t.Error("read beyond the limit")
		}
	})
}

func FuzzDecorators(f *testing.F) {
	f.Add([]byte("[2022-01-29T16:34:51.642+0000][233ms][myhost][77][info ][gc,heap    ] GC(5) x"))
	f.Fuzz(func(t *testing.T, line []byte) {
		ds := decorators{cache: map[string]*field{}}
		d, msg, ok := ds.read(line)
		if ok && len(msg) >= len(line) {
			t.Error("no decorator was taken")
		}
		if ok {
			d.wall.time()
		}
	})
}

func TestReadErrorsKeepWhatWasRead(t *testing.T) {
	broken := io.MultiReader(bytes.NewReader([]byte(seeds[0])), brokenReader{})
	l, err := Parse("cut", broken, Options{})
	if !errors.Is(err, errBroken) || l.Total.Count != 1 {
		t.Errorf("error %v, %d pauses", err, l.Total.Count)
	}
}

var errBroken = errors.New("the disk is gone")

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errBroken }
