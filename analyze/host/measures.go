package host

import (
	"math"
	"path"
	"strconv"
	"strings"

	"casefile/bundle/format/hostseries"
)

var cpuModes = []string{hostseries.CPUUser, hostseries.CPUNice, hostseries.CPUSystem, hostseries.CPUIdle,
	hostseries.CPUIOWait, hostseries.CPUIRQ, hostseries.CPUSoftIRQ, hostseries.CPUSteal}

func (l *loader) cpu() {
	c := &l.facts.CPU
	if c.Count = l.last(hostseries.CPUCount); !c.Count.Known() {
		c.Count = l.processors()
	}
	c.Effective = c.Count
	share := func(modes ...string) Spread { return l.ratio(100, 1e-3, modes, cpuModes) }
	c.Busy = share(hostseries.CPUUser, hostseries.CPUNice, hostseries.CPUSystem, hostseries.CPUIRQ, hostseries.CPUSoftIRQ, hostseries.CPUSteal)
	c.Ordinary = share(hostseries.CPUUser, hostseries.CPUSystem, hostseries.CPUIRQ, hostseries.CPUSoftIRQ, hostseries.CPUSteal)
	c.System, c.IOWait, c.Steal, c.SoftIRQ = share(hostseries.CPUSystem), share(hostseries.CPUIOWait), share(hostseries.CPUSteal), share(hostseries.CPUSoftIRQ)
	c.RunQueuePerCPU = l.moments(hostseries.ProcsRunning, func(row int) float64 {
		return max(0, l.at(hostseries.ProcsRunning, row)-1) / l.at(hostseries.CPUCount, row)
	})
	c.Blocked = l.moments(hostseries.ProcsBlocked, func(row int) float64 { return l.at(hostseries.ProcsBlocked, row) })
	c.Load1 = l.last(hostseries.Load1)
	switches := l.rate(1, hostseries.ContextSwitches)
	c.ContextSwitches = Number{switches.Mean, switches.Ref}
}

// processors counts those of cpuinfo, for captures without series.
func (l *loader) processors() Number {
	b, name, ok := l.read(hostseries.CPUInfo)
	if !ok {
		return Number{}
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		if key, _, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "processor" {
			n++
		}
	}
	return Number{float64(n), Ref{Source: name, Key: "processor"}}.orNothing(n > 0)
}

func (l *loader) memory() {
	m := &l.facts.Memory
	b, name, _ := l.newest(hostseries.MemInfo)
	info := keyed(b, name, ":")
	m.Total, m.Available = size(info["MemTotal"]), size(info["MemAvailable"])
	m.SwapTotal = size(info["SwapTotal"])
	if free := size(info["SwapFree"]); m.SwapTotal.Known() && free.Known() {
		m.SwapUsed = Number{max(0, m.SwapTotal.Value-free.Value), free.Ref}
	}
	if m.Total.Value > 0 && m.Available.Known() {
		m.AvailablePercent = Number{100 * m.Available.Value / m.Total.Value, m.Available.Ref}
	}
	free := l.moments(hostseries.MemAvailable, func(row int) float64 {
		return -100 * l.at(hostseries.MemAvailable, row) / l.at(hostseries.MemTotal, row)
	})
	m.AvailableLeast = Number{-free.Max, free.Ref}.orNothing(free.Known())
	page := l.pageSize()
	m.SwapIn, m.SwapOut = l.rate(page, hostseries.SwapIn), l.rate(page, hostseries.SwapOut)
	m.MajorFaults = l.rate(1, hostseries.MajorFaults)
	m.OOMKills, m.OOMKillsSinceBoot = l.delta(hostseries.OOMKills), l.last(hostseries.OOMKills)
	m.Balloon = l.balloon(page)
	m.Dirty = l.worst(func(v func(string) float64) float64 { return v(hostseries.MemDirty) }, hostseries.MemDirty)
}

// balloon is pages of vmstat's balloon_inflate that balloon_deflate has not returned.
func (l *loader) balloon(page float64) Number {
	b, name, _ := l.newest(hostseries.VMStat)
	counts := keyed(b, name, " ")
	taken, given := size(counts["balloon_inflate"]), size(counts["balloon_deflate"])
	if !taken.Known() || !given.Known() || math.IsNaN(page) {
		return Number{}
	}
	return Number{max(0, taken.Value-given.Value) * page, taken.Ref}
}

// size reads a value of meminfo, "1234 kB".
func size(t Text) Number {
	number, unit, _ := strings.Cut(t.Value, " ")
	v, err := strconv.ParseUint(number, 10, 63)
	if err != nil {
		return Number{}
	}
	n := Number{float64(v), t.Ref}
	if unit == "kB" {
		n.Value *= 1024
	}
	return n
}

func (l *loader) pageSize() float64 {
	var h hostseries.PlatformHints
	if _, ok := l.json(hostseries.Platform, &h); ok && h.PageSize > 0 {
		return float64(h.PageSize)
	}
	return 4096
}

func (l *loader) pressure() {
	for _, resource := range [...]string{"cpu", "memory", "io"} {
		col := func(pattern string) string { return hostseries.Of(pattern, resource) }
		p := Pressure{SomePercent: l.rate(100, col(hostseries.PSISomeTotal)), FullPercent: l.rate(100, col(hostseries.PSIFullTotal)),
			SomeAvg10: l.worst(func(v func(string) float64) float64 { return v(col(hostseries.PSISomeAvg10)) }, col(hostseries.PSISomeAvg10))}
		if !p.SomePercent.Known() && !p.SomeAvg10.Known() {
			continue
		}
		if l.facts.Pressure == nil {
			l.facts.Pressure = map[string]Pressure{}
		}
		l.facts.Pressure[resource] = p
	}
}

// subjects lists what the columns of a pattern are about, sorted.
func (l *loader) subjects(pattern string) []string {
	var list []string
	if l.facts.Series == nil {
		return nil
	}
	for _, column := range l.facts.Series.Names() {
		if p, subject := hostseries.Split(column); p == pattern {
			list = append(list, subject)
		}
	}
	return list
}

func (l *loader) network() {
	n := &l.facts.Network
	devices := l.sections(hostseries.Devices)
	for _, name := range l.subjects(hostseries.NetRxBytes) {
		col := func(pattern string) string { return hostseries.Of(pattern, name) }
		i := Interface{Name: name, RxRate: l.rate(1, col(hostseries.NetRxBytes)), TxRate: l.rate(1, col(hostseries.NetTxBytes)),
			RxErrors: l.delta(col(hostseries.NetRxErrors)), RxDrop: l.delta(col(hostseries.NetRxDrops)),
			TxErrors: l.delta(col(hostseries.NetTxErrors)), TxDrop: l.delta(col(hostseries.NetTxDrops))}
		if speed := integer(devices["/sys/class/net/"+name+"/speed"]); speed.Known() {
			i.Speed = Number{speed.Value * 1e6, speed.Ref} // the file counts Mbit/s
		}
		i.MTU = integer(devices["/sys/class/net/"+name+"/mtu"])
		n.Interfaces = append(n.Interfaces, i)
	}
	n.Retransmits = l.rate(1, hostseries.TCPRetransmits)
	n.Segments = l.delta(hostseries.TCPOutSegments)
	if again := l.delta(hostseries.TCPRetransmits); again.Known() && n.Segments.Value+again.Value > 0 {
		n.RetransmitPercent = Number{100 * again.Value / (n.Segments.Value + again.Value), again.Ref}
	}
	n.ListenOverflows, n.ListenDrops = l.delta(hostseries.TCPListenOverflows), l.delta(hostseries.TCPListenDrops)
	n.Established = l.worst(func(v func(string) float64) float64 { return v(hostseries.TCPEstablished) }, hostseries.TCPEstablished)
}

func (l *loader) files() {
	f := &l.facts.Files
	used := func(v func(string) float64) float64 { return v(hostseries.FilesAllocated) }
	f.Allocated, f.Max = l.worst(used, hostseries.FilesAllocated), l.last(hostseries.FilesMax)
	if !f.Allocated.Known() {
		b, name, _ := l.newest(hostseries.FileNr)
		if v := strings.Fields(string(b)); len(v) == 3 {
			f.Allocated = integer(Text{v[0], Ref{Source: name, Line: 1, Key: "allocated"}})
			f.Max = integer(Text{v[2], Ref{Source: name, Line: 1, Key: "maximum"}})
		}
	}
	if f.Allocated.Known() && f.Max.Value > 0 {
		f.UsedPercent = Number{math.Min(100, 100*f.Allocated.Value/f.Max.Value), f.Allocated.Ref}
	}
}

// FileSystemOf is the file system that a path lies on; nil when none is known.
func (f *Facts) FileSystemOf(file string) (best *FileSystem) {
	file = path.Clean(file)
	for i := range f.FileSystems {
		fs := &f.FileSystems[i]
		below := fs.Mount == "/" || file == fs.Mount || strings.HasPrefix(file, fs.Mount+"/")
		if below && (best == nil || len(fs.Mount) >= len(best.Mount)) { // of two on one folder, the later mount hides the other
			best = fs
		}
	}
	return best
}
