package report

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
)

const gcRows = 14

// gcPart is what one GC log shows.
func gcPart(l *gc.Log, clock analyze.Clock, several bool) part {
	p := part{Title: "Garbage collection", Note: joined(", ", l.Collector, "from "+sourceKind(l))}
	if several {
		p.Note = joined(": ", p.Note, l.Source)
	}
	p.Stats = gcStats(l)
	p.add(pauseChart(l, clock))
	p.add(heapChart(l, clock))
	p.add(allocationChart(l, clock))
	p.add(mmuChart(l))
	p.tables(gcRows, pauseTable(l), causeTable(l), histogramTable(l), phaseTable(l), stallTable(l), safepointTable(l))
	p.tables(2*gcRows, moreTable(l, clock))
	return p
}

func sourceKind(l *gc.Log) string {
	switch l.Format {
	case "counters":
		return "the JVM's counters"
	case "jfr":
		return "a flight recording"
	}
	return "its log"
}

// gcStats are the figures above the charts.
func gcStats(l *gc.Log) []fact {
	s := l.Summary()
	facts := []fact{{"Pauses", grouped(s.Pauses)}, {"Covers", span(l.Span.Round(time.Second))}, {"Longest", span(l.Total.Max)}, {"p99", span(l.Total.Percentile(99))}, {"Full GCs", grouped(s.FullGCs)}}
	if s.ThroughputPct != nil {
		facts = append(facts, fact{"Not paused", figure(*s.ThroughputPct) + " %"})
	}
	if s.AllocRateMBs != nil {
		facts = append(facts, fact{"Allocation", size(*s.AllocRateMBs*(1<<20)) + "/s"})
	}
	if v, src, ok := l.LiveSet(); ok {
		name := "Live set"
		if src == gc.LiveLow {
			name = "Live set, at most"
		}
		facts = append(facts, fact{name, size(float64(v))})
	}
	if l.Heap.MaxStated {
		facts = append(facts, fact{"Max heap", size(float64(l.Heap.Max))})
	}
	return facts
}

// distColumns are those of distCells.
func distColumns(of string) []column {
	return columns(of, "#Count", "#Total", "#p50 ms", "#p90 ms", "#p99 ms", "#p99.9 ms", "#Max ms")
}

func distCells(d *gc.Dist) []cell {
	exact := ""
	if d.Unseen > 0 {
		exact = fmt.Sprintf("of %d", d.Count-d.Unseen)
	}
	return []cell{text(grouped(d.Count)), text(span(d.Sum)), text(millis(d.Percentile(50))), text(millis(d.Percentile(90))), {Text: millis(d.Percentile(99)), Sub: exact}, text(millis(d.Percentile(99.9))), text(millis(d.Max))}
}

func pauseTable(l *gc.Log) table {
	t := table{Title: "Pauses by kind", Columns: distColumns("Kind")}
	for _, g := range l.ByKind() {
		t.Rows = append(t.Rows, append([]cell{text(g.Kind.String())}, distCells(g.Dist)...))
	}
	if len(t.Rows) > 1 {
		t.Rows = append(t.Rows, append([]cell{text("all")}, distCells(l.Total)...))
	}
	return t
}

func causeTable(l *gc.Log) table {
	t := table{Title: "Pauses by cause", Columns: distColumns("Cause")}
	for _, g := range l.ByCause() {
		if g.Cause != "" {
			t.Rows = append(t.Rows, append([]cell{text(cut(g.Cause, 80))}, distCells(g.Dist)...))
		}
	}
	return t
}

func stallTable(l *gc.Log) table {
	t := table{Title: "Threads that had to wait for memory", Columns: columns("Thread", "#Times", "#Total", "#Longest")}
	for _, s := range l.Stalls.ByThread {
		t.Rows = append(t.Rows, []cell{text(cut(s.Thread, 80)), text(grouped(s.Count)), text(span(s.Sum)), text(span(s.Max))})
	}
	return t
}

func safepointTable(l *gc.Log) table {
	t := table{Title: "Safepoints", Columns: columns("Operation", "#Count", "#Total", "#Longest", "#Longest way there")}
	for _, op := range l.Safepoints.ByOperation {
		name := op.Operation
		if name == "" {
			name = "not named"
		}
		t.Rows = append(t.Rows, []cell{text(cut(name, 60)), text(grouped(op.Count)), text(span(op.TotalSum)), text(span(op.TotalMax)), text(span(op.ReachMax))})
	}
	return t
}
