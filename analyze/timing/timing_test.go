package timing

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"casefile/bundle/format/timing"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// way is how long the fastest messages take, in milliseconds.
type way struct{ there, back float64 }

// linkOf is what an estimator tells of two clocks over such ways.
func linkOf(from, to string, skew, drift float64, w way) timing.Link {
	rtt := w.there + w.back
	return timing.Link{From: from, To: to, Transport: timing.UDP,
		Clock: &timing.Clock{At: noon, OffsetMS: skew + (w.there-w.back)/2, ErrorMS: rtt / 2, DriftPPM: drift, DriftErrorPPM: 1},
		Phases: []timing.Phase{
			{When: timing.Before, Measured: timing.Measured{Count: 10, RTT: timing.Spread{Count: 10, Min: rtt, P50: 99, P90: 99, P99: 99, Max: 99}}},
			{When: timing.During, Measured: timing.Measured{Count: 600, RTT: timing.Spread{Count: 600, Min: rtt, P50: rtt, P90: rtt, P99: rtt, Max: rtt}}}}}
}

// mesh is a cluster with the given clocks; ways tells the way of each ordered pair.
func mesh(offsets []float64, ways func(i, j int) way) *timing.Record {
	rec := &timing.Record{Version: timing.Version, Reference: "p0", Started: noon, Ended: noon, Limits: timing.Limits()}
	for i := range offsets {
		for j := range offsets {
			if i != j {
				rec.Links = append(rec.Links, linkOf(fmt.Sprint("p", i), fmt.Sprint("p", j), offsets[j]-offsets[i], 0, ways(i, j)))
			}
		}
	}
	return rec
}

func TestSkewsHoldTheTruth(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	tightened := 0
	for trial := range 200 {
		offsets := make([]float64, 3+rng.IntN(6))
		for i := 1; i < len(offsets); i++ {
			offsets[i] = (rng.Float64() - 0.5) * 10000
		}
		rec := mesh(offsets, func(i, j int) way { return way{rng.ExpFloat64() * 5, rng.ExpFloat64() * 5} })
		rng.Shuffle(len(rec.Links), func(i, j int) { rec.Links[i], rec.Links[j] = rec.Links[j], rec.Links[i] })
		rec.Links = rec.Links[:len(rec.Links)*3/4]
		c := New("x", rec)
		if c.torn {
			t.Fatalf("%d: even clocks called torn", trial)
		}
		for i := range offsets {
			for j := range offsets {
				s, known := c.Between(fmt.Sprint("p", i), fmt.Sprint("p", j))
				if !known || i == j {
					continue
				}
				if off := math.Abs(s.OffsetMS - (offsets[j] - offsets[i])); off > s.ErrorMS+1e-6 {
					t.Fatalf("%d: %+v, truth %v", trial, s, offsets[j]-offsets[i])
				}
			}
		}
		for _, l := range rec.Links {
			if s, known := c.Between(l.From, l.To); !known || s.ErrorMS > l.Clock.ErrorMS+0.02 { // 1 ppm of 10 s
				t.Fatalf("%d: %+v is worse than the link alone, %v", trial, s, l.Clock.ErrorMS)
			} else if s.ErrorMS < l.Clock.ErrorMS/2 {
				tightened++
			}
		}
	}
	if tightened == 0 {
		t.Error("third parties never helped")
	}
}

func TestAsymmetricRoute(t *testing.T) {
	c := New("x", mesh([]float64{0, 100, -200, 300}, func(i, j int) way {
		switch {
		case i == 1 && j == 2:
			return way{40, 0.2}
		case i == 2 && j == 1:
			return way{0.2, 40}
		}
		return way{0.1, 0.2}
	}))
	for _, l := range c.Measured() {
		got, want := l.Asymmetry.AtLeast(), 0.0
		switch l.From + l.To {
		case "p1p2":
			want = 39.8
		case "p2p1":
			want = -39.8
		}
		if math.Abs(got-want) > 1.3 || math.Abs(got) > math.Abs(want) {
			t.Errorf("%s to %s: %.2f ms, want %.2f at most", l.From, l.To, got, want)
		}
		if (want != 0) != (l.Verdict == timing.Fair) {
			t.Errorf("%s to %s: %s, round trip %v", l.From, l.To, l.Verdict, l.RTT.P50)
		}
	}
	// The lopsided link alone would be off by 20 ms; by way of the others it is known.
	s, _ := c.Between("p1", "p2")
	if math.Abs(s.OffsetMS+300) > s.ErrorMS || s.ErrorMS > 0.5 {
		t.Errorf("%+v", s)
	}
	if clocks := c.Clocks(); len(clocks) != 3 || math.Abs(clocks[0].OffsetMS-100) > clocks[0].ErrorMS {
		t.Errorf("%+v", clocks)
	}
}

func TestTwoParties(t *testing.T) {
	c := New("x", mesh([]float64{0, 7}, func(int, int) way { return way{1, 1} }))
	for _, l := range c.Measured() {
		if l.Asymmetry != nil {
			t.Errorf("two parties cannot tell: %+v", l.Asymmetry)
		}
	}
	if _, known := c.Between("p0", "nobody"); known {
		t.Error("a clock of nobody")
	}
}

// A drift counts at the moment that the clock itself shows, not the reference.
func TestDriftWithFarClocks(t *testing.T) {
	const minutes = 300e3 // ms ahead
	rec := mesh([]float64{0, minutes}, func(int, int) way { return way{0.1, 0.1} })
	back := rec.Links[1].Clock
	back.At, back.DriftPPM = noon.Add(5*time.Minute), -100 // on p1's clock: noon of the reference
	rec.Links[0].Clock.DriftPPM = 100
	if c := New("x", rec); c.torn {
		t.Error("two views of one drift contradict each other")
	}
}

func TestTorn(t *testing.T) {
	rec := mesh([]float64{0, 100, 200}, func(int, int) way { return way{0.1, 0.1} })
	rec.Links[0].Clock.OffsetMS += 50
	c := New("x", rec)
	if !c.torn {
		t.Fatal("a contradiction went unnoticed")
	}
	for _, l := range c.Measured() {
		if l.Asymmetry != nil {
			t.Errorf("%+v", l)
		}
	}
	if s, known := c.Between("p1", "p2"); !known || math.Abs(s.OffsetMS-100) > s.ErrorMS {
		t.Errorf("%+v", s)
	}
}

func TestLoss(t *testing.T) {
	for _, c := range []struct {
		sent, lost   int
		percent, low float64
	}{{0, 0, 0, 0}, {100, 0, 0, 0}, {10, 1, 10, 1.79}, {1000, 100, 10, 8.3}, {5, 5, 100, 56.6}} {
		l := Loss{Lost: c.lost, Sent: c.sent}
		if math.Abs(l.Percent()-c.percent) > 1e-9 || math.Abs(l.AtLeast()-c.low) > 0.1 {
			t.Errorf("%+v: %.2f %%, at least %.2f", c, l.Percent(), l.AtLeast())
		}
	}
}

func TestSilentLink(t *testing.T) {
	rec := &timing.Record{Reference: "a", Started: noon, Links: []timing.Link{
		{From: "a", To: "b", Failure: "no answer at all", Phases: []timing.Phase{{When: timing.During, Measured: timing.Measured{Count: 9, Lost: 9}}}}, {From: "b", To: "a"}}}
	c := New("x", rec)
	l := c.Measured()
	if l[0].Loss != (Loss{9, 9}) || l[0].UDP.Sent > 0 || l[0].Verdict != "" || l[0].Failure == "" || l[1].Loss.Sent > 0 {
		t.Errorf("%+v", l)
	}
	if _, known := c.Between("a", "b"); known {
		t.Error("clocks of a link without answers")
	}
}

func spread(ms float64) timing.Spread {
	return timing.Spread{Count: 1, Min: ms, P50: ms, P90: ms, P99: ms, Max: ms}
}

func TestLatencies(t *testing.T) {
	db, shared := timing.LimitFor(timing.MeasureDatabase), timing.LimitFor(timing.MeasureSharedHome)
	n := &Node{Source: "probes.json", Node: &timing.Node{Name: "n1",
		Databases: []timing.Probe{
			{Target: "a", Tries: 4, Failures: 1, Limit: db, Steps: []timing.Timed{{Name: timing.StepLogin, Spread: spread(50)}, {Name: timing.StepQuery, Spread: spread(0.5)}}},
			{Target: "b", Tries: 4, Limit: db, Steps: []timing.Timed{{Name: timing.StepConnect, Spread: spread(9)}, {Name: timing.StepPing, Spread: spread(10)}}},
			{Target: "c", Refused: "no server", Limit: db}},
		Storage: []timing.Probe{{Target: "/s", Tries: 1, Limit: shared, Steps: []timing.Timed{{Name: timing.StepDurable, Spread: spread(30)}}},
			{Target: "/o", Tries: 1, Steps: []timing.Timed{{Name: timing.StepDurable, Spread: spread(30)}}}}}}
	want := []struct {
		target, measure string
		known, floor    bool
		verdict         timing.Verdict
	}{{"a", timing.MeasureDatabase, true, false, timing.Good}, {"b", timing.MeasureDatabase, true, true, timing.Bad}, {"c", timing.MeasureDatabase, false, false, ""},
		{"/s", timing.MeasureSharedHome, true, false, timing.Fair}, {"/o", "", true, false, ""}}
	got := n.Latencies()
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, w := range want {
		if g := got[i]; g.Target != w.target || g.Measure != w.measure || g.Known != w.known || g.Floor != w.floor || g.Verdict != w.verdict || g.Node != "n1" {
			t.Errorf("%+v, want %+v", g, w)
		}
	}
	if p := got[0].FailurePercent(); p != 25 {
		t.Errorf("%v %% failed", p)
	}
}

func TestSkewWithin(t *testing.T) {
	c := New("x", &timing.Record{})
	if _, known := c.SkewWithin(0.95); known {
		t.Error("no rounds, but a skew")
	}
	for i := range 20 {
		c.Rounds = append(c.Rounds, timing.Round{Number: i, SkewMS: float64(i + 1), Starts: make([]timing.Start, 2)})
	}
	for share, want := range map[float64]float64{0: 1, 0.5: 10, 0.95: 19, 1: 20} {
		if got, _ := c.SkewWithin(share); got != want {
			t.Errorf("%v of the rounds within %v ms, want %v", share, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	// Small ones: the fuzzer spends its time on making large ones shorter.
	f.Add([]byte(`{"version":1,"reference":"a","links":[{"from":"a","to":"b","clock":{"offset_ms":5,"error_ms":1}},{"from":"b","to":"c","clock":{"offset_ms":5}},{"from":"a","to":"c","clock":{}}]}`))
	f.Add([]byte(`{"version":1,"nodes":[{"databases":[{"tries":1,"steps":[{"name":"query","count":1}]}],"hiccups":{"worst":[{"late_ms":3}]}}]}`))
	f.Add([]byte(`{"version":1,"reference":"a","links":[{"from":"a","to":"b","clock":{"error_ms":1e13}}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		rec, err := timing.Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		c := New("x", rec)
		for _, a := range c.parties {
			for _, b := range c.parties {
				if s, _ := c.Between(a, b); math.IsNaN(s.OffsetMS) || !(s.ErrorMS >= 0) {
					t.Fatalf("%+v", s)
				}
			}
		}
		c.Clocks()
		c.Measured()
		for i := range rec.Nodes {
			(&Node{Node: &rec.Nodes[i]}).Latencies()
		}
	})
}

func BenchmarkNewOfALargeCluster(b *testing.B) {
	rec := mesh(make([]float64, 100), func(int, int) way { return way{0.1, 0.1} })
	for b.Loop() {
		New("x", rec)
	}
}
