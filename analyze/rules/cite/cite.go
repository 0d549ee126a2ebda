// Package cite makes evidence: it points at flags, options, settings and figures where they were captured.
package cite

import (
	"fmt"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/appconf"
	"casefile/analyze/host"
)

// Most is how many places a finding cites: as many as a reader opens.
const Most = 6

func Line(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 160 {
		s = strings.ToValidUTF8(s[:157], "") + "..."
	}
	return s
}

// Flag cites a line of VM.flags; ok is false when it is not there.
func Flag(j *analyze.JVM, name string) (analyze.Evidence, bool) {
	f, ok := j.Flags[name]
	if !ok {
		return analyze.Evidence{}, false
	}
	return analyze.Evidence{
		Entry: j.FlagsSource,
		Lines: analyze.Lines(f.Line, f.Line),
		Text:  fmt.Sprintf("%s = %s (%s)", name, f.Value, f.Origin),
	}, true
}

// Option finds an option by its beginning; the last one wins, as it does for the JVM.
func Option(j *analyze.JVM, prefix string) (value string, at analyze.Evidence, ok bool) {
	if value, ok = j.Option(prefix); ok {
		at = analyze.Evidence{Entry: j.OptionsSource, Text: Line(prefix + value)}
	}
	return value, at, ok
}

func Ref(r host.Ref, text string) analyze.Evidence {
	return analyze.Evidence{Entry: r.Source, Lines: analyze.Lines(r.Line, r.Line), Text: text}
}

// Known drops evidence that has no place.
func Known(list ...analyze.Evidence) []analyze.Evidence {
	return slices.DeleteFunc(list, func(e analyze.Evidence) bool { return e.Entry == "" })
}

func Place(at appconf.Place, text string) analyze.Evidence {
	return analyze.Evidence{Entry: at.Source, Lines: analyze.Lines(at.From, at.To), Text: text}
}
