package collections

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/ids"
	"casefile/analyze/loss"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

var longStop = analyze.NewLimit(2*time.Second, "", "one operation that is no collection", "JDK Mission Control warns of VM operations from there on")

var longOperation = &analyze.Rule{
	ID: ids.LongOperation,
	Doc: "A safepoint operation other than a collection, or a heap dump or histogram within one, stops the application for seconds; or many " +
		"short ones take much of the time.",
	Needs:  "a GC log with safepoint messages: -Xlog:safepoint, JDK 8: -XX:+PrintGCApplicationStoppedTime -XX:+PrintSafepointStatistics",
	Fix:    "Find who asks for the operation - an agent, a monitoring tool, an option, jcmd - and stop it or move it to a quiet hour.",
	After:  starvers,
	Claims: []loss.Kind{loss.Safepoint},
	Limits: limits(longStop, otherStops, otherTime, otherTimeLow, starvedLongest),
	Run:    each(anyLength, judgeOperations),
}

// stop is one long operation.
type stop struct {
	name string
	at   time.Duration
	took time.Duration
	cite analyze.Evidence
}

// operations are the safepoint operations that are known, and who asks for them.
var operations = []struct{ words, who, action string }{
	{"Heap Dump", "a heap dump", "Find who asked for the heap dump (jcmd, a monitoring tool, -XX:+HeapDumpBeforeFullGC), and have it taken in a quiet hour."},
	{"HeapDump", "a heap dump", "Find who asked for the heap dump (jcmd, a monitoring tool, an OutOfMemoryError), and have it taken in a quiet hour."},
	{"Heap Inspection", "a class histogram (heap inspection)", "Find who asks for class histograms (jmap -histo, jcmd GC.class_histogram, a monitoring agent), and stop it."},
	{"Histogram", "a class histogram", "Find who asks for class histograms (an option such as -XX:+PrintClassHistogramBeforeFullGC, an agent), and stop it."},
	{"HeapInspection", "a class histogram (heap inspection)", "Find who asks for class histograms (jmap -histo, jcmd, a monitoring agent), and stop it."},
	{"RedefineClasses", "an agent that changes classes while they run", "Find the agent (-javaagent among the options, or one attached later), and disable or update it."},
	{"ThreadDump", "a thread dump", "Take thread dumps less often; with very many threads or deep stacks each takes long."},
	{"Cleanup", "the cleanup of a safepoint: code, monitors, tables of strings and symbols", "Look at what grows: classes, compiled code, interned strings; and whether the machine swaps."},
	{"RevokeBias", "the revocation of biased locks", "Switch biased locking off: -XX:-UseBiasedLocking (the default from JDK 15 on)."},
	{"Deoptimize", "the JVM throws compiled code away", "Find what redefines or loads classes while the program runs."},
}

// judgeOperations looks at stops that are no collections, one by one and without any window.
func judgeOperations(pass *analyze.Pass, v *gcView) []analyze.Finding {
	stops := v.longStops()
	if len(stops) == 0 {
		return v.judgeOtherStops(pass)
	}
	var sum time.Duration
	for _, s := range stops {
		sum += s.took
	}
	top := stops[0]
	share := min(1, float64(sum)/float64(max(v.Run.Last-v.Run.First, top.took)))
	f := analyze.Finding{Severity: analyze.Warning, Confidence: analyze.High, Weight: share}
	f.Say("%s stopped the application for %s", top.name, say.Time("longest", top.took))
	if v.Log.Timed {
		f.Add(" at %s", v.Clock(top.at))
	}
	for _, s := range stops[1:min(len(stops), 3)] {
		f.Add(", %s for %s", s.name, say.Time("stop", s.took))
	}
	f.Impact = fmt.Sprintf("%s, %s together", say.Count(len(stops), "stop"), say.Took(sum))
	f.Explanation = "This is no collection: the JVM stops all threads for other work too. While it lasts no request is answered."
	for _, s := range stops[:min(len(stops), cite.Most)] {
		f.Evidence = append(f.Evidence, s.cite)
	}
	f.Advice = []analyze.Advice{operationAdvice(top.name)}
	f.Advice[0].Effect, f.Advice[0].Risk, f.Advice[0].Verify = "No such stop.", "None in looking.", "No operation of seconds in the next GC log."
	if !works(top.name) {
		v.ofStarvation(pass, &f, top.took)
	}
	for _, o := range operations {
		if strings.Contains(top.name, o.words) {
			f.Explanation = "It is " + o.who + ". " + f.Explanation
			break
		}
	}
	return []analyze.Finding{f}
}

// works reports whether an operation has work of seconds to do of itself, as those that go through the heap.
func works(name string) bool {
	return strings.Contains(name, "Heap") || strings.Contains(name, "Histogram") || strings.Contains(name, "RedefineClasses")
}

func operationAdvice(name string) analyze.Advice {
	for _, o := range operations {
		if strings.Contains(name, o.words) {
			return analyze.Advice{Action: o.action}
		}
	}
	return analyze.Advice{Action: "Find out who asks for the operation: -Xlog:safepoint*,vmoperation=debug names it with its thread; jcmd, a JMX client, an agent or a monitoring tool " +
		"asked for it."}
}

// longStops are the long operations of the run, longest first.
func (v *gcView) longStops() (out []stop) {
	in := func(at time.Duration) bool { return v.Loose || at >= v.From && at <= v.To }
	for _, s := range v.Log.Safepoints.Longest {
		if s.At >= longStop.Value && in(s.Start) {
			out = append(out, stop{s.Operation, s.Start, s.At, v.Place(s.File, s.Line, s.Operation+": "+say.Took(s.At))})
		}
	}
	for i := range v.Log.Longest {
		p := &v.Log.Longest[i]
		if p.Duration >= longStop.Value && in(p.Start) && views.InspectionCause(p.Kind, v.Log.Cause(p)) {
			out = append(out, stop{strings.TrimSuffix(v.Log.Cause(p), " Initiated GC"), p.Start, p.Duration, v.CitePause(p)})
		}
	}
	for _, ph := range v.Log.Phases {
		if (strings.HasPrefix(ph.Name, gc.PhaseHeapDump) || strings.HasPrefix(ph.Name, gc.PhaseHistogram)) && ph.Max >= longStop.Value {
			at := v.Run.First
			for i := range v.Log.Longest {
				if p := &v.Log.Longest[i]; p.Kind == gc.KindFull && p.Duration >= ph.Max {
					at = p.Start
				}
			}
			out = append(out, stop{ph.Name + " within a full collection", at, ph.Max,
				analyze.Evidence{Entry: v.Log.Source, Text: fmt.Sprintf("%s within collections, up to %s", ph.Name, say.Took(ph.Max))}})
		}
	}
	slices.SortStableFunc(out, func(a, b stop) int { return cmp.Compare(b.took, a.took) })
	return out
}
