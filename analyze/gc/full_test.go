package gc

import (
	"testing"
	"time"
)

const mb = 1 << 20

// fullAt makes a log of full collections, one a second.
func fullAt(max int64, stated bool, cause string, sizes ...[2]int64) *Log {
	b := NewBuilder("test", "unified", Limits{})
	if stated {
		b.Log().Settings.HeapMax = max
	}
	b.Seen(0, 1)
	for i, s := range sizes {
		at := time.Duration(i+1) * time.Second
		b.Pause(Pause{Start: at, Duration: 100 * time.Millisecond, Kind: KindFull, CauseID: b.Cause([]byte(cause)), Before: s[0], After: s[1],
			Committed: max, Flags: FlagHeap, Line: uint32(i + 2)})
		b.Seen(at+100*time.Millisecond, i+2)
	}
	return b.Finish()
}

func TestFullHeap(t *testing.T) {
	const ordinary = "Allocation Failure"
	for _, tt := range []struct {
		name string
		log  *Log
		row  int
	}{
		{"nothing is freed", fullAt(256*mb, true, ordinary, [2]int64{250 * mb, 249 * mb}, [2]int64{250 * mb, 250 * mb}, [2]int64{255 * mb, 251 * mb}), 3},
		{"one alone", fullAt(256*mb, true, ordinary, [2]int64{250 * mb, 249 * mb}), 0},
		{"one between frees much", fullAt(256*mb, true, ordinary, [2]int64{250 * mb, 249 * mb}, [2]int64{250 * mb, 60 * mb}, [2]int64{255 * mb, 251 * mb}), 0},
		{"a third is free", fullAt(256*mb, true, ordinary, [2]int64{250 * mb, 170 * mb}, [2]int64{250 * mb, 171 * mb}), 0},
		{"somebody asked", fullAt(256*mb, true, "System.gc()", [2]int64{250 * mb, 249 * mb}, [2]int64{250 * mb, 249 * mb}), 0},
		{"the size is that of the log", fullAt(256*mb, false, ordinary, [2]int64{250 * mb, 249 * mb}, [2]int64{250 * mb, 250 * mb}), 2},
	} {
		full, ok := tt.log.FullHeap(0, time.Hour)
		if ok != (tt.row > 0) || full.Count != tt.row {
			t.Errorf("%s: %d in a row, %v", tt.name, full.Count, ok)
		}
	}
}

// Serial and Parallel run out of room in the old generation while the young one is empty. Where the heap may still grow it takes more
// collections to prove it; and collections that are far apart are no row.
func TestFullOldGeneration(t *testing.T) {
	for _, tt := range []struct {
		name      string
		committed int64
		n         int
		apart     time.Duration
		row       int
	}{{"all is committed", 1000 * mb, 3, time.Second, 3}, {"survivors are not counted", 900 * mb, 3, time.Second, 0}, {"nor in many", 900 * mb, 5, time.Second, 5},
		{"far apart", 1000 * mb, 5, time.Hour / 4, 0}} {
		b := NewBuilder("test", "unified", Limits{})
		b.Log().Settings.HeapMax = 1024 * mb
		for i := range tt.n {
			b.OldGeneration(681*mb, 682*mb)
			b.log.Heap.OldPeak = 682 * mb
			b.Pause(Pause{Start: time.Duration(i) * tt.apart, Duration: time.Second / 2, Kind: KindFull, Before: 700 * mb, After: 681 * mb, Committed: tt.committed, Flags: FlagHeap})
		}
		full, ok := b.Finish().FullHeap(0, 3*time.Hour)
		if ok != (tt.row > 0) || full.Count != tt.row || ok && (!full.Old || full.Left() != 681*mb) {
			t.Errorf("%s: %+v, %v", tt.name, full, ok)
		}
	}
}

func TestWorstWindowHasItsTime(t *testing.T) {
	b := NewBuilder("test", "unified", Limits{})
	b.Seen(0, 1)
	for i := range 600 { // ten hours of short pauses, one a minute
		b.Pause(Pause{Start: time.Duration(i) * time.Minute, Duration: 10 * time.Millisecond, Kind: KindYoung})
	}
	for i := range 6 {
		b.Pause(Pause{Start: 3*time.Hour + time.Duration(10*i)*time.Second, Duration: 5 * time.Second, Kind: KindFull})
	}
	b.Seen(10*time.Hour, 9)
	l := b.Finish()
	w, ok := l.WorstWindow(time.Minute, l.First, l.Last)
	if !ok || w.Start < 3*time.Hour-time.Minute || w.Start > 3*time.Hour || w.Paused < 30*time.Second || w.FullGCs != 6 {
		t.Errorf("%+v, %v", w, ok)
	}
	if _, ok := l.WorstWindow(time.Minute, 0, 30*time.Second); ok {
		t.Error("a window longer than the stretch")
	}
}

func TestWorstStalls(t *testing.T) {
	b := NewBuilder("test", "unified", Limits{})
	b.Seen(0, 1)
	for i := range 150 {
		b.Stall([]byte("q"), 12*time.Second, Mention{Time: 12*time.Hour + time.Duration(4*i)*time.Second})
	}
	b.Stall([]byte("q"), time.Second, Mention{Time: 2 * time.Hour})
	l := b.Finish()
	w, ok := l.WorstStalls(10 * time.Minute)
	if !ok || w.Count != 150 || w.Max != 12*time.Second || w.Start != 12*time.Hour {
		t.Errorf("%+v, %v", w, ok)
	}
}

func TestStepsAndSlopes(t *testing.T) {
	points := func(f func(i int) float64) (ps []Point) {
		for i := range 16 {
			ps = append(ps, Point{Time: time.Duration(i) * time.Second, Value: f(i)})
		}
		return ps
	}
	noise := []float64{0, 3, -2, 1, -3, 2, 0, -1, 2, -2, 1, 3, -1, 0, 2, -3}
	for _, tt := range []struct {
		name string
		ps   []Point
		step bool
	}{
		{"a slope", points(func(i int) float64 { return 100 + 10*float64(i) + noise[i] }), false},
		{"a step in the middle", points(func(i int) float64 { return 100 + 150*float64(i/8) + noise[i] }), true},
		{"a step at the end", points(func(i int) float64 { return 100 + 150*float64(i/13) + noise[i] }), true},
		{"a staircase", points(func(i int) float64 { return 100 + 40*float64(i/4) + noise[i] }), false},
	} {
		step, ok := FitStep(tt.ps)
		if rest := 1 - FitTrend(tt.ps).R2; !ok || (step.Rest < rest) != tt.step {
			t.Errorf("%s: a step leaves %.2f, a line %.2f", tt.name, step.Rest, rest)
		}
	}
}

// A cycle of Shenandoah that ends while the application stands still, and frees nothing, proves a full heap like a full collection.
func TestFullByDegeneratedCycles(t *testing.T) {
	b := NewBuilder("test", "unified", Limits{})
	b.Log().Settings.HeapMax = 96 * mb
	for i := range 3 {
		b.Pause(Pause{Start: time.Duration(i) * time.Second, Duration: 20 * time.Millisecond, Kind: KindDegenerated, Before: 90 * mb, After: 89 * mb, Flags: FlagHeap})
	}
	if full, ok := b.Finish().FullHeap(0, time.Hour); !ok || full.Count != 3 {
		t.Errorf("%+v, %v", full, ok)
	}
}
