package rules

import (
	"fmt"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/profile"
)

var (
	hotCodeShare = analyze.NewLimit(0.20, "1", "the CPU profile in one method of the program", "JDK Mission Control names the hottest")
	hotCodeCores = analyze.NewLimit(0.3, "cores", "in one method of the program", "in an idle service something always has the largest share")
)

var hotCode = &analyze.Rule{
	ID:      ids.HotCode,
	Doc:     "One method of the program, with what it calls in libraries, takes a large part of the CPU of a recording.",
	Needs:   needsRecording,
	Repeats: []string{ids.HotThread},
	Run:     analyze.Each(profiled, judgeHotCode),
}

// judgeHotCode goes through the program's own methods by their share of the CPU.
func judgeHotCode(_ *analyze.Pass, r *recorded) (out []analyze.Finding) {
	v, _ := r.view(profile.CPU)
	for _, s := range sites(v, "", nil).largest() {
		share := float64(s.value) / float64(v.Total())
		if share >= hotCodeShare.Value && r.cores*share >= hotCodeCores.Value {
			out = append(out, r.hotCode(v, s, share))
		}
	}
	return out
}

func (r *recorded) hotCode(v profile.View, s *site, share float64) analyze.Finding {
	cores := r.cores * share
	weight := cores / max(1, r.cpus)
	f := r.finding(analyze.Info, weight*behind)
	if r.busy() && weight >= hotThreadShare.Value {
		f.Severity = analyze.Warning
	}
	if v.Samples() >= 1000 {
		f.Confidence = analyze.High
	}
	f.About = []string{short(s.name)}
	f.Title = fmt.Sprintf("%s takes %s of the JVM's CPU: %.2f cores over %s", short(s.name), percent(share), cores, r.span())
	f.Impact = fmt.Sprintf("%.2f of the %.2f cores that the JVM used", cores, r.cores)
	if r.machine > 0 {
		f.Impact += fmt.Sprintf("; the machine's %.0f CPUs were in use by %s", r.cpus, percent(r.machine))
	}
	f.Explanation = "Samples of the threads on a CPU show this method of the program innermost, apart from libraries that it calls."
	if leaves := top(s.leaves, s.value, 3); len(leaves) > 0 && leaves[0].name != s.name {
		f.Explanation += " The time itself is in " + withShares(leaves, short) + "."
	}
	r.doubt(&f)
	f.Evidence = append([]analyze.Evidence{r.cite("%s of %d CPU samples have %s as the program's innermost call", percent(share), v.Samples(), s.name)}, r.citeCallers(s)...)
	if who := top(s.threads, s.value, 3); len(who) > 0 && who[0].name != "" {
		f.Evidence = append(f.Evidence, r.cite("threads: %s", withShares(who, quote)))
	}
	f.Advice = []analyze.Advice{{
		Action: fmt.Sprintf("Look at what %s does for each call, and how often its callers need that: keep the result, call it less, or choose a cheaper way.", short(s.name)),
		Effect: fmt.Sprintf("Up to %.2f cores are free for others.", cores),
		Risk:   "A change of code; it may well be the work that the service is there for.",
		Verify: fmt.Sprintf("A new recording shows %s below %s of the CPU: casefile profile --pid %s.", short(s.name), percent(hotCodeShare.Value), r.pid()),
	}}
	f.References = []string{"Brendan Gregg: CPU Flame Graphs"}
	return f
}
