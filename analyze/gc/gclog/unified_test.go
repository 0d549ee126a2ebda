package gclog

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"archive/zip"

	"github.com/klauspost/compress/zstd"

	"casefile/analyze/gc"
)

const us = time.Microsecond

func TestDecoratorsInAnyOrder(t *testing.T) {
	const msg = "GC(7) Pause Young (Normal) (G1 Evacuation Pause) 19M->13M(64M) 6.277ms"
	wall := time.Date(2024, 3, 1, 10, 20, 30, 400e6, time.UTC)
	for _, tt := range []struct {
		decorators string
		timed      bool
		start      time.Duration
		wall       bool
	}{
		{"[12.345s][info][gc]", true, 12345*time.Millisecond - 6277*us, false},
		{"[info][gc][12.345s]", true, 12345*time.Millisecond - 6277*us, false},
		{"[gc       ][12345ms][info ]", true, 12345*time.Millisecond - 6277*us, false},
		{"[12345678901ns][myhost][4711][4712][info][gc]", true, 12345678901 - 6277*us, false},
		{"[MYHOST.example.com][12.345s][gc]", true, 12345*time.Millisecond - 6277*us, false},
		{"[2024-03-01T10:20:30.400+0000][12.345s][gc]", true, 12345*time.Millisecond - 6277*us, true},
		{"[2024-03-01T11:20:30.400+0100][2024-03-01T10:20:30.400+0000][12.345s][gc]", true, 12345*time.Millisecond - 6277*us, true},
		{"[2024-03-01T10:20:30.400+0000][gc]", true, 0, true},
		{"[1709288430400ms][gc]", true, 0, true},
		{"[1709288430400000000ns][info][gc]", true, 0, true},
		{"[12.345s]", true, 12345*time.Millisecond - 6277*us, false},
		{"[info][gc]", false, 0, false},
	} {
		l := parseText(t, tt.decorators+" "+msg+"\n")
		if l.Total.Count != 1 || l.Total.Sum != 6277*us || l.Unparsed.Count+l.OtherLines.Count != 0 || l.Timed != tt.timed {
			t.Errorf("%s: %d pauses of %v, timed %v", tt.decorators, l.Total.Count, l.Total.Sum, l.Timed)
			continue
		}
		p := l.Pauses[0]
		if p.Start != tt.start || p.Before != 19<<20 || p.After != 13<<20 || p.Committed != 64<<20 || l.Cause(&p) != "G1 Evacuation Pause" || p.GCID != 7 {
			t.Errorf("%s: %+v", tt.decorators, p)
		}
		if w, ok := l.Wall(l.Last); ok != tt.wall || (ok && !w.Equal(wall)) {
			t.Errorf("%s: wall clock %v, %v", tt.decorators, w, ok)
		}
	}
	if l := parseText(t, msg+"\n"); l.Total.Count != 1 || l.Timed {
		t.Errorf("without decorators: %d pauses, timed %v", l.Total.Count, l.Timed)
	}
}

func TestPauseNames(t *testing.T) {
	for _, tt := range []struct {
		msg   string
		kind  gc.Kind
		cause string
		flags gc.Flags
	}{
		{"Pause Young (Allocation Failure) 32M->29M(123M) 6.868ms", gc.KindYoung, "Allocation Failure", gc.FlagHeap},
		{"Pause Full (System.gc()) 32M->29M(123M) 6.868ms", gc.KindFull, "System.gc()", gc.FlagHeap},
		{"Pause Young (Concurrent Start) (G1 Humongous Allocation) 32M->29M(123M) 6.868ms", gc.KindConcurrentStart, "G1 Humongous Allocation", gc.FlagHeap},
		{"Pause Initial Mark (G1 Evacuation Pause) 80M->80M(128M) 6.187ms", gc.KindInitialMark, "G1 Evacuation Pause", gc.FlagHeap},
		{"Pause Young (Prepare Mixed) (G1 Evacuation Pause) 32M->29M(123M) 6.868ms", gc.KindPrepareMixed, "G1 Evacuation Pause", gc.FlagHeap},
		{"Pause Young (Mixed) (G1 Evacuation Pause) (Evacuation Failure: Allocation) 32M->29M(123M) 6.868ms", gc.KindMixed, "G1 Evacuation Pause", gc.FlagHeap | gc.FlagEvacuationFailure},
		{"Pause Young (Normal) (G1 Evacuation Pause) (Evacuation Failure: Pinned) 32M->29M(123M) 6.868ms", gc.KindYoung, "G1 Evacuation Pause", gc.FlagHeap},
		{"Pause Mixed (G1 Evacuation Pause) 29M->28M(123M) 2.790ms", gc.KindMixed, "G1 Evacuation Pause", gc.FlagHeap},
		{"Pause Remark 121M->121M(128M) 0.837ms", gc.KindRemark, "", gc.FlagHeap},
		{"Pause Init Mark (process weakrefs) (unload classes) 0.755ms", gc.KindInitialMark, "", 0},
		{"Pause Final Update Refs 0.191ms", gc.KindFinalUpdateRefs, "", 0},
		{"Pause Degenerated GC (Young) (Mark) 60M->40M(64M) 5.000ms", gc.KindDegenerated, "Mark", gc.FlagHeap},
		{"Pause Mark Start 0.008ms", gc.KindMarkStart, "", 0},
		{"Y: Pause Mark Start (Major) 0.005ms", gc.KindMarkStart, "", gc.FlagYoungGen},
		{"O: Pause Relocate Start 0.005ms", gc.KindRelocateStart, "", gc.FlagOldGen},
		{"Pause Something New (Reason) 1M->1M(2M) 0.005ms", gc.KindOther, "", gc.FlagHeap},
	} {
		l := parseText(t, "[1.000s][info][gc] GC(1) "+tt.msg+"\n")
		if l.Total.Count != 1 {
			t.Errorf("%s: %d pauses", tt.msg, l.Total.Count)
			continue
		}
		if p := &l.Pauses[0]; p.Kind != tt.kind || l.Cause(p) != tt.cause || p.Flags != tt.flags {
			t.Errorf("%s: %v, %q, flags %b; want %v, %q, %b", tt.msg, p.Kind, l.Cause(p), p.Flags, tt.kind, tt.cause, tt.flags)
		}
	}
}

func TestDetailsOfG1(t *testing.T) {
	l := parseText(t, `[0.005s][info][gc] Using G1
[0.005s][info][gc,init] Version: 25.0.3+9-LTS (release)
[0.005s][info][gc,init] CPUs: 8 total, 2 available
[0.005s][info][gc,init] Memory: 24105M
[0.005s][info][gc,init] Heap Region Size: 1M
[0.005s][info][gc,init] Heap Max Capacity: 64M
[0.005s][info][gc,init] Parallel Workers: 2
[1.000s][info][gc,start    ] GC(0) Pause Young (Normal) (G1 Evacuation Pause)
[1.006s][debug][gc,humongous] GC(0) Humongous region 0 (object size 700016 @ 0x00000000fc000000) remset 0
[1.006s][info][gc,heap     ] GC(0) Old regions: 2->13
[1.006s][info][gc,heap     ] GC(0) Humongous regions: 4->1
[1.006s][info][gc,metaspace] GC(0) Metaspace: 81K(320K)->82K(384K) NonClass: 78K(192K)->78K(192K) Class: 3K(128K)->3K(128K)
[1.006s][info][gc          ] GC(0) To-space exhausted
[1.006s][info][gc          ] GC(0) Pause Young (Normal) (G1 Evacuation Pause) 19M->13M(64M) 6.277ms
[1.006s][info][gc,cpu      ] GC(0) User=0.01s Sys=0.04s Real=0.00s
[1.007s][info][safepoint   ] Safepoint "G1CollectForAllocation", Time since last: 18081873 ns, Reaching safepoint: 4707 ns, Cleanup: 1000 ns, At safepoint: 6311378 ns, Total: 6317085 ns
[1.107s][info][gc          ] GC(1) Concurrent Mark Cycle
[1.207s][info][gc          ] GC(1) Concurrent Mark Cycle 100.5ms
[1.307s][info][gc,exit     ] Heap
`)
	s := l.Settings
	if l.Collector != "G1" || l.JVMVersion != "25.0.3+9-LTS" || s.CPUs != 2 || s.Memory != 24105<<20 || s.RegionSize != 1<<20 || s.HeapMax != 64<<20 || s.ParallelWorkers != 2 {
		t.Errorf("%s, %s, %+v", l.Collector, l.JVMVersion, s)
	}
	if l.Promotion.Bytes != 11<<20 || l.Heap.OldLast != 13<<20 || !l.Heap.MaxStated {
		t.Errorf("promoted %d, old %d", l.Promotion.Bytes, l.Heap.OldLast)
	}
	if h := l.Humongous; h.PeakRegions != 4 || h.Reclaimed != 3 || h.LargestObject != 700016 {
		t.Errorf("humongous %+v", h)
	}
	if m := l.Metaspace; m.Used != 82<<10 || m.Committed != 384<<10 {
		t.Errorf("metaspace %+v", m)
	}
	if l.EvacuationFailures.Count != 1 || l.EvacuationFailures.Lines[0].Line != 13 || !l.Pauses[0].Flags.Has(gc.FlagEvacuationFailure) {
		t.Errorf("evacuation failures %+v", l.EvacuationFailures)
	}
	if c := l.CPU; c.Pauses != 1 || c.SysHeavy != 1 || !l.Pauses[0].Flags.Has(gc.FlagCPU) || l.Pauses[0].Sys != 0.04 {
		t.Errorf("cpu %+v", c)
	}
	op := l.Safepoints.ByOperation[0]
	if op.Operation != "G1CollectForAllocation" || op.ReachSum != 4707 || op.TotalSum != 6317085 || op.AtSum != 6317085-4707 {
		t.Errorf("safepoint %+v", op)
	}
	if len(l.Phases) != 1 || l.Phases[0].Name != "Concurrent Mark Cycle" || l.Phases[0].Sum != 100500*us {
		t.Errorf("phases %+v", l.Phases)
	}
	if l.Unparsed.Count != 0 || l.OtherLines.Count != 0 {
		t.Errorf("unparsed %v, other %v", l.Unparsed, l.OtherLines)
	}
}

func TestStallsOfZGC(t *testing.T) {
	l := parseText(t, `[1.0s][info][gc] Using The Z Garbage Collector
[2.0s][info][gc] Allocation Stall (http-nio-8090-exec-1 (busy)) 29.092ms
[2.1s][info][gc] Allocation Stall (main) 1.000ms
[2.2s][info][gc] Allocation Stall (http-nio-8090-exec-1 (busy)) 10.000ms
[2.3s][info][gc] Relocation Stall (main) 0.720ms
[2.4s][info][gc] Out Of Memory (main)
[2.5s][info][gc,phases] GC(3) Pause Mark End 0.011ms
[2.6s][info][gc,heap] GC(3)      Live:         -              1359M (34%)        1359M (34%)        1359M (34%)            -                  -
`)
	if l.Stalls.Total.Count != 3 || l.Stalls.Total.Sum != 40092*us || l.Stalls.Relocate.Count != 1 || l.OutOfMemory.Count != 1 {
		t.Errorf("%+v", l.Stalls)
	}
	if first := l.Stalls.ByThread[0]; first.Thread != "http-nio-8090-exec-1 (busy)" || first.Count != 2 || first.Max != 29092*us {
		t.Errorf("%+v", first)
	}
	if live, src, ok := l.LiveSet(); !ok || live != 1359<<20 || src != gc.LiveMarked {
		t.Errorf("live set %d, %v, %v", live>>20, src, ok)
	}
}

func TestLinesAmongOtherOutput(t *testing.T) {
	l := parseText(t, `12.345s][info][gc] GC(0) cut off
Starting application
[12.345s][info][gc] GC(1) Pause Young (Normal) (G1 Evacuation Pause) 19M->13M(64M) 6.277ms
2024-03-01 10:20:30 INFO [main] GC settings loaded
done[12.445s][info][gc] GC(2) Pause Young (Normal) (G1 Evacuation Pause) 19M->13M(64M) 1.000ms
2024-03-01T10:20:31Z stdout F [12.545s][info][gc] GC(3) Pause Remark 19M->13M(64M) 1.000ms
[12.600s][warning][os,thread] Failed to start thread
java.lang.OutOfMemoryError: Java heap space
[12.645s][info][gc] Something nobody knows
[12.745s][info][gc] GC(4) Pause Young (Normal) (G1 Evac`)
	if l.Total.Count != 3 || l.Total.Sum != 8277*us || l.OutOfMemory.Count != 1 {
		t.Errorf("%d pauses of %v, %d out of memory", l.Total.Count, l.Total.Sum, l.OutOfMemory.Count)
	}
	if l.OtherLines.Count != 4 {
		t.Errorf("other lines: %+v", l.OtherLines)
	}
	if l.Unparsed.Count != 3 || l.Unparsed.Lines[1].Line != 9 || l.Unparsed.Lines[1].Text != "[12.645s][info][gc] Something nobody knows" {
		t.Errorf("unparsed: %+v", l.Unparsed)
	}
}

func pauses(from, to, step int) string {
	var b strings.Builder
	for i := from; i < to; i += step {
		fmt.Fprintf(&b, "[%d.000s][info][gc] GC(%d) Pause Young (Allocation Failure) 30M->10M(60M) 1.000ms\n", i, i)
	}
	return b.String()
}

func TestSeveralStartsInOneFile(t *testing.T) {
	l := parseText(t, "[0.010s][info][gc] Using Serial\n"+pauses(1, 10, 1)+"[0.011s][info][gc] Using Parallel\n"+pauses(1, 5, 1))
	if len(l.Runs) != 2 || l.Total.Count != 13 || l.Span != 9*time.Second-10*time.Millisecond+4*time.Second-11*time.Millisecond {
		t.Errorf("%d runs, %d pauses, span %v", len(l.Runs), l.Total.Count, l.Span)
	}
	for i := 1; i < len(l.Pauses); i++ {
		if l.Pauses[i].Start < l.Pauses[i-1].Start {
			t.Errorf("pause %d lies before the one before it", i)
		}
	}
	short := parseText(t, "[0.010s][info][gc] Using Serial\n[0.300s][info][gc] GC(0) Pause Full (System.gc()) 3M->1M(9M) 1.0ms\n"+
		"[0.011s][info][gc] Using Serial\n[0.400s][info][gc] GC(0) Pause Full (System.gc()) 3M->1M(9M) 1.0ms\n")
	if len(short.Runs) != 2 {
		t.Errorf("%d runs of two short ones", len(short.Runs))
	}
}

func TestCompressed(t *testing.T) {
	text := []byte(pauses(1, 100, 1))
	var gz, zst, zp bytes.Buffer
	w := gzip.NewWriter(&gz)
	w.Write(text)
	w.Close()
	z, err := zstd.NewWriter(&zst)
	if err != nil {
		t.Fatal(err)
	}
	z.Write(text)
	z.Close()
	a := zip.NewWriter(&zp)
	for _, name := range []string{"gc.log", "__MACOSX/._gc.log"} {
		f, err := a.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		f.Write(text)
	}
	a.Close()
	for name, b := range map[string][]byte{"gzip": gz.Bytes(), "zstd": zst.Bytes(), "zip": zp.Bytes()} {
		l, err := Parse(name, bytes.NewReader(b), Options{})
		if err != nil || l.Total.Count != 99 {
			t.Errorf("%s: %d pauses, %v", name, l.Total.Count, err)
		}
		if !Sniff(b) {
			t.Errorf("%s: not taken for a GC log", name)
		}
		if l, err := Parse(name, bytes.NewReader(b[:len(b)/2]), Options{}); err == nil {
			t.Errorf("%s: half a file, no error, %d pauses", name, l.Total.Count)
		}
	}
}

// The times of a pause follow it in the log; what is kept of the longest has them too, also where the pauses themselves are kept no more.
func TestTimesOfTheLongestPauses(t *testing.T) {
	l, err := Parse("starved", strings.NewReader(`[1.000s][info][gc] Using G1
[1.100s][info][gc] GC(0) Pause Young (Normal) (G1 Evacuation Pause) 40M->10M(60M) 5.000ms
[1.100s][info][gc,cpu] GC(0) User=0.01s Sys=0.00s Real=0.01s
[3.100s][info][gc] GC(1) Pause Young (Normal) (G1 Evacuation Pause) 40M->10M(60M) 1062.864ms
[3.100s][info][gc,cpu] GC(1) User=0.02s Sys=0.01s Real=1.06s
[4.100s][info][gc] GC(2) Pause Remark 40M->10M(60M) 2.000ms
[4.100s][info][gc,cpu] GC(2) User=0.03s Sys=0.00s Real=0.00s
[5.100s][info][gc] GC(2) Pause Cleanup 40M->10M(60M) 1.000ms
[5.100s][info][gc,cpu] GC(2) User=0.04s Sys=0.00s Real=0.00s
`), Options{Limits: gc.Limits{Pauses: 1, Longest: 4, Exact: 8}})
	if err != nil || len(l.Longest) != 4 || len(l.Pauses) != 1 {
		t.Fatalf("%d longest, %d kept, %v", len(l.Longest), len(l.Pauses), err)
	}
	for i, user := range []float32{0.02, 0.01, 0.03, 0.04} {
		if p := l.Longest[i]; !p.Flags.Has(gc.FlagCPU) || p.User != user {
			t.Errorf("pause %d: %+v, want %v s of user time", i, p, user)
		}
	}
}

func TestLimits(t *testing.T) {
	long := "[1.000s][info][gc] GC(0) Pause Young (Allocation Failure) 30M->10M(60M) 1.000ms " + strings.Repeat("x", 1<<20) + "\n"
	l, err := Parse("long", strings.NewReader(long+pauses(2, 5, 1)), Options{MaxLine: 1 << 10})
	if err != nil || l.Total.Count != 3 || l.CutLines != 1 || l.Lines != 4 {
		t.Errorf("%d pauses, %d cut, %d lines, %v", l.Total.Count, l.CutLines, l.Lines, err)
	}
	l, err = Parse("big", strings.NewReader(pauses(1, 1000, 1)), Options{MaxBytes: 1000})
	if err == nil || !strings.Contains(err.Error(), "stopped after 1000 bytes") || l.Total.Count == 0 {
		t.Errorf("%d pauses, %v", l.Total.Count, err)
	}
	l = parseText(t, strings.Repeat("\x00", 4096)+pauses(1, 3, 1))
	if l.Total.Count != 2 {
		t.Errorf("behind the hole of a truncated file: %d pauses", l.Total.Count)
	}
}

// After a collection that found no room to copy to, what is in the heap is no live set, until one has cleared it.
func TestFailedCollectionsTellNoLiveSet(t *testing.T) {
	l := parseText(t, `[0.001s][info][gc] Using G1
[1.000s][info][gc] GC(1) Pause Young (Mixed) (G1 Evacuation Pause) 200M->100M(256M) 5.000ms
[2.000s][info][gc] GC(2) To-space exhausted
[2.000s][info][gc] GC(2) Pause Young (Mixed) (G1 Evacuation Pause) 250M->240M(256M) 50.000ms
[3.000s][info][gc] GC(3) Pause Cleanup 245M->245M(256M) 0.100ms
[4.000s][info][gc] GC(4) Pause Full (G1 Compaction Pause) 250M->110M(256M) 90.000ms
[5.000s][info][gc] GC(5) Pause Cleanup 120M->120M(256M) 0.100ms
`)
	var got []int64
	for _, p := range l.Live {
		got = append(got, p.Bytes>>20)
	}
	if !slices.Equal(got, []int64{100, 110, 120}) {
		t.Errorf("live sets %v", got)
	}
}

func TestUnifiedCMSFailures(t *testing.T) {
	l := parseText(t, `[0.010s][info][gc] Using Concurrent Mark Sweep
[2.300s][debug][gc] GC(2) Concurrent mode failure
[2.800s][info][gc] GC(2) Pause Full (Allocation Failure) 95M->50M(100M) 500.000ms
[3.000s][info][gc,promotion] GC(3) Promotion failed
[3.300s][info][gc] GC(3) Pause Young (Allocation Failure) 95M->95M(100M) 300.000ms
[4.300s][debug][gc] GC(4) Concurrent mode interrupted
[4.800s][info][gc] GC(4) Pause Full (System.gc()) 95M->50M(100M) 500.000ms
`)
	if l.ConcurrentModeFailures.Count != 1 || l.PromotionFailures.Count != 1 || l.ConcurrentModeInterrupted.Count != 1 || l.Total.Count != 3 {
		t.Errorf("%+v %+v %+v", l.ConcurrentModeFailures, l.PromotionFailures, l.ConcurrentModeInterrupted)
	}
}
