package collections

import (
	"fmt"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/ids"
	"casefile/analyze/loss"
	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
)

var heapExhausted = &analyze.Rule{
	ID: ids.HeapExhausted,
	Doc: "The heap, or its old generation, is full: collections of all of it follow one another and free next to " +
		"nothing, whatever the time they take.",
	Needs:  needsGC,
	Fix:    "Restart; find what fills the heap by a heap dump; give the heap more room only if the program needs it.",
	Claims: []loss.Kind{loss.GC, loss.Stall},
	Limits: limits(heapTarget),
	Run:    each(anyLength, judgeExhausted),
}

// anyLength gives the logs however short they are: a full heap needs no length to be proved.
func anyLength(p *analyze.Pass) []*gcView {
	all := gcViews.Of(p)
	if len(all) > 0 {
		p.Evaluated()
	}
	return all
}

// judgeExhausted looks for two collections of the whole heap in a row that freed next to nothing.
func judgeExhausted(_ *analyze.Pass, v *gcView) []analyze.Finding {
	full, ok := v.fullHeap()
	if !ok {
		return nil
	}
	f := analyze.Finding{Severity: analyze.Critical, Confidence: analyze.High, Weight: max(0.9, v.Share())}
	what := "heap"
	if full.Old {
		what = "old generation"
	}
	f.Say("The %s is full: %s in a row left %s of %s in use", what,
		say.Counted("full_collections", full.Count, "collection"), say.Size("left", full.Left()), say.Size("limit", full.Limit))
	if from, to := v.Clock(full.First.Time-full.First.Duration), v.Clock(full.Last.Time); from == to {
		f.Add(", at %s", to)
	} else {
		f.Add(", from %s to %s", from, to)
	}
	f.Impact = fmt.Sprintf("the last of them freed %s", freed(&full.Last))
	f.Explanation = "Nothing that the program keeps can be freed, so each request for memory starts the next collection of the whole heap. " +
		"What follows is an OutOfMemoryError, or a JVM that does nothing but collect. No collector and no setting of one helps: the program " +
		"must keep less, or the heap must be larger."
	_, heapAt, _ := v.MaxHeap()
	f.Evidence = cite.Known(heapAt, v.citeCycle(&full.First), v.citeCycle(&full.Last))
	f.Advice = v.exhaustedAdvice(&full)
	f.References = []string{"Java Platform, Standard Edition Troubleshooting Guide: Understand the OutOfMemoryError Exception"}
	return []analyze.Finding{f}
}

func (v *gcView) fullHeap() (gc.FullHeap, bool) {
	if v.Loose {
		return v.Log.FullHeap(v.Run.First, v.Run.Last)
	}
	return v.Log.FullHeap(v.From, v.To)
}

func freed(c *gc.Cycle) string {
	if d := c.Before - c.After; d > 0 {
		return say.Bytes(d)
	}
	return "nothing"
}

func (v *gcView) citeCycle(c *gc.Cycle) analyze.Evidence {
	text := fmt.Sprintf("heap %s before, %s after", say.Bytes(c.Before), say.Bytes(c.After))
	if c.Duration > 0 {
		text = "collection of " + say.Took(c.Duration) + ", " + text
	}
	if c.OldCommitted > 0 {
		text += fmt.Sprintf(", old generation %s of %s", say.Bytes(c.OldAfter), say.Bytes(c.OldCommitted))
	}
	return v.Place(c.File, int(c.Line), text)
}

func (v *gcView) exhaustedAdvice(full *gc.FullHeap) []analyze.Advice {
	list := []analyze.Advice{{
		Action: "Restart the JVM to get it back to work; before that, if it can be borne, take a heap dump of it as it is (jcmd PID " +
			"GC.heap_dump FILE, opened in Eclipse MAT), and look at its largest retained objects: caches, sessions, result lists, an add-on's maps.",
		Effect: "Names what fills the heap.",
		Risk:   "The dump stops the JVM for seconds to minutes, takes as much disk as the heap has, and holds customers' data.",
		Verify: "After the change, collections of the whole heap leave less than 60% of it in use.",
	}}
	if heap, _, stated := v.MaxHeap(); heap > 0 && stated {
		to := v.heapFor(max(full.Last.After, full.Left()))
		setting, from, options := v.heapChange(to)
		risk, _ := v.room(to)
		list = append(list, analyze.Advice{
			Action:  "If the program needs what it keeps, give it a heap of " + say.Bytes(to) + "; if that fills as well, it is a leak.",
			Setting: setting, From: from, To: options, Risk: risk, Rollback: "The old options and a restart.",
			Effect: "Room, and time to find out.", Verify: "The heap after full or mixed collections levels off below the maximum.",
		})
	}
	return list
}
