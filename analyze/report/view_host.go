package report

import (
	"cmp"
	"fmt"
	"slices"

	"casefile/analyze"
	"casefile/analyze/host"
	"casefile/analyze/say"
	"casefile/bundle/format/hostseries"
)

const (
	hostDisks = 5  // curves
	hostRows  = 16 // of a table
)

func (b *viewBuilder) host(n *analyze.Node) section {
	h := n.Host
	s := section{Anchor: b.anchors[n], Places: b.placesOf(n.Name), Title: nameOf(n), Facts: nodeFacts(n)}
	p := part{Note: say.Took(h.Span) + " of counters"}
	if h.Span == 0 {
		p.Note = "no counters over time were captured"
	}
	if c, ok := readColumns(n, h.Series); ok {
		for _, ch := range hostCharts(c, h) {
			p.add(ch.draw())
		}
	}
	for _, t := range []table{diskTable(h), spaceTable(h), cgroupTable(h)} {
		if len(t.Rows) > 0 {
			p.Tables = append(p.Tables, t.bounded(hostRows))
		}
	}
	s.take(p)
	return s
}

func hostCharts(c columnsOf, h *host.Facts) []*chart {
	all := []string{hostseries.CPUUser, hostseries.CPUNice, hostseries.CPUSystem, hostseries.CPUIdle,
		hostseries.CPUIOWait, hostseries.CPUIRQ, hostseries.CPUSoftIRQ, hostseries.CPUSteal}
	cpu := &chart{title: "CPU of the machine", unit: "%", time: c.time, stacked: true, top: 100, curves: []curve{
		{"user", "s1", c.share(all[:2], all)},
		{"system", "s2", c.share([]string{hostseries.CPUSystem, hostseries.CPUIRQ, hostseries.CPUSoftIRQ}, all)},
		{"waiting for disks", "s5", c.share([]string{hostseries.CPUIOWait}, all)},
		{"stolen by the hypervisor", "s4", c.share([]string{hostseries.CPUSteal}, all)}}}
	mem := &chart{title: "Memory available", unit: "bytes", time: c.time, curves: []curve{{"available", "s1", c.gauge(1, hostseries.MemAvailable)}}}
	if total, ok := c.Last(hostseries.MemTotal); ok {
		mem.limit = &limitLine{total, "total"}
	}
	run := &chart{title: "Tasks running or waiting for a CPU", time: c.time, curves: []curve{
		{"running", "s1", c.gauge(1, hostseries.ProcsRunning)}, {"blocked on I/O", "s4", c.gauge(1, hostseries.ProcsBlocked)}}}
	if h.CPU.Count.Known() {
		run.limit = &limitLine{h.CPU.Count.Value, "CPUs"}
	}
	psi := &chart{title: "Pressure: time in which some task waited", unit: "%", time: c.time, top: 1}
	for i, what := range []string{"cpu", "memory", "io"} {
		if name := hostseries.Of(hostseries.PSISomeTotal, what); c.has(name) {
			psi.curves = append(psi.curves, curve{what, []string{"s1", "s4", "s2"}[i], c.rate(100, name)})
		}
	}
	swap := &chart{title: "Swap, pages per second", time: c.time, curves: []curve{
		{"read back", "s4", c.rate(1, hostseries.SwapIn)}, {"written", "s2", c.rate(1, hostseries.SwapOut)}}}
	charts := []*chart{cpu, run, mem, psi, diskChart(c, h)}
	if h.Memory.SwapIn.Max > 0 || h.Memory.SwapOut.Max > 0 {
		charts = append(charts, swap)
	}
	return charts
}

// diskChart is the busy time of the busiest disks.
func diskChart(c columnsOf, h *host.Facts) *chart {
	ch := &chart{title: "Disks busy", unit: "%", time: c.time, top: 10}
	disks := slices.Clone(h.Disks)
	slices.SortStableFunc(disks, func(a, b host.Disk) int { return cmp.Compare(b.BusyPercent.Mean, a.BusyPercent.Mean) })
	for i, d := range disks {
		if i == hostDisks {
			ch.note = fmt.Sprintf("the busiest %d of %d", hostDisks, len(disks))
			break
		}
		ch.curves = append(ch.curves, curve{cut(d.Name, 30), fmt.Sprintf("s%d", i+1), c.rate(100, hostseries.Of(hostseries.DiskIOTime, d.Name))})
	}
	return ch
}

func spread(s host.Spread, unit string) cell {
	if !s.Known() {
		return text("")
	}
	return cell{Text: say.Number(s.Mean) + unit, Sub: "at most " + say.Number(s.Max) + unit}
}

func diskTable(h *host.Facts) table {
	t := table{Title: "Disks", Columns: columns("Disk", "#Busy", "#Read latency", "#Write latency", "#Reads", "#Writes", "#Queue")}
	rate := func(s host.Spread) cell {
		if !s.Known() {
			return text("")
		}
		return cell{Text: say.Bytes(s.Mean) + "/s", Sub: "at most " + say.Bytes(s.Max) + "/s"}
	}
	for _, d := range h.Disks {
		t.Rows = append(t.Rows, []cell{{Text: cut(d.Name, 40), Sub: cut(d.Model.Value, 60)}, spread(d.BusyPercent, " %"), spread(d.ReadLatency, " ms"), spread(d.WriteLatency, " ms"), rate(d.ReadRate), rate(d.WriteRate), spread(d.Queue, "")})
	}
	return t
}

func spaceTable(h *host.Facts) table {
	t := table{Title: "File systems", Columns: columns("Mount", "Type", "#Size", "#Free", "#Inodes free")}
	for _, f := range h.FileSystems {
		if !f.Real {
			continue
		}
		free, inodes := cell{Text: "?"}, cell{}
		if f.FreePercent.Known() {
			free = cell{Text: say.Percent(f.FreePercent.Value / 100), Sub: say.Bytes(float64(f.Available))}
		}
		if f.InodesFreePercent.Known() {
			inodes = text(say.Percent(f.InodesFreePercent.Value / 100))
		}
		t.Rows = append(t.Rows, []cell{{Text: cut(f.Mount, 80), Code: true}, text(cut(f.Type, 30)), text(say.Bytes(float64(f.Total))), free, inodes})
	}
	return t
}

func cgroupTable(h *host.Facts) table {
	t := table{Title: "Limits of process groups", Columns: columns("Group", "#CPUs allowed", "#Periods throttled", "#Memory limit", "#Working set", "#OOM kills")}
	for _, g := range h.Cgroups {
		if !g.CPULimit.Known() && !g.MemoryLimit.Known() {
			continue
		}
		num := func(n host.Number, f func(float64) string) cell {
			if !n.Known() {
				return text("")
			}
			return text(f(n.Value))
		}
		share := func(v float64) string { return say.Percent(v / 100) }
		t.Rows = append(t.Rows, []cell{{Text: cut(g.Name, 80), Code: true}, num(g.CPULimit, say.Number), spread(g.ThrottledPercent, " %"), num(g.MemoryLimit, say.Bytes[float64]), num(g.WorkingSetPercent, share), num(g.OOMKills, say.Number)})
	}
	return t
}
