package jvm

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"casefile/bundle/format/hsperf"
	"casefile/bundle/format/plan"
	"casefile/bundle/format/series"
	"casefile/collectors"
)

func durationOf(d plan.Duration) time.Duration { return time.Duration(d) }

// perfSnapshot keeps the whole counters file.
func (c *capture) perfSnapshot(name string) {
	at := time.Now()
	b, err := c.perfBytes(nil)
	switch {
	case errors.Is(err, errNoPerf):
		c.Absent("counters", err.Error())
	case errors.Is(err, os.ErrNotExist): // the JVM removes it when it ends
		c.Lost("counters", ErrGone.Error(), "")
	case err != nil:
		c.LostErr("counters", err)
	default:
		c.Add(collectors.Evidence{Name: name, Item: "counters", Source: c.rootPath(c.perf), Started: at}, b)
	}
}

// sampleCounters reads the counters once a period.
func (c *capture) sampleCounters(ctx context.Context) {
	if c.perf == "" {
		return // told by perfSnapshot
	}
	r := &perfReader{jvm: c.JVM}
	head := series.Header{Source: "hsperfdata", Target: c.Scope.Target, Units: map[string]string{"sun.os.hrt.frequency": "ticks per second"}}
	c.Sample(ctx, "hsperf/series", "counter-series", head, r.read)
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
	head := series.Header{Source: "proc", Target: c.Scope.Target, Units: map[string]string{
		"cpu_user_seconds": "seconds", "cpu_system_seconds": "seconds", "rss_bytes": "bytes", "swap_bytes": "bytes",
		"threads": "count", "fds": "count", "fd_limit": "count", "read_bytes": "bytes", "write_bytes": "bytes",
	}}
	c.Sample(ctx, "process/series", "process-series", head, func(time.Time) (map[string]float64, error) { return c.processFigures() })
}

func (p *Process) processFigures() (map[string]float64, error) {
	st, err := collectors.ReadStat(filepath.Join(p.dir, "stat"))
	if err != nil {
		return nil, ErrGone
	}
	v := map[string]float64{
		"cpu_user_seconds":   (time.Duration(st.User) * collectors.ClockTick).Seconds(),
		"cpu_system_seconds": (time.Duration(st.System) * collectors.ClockTick).Seconds(),
	}
	for key, name := range map[string]string{"VmRSS": "rss_bytes", "VmSwap": "swap_bytes"} {
		if kb, ok := p.keyed("status", key); ok {
			v[name] = kb * 1024
		}
	}
	if n, ok := p.keyed("status", "Threads"); ok {
		v["threads"] = n
	}
	for key, name := range map[string]string{"read_bytes": "read_bytes", "write_bytes": "write_bytes"} {
		if n, ok := p.keyed("io", key); ok {
			v[name] = n
		}
	}
	if n, ok := p.openFiles(); ok {
		v["fds"] = float64(n)
	}
	if n, ok := p.keyed("limits", "Max open files"); ok {
		v["fd_limit"] = n
	}
	return v, nil
}

// keyed reads the first number behind a key in a file of /proc/PID.
func (p *Process) keyed(file, key string) (float64, bool) {
	b, err := p.file(file)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(b)) {
		rest, ok := strings.CutPrefix(line, key)
		if f := strings.Fields(strings.TrimLeft(rest, ":")); ok && len(f) > 0 {
			n, err := strconv.ParseFloat(f[0], 64)
			return n, err == nil
		}
	}
	return 0, false
}

// openFiles counts the open files. Kernels from 6.2 tell the count as the
// folder's size; else the folder is listed.
func (p *Process) openFiles() (int, bool) {
	dir := filepath.Join(p.dir, "fd")
	if st, err := os.Stat(dir); err == nil && st.Size() > 0 {
		return int(st.Size()), true
	}
	d, err := os.Open(dir)
	if err != nil {
		return 0, false
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	return len(names), err == nil
}
