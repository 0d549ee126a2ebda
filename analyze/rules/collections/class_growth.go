package collections

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/say"
)

var (
	classesLeast  = analyze.NewLimit(1000.0, "classes", "loaded during the capture, and next to none unloaded", "own judgement: a page or a script loads tens")
	classesWarmUp = analyze.NewLimit(10*time.Minute, "", "of a JVM's life in which classes are loaded as a rule", "own judgement: large products start for minutes")
)

// Counters of a JVM's classes (hsperfdata).
const (
	classesLoaded   = "java.cls.loadedClasses"
	classesUnloaded = "java.cls.unloadedClasses"
	metaspaceTaken  = "sun.gc.metaspace.capacity"
)

// classesGrow tells of classes that are loaded evenly all over the capture and stay. While a JVM starts that is a note.
func (v *gcView) classesGrow() []analyze.Finding {
	c := v.JVM.Counters
	if c == nil {
		return nil
	}
	loaded, over, ok1 := c.Delta(classesLoaded)
	unloaded, _, ok2 := c.Delta(classesUnloaded)
	if !ok1 || !ok2 || loaded < classesLeast.Value || unloaded > 0.1*loaded || !evenly(c.Values(classesLoaded)) {
		return nil
	}
	f := analyze.Finding{Severity: analyze.Info, Confidence: analyze.Medium, Weight: 0.05}
	age := v.Run.Last - v.Born
	if age > classesWarmUp.Value {
		f.Severity, f.Weight = analyze.Warning, 0.2
	}
	f.Say("Classes become more all the time: %s loaded in %s, and %s unloaded", say.Amount("loaded", loaded, "classes"), say.Time("over", over),
		say.Amount("unloaded", unloaded, "classes"))
	taken, _, _ := c.Delta(metaspaceTaken)
	if now, ok := c.Last(metaspaceTaken); ok && taken > 0 {
		f.Add("; metaspace grew by %s to %s", say.Size("growth", taken), say.Size("metaspace", now))
		f.Impact = fmt.Sprintf("%s more of the machine's memory an hour at this rate", say.Bytes(taken/over.Hours()))
	}
	f.Explanation = "Classes are freed only together with their class loader. Loaders that are kept - by redeployments, scripts, proxies, a plugin - " +
		"take metaspace until its limit or the machine's memory is reached."
	if f.Severity == analyze.Info {
		f.Explanation += fmt.Sprintf(" The JVM is %s old, and may still be starting: capture again later.", say.Took(age))
	}
	f.Evidence = []analyze.Evidence{{Entry: v.JVM.CountersSource, Text: fmt.Sprintf("%s rose by %s, %s by %s", classesLoaded, say.Number(loaded),
		classesUnloaded, say.Number(unloaded))}}
	f.Advice = []analyze.Advice{v.classFinder()}
	f.References = []string{"HotSpot Virtual Machine Garbage Collection Tuning Guide: Class Metadata"}
	return []analyze.Finding{f}
}

// evenly reports whether a counter rises in each quarter of its samples by about as much as in the others.
func evenly(values []float64) bool {
	const quarters = 4
	n := len(values)
	if n < 2*quarters {
		return false
	}
	all := values[n-1] - values[0]
	for q := range quarters {
		part := values[(q+1)*(n-1)/quarters] - values[q*(n-1)/quarters]
		if part < 0.5*all/quarters {
			return false
		}
	}
	return true
}

// classFinder is how to find who loads classes.
func (v *gcView) classFinder() analyze.Advice {
	return analyze.Advice{Action: "Find who loads classes: jcmd PID VM.classloader_stats, " +
		"twice, and compare; " + v.since9("-Xlog:class+load", "-XX:+TraceClassLoading") + " names them.",
		Effect: "Names the library that makes class loaders.", Risk: "A pause below a millisecond that grows with " +
			"the number of classes.", Verify: "The number of loaded classes levels off."}
}

// collectionsOf counts collections whose pauses have a cause: of a collector that makes several pauses in each, those with a number count once.
func (v *gcView) collectionsOf(keep func(gc.Kind, string) bool) int64 {
	n, _ := v.Spent(keep)
	if v.Totals || !v.Log.Collector.Concurrent() {
		return n
	}
	ids := map[uint32]bool{}
	for _, p := range v.Pauses {
		if keep(p.Kind, v.Log.Cause(p)) {
			ids[p.GCID] = true
		}
	}
	return min(n, int64(len(ids)))
}
