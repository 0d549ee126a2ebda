package host

import (
	"bytes"
	"fmt"

	"github.com/prometheus/procfs"

	"casefile/bundle/format/hostseries"
	"casefile/collectors"
)

// cpuModes are the columns of the "cpu" line of /proc/stat, in order.
var cpuModes = []string{hostseries.CPUUser, hostseries.CPUNice, hostseries.CPUSystem, hostseries.CPUIdle,
	hostseries.CPUIOWait, hostseries.CPUIRQ, hostseries.CPUSoftIRQ, hostseries.CPUSteal}

var statKeys = map[string]string{"ctxt": hostseries.ContextSwitches, "processes": hostseries.Forks,
	"procs_running": hostseries.ProcsRunning, "procs_blocked": hostseries.ProcsBlocked}

// cpu reads /proc/stat by itself: procfs parses every CPU and interrupt of it,
// which costs milliseconds on a large machine.
func (s *sampler) cpu(out map[string]float64) error {
	b, err := s.file("/proc/stat")
	if err != nil {
		return err
	}
	out[hostseries.CPUCount] = float64(countCPUs(b))
	found := false
	for line := range bytes.Lines(b) {
		key, rest, _ := bytes.Cut(line, []byte(" "))
		if column, ok := statKeys[string(key)]; ok {
			if v, ok := number(bytes.TrimSpace(rest)); ok {
				out[column] = v
			}
		}
		if string(key) != "cpu" {
			continue
		}
		found = true
		for i, f := range bytes.Fields(rest) {
			if v, ok := number(f); ok && i < len(cpuModes) {
				out[cpuModes[i]] = v * collectors.ClockTick.Seconds()
			}
		}
	}
	if !found {
		return fmt.Errorf("no cpu line")
	}
	return nil
}

// countCPUs counts the cpuN lines of /proc/stat: the CPUs online.
func countCPUs(b []byte) (n int) {
	for line := range bytes.Lines(b) {
		if len(line) > 3 && string(line[:3]) == "cpu" && line[3] >= '0' && line[3] <= '9' {
			n++
		}
	}
	return n
}

func (s *sampler) load(out map[string]float64) error {
	l, err := s.fs.LoadAvg()
	if err == nil {
		out[hostseries.Load1] = l.Load1
	}
	return err
}

var memKeys = map[string]string{"MemTotal": hostseries.MemTotal, "MemFree": hostseries.MemFree, "MemAvailable": hostseries.MemAvailable,
	"Cached": hostseries.MemCached, "Dirty": hostseries.MemDirty, "SwapTotal": hostseries.SwapTotal, "SwapFree": hostseries.SwapFree}

func (s *sampler) memory(out map[string]float64) error {
	b, err := s.file("/proc/meminfo")
	if err != nil {
		return err
	}
	for key, v := range meminfo(b) {
		if column, ok := memKeys[key]; ok {
			out[column] = float64(v)
		}
	}
	return nil
}

// meminfo returns /proc/meminfo in bytes. Lines are "MemTotal:  16384 kB", or
// without unit where they count pages.
func meminfo(b []byte) map[string]uint64 {
	out := make(map[string]uint64, 64)
	for line := range bytes.Lines(b) {
		key, rest, ok := bytes.Cut(line, []byte(":"))
		f := bytes.Fields(rest)
		if !ok || len(f) == 0 {
			continue
		}
		v, ok := number(f[0])
		if !ok || v < 0 || v > 1<<60 {
			continue
		}
		if len(f) > 1 && string(f[1]) == "kB" {
			v *= 1024
		}
		out[string(key)] = uint64(v)
	}
	return out
}

var vmKeys = map[string]string{"pswpin": hostseries.SwapIn, "pswpout": hostseries.SwapOut, "pgmajfault": hostseries.MajorFaults,
	"oom_kill": hostseries.OOMKills}

func (s *sampler) vm(out map[string]float64) error {
	b, err := s.file("/proc/vmstat")
	if err != nil {
		return err
	}
	for line := range bytes.Lines(b) {
		key, rest, _ := bytes.Cut(line, []byte(" "))
		if column, ok := vmKeys[string(key)]; ok {
			if v, ok := number(bytes.TrimSpace(rest)); ok {
				out[column] = v
			}
		}
	}
	return nil
}

// pressure returns the source of one of cpu, memory, io. Kernels before 5.13
// have no "full" line for cpu.
func pressure(resource string) func(*sampler, map[string]float64) error {
	return func(s *sampler, out map[string]float64) error {
		p, err := s.fs.PSIStatsForResource(resource)
		if err != nil {
			return err
		}
		put := func(line *procfs.PSILine, avg, total string) {
			if line != nil {
				out[hostseries.Of(avg, resource)] = line.Avg10
				out[hostseries.Of(total, resource)] = float64(line.Total) / 1e6
			}
		}
		put(p.Some, hostseries.PSISomeAvg10, hostseries.PSISomeTotal)
		put(p.Full, hostseries.PSIFullAvg10, hostseries.PSIFullTotal)
		return nil
	}
}

func (s *sampler) fileNr(out map[string]float64) error {
	b, err := s.file("/proc/sys/fs/file-nr")
	if err != nil {
		return err
	}
	f := bytes.Fields(b) // allocated, unused (always 0), maximum
	if len(f) != 3 {
		return fmt.Errorf("%d numbers, want 3", len(f))
	}
	if v, ok := number(f[0]); ok {
		out[hostseries.FilesAllocated] = v
	}
	if v, ok := number(f[2]); ok {
		out[hostseries.FilesMax] = v
	}
	return nil
}

func (s *sampler) cgroups(out map[string]float64) error {
	for _, m := range s.groups {
		m.read(s.reader, out)
	}
	return nil
}
