package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/host"
)

const mb = 1 << 20

// bytesOf gives a size as people and JVM options write it: "96 MB", "1.5 GB".
func bytesOf[T int64 | uint64 | float64](n T) string {
	switch f := float64(n); {
	case f >= 10<<30:
		return fmt.Sprintf("%.0f GB", f/(1<<30))
	case f >= 1<<30:
		return strings.Replace(fmt.Sprintf("%.1f GB", f/(1<<30)), ".0 ", " ", 1)
	case f >= 10*mb:
		return fmt.Sprintf("%.0f MB", f/mb)
	case f >= mb:
		return strings.Replace(fmt.Sprintf("%.1f MB", f/mb), ".0 ", " ", 1)
	default:
		return fmt.Sprintf("%.0f KB", f/1024)
	}
}

// took gives a pause, or any time, with the digits that matter.
func took(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.2f ms", d.Seconds()*1000)
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", d.Seconds()*1000)
	case d < 2*time.Hour:
		return seconds(d)
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f hours", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}

// over says which stretch a share is of: "over the last 60 s".
func (v *gcView) over() string {
	if v.totals || v.from <= v.run.First+time.Second && v.to >= v.run.Last {
		return "over the " + seconds(v.span()) + " of the log"
	}
	if v.to >= v.run.Last {
		return "over the last " + seconds(v.span())
	}
	return "over " + seconds(v.span())
}

func (v *gcView) entry(file uint16) string {
	if int(file) < len(v.log.Files) {
		return v.log.Files[file]
	}
	return v.log.Source
}

// place points into the log; counters and recordings have no line that a person could read.
func (v *gcView) place(file uint16, line int, text string) analyze.Evidence {
	e := analyze.Evidence{Entry: v.entry(file), Text: text}
	if v.log.Format != "counters" && v.log.Format != "jfr" {
		e.Lines = analyze.Lines(line, line)
	}
	return e
}

func (v *gcView) citePause(p *gc.Pause) analyze.Evidence {
	text := p.Kind.String() + " pause of " + took(p.Duration)
	if cause := v.log.Cause(p); cause != "" {
		text += " (" + cause + ")"
	}
	if p.Flags.Has(gc.FlagHeap) {
		text += fmt.Sprintf(", heap %s before, %s after", bytesOf(p.Before), bytesOf(p.After))
	}
	return v.place(p.File, int(p.Line), text)
}

// citeLongest cites the longest pauses of the stretch that keep holds for, in order of time.
func (v *gcView) citeLongest(n int, keep func(*gc.Pause) bool) []analyze.Evidence {
	var list []*gc.Pause
	for _, p := range v.pauses {
		if keep(p) {
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(a, b *gc.Pause) int { return int(b.Duration - a.Duration) })
	list = list[:min(n, len(list))]
	slices.SortFunc(list, func(a, b *gc.Pause) int { return int(a.Start - b.Start) })
	var out []analyze.Evidence
	for _, p := range list {
		out = append(out, v.citePause(p))
	}
	if len(out) == 0 && v.totals {
		n, sum := v.spent(anyPause)
		out = append(out, analyze.Evidence{Entry: v.log.Source, Text: fmt.Sprintf("%d pauses took %s of %s", n, took(sum), seconds(v.span()))})
	}
	return out
}

func ofCause(v *gcView, keep func(gc.Kind, string) bool) func(*gc.Pause) bool {
	return func(p *gc.Pause) bool { return keep(p.Kind, v.log.Cause(p)) }
}

// citeMentions cites lines that the parser kept.
func (v *gcView) citeMentions(m gc.Mentions, n int) []analyze.Evidence {
	var out []analyze.Evidence
	for _, l := range m.Lines[:min(n, len(m.Lines))] {
		out = append(out, v.place(l.File, l.Line, quoteLine(l.Text)))
	}
	return out
}

func quoteLine(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 160 {
		s = strings.ToValidUTF8(s[:157], "") + "..."
	}
	return s
}

// citeFlag cites a line of VM.flags; ok is false when it is not there.
func citeFlag(j *analyze.JVM, name string) (analyze.Evidence, bool) {
	f, ok := j.Flags[name]
	if !ok {
		return analyze.Evidence{}, false
	}
	return analyze.Evidence{Entry: j.FlagsSource, Lines: analyze.Lines(f.Line, f.Line), Text: fmt.Sprintf("%s = %s (%s)", name, f.Value, f.Origin)}, true
}

// citeOption finds an option by its beginning; the last one wins, as it does for the JVM.
func citeOption(j *analyze.JVM, prefix string) (value string, at analyze.Evidence, ok bool) {
	for _, o := range slices.Backward(j.Options) {
		if strings.HasPrefix(o, prefix) {
			return o[len(prefix):], analyze.Evidence{Entry: j.OptionsSource, Text: quoteLine(o)}, true
		}
	}
	return "", analyze.Evidence{}, false
}

func citeRef(r host.Ref, text string) analyze.Evidence {
	return analyze.Evidence{Entry: r.Source, Lines: analyze.Lines(r.Line, r.Line), Text: text}
}

// known drops evidence that has no place.
func known(list ...analyze.Evidence) []analyze.Evidence {
	return slices.DeleteFunc(list, func(e analyze.Evidence) bool { return e.Entry == "" })
}
