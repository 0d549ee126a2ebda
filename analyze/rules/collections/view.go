package collections

import (
	"slices"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/ids"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

// gcView is one GC log as the rules of this wing look at it.
type gcView struct{ *views.Collections }

// gcViews are the logs that are judged.
var gcViews = analyze.NewMemo(func(p *analyze.Pass) (all []*gcView) {
	for _, l := range views.Logs.Of(p) {
		all = append(all, &gcView{l})
	}
	return all
})

const needsGC = "a GC log that covers half a minute or more: casefile collect --duration 60s records one on JDK 9 " +
	"and later; -Xlog:gc*,safepoint:file=gc.log (JDK 8: -Xloggc:gc.log -XX:+PrintGCDetails) keeps one"

// starvers are the rules that tell why a process got no CPU.
var starvers = []string{ids.CPUSaturated, ids.CPUThrottled, ids.CPUSteal}

// starvedBy gives those that found something on the node during the capture; of a run that ended before it nothing is known.
func (v *gcView) starvedBy(pass *analyze.Pass) (why []string) {
	for _, id := range starvers {
		if v.Before == "" && slices.ContainsFunc(pass.AllFound(id), func(f *analyze.Finding) bool {
			return f.Severity.AtLeast(analyze.Warning) && slices.Contains(f.Nodes, v.Node.Name) && (f.Subject == "" || f.Subject == v.About().Name)
		}) {
			why = append(why, id)
		}
	}
	return why
}

// starvedLongest is a stop that no want of CPU alone makes.
var starvedLongest = analyze.NewLimit(10*time.Second, "", "one stop of a JVM that lacks CPU: longer ones are told for themselves",
	"own judgement: with a hundred tasks for each CPU a thread still gets it every second or so")

// ofStarvation makes a note of a finding about stops where the machine had too few CPUs during the capture: that alone makes stops long, and it is a
// finding of its own. What is left of it once CPUs are free is the JVM's own.
func (v *gcView) ofStarvation(pass *analyze.Pass, f *analyze.Finding, longest time.Duration) {
	why := v.starvedBy(pass)
	if len(why) == 0 || longest >= starvedLongest.Value || !f.Severity.AtLeast(analyze.Warning) {
		return
	}
	f.Severity, f.Confidence, f.Because = analyze.Info, analyze.Low, why
	f.Explanation += " Whether that is the JVM's own cannot be told: threads that get no CPU make all stops long (" + why[0] + "). Capture again when the machine has CPUs free."
}

// collections gives the logs that are long enough to prove something.
func collections(p *analyze.Pass) (enough []*gcView) {
	for _, v := range gcViews.Of(p) {
		if v.Span() < views.SpanLeast.Value {
			p.Lacks(
				"a longer GC log: what there is covers only " + say.Seconds(
					v.Span(),
				) + "; casefile collect --duration 60s",
			)
			continue
		}
		p.Evaluated()
		enough = append(enough, v)
	}
	return enough
}

// untimed gives the logs without time stamps: of those only single pauses can be judged.
func untimed(p *analyze.Pass) (list []*gcView) {
	for _, n := range p.Nodes {
		for _, j := range n.JVMs {
			for _, l := range j.GC {
				if !l.Timed && l.Total.Count > 0 && len(l.Runs) > 0 {
					p.Evaluated()
					list = append(list, &gcView{views.NewCollections(p.Case, j, l)})
				}
			}
		}
	}
	return list
}

// each makes the Run of a rule that judges every run of every log. Of the runs of a log that have ended, the worst is told.
func each(list func(*analyze.Pass) []*gcView, judge analyze.Judge[*gcView]) func(*analyze.Pass) error {
	return func(p *analyze.Pass) error {
		all := list(p)
		told := perRun(p, all, judge)
		return analyze.Each(func(*analyze.Pass) []*gcView { return all },
			func(_ *analyze.Pass, v *gcView) []analyze.Finding { return told[v] })(p)
	}
}

// perRun judges every run, and leaves of a log's ended runs the one with the worst finding.
func perRun(p *analyze.Pass, all []*gcView, judge analyze.Judge[*gcView]) map[*gcView][]analyze.Finding {
	told, worst := map[*gcView][]analyze.Finding{}, map[string]*gcView{}
	for _, v := range all {
		found := judge(p, v)
		for i := range found {
			found[i].Advice = v.holding(found[i].Advice)
		}
		if len(found) == 0 {
			continue
		}
		told[v] = found
		if v.Before == "" {
			continue
		}
		for i := range found {
			found[i].Add(", %s", v.Before)
		}
		key := v.Node.Name + " " + v.About().Name + " " + v.Log.Source
		switch w := worst[key]; {
		case w == nil:
			worst[key] = v
		case worse(&found[0], &told[w][0]):
			delete(told, w)
			worst[key] = v
		default:
			delete(told, v)
		}
	}
	return told
}

func worse(a, b *analyze.Finding) bool {
	if a.Severity != b.Severity {
		return a.Severity.AtLeast(b.Severity)
	}
	return a.Weight > b.Weight
}

// since9 picks what is true of this JVM: -Xlog, and much else of a collector, came with JDK 9.
func (v *gcView) since9(since, before string) string {
	if major := v.JVM.Major(); v.Log.Format == gc.FormatPreUnified || major > 0 && major < 9 {
		return before
	}
	return since
}
