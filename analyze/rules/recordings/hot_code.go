package recordings

import (
	"fmt"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/profile"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

var (
	hotCodeShare = analyze.NewLimit(
		0.20,
		"1",
		"the CPU profile in one method of the program",
		"own judgement: less is not worth a change of code",
	)
	HotCodeCores = analyze.NewLimit(0.3, "cores", "in one method of the program", "in an idle service something "+
		"always has the largest share")
)

var hotCode = &analyze.Rule{
	ID: ids.HotCode,
	Doc: "One method of the program, with what it calls in libraries, takes a large part of the CPU of a " +
		"recording.",
	Needs:   needsRecording,
	Fix:     "Call it less, keep its result, or choose a cheaper way.",
	Repeats: []string{ids.HotThread},
	Limits: []analyze.Threshold{
		cpuSamples, busyMachine, hotCodeShare, HotCodeCores, views.HotThreadShare, views.RecordingSpan,
	},
	Run: analyze.Each(profiled, judgeHotCode),
}

// judgeHotCode goes through the program's own methods by their share of the CPU.
func judgeHotCode(_ *analyze.Pass, r *recorded) (out []analyze.Finding) {
	v, _ := r.View(profile.CPU)
	for _, s := range views.SitesOf(v, "", nil).Largest() {
		share := float64(s.Value) / float64(v.Total())
		if share >= hotCodeShare.Value && r.Cores*share >= HotCodeCores.Value {
			out = append(out, r.hotCode(v, s, share))
		}
	}
	return out
}

func (r *recorded) hotCode(v profile.View, s *views.Site, share float64) analyze.Finding {
	cores := r.Cores * share
	weight := cores / max(1, r.Cpus)
	f := r.finding(weight * views.Behind)
	if r.busy() && weight >= views.HotThreadShare.Value {
		f.Severity = analyze.Warning
	}
	if v.Samples() >= 1000 {
		f.Confidence = analyze.High
	}
	f.About = []string{say.Short(s.Name)}
	f.Say("%s takes %s of the JVM's CPU: %s cores over %s", say.Short(s.Name), say.Share("cpu_share", share),
		say.Amount("cores", cores, "cores"), say.Time("over", r.Rec.Covered))
	f.Impact = fmt.Sprintf("%s of the %s cores that the JVM used", say.Number(cores), say.Number(r.Cores))
	if r.Machine > 0 {
		f.Impact += fmt.Sprintf("; the machine's %s CPUs were in use by %s", say.Number(r.Cpus), say.Percent(r.Machine))
	}
	f.Explanation = "Samples of the threads on a CPU show this method of the program innermost, apart from " +
		"libraries that it calls."
	if leaves := views.Top(s.Leaves, s.Value, 3); len(leaves) > 0 && leaves[0].Name != s.Name {
		f.Explanation += " The time itself is in " + withShares(leaves, say.Short) + "."
	}
	r.doubt(&f)
	f.Evidence = append(
		[]analyze.Evidence{
			r.Cite(
				"%s of %d CPU samples have %s as the program's innermost call",
				say.Percent(share),
				v.Samples(),
				s.Name,
			),
		},
		r.citeCallers(s)...)
	if who := views.Top(s.Threads, s.Value, 3); len(who) > 0 && who[0].Name != "" {
		f.Evidence = append(f.Evidence, r.Cite("threads: %s", withShares(who, say.Quote)))
	}
	f.Advice = []analyze.Advice{{
		Action: fmt.Sprintf("Have the developers of %s make it cheaper: keep the result, call it less often from the callers in the evidence, or choose "+
			"another way.", say.Short(s.Name)),
		Effect: fmt.Sprintf("Up to %s cores are free for others.", say.Number(cores)),
		Risk:   "A change of code; it may well be the work that the service is there for.",
		Verify: fmt.Sprintf(
			"A new recording shows %s below %s of the CPU: casefile profile --pid %s.",
			say.Short(s.Name),
			say.Percent(hotCodeShare.Value),
			r.pid(),
		),
	}}
	f.References = []string{"Brendan Gregg: CPU Flame Graphs"}
	return f
}
