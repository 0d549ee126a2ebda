package machines

import (
	"fmt"
	"math"
	"slices"

	"casefile/analyze"
	"casefile/analyze/host"
	"casefile/analyze/ids"
	"casefile/analyze/loss"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

var (
	throttledShare = analyze.NewLimit(
		0.05,
		"1",
		"periods of the cgroup that ran out: warning",
		"own judgement: one period in twenty ends in a stop",
	)
	throttledCritical = analyze.NewLimit(
		0.25,
		"1",
		"periods of the cgroup that ran out: critical",
		"own judgement: one period in four ends in a stop",
	)
	throttlePeriods = analyze.NewLimit(50.0, "periods", "of the cgroup, at least", "5 s of running at the "+
		"kernel's 100 ms")
)

var cpuThrottled = &analyze.Rule{
	ID:  ids.CPUThrottled,
	Doc: "The CPU quota of a container runs out, and its threads stand still until the next period.",
	Needs: "the counters of the process's cgroup: casefile collect on Linux, where the container has a CPU limit; " +
		"or a flight recording of JDK 17 or later made there",
	Fix:    "Raise the CPU limit, or have fewer threads of collector and compiler.",
	Claims: []loss.Kind{loss.Runnable},
	Limits: []analyze.Threshold{
		throttledShare, throttledCritical, throttlePeriods, views.SpanSure, views.RecordingSpan,
	},
	Run: analyze.Sequence(
		analyze.Each(views.Recordings.Of, judgeRecordedThrottling),
		analyze.Each(machines, judgeThrottled),
	),
}

// cgroupKnown says that the counters of the JVM's cgroup were captured, which tell more than a recording.
func cgroupKnown(r *views.Recording) bool {
	if r.Node.Host == nil {
		return false
	}
	for i := range r.Node.Host.Cgroups {
		if g := &r.Node.Host.Cgroups[i]; slices.Contains(g.PIDs, r.JVM.PID) && g.CPULimit.Known() &&
			g.ThrottledPercent.Known() {
			return true
		}
	}
	return false
}

// judgeRecordedThrottling goes by jdk.ContainerCPUThrottling, in which the JVM writes down the counters of its own
// cgroup.
func judgeRecordedThrottling(pass *analyze.Pass, r *views.Recording) []analyze.Finding {
	j := &r.Rec.JVM
	if cgroupKnown(r) || j.ElapsedSlices == 0 { // no limit, or nothing ran
		return nil
	}
	pass.Evaluated()
	share := float64(j.ThrottledSlices) / float64(j.ElapsedSlices)
	if float64(j.ElapsedSlices) < throttlePeriods.Value || share < throttledShare.Value {
		return nil
	}
	limit := 0.0
	if s := &r.Rec.System; s.CPUPeriod > 0 {
		limit = float64(s.CPUQuota) / float64(s.CPUPeriod)
	}
	f := analyze.Finding{
		Severity:   throttledSeverity(share),
		Confidence: analyze.Medium,
		Weight:     min(1, max(0.01, share)),
	}
	var having say.Phrase
	if limit > 0 {
		having = say.Text(" (%s)", say.Measured("limit", limit, "CPUs"))
	}
	f.Say("The CPU limit of %s%s ran out in %s of the periods in which it wanted to run", say.Target(r.JVM.Subject()), having,
		say.Share("periods_share", share))
	f.Impact = fmt.Sprintf("in %s of all periods its threads stood still until the period's end, %s s of CPU "+
		"held back in %s", say.Percent(share), say.Number(j.ThrottledTime.Seconds()), say.Seconds(r.Rec.Covered))
	f.Explanation = throttledMeans
	f.Evidence = []analyze.Evidence{
		r.Cite("jdk.ContainerCPUThrottling: %d of %d periods ran out", j.ThrottledSlices, j.ElapsedSlices),
	}
	if limit > 0 {
		f.Evidence = append(
			f.Evidence,
			r.Cite("jdk.ContainerConfiguration: %s of CPU in each %s", r.Rec.System.CPUQuota, r.Rec.System.CPUPeriod),
		)
	}
	f.Advice = throttledAdvice(limit, r.Cpus, "cpu.max, in Kubernetes resources.limits.cpu")
	f.References = []string{"Linux kernel documentation: CFS Bandwidth Control"}
	return []analyze.Finding{f}
}

const throttledMeans = "The kernel lets the container use its quota in each period, mostly 100 ms, and then stops " +
	"all its threads until the next one begins. " +
	"Many threads use it up in a moment, also when the mean use is far below the limit: a collection by several " +
	"threads is enough."

func throttledSeverity(share float64) analyze.Severity {
	if share >= throttledCritical.Value {
		return analyze.Critical
	}
	return analyze.Warning
}

// judgeThrottled goes by the counters of the cgroups that captured processes are in.
func judgeThrottled(pass *analyze.Pass, v *hostView) (out []analyze.Finding) {
	for i := range v.Cgroups {
		g := &v.Cgroups[i]
		targets := v.targetsIn(g)
		if len(targets) == 0 || !g.CPULimit.Known() || !g.ThrottledPercent.Known() {
			continue
		}
		pass.Evaluated()
		share := g.ThrottledPercent.Mean / 100
		if g.Periods.Value >= throttlePeriods.Value && share >= throttledShare.Value {
			out = append(out, v.throttled(g, targets, share))
		}
	}
	return out
}

// targetsIn lists the captured processes of a cgroup.
func (v *hostView) targetsIn(g *host.Cgroup) (targets []string) {
	for _, j := range v.node.JVMs {
		if slices.Contains(g.PIDs, j.PID) {
			targets = append(targets, j.Target)
		}
	}
	for _, s := range v.node.Services {
		if s.PID > 0 && slices.Contains(g.PIDs, s.PID) {
			targets = append(targets, s.Target)
		}
	}
	return targets
}

func (v *hostView) throttled(g *host.Cgroup, targets []string, share float64) analyze.Finding {
	limit := g.CPULimit.Value
	f := analyze.Finding{
		Severity:   throttledSeverity(share),
		Confidence: v.sure(),
		Subject:    say.List(targets),
		Weight:     share,
	}
	held := ""
	if g.Throttled.Known() && v.Span > 0 {
		held = fmt.Sprintf(", %s s of CPU held back in %s", say.Number(g.Throttled.Value), say.Seconds(v.Span))
	}
	f.Say("The CPU limit of %s (%s) ran out in %s of the periods in which it wanted to run", targetList(targets),
		say.Measured("limit", limit, "CPUs"), say.Share("periods_share", share))
	f.Impact = fmt.Sprintf(
		"in %s of all periods its threads stood still until the period's end%s",
		say.Percent(share),
		held,
	)
	f.Explanation = throttledMeans
	f.Evidence = cite.Known(
		cite.Ref(
			g.ThrottledPercent.Ref,
			fmt.Sprintf(
				"periods that ran out: mean %s, highest %s%s, of %s", say.Percent(g.ThrottledPercent.Mean/100), say.Percent(g.ThrottledPercent.Max/100), v.at(g.ThrottledPercent), say.Number(g.Periods.Value),
			),
		),
		cite.Ref(g.CPULimit.Ref, fmt.Sprintf("limit of %s CPUs", say.Number(limit))),
	)
	if g.CPUUsed.Known() {
		f.Evidence = append(
			f.Evidence,
			cite.Ref(g.CPUUsed.Ref, fmt.Sprintf("used: mean %s CPUs, highest %s", say.Number(g.CPUUsed.Mean), say.Number(g.CPUUsed.Max))),
		)
	}
	setting := "cpu.max"
	if v.System.Container.Value == "kubernetes" {
		setting = "resources.limits.cpu"
	}
	f.Advice = throttledAdvice(limit, v.CPU.Count.Value, setting)
	f.References = []string{"Linux kernel documentation: CFS Bandwidth Control"}
	return f
}

// throttledAdvice is for a limit in CPUs, 0 when it is not known, on a machine of count CPUs, 0 likewise.
func throttledAdvice(limit, count float64, setting string) []analyze.Advice {
	to := math.Ceil(2 * limit)
	if count > 0 {
		to = math.Min(to, count)
	}
	from, more, processors := fmt.Sprintf(
		"%s CPUs", say.Number(limit),
	), fmt.Sprintf(
		"%s CPUs or none", say.Number(math.Max(to, limit)),
	), fmt.Sprintf(
		"%.0f",
		math.Max(1, math.Floor(limit)),
	)
	if limit == 0 {
		from, more, processors = "as it is", "twice as much, or none", "the limit, whole CPUs"
	}
	return []analyze.Advice{{
		Action: "Raise the CPU limit, or remove it and rely on the request (shares), which lets the container use " +
			"what is idle.", Setting: setting,
		From: from, To: more,
		Effect:   "Threads run on when they have work.",
		Risk:     "Other containers of the node get less in a peak.",
		Rollback: "The old limit.",
		Verify:   "Under 5 % of the periods run out (nr_throttled in cpu.stat) at the same load.",
	}, {
		Alternative: true,
		Action:      "If the limit must stay, let the JVM have as many threads as it has CPUs.",
		Setting:     "-XX:ActiveProcessorCount",
		From:        "from the limit",
		To:          processors,
		Effect:      "Fewer threads of the collector and the compiler use up the period at once.",
		Risk:        "Start-up and collections take longer.",
		Rollback:    "Take the option away and restart.",
		Verify:      "As above.",
	}}
}

// targetList names processes.
func targetList(names []string) say.Phrase {
	var list []say.Phrase
	for _, n := range names {
		list = append(list, say.Target(n))
	}
	return say.Enumerate(list)
}
