package report

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/say"
)

// phaseTable is the work that runs while the application does.
func phaseTable(l *gc.Log) table {
	t := table{Title: "Concurrent phases", Columns: distColumns("Phase")}
	for _, p := range l.Phases {
		t.Rows = append(t.Rows, append([]cell{text(cut(p.Name, 60))}, distCells(p.Dist)...))
	}
	return t
}

// pauseBounds are the bars of the histogram: a step of about three.
var pauseBounds = []time.Duration{100 * time.Microsecond, 300 * time.Microsecond, time.Millisecond, 3 * time.Millisecond, 10 * time.Millisecond, 30 * time.Millisecond,
	100 * time.Millisecond, 300 * time.Millisecond, time.Second, 3 * time.Second, 10 * time.Second}

// histogramTable leaves out the empty bars at both ends.
func histogramTable(l *gc.Log) table {
	t := table{Title: "Pauses by length", Columns: columns("Up to", "#Count", "#Share")}
	bars := l.Total.Histogram(pauseBounds)
	first, last := -1, -1
	for i, b := range bars {
		if b.Count > 0 {
			if last = i; first < 0 {
				first = i
			}
		}
	}
	if first < 0 {
		return t
	}
	for i, b := range bars[first : last+1] {
		name := say.Took(b.High)
		if first+i == len(pauseBounds) {
			name = "more"
		}
		t.Rows = append(t.Rows, []cell{text(name), text(say.Whole(b.Count)), text(say.Percent(float64(b.Count) / float64(max(l.Total.Count, 1))))})
	}
	return t
}

// moreTable is what the log tells next to its pauses. Lines without a value are left out.
func moreTable(l *gc.Log, clock analyze.Clock) table {
	t := table{Title: "More of the log", Columns: columns("What", "Value")}
	add := func(name string, there bool, format string, args ...any) {
		if there {
			t.Rows = append(t.Rows, []cell{text(name), text(fmt.Sprintf(format, args...))})
		}
	}
	bytes := func(n int64) string { return say.Bytes(float64(n)) }
	if from, ok := l.Wall(l.First); ok {
		to, _ := l.Wall(l.Last)
		add("First and last stamp, reference clock", say.Zoned(from), "%s to %s", say.UTC(clock.Reference(from), time.DateTime), say.UTC(clock.Reference(to), time.DateTime))
		add("First and last stamp, as written", !say.Zoned(from), "%s to %s", say.UTC(from, time.DateTime), say.UTC(to, time.DateTime))
	}
	add("Starts of a JVM", len(l.Runs) > 1, "%d", len(l.Runs))
	h := &l.Heap
	add("Heap, largest", h.PeakUsed > 0, "%s before and %s after a collection, %s committed", bytes(h.PeakUsed), bytes(h.PeakAfter), bytes(h.PeakCommitted))
	if rate, ok := l.PromotionRate(); ok {
		share := ""
		if allocated, ok := l.AllocationRate(); ok && allocated > 0 {
			share = ", " + say.Percent(rate/allocated) + " of what is allocated"
		}
		add("Promotion", true, "%s/s%s", say.Bytes(rate), share)
	}
	if trend, _, ok := l.LiveTrend(); ok {
		add("Trend of the live set", true, "%s an hour, R² %s", say.Bytes(trend.Slope*3600), say.Number(trend.R2))
	}
	m := &l.Metaspace
	name := "Metaspace"
	if m.PermGen {
		name = "Permanent generation"
	}
	add(name, m.PeakUsed > 0, "%s used at most, %s committed; %d collections for want of it", bytes(m.PeakUsed), bytes(m.Committed), m.Threshold)
	hu := &l.Humongous
	add("Humongous objects", hu.Pauses+hu.PeakRegions > 0, "%d collections started, %d regions at most, %d reclaimed", hu.Pauses, hu.PeakRegions, hu.Reclaimed)
	add("Evacuation failures", l.EvacuationFailures.Count > 0, "%d", l.EvacuationFailures.Count)
	add("Promotion failures", l.PromotionFailures.Count > 0, "%d", l.PromotionFailures.Count)
	add("Concurrent mode failures", l.ConcurrentModeFailures.Count+l.ConcurrentModeInterrupted.Count > 0, "%d, %d interrupted", l.ConcurrentModeFailures.Count, l.ConcurrentModeInterrupted.Count)
	add("Out of memory", l.OutOfMemory.Count > 0, "%d lines", l.OutOfMemory.Count)
	r := &l.References
	add("References", r.Time > 0 || r.Soft+r.Weak+r.Final+r.Phantom > 0, "%s in pauses; %d soft, %d weak, %d final, %d phantom found", say.Took(r.Time), r.Soft, r.Weak, r.Final, r.Phantom)
	c := &l.CPU
	add("CPU of the pauses", c.Pauses > 0, "user %s s, system %s s, real %s s; more system than user time in %d", say.Number(c.User), say.Number(c.Sys), say.Number(c.Real), c.SysHeavy)
	add("CPU of concurrent phases", c.ConcurrentPhases > 0, "%s s", say.Number(c.ConcurrentPhases))
	if l.Safepoints.Count > 0 {
		add("Time to safepoint", true, "%s of %s in safepoints, %s at most", say.Took(l.Safepoints.Reach.Sum), say.Took(l.Safepoints.Total.Sum), say.Took(l.Safepoints.Reach.Max))
	}
	for i, g := range l.Gaps {
		if i == 3 || g.To-g.From < time.Minute {
			break
		}
		add("Without a line", true, "%s before line %d", say.Took(g.To-g.From), g.Line)
	}
	t.Rows = append(t.Rows, checkRows(l)...)
	return t
}

// checkRows compare our figures with those that the JVM states itself.
func checkRows(l *gc.Log) [][]cell {
	var rows [][]cell
	agree := 0
	for _, c := range l.Checks {
		note := c.Note
		if c.Agree {
			if agree++; note == "" {
				continue
			}
			note = "; " + note
		} else {
			note = ", which differs"
		}
		rows = append(rows, []cell{text("Check: " + c.What), text(fmt.Sprintf("%s %s here, %s by the JVM%s", say.Number(c.Ours), c.Unit, say.Number(c.JVM), note))})
	}
	if len(l.Checks) > 0 {
		rows = append(rows, []cell{text("Checked against the JVM's own figures"), text(fmt.Sprintf("%d of %d agree", agree, len(l.Checks)))})
	}
	return rows
}

// tables adds those that have rows.
func (p *part) tables(most int, list ...table) {
	for _, t := range list {
		if len(t.Rows) > 0 {
			p.Tables = append(p.Tables, t.bounded(most))
		}
	}
}
