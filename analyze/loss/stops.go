package loss

import (
	"time"

	"casefile/analyze/gc"
)

// Stops is how long the JVM stopped all its threads within the time of the dumps.
type Stops struct {
	GC        time.Duration // pauses of collections
	Safepoint time.Duration // other safepoints, as far as the log lists them
}

// stopsIn adds up what the logs tell of a time. A JVM may have several logs of the same pauses (a file, a recording,
// counters): the one that covers most counts.
func stopsIn(logs []*gc.Log, from time.Time, span time.Duration) (most Stops) {
	if from.IsZero() || span <= 0 {
		return most
	}
	for _, l := range logs {
		s := stopsOf(l, from, from.Add(span))
		most.GC, most.Safepoint = max(most.GC, s.GC), max(most.Safepoint, s.Safepoint)
	}
	return most
}

func stopsOf(l *gc.Log, from, to time.Time) (s Stops) {
	for i := range l.Pauses {
		p := &l.Pauses[i]
		if p.Flags.Has(gc.FlagNested) {
			continue
		}
		if start, ok := l.Wall(p.Start); ok {
			s.GC += overlap(start, p.Duration, from, to)
		}
	}
	for i := range l.Safepoints.WorstReach {
		p := &l.Safepoints.WorstReach[i]
		start, ok := l.Wall(p.Start)
		if !ok {
			continue
		}
		if took := overlap(start, p.Total, from, to); took > 0 {
			s.Safepoint += max(0, took-pausesDuring(l, start, p.Total))
		}
	}
	return s
}

// pausesDuring is how much of a safepoint is a collection's pause.
func pausesDuring(l *gc.Log, start time.Time, length time.Duration) (sum time.Duration) {
	for i := range l.Pauses {
		if at, ok := l.Wall(l.Pauses[i].Start); ok {
			sum += overlap(at, l.Pauses[i].Duration, start, start.Add(length))
		}
	}
	return sum
}

func overlap(start time.Time, length time.Duration, from, to time.Time) time.Duration {
	end := start.Add(length)
	if start.Before(from) {
		start = from
	}
	if end.After(to) {
		end = to
	}
	return max(0, end.Sub(start))
}

// readStalls gives each crew the allocation stalls of its threads, as much of them as the dumps' time is of the log's.
func (a *Account) readStalls(logs []*gc.Log) {
	for _, l := range logs {
		if l.Span <= 0 || len(l.Stalls.ByThread) == 0 || a.Span <= 0 {
			continue
		}
		part := min(1, float64(a.Span)/float64(l.Span))
		byName := map[string]time.Duration{}
		for _, t := range l.Stalls.ByThread {
			byName[t.Thread] += t.Sum
		}
		for _, c := range a.Series.Crews() {
			for _, tr := range c.Threads {
				a.stalls[c] += time.Duration(part * float64(byName[tr.Name]))
			}
		}
		return
	}
}
