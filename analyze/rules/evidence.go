package rules

import (
	"casefile/analyze"
	"casefile/analyze/threads"
)

// maxEvidence is how many places a finding cites: as many as a reader opens.
const maxEvidence = 6

// cite points at a thread of a dump.
func (v *view) cite(dump int, t *threads.Thread, text string) analyze.Evidence {
	return analyze.Evidence{
		Entry: v.series.Dumps[dump].SourceOf(t),
		Lines: analyze.Lines(int(t.Line), int(t.EndLine)),
		Text:  quote(t.Name) + " " + text,
	}
}

// doing puts what a thread does in words: "waits to enter a monitor of InventoryCache in InventoryCache.available".
func (v *view) doing(t *threads.Thread) string {
	w := v.series.Wait(t)
	if at := whereIs(t, w); at != "" {
		return brief(w.Text) + " in " + at
	}
	return brief(w.Text)
}

// citeAll cites sightings as they come, spread over the dumps: one of each dump before a second one of any.
func (v *view) citeAll(list []sighting, room int) []analyze.Evidence {
	byDump := make([][]*threads.Thread, v.dumps())
	for _, s := range list {
		byDump[s.dump] = append(byDump[s.dump], s.thread)
	}
	var picked []sighting
	for round := 0; len(picked) < room; round++ {
		before := len(picked)
		for dump, threads := range byDump {
			if round < len(threads) && len(picked) < room {
				picked = append(picked, sighting{dump, threads[round]})
			}
		}
		if len(picked) == before {
			break
		}
	}
	var out []analyze.Evidence
	for dump := range byDump {
		for _, s := range picked {
			if s.dump == dump {
				out = append(out, v.cite(dump, s.thread, v.doing(s.thread)))
			}
		}
	}
	return out
}
