package load

import (
	"fmt"
	"math"
	"time"

	"casefile/analyze/gc"
	"casefile/bundle/format/hsperf"
	"casefile/bundle/format/series"
)

// Names of hsperfdata counters; N and S are numbers. Times are ticks.
const (
	ticksPerSecond = "sun.os.hrt.frequency"
	collectorCount = "sun.gc.collector.%d.invocations"
	collectorTime  = "sun.gc.collector.%d.time"
	spaceUsed      = "sun.gc.generation.%d.space.%d.used"
	spaceCapacity  = "sun.gc.generation.%d.space.%d.capacity"
	spaceMax       = "sun.gc.generation.%d.space.%d.maxCapacity"
	generationMax  = "sun.gc.generation.%d.maxCapacity"
	collectorName  = "sun.gc.collector.%d.name"
	lastCause      = "sun.gc.lastCause"
	safepoints     = "sun.rt.safepoints"
	safepointTime  = "sun.rt.safepointTime"
)

// gcFromCounters makes GC facts from a series of hsperfdata counters. snap gives
// what the series does not: texts. Generation 0 is the young one with its first
// space eden, generation 1 the old one; ZGC and Shenandoah have one generation.
func gcFromCounters(s *series.Series, snap *hsperf.Snapshot, source string) *gc.Log {
	freq, ok := s.Last(ticksPerSecond)
	if !ok || freq <= 0 || snap == nil {
		return nil
	}
	c := counters{s: s, freq: freq}
	var samples []gc.CounterSample
	for i, t := range s.Times {
		smp := gc.CounterSample{Time: t, Safepoints: c.at(i, safepoints), SafepointTime: c.ticks(i, safepointTime)}
		for n := 0; c.has(collectorCount, n); n++ {
			name, _ := snap.Str(fmt.Sprintf(collectorName, n))
			smp.Collectors = append(smp.Collectors, gc.CollectorCounter{Name: name, Count: c.at(i, collectorCount, n), Time: c.ticks(i, collectorTime, n)})
		}
		c.spaces(i, &smp)
		samples = append(samples, smp)
	}
	if cause, ok := snap.Str(lastCause); ok && len(samples) > 0 {
		samples[len(samples)-1].LastCause = cause
	}
	return gc.FromCounters(source, samples)
}

type counters struct {
	s    *series.Series
	freq float64
}

func (c counters) has(name string, n ...any) bool { return c.s.Values(fmt.Sprintf(name, n...)) != nil }

// at is a counter at sample i; 0 where it is not known.
func (c counters) at(i int, name string, n ...any) int64 {
	col := c.s.Values(fmt.Sprintf(name, n...))
	if col == nil || math.IsNaN(col[i]) {
		return 0
	}
	return int64(col[i])
}

func (c counters) ticks(i int, name string, n ...any) time.Duration {
	return seconds(float64(c.at(i, name, n...)) / c.freq)
}

func (c counters) spaces(i int, smp *gc.CounterSample) {
	for g := 0; c.has(spaceUsed, g, 0); g++ {
		for sp := 0; c.has(spaceUsed, g, sp); sp++ {
			used := c.at(i, spaceUsed, g, sp)
			smp.HeapUsed += used
			smp.HeapCommitted += c.at(i, spaceCapacity, g, sp)
			switch {
			case g == 0 && sp == 0 && c.has(spaceUsed, 1, 0):
				smp.EdenUsed = used
			case g == 1:
				smp.OldUsed += used
				smp.OldMax += c.at(i, spaceMax, g, sp)
			}
		}
		smp.HeapMax += c.at(i, generationMax, g)
	}
}
