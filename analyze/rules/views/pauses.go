package views

import (
	"fmt"
	"slices"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
)

// Over says which stretch a share is of: "over the last 60 s".
func (v *Collections) Over() say.Phrase {
	if v.Window {
		return say.Text("over the worst %s, from %s on", say.Time("span", v.Span()), v.Clock(v.From))
	}
	if v.Totals || v.From <= v.Run.First+time.Second && v.To >= v.Run.Last {
		return say.Text("over the %s of the log", say.Time("span", v.Span()))
	}
	if v.To >= v.Run.Last {
		return say.Text("over the last %s", say.Time("span", v.Span()))
	}
	return say.Text("over %s", say.Time("span", v.Span()))
}

// Clock gives a moment of the log by the wall clock where it is known, with the day when the log has several; else by the uptime.
func (v *Collections) Clock(at time.Duration) string {
	t, ok := v.Log.Wall(at)
	if !ok {
		return say.Took(max(0, at-v.Run.Base)) + " of uptime"
	}
	layout := time.TimeOnly
	if v.Log.Span > 24*time.Hour {
		layout = time.DateTime
	}
	return written(t, layout)
}

// written is a moment by the clock of the log, with its zone.
func written(t time.Time, layout string) string {
	if _, offset := t.Zone(); offset == 0 {
		return say.UTC(t, layout)
	}
	return say.Local(t, layout)
}

func (v *Collections) entry(file uint16) string {
	if int(file) < len(v.Log.Files) {
		return v.Log.Files[file]
	}
	return v.Log.Source
}

// Place points into the log; counters and recordings have no line that a person could read.
func (v *Collections) Place(file uint16, line int, text string) analyze.Evidence {
	e := analyze.Evidence{Entry: v.entry(file), Text: text}
	if v.Log.Format != gc.FormatCounters && v.Log.Format != gc.FormatJFR {
		e.Lines = analyze.Lines(line, line)
	}
	return e
}

func (v *Collections) CitePause(p *gc.Pause) analyze.Evidence {
	text := p.Kind.String() + " pause of " + say.Took(p.Duration)
	if cause := v.Log.Cause(p); cause != "" {
		text += " (" + cause + ")"
	}
	if p.Flags.Has(gc.FlagHeap) {
		text += fmt.Sprintf(", heap %s before, %s after", say.Bytes(p.Before), say.Bytes(p.After))
	}
	return v.Place(p.File, int(p.Line), text)
}

// CiteLongest cites the longest pauses of the stretch that keep holds for, in order of time.
func (v *Collections) CiteLongest(n int, keep func(*gc.Pause) bool) []analyze.Evidence {
	list := make([]*gc.Pause, 0, n+1) // the longest so far, longest first; of equal ones the first
	for _, p := range v.Pauses {
		if n == 0 || len(list) == n && p.Duration <= list[n-1].Duration || !keep(p) {
			continue
		}
		at := slices.IndexFunc(list, func(o *gc.Pause) bool { return o.Duration < p.Duration })
		if at < 0 {
			at = len(list)
		}
		list = slices.Insert(list, at, p)
		list = list[:min(n, len(list))]
	}
	slices.SortFunc(list, func(a, b *gc.Pause) int { return int(a.Start - b.Start) })
	var out []analyze.Evidence
	for _, p := range list {
		out = append(out, v.CitePause(p))
	}
	if len(out) == 0 && v.Totals {
		n, sum := v.Spent(AnyPause)
		out = append(
			out,
			analyze.Evidence{
				Entry: v.Log.Source,
				Text:  fmt.Sprintf("%d pauses took %s of %s", n, say.Took(sum), say.Seconds(v.Span())),
			},
		)
	}
	return out
}

func (v *Collections) OfCause(keep func(gc.Kind, string) bool) func(*gc.Pause) bool {
	return func(p *gc.Pause) bool { return keep(p.Kind, v.Log.Cause(p)) }
}

// CiteMentions cites lines that the parser kept.
func (v *Collections) CiteMentions(m gc.Mentions, n int) []analyze.Evidence {
	var out []analyze.Evidence
	for _, l := range m.Lines[:min(n, len(m.Lines))] {
		out = append(out, v.Place(l.File, l.Line, cite.Line(l.Text)))
	}
	return out
}
