package collections

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/rules/vm"
	"casefile/analyze/say"
	"casefile/bundle/format/jdk"
)

var (
	MetaspaceFull = analyze.NewLimit(0.75, "1", "used, of MaxMetaspaceSize", "the JVM gives it out in chunks: at "+
		"80 % none may be left, measured on JDK 17 and 25")
	MetaspaceGCs = analyze.NewLimit(
		3,
		"collections",
		"for want of metaspace in the recent past",
		"the mark rises twice while classes load",
	)
)

var metaspacePressure = &analyze.Rule{
	ID:     ids.MetaspacePressure,
	Doc:    "Collections are made for want of metaspace, the memory of classes; or classes become more all the time.",
	Needs:  needsGC,
	Fix:    "Raise the limit; where it fills again, find who makes class loaders.",
	Limits: limits(fullGCShare, MetaspaceFull, MetaspaceGCs, views.GCOverheadCritical, classesLeast, classesWarmUp),
	Run:    each(collections, judgeMetaspace),
}

// judgeMetaspace looks at the collections for want of metaspace, and at classes that only become more.
func judgeMetaspace(_ *analyze.Pass, v *gcView) []analyze.Finding {
	found := v.metaspaceCollections()
	if len(found) > 0 && found[0].Severity.AtLeast(analyze.Warning) {
		return found
	}
	if grown := v.classesGrow(); len(grown) > 0 {
		return grown
	}
	return found
}

// metaspaceCollections counts collections for want of metaspace, and looks at what is left of its limit.
func (v *gcView) metaspaceCollections() []analyze.Finding {
	_, sum := v.Spent(views.MetaspaceCause)
	n := v.collectionsOf(views.MetaspaceCause)
	limit, limited := v.JVM.Int("MaxMetaspaceSize")
	if text, _, ok := cite.Option(v.JVM, "-XX:MaxMetaspaceSize="); ok && !limited {
		limit = jdk.Size(text)
		limited = limit > 0
	}
	peak := v.Log.Metaspace.PeakUsed
	last := func(k gc.Kind, c string) bool {
		return c == "Metadata GC Clear Soft References" || c == "Last ditch collection"
	}
	desperate := v.collectionsOf(last)
	least := int64(MetaspaceGCs.Value)
	if v.StartUp {
		least *= 2 // the mark rises with the classes that a start loads
	}
	full := limited && limit > 0 && float64(peak) >= MetaspaceFull.Value*float64(limit)
	if n < least && (desperate == 0 || n < 2) || v.StartUp && !full && desperate == 0 {
		return nil
	}
	share := float64(sum) / float64(max(v.Span(), 1))
	f := analyze.Finding{Severity: v.Severe(share), Confidence: v.Sure(), Weight: min(1, share)}
	if !full && desperate == 0 && share < fullGCShare.Value {
		f.Severity = analyze.Info
	}
	if desperate > 0 || full {
		f.Weight = max(f.Weight, 0.3) // what comes next is OutOfMemoryError: Metaspace
	}
	f.Say("%s collections for want of metaspace, one every %s, take %s of the time",
		say.Amount("collections", n, "collections"), say.Time("interval", v.Span()/time.Duration(max(n, 1))),
		say.Share("time_share", share))
	if limited {
		f.Add("; %s of at most %s are used", say.Size("metaspace_used", peak), say.Size("metaspace_limit", limit))
	}
	f.Impact = fmt.Sprintf("%s of stopped time in %s", say.Took(sum), say.Took(v.Span()))
	f.Explanation = "Classes are freed only together with their class loader, by a collection of the whole heap. "
	if desperate > 0 {
		f.Explanation += "The JVM already clears soft references to get there: the next step is OutOfMemoryError: " +
			"Metaspace. "
	}
	f.Explanation += "The limit is too low, or class loaders are made again and again (redeployments, scripts, " +
		"proxies)."
	f.Evidence = v.CiteLongest(4, v.OfCause(views.MetaspaceCause))
	if e, ok := cite.Flag(v.JVM, "MaxMetaspaceSize"); ok && limited {
		f.Evidence = append([]analyze.Evidence{e}, f.Evidence...)
	}
	if limited {
		to := vm.RoundUp64(2 * float64(max(peak, limit)))
		f.Advice = []analyze.Advice{
			{
				Action:  fmt.Sprintf("Raise the limit to %s, or remove it and watch.", say.Bytes(to)),
				Setting: "-XX:MaxMetaspaceSize",
				From:    fmt.Sprintf("%dm", limit/say.MB),
				To:      fmt.Sprintf("%dm", to/say.MB),
				Effect:  "No such collections, if it is not a leak of class loaders.",
				Risk: fmt.Sprintf(
					"Up to %s more memory outside of the heap; a leak takes that too, only later.",
					say.Bytes(to-limit),
				),
				Rollback: "The old limit.",
				Verify:   "No pause with a metadata cause in the next GC log, and metaspace levels off.",
			},
		}
	} else {
		to := vm.RoundUp64(1.2 * float64(peak))
		f.Advice = []analyze.Advice{{Action: fmt.Sprintf("Set the first mark above what is used (%s).", say.Bytes(peak)), Setting: "-XX:MetaspaceSize", From: "21 MB (the default)", To: fmt.Sprintf("%dm", to/say.MB),
			Effect:   "No such collections up to there.",
			Risk:     "None: it is a mark, not a reservation.",
			Rollback: "Take the option away.",
			Verify:   "No pause with a metadata cause in the next GC log.",
		}}
	}
	f.Advice = append(f.Advice, v.classFinder())
	f.References = []string{"HotSpot Virtual Machine Garbage Collection Tuning Guide: Class Metadata"}
	return []analyze.Finding{f}
}
