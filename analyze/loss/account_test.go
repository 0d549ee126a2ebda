package loss_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"casefile/analyze/gc"
	"casefile/analyze/loss"
	"casefile/analyze/threads"
	"casefile/testdata/faults"
)

func seriesOf(t *testing.T, text string) *threads.Series {
	t.Helper()
	dumps, sum, err := threads.ParseAll("dumps.txt", strings.NewReader(text))
	if err != nil || sum.UnparsedLines > 0 {
		t.Fatalf("%v, %d lines not understood", err, sum.UnparsedLines)
	}
	return threads.NewSeries(dumps, nil)
}

func sumOf(parts []loss.Part) (shares, seconds float64) {
	for _, p := range parts {
		shares, seconds = shares+p.Share, seconds+p.Seconds
	}
	return shares, seconds
}

// Parts sum to the whole, whatever stands where.
func TestPartsSumToTheWhole(t *testing.T) {
	for _, f := range faults.All(80) {
		for _, text := range []string{f.Text, f.Twin} {
			s := loss.New(seriesOf(t, text), nil).State("n1", "4711-shop")
			check := func(name string, seconds float64, parts []loss.Part) {
				if len(parts) == 0 {
					return
				}
				shares, sum := sumOf(parts)
				if math.Abs(shares-1) > 0.01 || math.Abs(sum-seconds) > 0.01*seconds {
					t.Errorf("%s, %s: shares sum to %.3f, seconds to %.1f of %.1f", f.Kind, name, shares, sum, seconds)
				}
			}
			check("requests", s.RequestThreadSeconds, s.Parts)
			for _, p := range s.Pools {
				check(p.Name, p.ThreadSeconds, p.Parts)
			}
		}
	}
}

// The threads of a fault stand in one place, and those of its healthy twin in none for long.
func TestPlacesOfFaults(t *testing.T) {
	for _, f := range faults.All(80) {
		a := loss.New(seriesOf(t, f.Text), nil)
		stood := 0
		for _, p := range a.Places() {
			tracks, _ := a.Standing(p)
			stood += len(tracks)
		}
		if stood < min(f.Threads, 2) && f.Threads > 1 {
			t.Errorf("%s: %d threads stand, want %d\n%s", f.Kind, stood, f.Threads, f.Text[:min(len(f.Text), 4000)])
		}
		twin := loss.New(seriesOf(t, f.Twin), nil)
		for _, p := range twin.Places() {
			if p.Crew.MaxSize() == 1 && !p.Requests {
				continue // the main thread waits for the end
			}
			if tracks, _ := twin.Standing(p); len(tracks) > 0 {
				t.Errorf("the healthy twin of %s: %d threads stand in %s (%s)", f.Kind, len(tracks), p.Where(), p.Text)
			}
		}
	}
}

// What a finding claims is no longer among what nobody has explained.
func TestClaims(t *testing.T) {
	for _, f := range faults.All(20) {
		a := loss.New(seriesOf(t, f.Text), nil)
		var all []*threads.Thread
		for _, p := range a.Places() {
			for _, s := range p.Sightings {
				all = append(all, s.Thread)
			}
		}
		a.Claim("some-finding", all)
		if rest := a.Unclaimed(); len(rest) > 0 {
			t.Errorf("%s: %s is left", f.Kind, rest[0].Where())
		}
		s := a.State("n1", "shop")
		lost, claimed := loss.Lost(s.Parts)
		if math.Abs(lost-claimed) > 1e-9 {
			t.Errorf("%s: %.3f lost, %.3f claimed", f.Kind, lost, claimed)
		}
	}
}

// Collections take their share of what was not idle.
func TestStops(t *testing.T) {
	s := seriesOf(t, faults.All(1)[0].Text)
	at := s.Dumps[0].Time
	log := &gc.Log{Timed: true, Runs: []gc.Run{{WallZero: at, Last: time.Hour}},
		Pauses: []gc.Pause{{Start: 5 * time.Second, Duration: 3 * time.Second}, {Start: time.Minute, Duration: time.Second}}}
	a := loss.New(s, []*gc.Log{log})
	a.ClaimKind("long-gc-pause", loss.GC)
	st := a.State("n1", "shop")
	parts := st.Parts
	if len(parts) == 0 {
		parts = st.Pools[0].Parts
	}
	idle, inGC := 0.0, 0.0
	for _, p := range parts {
		switch p.Kind {
		case loss.Idle:
			idle += p.Share
		case loss.GC:
			inGC += p.Share
			if p.ClaimedBy != "long-gc-pause" {
				t.Errorf("collections are claimed by %q", p.ClaimedBy)
			}
		}
	}
	if want := 0.2 * (1 - idle); math.Abs(inGC-want) > 0.001 { // 3 of 15 seconds
		t.Errorf("collections take %.3f, want %.3f", inGC, want)
	}
}
