package machines

import (
	"fmt"
	"math"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/loss"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

var (
	cpuWarn = analyze.NewLimit(0.90, "1", "all CPU time in use: warning", "Atlassian: CPU good up to 70 "+
		"%, bad above 90 %")
	cpuHigh = analyze.NewLimit(
		0.97,
		"1",
		"all CPU time in use: critical, with a long queue",
		"own judgement: nothing is left",
	)
	runQueuePerCPU = analyze.NewLimit(
		2.0,
		"tasks",
		"running or waiting for each CPU",
		"each waits as long as it runs",
	)
	psiCPU = analyze.NewLimit(
		50.0,
		"%",
		"time in which some task waited for a CPU",
		"own judgement: half of the time",
	)
	runQueueCritical = analyze.NewLimit(
		10.0,
		"tasks",
		"running or waiting for each CPU: critical",
		"each waits nine times as long as it runs",
	)
)

var cpuSaturated = &analyze.Rule{
	ID:          ids.CPUSaturated,
	Doc:         "All CPUs of the machine are busy, and work waits for them.",
	Needs:       needsHost,
	Fix:         "Take away the work that need not be done; then add CPUs or nodes.",
	ExplainedBy: []string{ids.HeapTooSmall, ids.MemoryLeak, ids.GCOverhead, ids.HotThread, ids.CPUThrottled},
	HostWide:    true,
	Claims:      []loss.Kind{loss.Runnable},
	Limits: []analyze.Threshold{
		cpuWarn, cpuHigh, recordedBusy, runQueuePerCPU, psiCPU, runQueueCritical, views.SpanLeast, views.SpanSure,
	},
	Run: analyze.Sequence(analyze.Each(machines, judgeCPU), analyze.Each(alone, judgeRecordedCPU)),
}

// judgeCPU wants busy CPUs and work that waits for them: a full machine without a queue is well used.
func judgeCPU(pass *analyze.Pass, v *hostView) []analyze.Finding {
	busy, queue := v.CPU.Busy, v.CPU.RunQueuePerCPU
	if !busy.Known() || !v.long() {
		return nil
	}
	if busy.Mean < 100*cpuWarn.Value || !v.queued() {
		pass.Evaluated()
		return nil
	}
	f := analyze.Finding{Severity: analyze.Warning, Confidence: v.sure()}
	if busy.Mean >= 100*cpuHigh.Value && queue.Mean >= runQueueCritical.Value {
		f.Severity = analyze.Critical
	}
	// A full machine is most often what another problem looks like from outside. A short queue weighs little, so
	// that the cause comes first; a long one is a problem by itself.
	f.Weight = math.Min(0.6, 0.05*queue.Mean)
	top, first, topAt := v.busiest(3)
	leads := first >= busy.Mean/100*v.CPU.Count.Value/3
	f.Say("All %s CPUs are busy: %s %s, with %s tasks running or waiting for each CPU", say.Amount("cpus", v.CPU.Count.Value, "CPUs"),
		say.Share("busy_share", math.Floor(busy.Mean)/100), v.during(), say.Amount("tasks_per_cpu", queue.Mean, "tasks"))
	switch {
	case leads:
		f.Add("; most is used by %s", top[0])
	case len(top) > 0:
		f.Add("; no process has much of it alone")
	}
	waits := math.Max(0, 100*(1-1/math.Max(1, queue.Mean))) / 100
	f.Impact = fmt.Sprintf("a task that wants to run waits; %s of the time a CPU is what it waits for", say.Percent(waits))
	f.Explanation = "More work is ready to run than there are CPUs, so everything takes longer by its waiting, " +
		"answers and collections as well."
	if len(top) > 1 {
		f.Explanation += " Busiest: " + say.Enumerate(top).String() + "."
	}
	f.Evidence = v.citeCPU()
	look := "See which programs run in great number, or are started again and again (top, pidstat 1)."
	if len(top) > 0 {
		f.Evidence = append(f.Evidence, cite.Known(topAt)...)
	}
	if leads {
		look = "See what takes it in " + top[0].String() + ": casefile profile, and the other findings about it."
	}
	f.Advice = v.cpuAdvice(look)
	f.References = []string{"Atlassian: CPU usage good up to 70 %, bad above 90 %", "Linux kernel documentation: " +
		"PSI, Pressure Stall Information"}
	return []analyze.Finding{f}
}

// queued reports whether tasks surely wait for a CPU. Some seconds may be a burst: then only a clear queue counts.
func (v *hostView) queued() bool {
	queue, psi := v.CPU.RunQueuePerCPU, v.Pressure["cpu"].SomePercent
	if !queue.Known() {
		return false
	}
	if v.Span < views.SpanSure.Value {
		return queue.Mean >= 2*runQueuePerCPU.Value
	}
	pressed := psi.Known() && psi.Mean >= psiCPU.Value
	return queue.Mean >= runQueuePerCPU.Value || pressed && queue.Mean >= (1+runQueuePerCPU.Value)/2
}

// citeCPU cites how busy the CPUs were and how many tasks wanted them.
func (v *hostView) citeCPU() []analyze.Evidence {
	busy, queue, psi := v.CPU.Busy, v.CPU.RunQueuePerCPU, v.Pressure["cpu"].SomePercent
	out := cite.Known(
		cite.Ref(busy.Ref, fmt.Sprintf("CPU busy: mean %s, highest %s%s", say.Percent(busy.Mean/100), say.Percent(busy.Max/100), v.at(busy))),
		cite.Ref(queue.Ref, fmt.Sprintf("tasks for each CPU: mean %s, most %s%s", say.Number(queue.Mean), say.Number(queue.Max), v.at(queue))),
	)
	if psi.Known() {
		text := fmt.Sprintf("in %s of the time some task waited for a CPU", say.Percent(psi.Mean/100))
		out = append(out, cite.Ref(psi.Ref, text))
	}
	return out
}

// cpuAdvice begins with where to look.
func (v *hostView) cpuAdvice(look string) []analyze.Advice {
	more := say.Number(math.Ceil(v.CPU.Count.Value * math.Min(v.CPU.RunQueuePerCPU.Mean, 4)))
	return []analyze.Advice{{
		Action: look + " Work that need not be done is the cheapest capacity.",
		Effect: "CPU for everything else on the machine.", Risk: "None in looking.",
		Verify: fmt.Sprintf(
			"CPU below %s and less than one waiting task a CPU in the next capture.", say.Percent(cpuWarn.Value),
		),
	}, {
		Action: fmt.Sprintf("If all of it is needed: more CPUs (for this queue about %s), another node, or the "+
			"other processes elsewhere.", more),
		Effect:   "Tasks run when they are ready.",
		Risk:     "Cost; a lock or a database may be the next limit.",
		Rollback: "Take the CPUs away again.",
		Verify:   "As above, at the same load.",
	}}
}
