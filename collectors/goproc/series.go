package goproc

import (
	"context"
	"errors"
	"io/fs"
	"syscall"
	"time"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/series"
	"casefile/collectors"
)

// series samples what /proc tells of the process, until it ends.
func (c *capture) series(ctx context.Context) {
	ctx, gone := context.WithCancel(ctx)
	defer gone()
	sampler := newSampler(c.proc)
	head := series.Header{Source: entries.ProcessSource, Target: c.name, Units: entries.ProcessUnits()}
	c.Sample(ctx, entries.GoSeries, entries.ItemProcessFigures, head, func(time.Time) (map[string]float64, error) {
		v, err := sampler.read()
		if err != nil {
			gone()
		}
		return v, err
	})
}

// sampler reads one process.
type sampler struct {
	figures *collectors.ProcessFigures
	err     error
	start   uint64 // of the process, in ticks since boot: tells a reused pid
}

func newSampler(p *process) *sampler {
	s := &sampler{}
	s.figures, s.err = collectors.NewProcessFigures(p.dir, p.pid)
	return s
}

var errGone = entries.NewError(entries.Gone,
	"the process ended during the capture: its own log and the kernel's (out of memory?) tell why")

func (s *sampler) read() (map[string]float64, error) {
	if s.err != nil {
		return nil, ended(s.err)
	}
	v, stat, err := s.figures.Read()
	if err != nil {
		return nil, ended(err)
	}
	if s.start == 0 {
		s.start = stat.Started
	}
	if stat.Started != s.start || stat.State == 'Z' {
		return nil, errGone
	}
	return v, nil
}

func ended(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return errGone
	}
	return err
}
