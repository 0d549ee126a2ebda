package host

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/procfs"

	"casefile/bundle/format/hostseries"
	"casefile/bundle/format/series"
)

// sampler reads one line of the series.
type sampler struct {
	*reader
	fs      procfs.FS
	sources []source
	disks   map[string]bool
	nics    []string
	groups  []meter

	grid grid
	took time.Duration // of the sample before
}

// source reads some files of the system into the sample.
type source struct {
	name string
	read func(s *sampler, out map[string]float64) error
}

var sources = []source{
	{"/proc/stat", (*sampler).cpu},
	{"/proc/loadavg", (*sampler).load},
	{"/proc/meminfo", (*sampler).memory},
	{"/proc/vmstat", (*sampler).vm},
	{"/proc/pressure/cpu", pressure("cpu")},
	{"/proc/pressure/memory", pressure("memory")},
	{"/proc/pressure/io", pressure("io")},
	{"/proc/diskstats", (*sampler).diskStats},
	{"/proc/net/dev", (*sampler).netDevs},
	{"/proc/net/snmp", (*sampler).snmp},
	{"/proc/net/netstat", (*sampler).netstat},
	{"/proc/sys/fs/file-nr", (*sampler).fileNr},
	{"cgroups", (*sampler).cgroups},
}

// sample takes the series. A source that this system does not have is told once
// and left out; one that fails later counts as lost in that sample only.
func (r *run) sample(ctx context.Context, disks, nics []string, groups cgroups) {
	s, err := r.newSampler(disks, nics, groups)
	if err != nil {
		r.note(itemCounters, err)
		return
	}
	s.grid = grid{start: r.scope.Start(), period: time.Duration(r.scope.Plan.SampleEvery)}
	head := series.Header{Source: hostseries.Source, Target: r.scope.Node, Units: hostseries.Units()}
	r.scope.Sample(ctx, hostseries.Series, itemCounters, head, func(now time.Time) (map[string]float64, error) {
		values, err := s.read(now)
		if err != nil {
			r.scope.LostErr(itemCounters, err)
		}
		return values, nil
	})
}

// newSampler tries every source once.
func (r *run) newSampler(disks, nics []string, groups cgroups) (*sampler, error) {
	fs, err := procfs.NewFS(r.at("/proc"))
	if err != nil {
		return nil, err
	}
	s := &sampler{reader: newReader(r.tree), fs: fs, disks: map[string]bool{}, nics: nics, groups: groups.meters}
	for _, d := range disks {
		s.disks[d] = true
	}
	for _, src := range sources {
		if err := src.read(s, map[string]float64{}); err != nil {
			r.note("counters of "+src.name, named(src.name, err))
			continue
		}
		s.sources = append(s.sources, src)
	}
	return s, nil
}

func (s *sampler) read(now time.Time) (map[string]float64, error) {
	out := make(map[string]float64, 128)
	out[hostseries.SamplerLate] = s.grid.late(now).Seconds()
	if s.took > 0 {
		out[hostseries.SamplerRead] = s.took.Seconds()
	}
	var errs []error
	for _, src := range s.sources {
		if err := src.read(s, out); err != nil {
			errs = append(errs, named(src.name, err))
		}
	}
	end := time.Now()
	s.took = end.Sub(now)
	s.grid.done(end)
	return out, errors.Join(errs...)
}

// grid knows when samples are due: at start plus whole periods, those that have
// passed while the sample before was taken left out.
type grid struct {
	start  time.Time
	period time.Duration
	due    time.Time
}

// late tells how long after its moment a sample begins.
func (g *grid) late(now time.Time) time.Duration {
	if g.due.IsZero() {
		g.due = g.start
	}
	return max(0, now.Sub(g.due))
}

// done notes the end of a sample.
func (g *grid) done(now time.Time) {
	g.due = g.due.Add(g.period)
	if behind := now.Sub(g.due); behind > 0 {
		g.due = g.due.Add(behind.Truncate(g.period) + g.period)
	}
}
