package goproc

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/prometheus/procfs"

	"casefile/bundle/format/series"
	"casefile/collectors"
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
	stat, err := collectors.ReadStat(filepath.Join(s.dir, "stat"))
	if err != nil {
		return nil, s.ended(err)
	}
	if s.start == 0 {
		s.start = stat.Started
	}
	if stat.Started != s.start || stat.State == 'Z' {
		return nil, errGone
	}
	seconds := func(ticks uint64) float64 { return (time.Duration(ticks) * collectors.ClockTick).Seconds() }
	v := map[string]float64{
		"cpu_user_seconds": seconds(stat.User), "cpu_system_seconds": seconds(stat.System),
		"threads": float64(stat.Threads), "major_faults": float64(stat.MajorFaults),
		"rss_bytes": float64(stat.ResidentPages) * float64(os.Getpagesize()), "virtual_bytes": float64(stat.VirtualBytes),
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
