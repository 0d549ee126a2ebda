package report

import (
	"cmp"
	"fmt"
	"math"

	"casefile/analyze"
	"casefile/analyze/say"
	"casefile/analyze/timing"
)

// cluster shows what was measured between the nodes, and of what they share; nil:
// nothing was.
func (b *viewBuilder) cluster(c *analyze.Case) *section {
	s := &section{Anchor: "cluster", Title: "Cluster"}
	if c.Timing != nil {
		k := timing.New("", c.Timing)
		s.take(linksPart(k))
		s.take(clocksPart(k))
	}
	s.take(sharedPart(c))
	if len(s.Parts) == 0 {
		return nil
	}
	return s
}

func linksPart(k *timing.Cluster) part {
	t := table{Columns: columns("From", "To", "By", "#Median", "#p99", "#Most", "#Jitter", "#Lost", "Waits on the way", "Remark")}
	for _, l := range k.Measured() {
		if l.From == k.Reference {
			continue // how far the admin is from its nodes is nobody's business but his
		}
		row := []cell{text(l.From), text(l.To), text(string(l.Transport)), text(""), text(""), text(""), text(""), text(""), text(lopsided(l)), text(l.Failure)}
		if l.RTT.Count > 0 {
			for i, v := range []float64{l.RTT.P50, l.RTT.P99, l.RTT.Max, l.JitterMS} {
				row[3+i] = text(fmt.Sprintf("%.2f ms", v))
			}
			row[7] = text(say.Percent(l.Loss.Percent() / 100))
		}
		t.Rows = append(t.Rows, row)
	}
	p := part{Title: "Round trips between the nodes"}
	if len(t.Rows) > 0 {
		p.Tables = append(p.Tables, t.bounded(htmlRows))
	}
	for _, n := range k.Notes {
		p.Note = joined("; ", p.Note, n)
	}
	return p
}

// lopsided names the way that is slower for certain, or on which more messages wait.
func lopsided(l timing.Link) string {
	const shown = 1.0 // ms
	if a := l.Asymmetry; a != nil && math.Abs(a.AtLeast()) >= shown {
		if a.AtLeast() > 0 {
			return fmt.Sprintf("there, by %.1f ms or more", a.AtLeast())
		}
		return fmt.Sprintf("back, by %.1f ms or more", -a.AtLeast())
	}
	if q := l.Queue; q != nil && math.Abs(q.ThereP90-q.BackP90) >= shown {
		if q.ThereP90 > q.BackP90 {
			return fmt.Sprintf("there: one in ten waits %.1f ms", q.ThereP90)
		}
		return fmt.Sprintf("back: one in ten waits %.1f ms", q.BackP90)
	}
	return ""
}

func clocksPart(k *timing.Cluster) part {
	t := table{Columns: columns("Node", "#Clock ahead by", "#Give or take", "#Drift", "Set during the capture")}
	for _, c := range k.Clocks() {
		set := ""
		for _, s := range c.Steps {
			if s.Certain {
				set = joined(", ", set, fmt.Sprintf("by %+.1f ms", s.ByMS))
			}
		}
		drift := ""
		if c.DriftErrorPPM < math.Abs(c.DriftPPM) {
			drift = fmt.Sprintf("%+.1f ± %.1f ppm", c.DriftPPM, c.DriftErrorPPM)
		}
		t.Rows = append(t.Rows, []cell{text(c.Party), text(fmt.Sprintf("%+.2f ms", c.OffsetMS)), text(fmt.Sprintf("%.2f ms", c.ErrorMS)), text(drift), text(set)})
	}
	p := part{Title: "Clocks against " + k.Reference + "'s"}
	if len(t.Rows) > 0 {
		p.Tables = append(p.Tables, t.bounded(htmlRows))
	}
	if half, known := k.SkewWithin(0.5); known {
		most, _ := k.SkewWithin(1)
		p.Note = fmt.Sprintf("nodes began a round within %.2f ms of each other in half of %s, %.2f ms in all", half, count(len(k.Rounds), "round"), most)
	}
	return p
}

func sharedPart(c *analyze.Case) part {
	t := table{Columns: columns("Node", "What", "Measured", "#Median", "#p99", "#Failed", "Verdict")}
	for _, n := range c.Nodes {
		if n.Timing == nil {
			continue
		}
		own := timing.Node{Node: n.Timing, Source: n.TimingSource}
		for _, l := range own.Latencies() {
			row := []cell{text(n.Name), {Text: l.Target, Sub: l.Kind}, text(l.Part.Name), text(""), text(""), text(fmt.Sprintf("%d of %d", l.Failures, l.Tries)), text(string(l.Verdict))}
			if l.Known {
				row[3], row[4] = text(fmt.Sprintf("%.2f ms", l.Part.P50)), text(fmt.Sprintf("%.2f ms", l.Part.P99))
			}
			if l.Limit != nil && l.Verdict != "" {
				row[6].Sub = fmt.Sprintf("good below %g ms, bad above %g ms", l.Limit.Good, l.Limit.Bad)
			}
			if why := cmp.Or(l.Stuck, l.Refused, firstOf(l.Errors)); why != "" {
				row[6] = cell{Text: joined("; ", string(l.Verdict), why)}
			}
			t.Rows = append(t.Rows, row)
		}
	}
	p := part{Title: "What the nodes depend on"}
	if len(t.Rows) > 0 {
		p.Tables = append(p.Tables, t.bounded(htmlRows))
	}
	return p
}

func firstOf(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
