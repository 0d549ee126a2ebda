package dumps

import (
	"fmt"
	"math"
	"slices"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

var (
	leakThreads = analyze.NewLimit(
		20,
		"threads",
		"growth of one family over the series",
		"own judgement: a pool that fills up grows by less",
	)
	leakShare = analyze.NewLimit(0.1, "1", "growth of a family, of its last number", "thread dump analysers' "+
		"mark of congestion")
)

var threadLeak = &analyze.Rule{
	ID:     ids.ThreadLeak,
	Doc:    "One family of threads (or goroutines) grows from dump to dump, and none of them ends.",
	Needs:  needsDumps(3),
	Fix:    "Make the executor once and shut it down; do not start one for each request.",
	Limits: []analyze.Threshold{leakThreads, leakShare},
	Run:    analyze.Each(dumped(3), judgeLeak),
}

// judgeLeak looks at the families of threads that grow.
func judgeLeak(_ *analyze.Pass, v *view) []analyze.Finding {
	var out []analyze.Finding
	for _, f := range v.Series.Families() {
		if !v.leaks(f) {
			continue
		}
		out = append(out, v.leakProblem(f))
	}
	return out
}

// leaks tells growth without end from a pool that fills up: a request pool has a maximum, threads that are busy were
// started for the
// work there is, and a pool that adapts lets threads go too.
func (v *view) leaks(f *threads.Family) bool {
	last := f.Counts[len(f.Counts)-1]
	if !f.Steady || f.Growth < leakThreads.Value || 20*f.Deaths > f.Births ||
		float64(f.Growth) < leakShare.Value*float64(last) {
		return false
	}
	idle, born := 0, 0
	for _, tr := range v.Series.Threads() {
		if !tr.Born() || threads.NormalizeName(tr.Name) != f.Name {
			continue
		}
		if v.Serves[tr] || tr.Obs[tr.First].Virtual { // as many as there is work
			return false
		}
		born++
		if t := tr.Obs[tr.Last]; t != nil && v.Series.Wait(t).Kind != threads.WaitRunning {
			idle++
		}
	}
	return 2*idle >= born
}

func (v *view) leakProblem(f *threads.Family) analyze.Finding {
	n := len(f.Counts)
	what := "thread"
	if v.JVM == nil {
		what = "goroutine"
	}
	span := v.Series.Duration()
	p := problem{}
	var young []views.Sighting
	for _, tr := range v.Series.Threads() {
		if threads.NormalizeName(tr.Name) != f.Name {
			continue
		}
		for i, t := range tr.Obs {
			if t == nil {
				continue
			}
			p.sightings = append(p.sightings, views.Sighting{Dump: i, Thread: t})
			if i == tr.First && tr.Born() {
				young = append(young, views.Sighting{Dump: i, Thread: t})
			}
		}
	}
	p.Severity, p.Confidence = analyze.Warning, analyze.Medium
	if n >= 4 && span >= time.Minute {
		p.Confidence = analyze.High
	}
	all := 0
	for _, t := range v.Series.Dumps[n-1].Threads {
		all += views.Times(t)
	}
	p.Weight = float64(f.Counts[n-1]) / float64(max(all, 1))
	var rate say.Phrase
	if span > 0 {
		rate = say.Text(", %s a minute", say.Amount("growth", math.Round(float64(f.Growth)/span.Minutes()), what+"s/min"))
	}
	p.Say("The number of %s %ss grew from %s to %s in %s%s, and %s ended", say.Quote(f.Name), what,
		say.Amount("threads_before", f.Counts[0], what+"s"), say.Amount("threads", f.Counts[n-1], what+"s"),
		say.Time("over", span), rate, ended(f.Deaths))
	p.Impact = fmt.Sprintf("%d of %s of the process", f.Counts[n-1], say.Count(all, what))
	p.Explanation = "Somebody starts " + what + "s and never ends them. Each one keeps its stack and all it " +
		"refers to; at last the process can start no more, or its memory is gone."
	if v.JVM == nil {
		p.Explanation += " A goroutine that waits on a channel nobody serves, or on a context nobody cancels, " +
			"stays for ever."
	}
	p.Evidence = v.CiteAll(young, cite.Most)
	if len(p.Evidence) == 0 { // goroutine profiles: the same entry with a higher count
		p.Evidence = v.CiteAll(p.sightings, cite.Most)
	}
	p.Advice = []analyze.Advice{{
		Action: "Find who starts " + say.Quote(f.Name) + v.creator(f) + ": an executor made for each request or " +
			"job and never shut down is the usual cause (casefile collect --jfr records the stack of each start, jdk.ThreadStart). " +
			"Make it once, and shut it down in a finally block where it must be short-lived.",
		Effect: "The number of " + what + "s stands still.",
		Risk:   "A change of code.",
		Verify: "Two collects ten minutes apart show the same number of " + say.Quote(f.Name) + ".",
	}, {
		Action: "Until then restart the process before it reaches its limit of threads (ulimit -u, pids.max, memory).",
		Effect: "Buys time.",
		Risk:   "Requests fail during the restart.",
		Verify: "The number after the restart, and its growth.",
	}}
	p.References = []string{"Java Platform, Standard Edition Troubleshooting Guide: OutOfMemoryError, unable to " +
		"create native thread"}
	if v.JVM == nil {
		p.Advice[0].Action = "Find who starts " + say.Quote(f.Name) + v.creator(f) + ": a goroutine that waits on " +
			"a channel " +
			"that nobody serves, or for a context that nobody cancels, is the usual cause. Give it a context and " +
			"select on its Done, or close the channel when its user is gone."
		p.Advice[1].Action = "Until then restart the service before its memory is gone: each goroutine keeps its " +
			"stack " +
			"and all that it refers to."
		p.References = []string{"Go documentation: Diagnostics, goroutine profile"}
	}
	return p.finding()
}

func ended(n int) say.Phrase {
	if n == 0 {
		return say.Text("none")
	}
	return say.Text("%s", say.Amount("ended", n, "threads"))
}

// creator names the function that starts the family, where the dump tells: Go does.
func (v *view) creator(f *threads.Family) string {
	var by []string
	for _, tr := range v.Series.Threads() {
		if t := tr.Obs[tr.Last]; t.Creator != "" && threads.NormalizeName(tr.Name) == f.Name &&
			!slices.Contains(by, t.Creator) {
			by = append(by, t.Creator)
		}
	}
	if len(by) != 1 {
		return ""
	}
	return " (" + say.Short(by[0]) + ")"
}
