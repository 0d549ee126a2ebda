package gc

import (
	"testing"
	"time"
)

func TestFromCounters(t *testing.T) {
	zero := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(s int, young, full int64, youngTime, fullTime time.Duration, old, eden int64) CounterSample {
		return CounterSample{
			Time: zero.Add(time.Duration(s) * time.Second),
			Collectors: []CollectorCounter{
				{"G1 young collection pauses", young, youngTime}, {"G1 full collection pauses", full, fullTime},
			},
			HeapUsed: old + eden, HeapCommitted: 1000, HeapMax: 2000, OldUsed: old, OldMax: 1500, EdenUsed: eden,
			Safepoints: young + full, SafepointTime: youngTime + fullTime, LastCause: "No GC",
		}
	}
	l := FromCounters("hsperfdata", []CounterSample{
		at(0, 10, 0, 100*ms, 0, 100, 0),
		at(1, 10, 0, 100*ms, 0, 100, 50),
		at(2, 11, 0, 120*ms, 0, 110, 10),           // one young pause of 20 ms
		at(3, 14, 0, 180*ms, 0, 140, 30),           // three of 60 ms together
		at(4, 14, 1, 180*ms, 500*ms, 80, 0),        // one full of 500 ms
		at(5, 14, 1, 180*ms, 500*ms, 80, 100),      // allocation only
		at(6, 1, 0, 5*ms, 0, 10, 0),                // another JVM
		at(7, 2, 0, 15*ms, 0, 10, 0),               // one young pause of 10 ms
		{Time: zero.Add(-time.Hour), HeapUsed: 99}, // out of order: left out
	})
	if l.Collector != "G1" || l.Total.Count != 6 || l.Total.Sum != 590*ms || l.FullGCs != 1 || len(l.Runs) != 2 {
		t.Errorf("%s: %d pauses, %v, %d full, %d runs", l.Collector, l.Total.Count, l.Total.Sum, l.FullGCs, len(l.Runs))
	}
	if len(l.Pauses) != 3 || l.Total.Unseen != 3 || l.Total.Exact() || l.Total.Max != 500*ms {
		t.Errorf("single pauses %d, unseen %d, max %v", len(l.Pauses), l.Total.Unseen, l.Total.Max)
	}
	if p := l.Pauses[0]; p.End() != 2*time.Second || p.Duration != 20*ms || !p.Flags.Has(FlagInferred) {
		t.Errorf("first pause %+v", p)
	}
	if young := l.Kind(KindYoung); young.Count != 5 || young.Sum != 90*ms {
		t.Errorf("young: %d, %v", young.Count, young.Sum)
	}
	full := l.LivePoints(LiveFull)
	if len(full) != 1 || full[0].Bytes != 80 {
		t.Errorf("live set after the full collection: %+v", full)
	}
	if got, ok := l.AllocationRate(); !ok || got != 75 {
		t.Errorf("allocation %v bytes/s, %v: want 50 and 100 in two seconds", got, ok)
	}
	if l.Safepoints.Count != 6 || l.Heap.Max != 2000 || l.Span != 6*time.Second {
		t.Errorf("safepoints %d, heap %d, span %v", l.Safepoints.Count, l.Heap.Max, l.Span)
	}
	if w, ok := l.Wall(l.Pauses[0].End()); !ok || !w.Equal(zero.Add(2*time.Second)) {
		t.Errorf("wall clock %v", w)
	}
}

func TestFromCountersCyclesAreNotPauses(t *testing.T) {
	zero := time.Unix(1700000000, 0)
	s := func(sec int, n int64, d time.Duration) CounterSample {
		return CounterSample{Time: zero.Add(time.Duration(sec) * time.Second),
			Collectors: []CollectorCounter{{"Shenandoah full", n, d}}}
	}
	l := FromCounters("hsperfdata", []CounterSample{s(0, 0, 0), s(10, 4, 2*time.Second)})
	if l.Total.Count != 0 || len(l.Phases) != 1 || l.Phases[0].Count != 4 || l.Phases[0].Sum != 2*time.Second {
		t.Errorf("pauses %d, phases %+v", l.Total.Count, l.Phases)
	}
	if _, ok := l.Throughput(); ok {
		t.Error("no throughput without pauses")
	}
}

func TestFromCountersNothing(t *testing.T) {
	if l := FromCounters("none", nil); l.Timed || l.Total.Count != 0 || len(l.ByKind()) != 0 {
		t.Errorf("%+v", l)
	}
}
