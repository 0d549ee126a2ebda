package collections

import (
	"fmt"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/say"
)

var (
	copyTime = analyze.NewLimit(1.5, "ms", "in which one collecting thread moves a MB of small objects, to where it survives and then to the old generation",
		"0.7 GB/s for both; live runs of 1 KB objects under Serial take 1.4 to 1.6")
	effectSpread = analyze.NewLimit(4.0, "times", "from the lower end of a stated effect to its upper end, at most",
		"a wider range says nothing: what to measure is told instead")
)

// effect is the share of the time that collections will take, between two ends.
type effect struct{ low, high float64 }

// told says so; ok is false where the log does not carry a number: the range would be too wide, or no less than what is.
func (e effect) told(now float64) (text string, ok bool) {
	high := min(e.high, 0.97*now)
	if e.low <= 0 || e.low >= 0.8*high || high > effectSpread.Value*e.low {
		return "", false
	}
	return fmt.Sprintf("collections take between %s and %s of the time instead of %s.", say.Percent(e.low), say.Percent(high), say.Percent(now)), true
}

// rarer is what collections take when they come so many times less often and cost the same each. A program with a pace of its own allocates as
// before; one that collections hold back allocates more once they let it: then it is the ratio to the rest of the time that falls.
func rarer(share, times float64) (paced, heldBack float64) {
	ratio := share / max(1-share, 0.01) / times
	return share / times, ratio / (1 + ratio)
}

// growEffect tells what a larger heap does: each collection costs what the live set costs, and one follows when the free room is allocated.
func (v *gcView) growEffect(to, live int64, share float64) string {
	heap, _, _ := v.MaxHeap()
	free, later := float64(heap-live), float64(to-live)
	if heap <= 0 || free <= 0 || later <= 1.5*free {
		return "Fewer collections."
	}
	cheaper, dearer := 0.6, 1.6 // more has died by then, or more survives
	switch {
	case v.Log.Collector.OldByFull():
		cheaper, dearer = 0.45, 1.4 // collections of the whole heap become rare, and young ones do instead
	case v.Log.Collector == gc.G1:
		cheaper, dearer = 0.95, 2.7 // it keeps a reserve, begins cycles before the room is used, and its live set holds garbage
	}
	paced, heldBack := rarer(share, later/free)
	if text, ok := (effect{cheaper * paced, dearer * heldBack}).told(share); ok {
		return fmt.Sprintf("%s times the free space: %s", say.Number(later/free), text)
	}
	return fmt.Sprintf("%s times the free space, so fewer collections. How much is left of %s of the time cannot be told from this log: the program "+
		"may allocate more once it is not held back. Measure it in a GC log under the same load.", say.Number(later/free), say.Percent(share))
}

// youngEffect tells what a larger young generation does: there are so many times fewer collections, but what lives on is copied as before.
func (v *gcView) youngEffect(size, to int64, share float64) string {
	said := fmt.Sprintf("With some %s instead of %s there are fewer young collections", say.Bytes(to), say.Bytes(size))
	if rate, ok := v.Log.PromotionRate(); ok {
		_, fixed := rarer(share, float64(to)/float64(size))
		copying := rate / say.MB * copyTime.Value / 1000 / v.copyThreads()
		if text, ok := (effect{0.55 * (fixed + copying), 2.15 * (fixed + copying)}).told(share); ok {
			return fmt.Sprintf("%s, and %s a second that live on are still copied: %s", said, say.Bytes(rate), text)
		}
		return fmt.Sprintf("%s. How much is left of %s of the time cannot be told from this log: %s a second reach the old generation, and copying "+
			"what lives on costs the same. Measure what young collections promote, in a GC log under the same load.", said, say.Percent(share), say.Bytes(rate))
	}
	return fmt.Sprintf("%s. How much is left of %s of the time depends on what lives on and is copied, which this log does not tell: it takes the "+
		"sizes of the generations (-Xlog:gc*).", said, say.Percent(share))
}

// copyThreads is how many times faster than one all collecting threads copy.
func (v *gcView) copyThreads() float64 {
	n := v.cpus()
	if workers, ok := v.JVM.Int("ParallelGCThreads"); ok && workers > 0 {
		n = float64(workers)
	}
	if v.Log.Collector == gc.Serial || n < 2 {
		return 1
	}
	return (1 + n) / 2 // they wait for each other
}
