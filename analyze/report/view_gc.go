package report

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/say"
)

const gcRows = 14

// gcPart is what one GC log shows.
func gcPart(l *gc.Log, clock analyze.Clock) part {
	p := part{Title: "Garbage collection", Note: joined(", ", string(l.Collector), "from "+sourceKind(l))}
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
	case gc.FormatCounters:
		return "the JVM's counters"
	case gc.FormatJFR:
		return "a flight recording"
	}
	return "its log"
}

// gcStats are the figures above the charts.
func gcStats(l *gc.Log) []fact {
	s := l.Summary()
	facts := []fact{{"Pauses", say.Whole(s.Pauses)}, {"Covers", say.Took(l.Span.Round(time.Second))}, {"Longest", say.Took(l.Total.Max)}, {"p99", say.Took(l.Total.Percentile(99))}, {"Full GCs", say.Whole(s.FullGCs)}}
	if s.ThroughputPct != nil {
		facts = append(facts, fact{"Not paused", say.Percent(*s.ThroughputPct / 100)})
	}
	if s.AllocRateMBs != nil {
		facts = append(facts, fact{"Allocation", say.Bytes(*s.AllocRateMBs*(1<<20)) + "/s"})
	}
	if v, src, ok := l.LiveSet(); ok {
		name := "Live set"
		if src == gc.LiveLow {
			name = "Live set, at most"
		}
		facts = append(facts, fact{name, say.Bytes(float64(v))})
	}
	if l.Heap.MaxStated {
		facts = append(facts, fact{"Max heap", say.Bytes(float64(l.Heap.Max))})
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
	return []cell{text(say.Whole(d.Count)), text(say.Took(d.Sum)), text(millis(d.Percentile(50))), text(millis(d.Percentile(90))), {Text: millis(d.Percentile(99)), Sub: exact}, text(millis(d.Percentile(99.9))), text(millis(d.Max))}
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
		t.Rows = append(t.Rows, []cell{text(cut(s.Thread, 80)), text(say.Whole(s.Count)), text(say.Took(s.Sum)), text(say.Took(s.Max))})
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
		t.Rows = append(t.Rows, []cell{text(cut(name, 60)), text(say.Whole(op.Count)), text(say.Took(op.TotalSum)), text(say.Took(op.TotalMax)), text(say.Took(op.ReachMax))})
	}
	return t
}
