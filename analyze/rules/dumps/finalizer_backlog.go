package dumps

import (
	"strings"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/libs"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

var (
	finalizerShare = analyze.NewLimit(
		0.75,
		"1",
		"dumps that show the thread at work",
		"an idle one waits for references",
	)
)

var finalizerBacklog = &analyze.Rule{
	ID: ids.FinalizerBacklog,
	Doc: "The one thread that runs finalizers (or cleaners) is inside one in nearly every dump: objects wait " +
		"for it and cannot be freed.",
	Needs:  needsDumps(2),
	Fix:    "Release resources in close(), and take slow work out of finalizers and cleaners.",
	Limits: []analyze.Threshold{finalizerShare, views.StuckCPU},
	Run:    analyze.Each(dumped(2), judgeFinalizer),
}

// reapers are the JVM's threads that release objects, with the method beneath which the program's own code runs.
var reapers = []struct{ name, method, what string }{
	{"Finalizer", "java.lang.ref.Finalizer.runFinalizer", "finalizer"},
	{"Finalizer", "java.lang.ref.Finalizer.invokeFinalizeMethod", "finalizer"}, // JDK 5 to 7
	{"Common-Cleaner", "jdk.internal.ref.CleanerImpl$", "cleaner"},
	{"Reference Handler", "sun.misc.Cleaner.clean", "cleaner"},
	{"Reference Handler", "jdk.internal.ref.Cleaner.clean", "cleaner"},
}

// judgeFinalizer looks for the JVM's own reapers inside of the program's code, in nearly every dump.
func judgeFinalizer(_ *analyze.Pass, v *view) []analyze.Finding {
	var out []analyze.Finding
	seen := map[*threads.Track]bool{}
	for _, r := range reapers {
		for _, tr := range v.Series.Threads() {
			if seen[tr] || tr.Name != r.name && !(r.what == "cleaner" && runsCleaners(tr)) {
				continue
			}
			var busy []views.Sighting
			for i, t := range tr.Obs {
				if t != nil && reaping(t, r.method) != "" {
					busy = append(busy, views.Sighting{Dump: i, Thread: t})
				}
			}
			if len(busy) < 2 || float64(len(busy)) < finalizerShare.Value*float64(v.Dumps()) {
				continue
			}
			seen[tr] = true
			out = append(out, v.finalizerProblem(tr, busy, r.method, r.what))
		}
	}
	return out
}

// runsCleaners reports whether a thread is one that a program had made for its cleaners (Cleaner.create), whatever it is called.
func runsCleaners(tr *threads.Track) bool {
	return calls(tr.Obs[tr.Last], []string{"jdk.internal.ref.CleanerImpl.run"})
}

// reaping gives the program's method that the JVM's thread runs; "" when it runs none.
func reaping(t *threads.Thread, method string) string {
	for i, f := range t.Stack.Frames {
		if !strings.HasPrefix(f.Func, method) {
			continue
		}
		for j := i - 1; j >= 0; j-- { // outward in
			if fn := t.Stack.Frames[j].Func; !libs.StartsWith(
				fn,
				[]string{"java.lang.", "jdk.internal.", "sun.misc."},
			) {
				return fn
			}
		}
		return ""
	}
	return ""
}

func (v *view) finalizerProblem(tr *threads.Track, busy []views.Sighting, method, what string) analyze.Finding {
	last := busy[len(busy)-1]
	at := reaping(last.Thread, method)
	w := v.Series.Wait(last.Thread)
	used, source := tr.CPU(busy[0].Dump, last.Dump)
	p := problem{account: account{sightings: busy}}
	p.Severity, p.Confidence = analyze.Warning, analyze.High
	p.Weight = 0.5 * float64(len(busy)) / float64(v.Dumps())
	p.Say("%s is inside %s in %s of %s: it %s", tr.Name, say.Short(at), say.Amount("busy_dumps", len(busy), "dumps"),
		say.Counted("dumps", v.Dumps(), "dump"), w.Text)
	p.Impact = "objects with a " + what + " are made faster than this one thread can release them, or wait for it " +
		"altogether"
	p.Explanation = "One thread runs all " + what + "s of the process, one after the other. While it is held up, " +
		"every object that has one stays in the heap, with all it refers to and the files or sockets it keeps."
	if source.Exact() && used <= views.StuckCPU.Value && len(busy) == v.Dumps() && !w.Idle {
		same := true
		for _, s := range busy {
			same = same && s.Thread.Stack == last.Thread.Stack
		}
		if same && w.Kind == threads.WaitLock {
			p.Severity = analyze.Critical
			p.Explanation += " Here it has not moved at all: it waits for a lock."
		}
	}
	p.Evidence = v.CiteAll(busy, cite.Most)
	p.Advice = []analyze.Advice{{
		Action: "Take the slow or blocking work out of " + say.Short(
			at,
		) + ", best the whole " + what + ": release the resource in close(), with try-with-resources.",
		Effect: "Objects are freed by the next collection.",
		Risk:   "Who forgets close() leaks what it held.",
		Verify: "GC.finalizer_info shows a queue of 0, and " + tr.Name + " waits for references in the dumps.",
	}, {
		Action: "See how many objects wait: `jcmd " + v.pid() + " GC.finalizer_info` (no pause).",
		Effect: "Tells how much of the heap hangs on it.",
		Risk:   "None.",
		Verify: "The number falls once the work is out.",
	}}
	p.References = []string{"JEP 421: Deprecate Finalization for Removal", "Java API: java.lang.ref.Cleaner"}
	return p.finding()
}
