package views

import (
	"cmp"
	"fmt"
	"slices"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
)

// MaxHeap is the maximum heap in bytes, and where that stands; stated is false when it is only the largest size seen.
func (v *Collections) MaxHeap() (size int64, at analyze.Evidence, stated bool) {
	if at, stated = cite.Flag(v.JVM, "MaxHeapSize"); !stated {
		_, at, stated = cite.Option(v.JVM, "-Xmx")
	}
	if size = v.JVM.MaxHeap(); stated && size > 0 {
		return size, at, true
	}
	if n := cmp.Or(v.Log.Settings.HeapMax, v.Log.Heap.Max); n > 0 {
		return n, analyze.Evidence{
				Entry: v.Log.Source,
				Text:  "maximum heap " + say.Bytes(n),
			}, v.Log.Settings.HeapMax > 0 ||
				v.Log.Heap.MaxStated
	}
	return 0, analyze.Evidence{}, false
}

// LiveWords tell what a reading is of.
var LiveWords = map[gc.LiveSource]string{
	gc.LiveMarked: "as marked by the collector", gc.LiveFull: "after full collections", gc.LiveMixed: "after mixed collections",
	gc.LiveOld: "after collections of the old generation", gc.LiveLow: "at its lowest after young collections",
}

// liveSources in the order of trust: after a mixed collection more garbage is gone than at the end of G1's marking.
var liveSources = []gc.LiveSource{gc.LiveMarked, gc.LiveFull, gc.LiveMixed, gc.LiveOld}

// Live is the live set in the stretch that is judged, with the reading that shows it.
func (v *Collections) Live() (bytes int64, at gc.LivePoint, ok bool) {
	for _, src := range liveSources {
		var ps []gc.LivePoint
		for _, p := range v.Log.LivePoints(src) {
			if p.Time >= v.From && p.Time <= v.To {
				ps = append(ps, p)
			}
		}
		if len(ps) == 0 {
			continue
		}
		ps = slices.Clone(ps[max(0, len(ps)-5):])
		slices.SortFunc(ps, func(a, b gc.LivePoint) int { return cmp.Compare(a.Bytes, b.Bytes) })
		at = ps[len(ps)/2]
		if src == gc.LiveMixed || src == gc.LiveOld {
			at = ps[0] // these still hold garbage: the least comes closest
		}
		return at.Bytes, at, true
	}
	return 0, gc.LivePoint{}, false
}

func (v *Collections) CiteLive(p gc.LivePoint) analyze.Evidence {
	return v.Place(p.File, int(p.Line), fmt.Sprintf("live set %s %s", say.Bytes(p.Bytes), LiveWords[p.Source]))
}
