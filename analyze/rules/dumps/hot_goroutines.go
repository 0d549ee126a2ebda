package dumps

import (
	"fmt"

	"casefile/analyze"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

var hotGoroutineDumps = analyze.NewLimit(3, "dumps", "that show one goroutine running, or ready to run, in the same function",
	"a goroutine that comes back from its work is seen elsewhere, or waiting")

// judgeHotGoroutines finds goroutines that never come to a wait: dumps of a Go service tell no CPU time.
func judgeHotGoroutines(v *view) (out []analyze.Finding) {
	if v.Dumps() < hotGoroutineDumps.Value || v.Series.Duration() < standSpan.Value {
		return nil
	}
	of := map[string][]*threads.Track{}
	var order []string
	for _, tr := range v.Series.Threads() {
		at := v.computesIn(tr)
		if at == "" {
			continue
		}
		if of[at] == nil {
			order = append(order, at)
		}
		of[at] = append(of[at], tr)
	}
	for _, at := range order {
		out = append(out, v.hotGoroutines(at, of[at]))
	}
	return out
}

// computesIn is the service's own function in which a goroutine runs, or could, in all dumps; "" when it is seen elsewhere.
func (v *view) computesIn(tr *threads.Track) (at string) {
	for _, t := range tr.Obs {
		if t == nil || t.Num == 0 || v.Series.Wait(t).Kind != threads.WaitRunning || t.StateText == "syscall" || t.GoesOn() {
			return ""
		}
		own := threads.Calls(t.Stack.Frames)
		if len(own) == 0 || at != "" && own[0].Func != at {
			return ""
		}
		at = own[0].Func
	}
	return at
}

func (v *view) hotGoroutines(at string, list []*threads.Track) analyze.Finding {
	p := problem{}
	for i := range v.Dumps() {
		for _, tr := range list {
			p.sightings = append(p.sightings, views.Sighting{Dump: i, Thread: tr.Obs[i]})
		}
	}
	n, name, span := len(list), say.Short(at), v.Series.Duration()
	p.Severity, p.Confidence, p.Weight = analyze.Warning, analyze.Medium, 0.5
	if cores := v.availableCores(); cores > 0 {
		p.Weight = min(1, float64(n)/cores)
	}
	verb := "is"
	if n > 1 {
		verb = "are"
	}
	p.About = []string{name}
	p.Say("%s %s at work in %s in all %s dumps, over %s, and %s never seen to wait", say.Counted("goroutines", n, "goroutine"), verb, name,
		say.Amount("dumps", v.Dumps(), "dumps"), say.Time("over", span), verb)
	p.Impact = fmt.Sprintf("up to %s of CPU", say.Count(n, "core"))
	p.Explanation = "A goroutine that is running, or ready to run, in the same function whenever it is looked at computes all the time: a loop " +
		"without end, or work without a bound."
	p.Evidence = v.CiteAll(p.sightings, cite.Most)
	p.Advice = []analyze.Advice{{
		Action: "Have the developers of " + name + " end or bound the work it does, and check the request's context in its loop, so that it ends " +
			"when nobody waits for the answer any more.",
		Effect: fmt.Sprintf("Up to %s free for others.", say.Count(n, "core")), Risk: codeChange,
		Verify: "No goroutine is seen at work in " + name + " in all dumps.",
	}, {
		Action: "See its lines in the CPU profile: casefile profile of the service, or go tool pprof on /debug/pprof/profile.",
		Effect: "Names the lines that take the time.",
		Risk:   "A few per cent of one CPU while it records.",
		Verify: "The lines at its top are of " + name + ".",
	}}
	p.References = []string{"Go documentation: Diagnostics, CPU profile"}
	return p.finding()
}
