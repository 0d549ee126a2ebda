package jvm

import (
	"context"
	"errors"
	"os"
	"time"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/hsperf"
	"casefile/bundle/format/plan"
	"casefile/bundle/format/series"
	"casefile/collectors"
)

func durationOf(d plan.Duration) time.Duration { return time.Duration(d) }

// perfSnapshot keeps the whole counters file.
func (c *capture) perfSnapshot(name entries.File) {
	at := time.Now()
	b, err := c.perfBytes(nil)
	switch {
	case errors.Is(err, errNoPerf):
		c.Absent(entries.ItemCounters, entries.NotThere, err.Error())
	case errors.Is(err, os.ErrNotExist): // the JVM removes it when it ends
		c.LostFor(entries.ItemCounters, ErrGone, "")
	case err != nil:
		c.LostErr(entries.ItemCounters, err)
	default:
		c.Add(collectors.Evidence{Name: string(name), Item: entries.ItemCounters, Source: c.rootPath(c.perf), Started: at}, b)
	}
}

// sampleCounters reads the counters once a period.
func (c *capture) sampleCounters(ctx context.Context) {
	if c.perf == "" {
		return // told by perfSnapshot
	}
	r := &perfReader{jvm: c.JVM}
	head := series.Header{Source: "hsperfdata", Target: c.Scope.Target, Units: map[string]string{"sun.os.hrt.frequency": "ticks per second"}}
	c.Sample(ctx, entries.CounterSeries, entries.ItemCounterSeries, head, r.read)
}

// perfReader reads the numbers of a counters file again and again; the layout is
// parsed anew only when the JVM has added counters.
type perfReader struct {
	jvm    *JVM
	layout *hsperf.Layout
	buf    []byte
	ints   []int64
	values map[string]float64
}

func (r *perfReader) read(time.Time) (map[string]float64, error) {
	b, err := r.jvm.perfBytes(r.buf)
	r.buf = b // nil after an error
	if err != nil {
		return nil, err
	}
	if r.layout == nil || r.layout.Read(b, r.ints) != nil {
		snap, err := hsperf.Parse(b)
		if err != nil {
			return nil, err
		}
		if r.layout, err = snap.Layout(); err != nil {
			return nil, err
		}
		r.ints, r.values = make([]int64, r.layout.Len()), map[string]float64{}
		if err := r.layout.Read(b, r.ints); err != nil {
			return nil, err
		}
	}
	for i, v := range r.ints {
		r.values[r.layout.Name(i)] = float64(v)
	}
	return r.values, nil
}

// safepointTime reads how long the JVM has been stopped at safepoints so far;
// clock is empty when it does not show that.
func (j *JVM) safepointTime() (total time.Duration, clock string) {
	snap, err := j.readPerf()
	if err != nil {
		return 0, ""
	}
	ticks, ok1 := snap.Int("sun.rt.safepointTime")
	freq, ok2 := snap.Int("sun.os.hrt.frequency")
	if !ok1 || !ok2 || freq <= 0 {
		return 0, ""
	}
	return time.Duration(float64(ticks) / float64(freq) * float64(time.Second)), "sun.rt.safepointTime"
}

// sampleProcess reads figures of the process once a period.
func (c *capture) sampleProcess(ctx context.Context) {
	head := series.Header{Source: entries.ProcessSource, Target: c.Scope.Target, Units: entries.ProcessUnits()}
	figures, err := collectors.NewProcessFigures(c.dir, c.JVM.PID)
	if err != nil {
		c.LostFor(entries.ItemProcessSeries, ErrGone, "")
		return
	}
	c.Sample(ctx, entries.ProcessSeries, entries.ItemProcessSeries, head, func(time.Time) (map[string]float64, error) {
		v, stat, err := figures.Read()
		if err != nil || stat.Started != c.StartTicks {
			return nil, ErrGone
		}
		return v, nil
	})
}
