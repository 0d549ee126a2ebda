package goproc

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"

	"github.com/prometheus/procfs"

	"casefile/bundle/format/series"
)

const seriesItem = "process-figures"

// series samples what /proc tells of the process, until it ends.
func (c *capture) series(ctx context.Context) {
	ctx, gone := context.WithCancel(ctx)
	defer gone()
	sampler := newSampler(c.proc)
	head := series.Header{Source: "proc", Target: c.name, Units: map[string]string{
		"cpu_user_seconds": "seconds", "cpu_system_seconds": "seconds", "rss_bytes": "bytes", "virtual_bytes": "bytes",
		"read_bytes": "bytes", "write_bytes": "bytes", "swap_bytes": "bytes",
	}}
	c.Sample(ctx, "metrics/process", seriesItem, head, func(time.Time) (map[string]float64, error) {
		v, err := sampler.read()
		if err != nil {
			gone()
		}
		return v, err
	})
}

// sampler reads one process.
type sampler struct {
	*process
	proc  procfs.Proc
	err   error
	start uint64 // of the process, in ticks since boot: tells a reused pid
}

func newSampler(p *process) *sampler {
	s := &sampler{process: p}
	var root procfs.FS
	if root, s.err = procfs.NewFS(filepath.Dir(p.dir)); s.err == nil {
		s.proc, s.err = root.Proc(p.pid)
	}
	return s
}

var errGone = errors.New("the process ended during the capture: its own log and the kernel's (out of memory?) tell why")

func (s *sampler) read() (map[string]float64, error) {
	if s.err != nil {
		return nil, s.ended(s.err)
	}
	stat, err := s.proc.Stat()
	if err != nil {
		return nil, s.ended(err)
	}
	if s.start == 0 {
		s.start = stat.Starttime
	}
	if stat.Starttime != s.start || stat.State == "Z" {
		return nil, errGone
	}
	const ticks = 100 // a second, on every architecture Go runs Linux on
	v := map[string]float64{
		"cpu_user_seconds": float64(stat.UTime) / ticks, "cpu_system_seconds": float64(stat.STime) / ticks,
		"threads": float64(stat.NumThreads), "major_faults": float64(stat.MajFlt),
		"rss_bytes": float64(stat.ResidentMemory()), "virtual_bytes": float64(stat.VirtualMemory()),
	}
	// What follows may need more rights; without, the rest is still worth having.
	if n, err := s.proc.FileDescriptorsLen(); err == nil {
		v["open_files"] = float64(n)
	}
	if io, err := s.proc.IO(); err == nil {
		v["read_bytes"], v["write_bytes"] = float64(io.ReadBytes), float64(io.WriteBytes)
	}
	if st, err := s.proc.NewStatus(); err == nil {
		v["swap_bytes"] = float64(st.VmSwap)
		v["voluntary_switches"], v["forced_switches"] = float64(st.VoluntaryCtxtSwitches), float64(st.NonVoluntaryCtxtSwitches)
	}
	return v, nil
}

func (s *sampler) ended(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return errGone
	}
	return err
}
