package gc

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

const ms = time.Millisecond

// logOf builds a log from pauses given as start, duration in milliseconds.
func logOf(t *testing.T, last time.Duration, pauses ...[2]int) *Log {
	t.Helper()
	b := NewBuilder("test", "unified", Limits{})
	b.Seen(0, 1)
	for i, p := range pauses {
		b.Pause(Pause{Start: time.Duration(p[0]) * ms, Duration: time.Duration(p[1]) * ms, Kind: KindYoung, Line: uint32(i + 1)})
	}
	b.Seen(last, 99)
	return b.Finish()
}

func TestPercentileIsNearestRank(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, 10, 99, 100, 101, 1000, 4999} {
		var d Dist
		vs := make([]time.Duration, n)
		for i := range vs {
			vs[i] = time.Duration(r.Int64N(1e10))
			d.Add(vs[i])
		}
		slices.Sort(vs)
		for _, p := range []float64{0.1, 1, 50, 90, 99, 99.9, 100} {
			// The smallest value with at least p percent of the values at or below it.
			want := vs[n-1]
			for i, v := range vs {
				if float64(i+1)*100 >= p*float64(n)-1e-6 {
					want = v
					break
				}
			}
			if got := d.Percentile(p); got != want {
				t.Errorf("p%v of %d values: got %v, want %v", p, n, got, want)
			}
		}
	}
}

func TestPercentileBeyondTheBudgetStaysClose(t *testing.T) {
	budget := 100
	d, exact := newDist(&budget), new(Dist)
	r := rand.New(rand.NewPCG(3, 4))
	for range 20000 {
		v := time.Duration(math.Exp(r.Float64()*18) * 100)
		d.Add(v)
		exact.Add(v)
	}
	if d.Exact() || budget != 100 {
		t.Fatalf("exact %v, budget %d: want a histogram that gave its room back", d.Exact(), budget)
	}
	if d.Count != exact.Count || d.Sum != exact.Sum || d.Max != exact.Max || d.Min != exact.Min {
		t.Errorf("count, sum, extremes must stay exact: %+v against %+v", d, exact)
	}
	for _, p := range []float64{1, 50, 90, 99, 99.9} {
		got, want := float64(d.Percentile(p)), float64(exact.Percentile(p))
		if math.Abs(got-want) > want*0.001+1 {
			t.Errorf("p%v: got %v, want %v within 0.1 %%", p, got, want)
		}
	}
}

func TestHistogramBounds(t *testing.T) {
	var d Dist
	for _, v := range []time.Duration{1, 10, 11, 100, 101} {
		d.Add(v)
	}
	var got []int64
	for _, b := range d.Histogram([]time.Duration{10, 100}) {
		got = append(got, b.Count)
	}
	if want := []int64{2, 2, 1}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestMMUAgainstEveryWindow(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		const last = 300
		var pauses [][2]int
		stopped := make([]bool, last)
		for at := r.IntN(20); at < last-30; {
			n := 1 + r.IntN(20)
			pauses = append(pauses, [2]int{at, n})
			for i := at; i < at+n; i++ {
				stopped[i] = true
			}
			at += n + r.IntN(40)
		}
		l := logOf(t, last*ms, pauses...)
		for _, w := range []int{1, 5, 17, 50, 120, 299} {
			worst := 0
			for from := 0; from+w <= last; from++ {
				n := 0
				for _, s := range stopped[from : from+w] {
					if s {
						n++
					}
				}
				worst = max(worst, n)
			}
			got := l.MMU([]time.Duration{time.Duration(w) * ms})
			if want := 1 - float64(worst)/float64(w); len(got) != 1 || math.Abs(got[0].MMU-want) > 1e-9 {
				t.Fatalf("window %d ms: got %+v, want %v; pauses %v", w, got, want, pauses)
			}
		}
	}
}

func TestThroughputDoesNotStartAtZero(t *testing.T) {
	b := NewBuilder("late", "unified", Limits{})
	b.Seen(3600*time.Second, 1)
	b.Pause(Pause{Start: 3601 * time.Second, Duration: time.Second, Kind: KindFull})
	b.Seen(3610*time.Second, 2)
	l := b.Finish()
	if got, ok := l.Throughput(); !ok || math.Abs(got-90) > 1e-9 {
		t.Errorf("throughput %v, %v: want 90 %% of the ten seconds the log covers", got, ok)
	}
}

func TestNestedPauseCountsTwiceButStopsOnce(t *testing.T) {
	b := NewBuilder("serial", "unified", Limits{})
	b.Seen(0, 1)
	b.Pause(Pause{Start: 12 * ms, Duration: 7 * ms, Kind: KindFull, GCID: 3})
	b.Pause(Pause{Start: 10 * ms, Duration: 10 * ms, Kind: KindYoung, GCID: 2})
	b.Seen(100*ms, 9)
	l := b.Finish()
	if l.Total.Count != 2 || l.Total.Sum != 17*ms || l.Stopped != 10*ms || l.FullGCs != 1 {
		t.Errorf("count %d, sum %v, stopped %v, full %d", l.Total.Count, l.Total.Sum, l.Stopped, l.FullGCs)
	}
	if !l.Pauses[0].Flags.Has(FlagNested) || l.Pauses[1].Flags.Has(FlagNested) {
		t.Error("the inner pause carries FlagNested, the outer one does not")
	}
}

func TestPausesBeyondTheLimitStillCount(t *testing.T) {
	b := NewBuilder("long", "unified", Limits{Pauses: 10, Longest: 3, Exact: 20})
	b.Seen(0, 1)
	for i := range 1000 {
		b.Pause(Pause{Start: time.Duration(i) * time.Second, Duration: time.Duration(i) * ms, Kind: KindYoung})
	}
	b.Seen(1000*time.Second, 2)
	l := b.Finish()
	if len(l.Pauses) != 10 || l.Dropped != 990 || l.Total.Count != 1000 || l.Total.Sum != 499500*ms {
		t.Errorf("kept %d, dropped %d, count %d, sum %v", len(l.Pauses), l.Dropped, l.Total.Count, l.Total.Sum)
	}
	if len(l.Longest) != 3 || l.Longest[0].Duration != 999*ms || l.Longest[2].Duration != 997*ms {
		t.Errorf("longest: %v", l.Longest)
	}
}

func TestRunsFollowTheWallClock(t *testing.T) {
	day := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	b := NewBuilder("restarts", "unified", Limits{})
	b.Seen(10*time.Second, 1)
	b.SetWall(10*time.Second, day)
	b.Seen(20*time.Second, 2)
	b.NewRun(time.Second, day.Add(time.Minute), 3)
	b.Pause(Pause{Start: 2 * time.Second, Duration: time.Second, Kind: KindYoung})
	b.Seen(6*time.Second, 4)
	l := b.Finish()
	if l.Span != 15*time.Second {
		t.Errorf("span %v: want 10 s of the first run and 5 s of the second", l.Span)
	}
	if w, ok := l.Wall(l.Pauses[0].Start); !ok || !w.Equal(day.Add(61*time.Second)) {
		t.Errorf("the pause was at %v, %v", w, ok)
	}
	for _, g := range l.Gaps {
		if g.To-g.From > 10*time.Second {
			t.Errorf("time between two JVMs is not a gap of the log: %v", l.Gaps)
		}
	}
}

func TestLiveTrend(t *testing.T) {
	build := func(bytes func(i int) int64) *Log {
		b := NewBuilder("trend", "unified", Limits{})
		b.Seen(0, 1)
		for i := range 100 {
			at := time.Duration(i) * time.Minute
			b.Seen(at, i)
			b.Live(at, bytes(i), LiveFull, i)
		}
		return b.Finish()
	}
	leak := build(func(i int) int64 { return 100<<20 + int64(i)*60<<10 + int64(i*7919%13)<<10 })
	tr, src, ok := leak.LiveTrend()
	if !ok || src != LiveFull || math.Abs(tr.Slope-1024) > 20 || tr.R2 < 0.99 {
		t.Errorf("a leak of 1 KiB/s: %+v, %v, %v", tr, src, ok)
	}
	in, ok := tr.Exhausted(200 << 20)
	if want := time.Duration(float64(200<<20-int64(tr.Last)) / tr.Slope * 1e9); !ok || (in-want).Abs() > time.Second {
		t.Errorf("exhausted in %v, %v; want %v", in, ok, want)
	}
	flat := build(func(i int) int64 { return 100<<20 + int64(i*7919%1013)<<10 })
	if tr, _, _ := flat.LiveTrend(); tr.R2 > 0.3 {
		t.Errorf("noise is no trend: %+v", tr)
	}
	if _, ok := (Trend{Slope: -1, Points: 9}).Exhausted(1); ok {
		t.Error("a falling line never ends")
	}
}

func TestWindowsShareThePauses(t *testing.T) {
	l := logOf(t, 1000*ms, [2]int{50, 100}, [2]int{450, 50}, [2]int{950, 50})
	var paused time.Duration
	var pauses int
	ws := l.Windows(100 * ms)
	for _, w := range ws {
		paused += w.Paused
		pauses += w.Pauses
	}
	if len(ws) != 10 || paused != 200*ms || pauses != 3 || ws[0].Paused != 50*ms || ws[1].Paused != 50*ms || ws[4].Share() != 0.5 {
		t.Errorf("%d windows, %v, %d pauses: %+v", len(ws), paused, pauses, ws)
	}
}

func TestAllocationIsTheRiseBetweenCollections(t *testing.T) {
	b := NewBuilder("alloc", "unified", Limits{})
	b.Seen(0, 1)
	for i, h := range [][2]int64{{100, 20}, {120, 30}, {10, 5}, {105, 50}} { // the third: a concurrent collector freed memory
		b.Pause(Pause{Start: time.Duration(i) * time.Second, Duration: ms, Kind: KindYoung, Before: h[0] << 20, After: h[1] << 20,
			Committed: 200 << 20, Flags: FlagHeap})
	}
	b.Seen(4*time.Second, 2)
	l := b.Finish()
	if got, ok := l.AllocationRate(); !ok || got != 200<<20/3.0 {
		t.Errorf("allocation %v MB/s, %v: want 100+0+100 MB over 3 s", got/(1<<20), ok)
	}
	if l.Heap.Max != 200<<20 || l.Heap.MaxStated {
		t.Errorf("heap max %v, stated %v", l.Heap.Max, l.Heap.MaxStated)
	}
}

func TestSeriesStaysBounded(t *testing.T) {
	s := Series{limit: 16}
	for i := range 10000 {
		s.Add(time.Duration(i), 5)
	}
	if len(s.Points) > 16 {
		t.Errorf("%d points", len(s.Points))
	}
	for _, p := range s.Points {
		if p.Value != 5 {
			t.Errorf("the mean of fives is %v", p.Value)
		}
	}
	if last := s.Points[len(s.Points)-1].Time; last != 9999 {
		t.Errorf("last point at %v", last)
	}
}

// However many points are joined, they sum up to all that came, and none is of the blink between two collections.
func TestRatesSumUp(t *testing.T) {
	for _, limit := range []int{7, 16, 1000} {
		s, later := Series{limit: limit}, Series{limit: limit}
		r := rand.New(rand.NewPCG(1, uint64(limit)))
		at, amount := time.Duration(0), 0.0
		for i := range 3001 {
			over := time.Duration(1+r.IntN(20)) * ms
			if i%10 == 0 {
				over = time.Duration(r.IntN(3000)+1) * ms
			}
			at += over
			to := &s
			if i > 2000 {
				to = &later
			}
			to.AddRate(at, float64(i), over)
			amount += float64(i)
		}
		s.append(&later, limit)
		sum, over := 0.0, 0.0
		for i, p := range s.Points {
			sum, over = sum+p.Value*p.Weight, over+p.Weight
			if p.Weight < fine && i < len(s.Points)-2 {
				t.Errorf("limit %d: point %d of %d is of %v s", limit, i, len(s.Points), p.Weight)
			}
		}
		if math.Abs(sum/amount-1) > 1e-9 || math.Abs(over/at.Seconds()-1) > 1e-9 || len(s.Points) > limit {
			t.Errorf("limit %d: %d points sum up to %v of %v, over %v s of %v", limit, len(s.Points), sum, amount, over, at)
		}
	}
}

func TestSummaryWithoutTimes(t *testing.T) {
	b := NewBuilder("bare", "pre-unified", Limits{})
	b.Pause(Pause{Duration: ms, Kind: KindYoung})
	s := b.Finish().Summary()
	if s.ThroughputPct != nil || s.AllocRateMBs != nil || s.First != "" || s.Pauses != 1 || s.PauseMaxMS != 1 {
		t.Errorf("%+v", s)
	}
}
