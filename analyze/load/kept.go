package load

import (
	"runtime"

	"golang.org/x/sync/errgroup"

	"casefile/analyze/applog"
	"casefile/analyze/gc"
	"casefile/analyze/gc/gclog"
)

// mostAtOnce bounds the kept files that are read at the same time: each takes its part of the memory.
const mostAtOnce = 4

// readKept reads what was kept until all of its parts are there, GC logs and recordings, side by side.
func (b *builder) readKept() {
	var all errgroup.Group
	all.SetLimit(min(runtime.GOMAXPROCS(0), mostAtOnce))
	for _, t := range b.targets {
		if t.service != nil {
			continue
		}
		t.gcLogs, t.rec = t.splitGC(b), t.recordedJFR(b.bounds.jfr)
		if t.rec != nil {
			all.Go(func() error { t.rec.read(t.jfr); return nil })
		}
		for _, l := range t.gcLogs {
			all.Go(func() error { l.read(); return nil })
		}
	}
	_ = all.Wait() // each has its own
}

// gcLog is a GC log of one file, or of all parts of a rotated series.
type gcLog struct {
	source string
	files  []gclog.File
	opts   gclog.Options
	// other takes the lines of a loose log that are no GC logging: they are an application's.
	other *applog.Scanner

	log *gc.Log
	err error
}

func (l *gcLog) read() { l.log, l.err = gclog.ParseFiles(l.source, l.files, l.opts) }

func (t *target) splitGC(b *builder) []*gcLog {
	by := map[string]*gcLog{}
	var logs []*gcLog
	for _, f := range t.gc {
		key := gclog.SeriesOf(f.Name)
		if t.file != "" {
			key = partsOf(f.Name)
		}
		l := by[key]
		if l == nil {
			l = &gcLog{source: key, opts: gclog.Options{Through: b.room.Part(t.gcBytes).Reader}}
			by[key], logs = l, append(logs, l)
		}
		l.files = append(l.files, f)
	}
	for _, l := range logs {
		if len(l.files) > 1 {
			continue
		}
		if l.source = l.files[0].Name; t.file != "" {
			l.other = applog.NewScanner(l.source, b.logMarks())
			l.opts.Other = l.other
		}
	}
	return logs
}
