package views

import (
	"casefile/analyze"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

// Cite points at a thread of a dump.
func (v *Process) Cite(dump int, t *threads.Thread, text string) analyze.Evidence {
	return analyze.Evidence{
		Entry: v.Series.Dumps[dump].SourceOf(t),
		Lines: analyze.Lines(int(t.Line), int(t.EndLine)),
		Text:  say.Quote(t.Name) + " " + text,
	}
}

// Doing puts what a thread does in words: "waits to enter a monitor of InventoryCache in InventoryCache.available".
func (v *Process) Doing(t *threads.Thread) string {
	w := v.Series.Wait(t)
	if at := WhereIs(t, w); at != "" {
		return say.Brief(w.Text) + " in " + at
	}
	return say.Brief(w.Text)
}

// CiteAll cites sightings as they come, spread over the dumps: one of each dump before a second one of any.
func (v *Process) CiteAll(list []Sighting, room int) []analyze.Evidence {
	byDump := make([][]*threads.Thread, v.Dumps())
	for _, s := range list {
		byDump[s.Dump] = append(byDump[s.Dump], s.Thread)
	}
	var picked []Sighting
	for round := 0; len(picked) < room; round++ {
		before := len(picked)
		for dump, threads := range byDump {
			if round < len(threads) && len(picked) < room {
				picked = append(picked, Sighting{Dump: dump, Thread: threads[round]})
			}
		}
		if len(picked) == before {
			break
		}
	}
	var out []analyze.Evidence
	for dump := range byDump {
		for _, s := range picked {
			if s.Dump == dump {
				out = append(out, v.Cite(dump, s.Thread, v.Doing(s.Thread)))
			}
		}
	}
	return out
}

// WhereIs names the program's own innermost call, or the innermost at all.
func WhereIs(t *threads.Thread, w threads.Wait) string {
	if w.Site != nil {
		return say.Short(w.Site.Func)
	}
	return say.Short(t.Stack.Top())
}
