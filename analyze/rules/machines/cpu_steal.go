package machines

import (
	"fmt"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/loss"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

var (
	stealWarn = analyze.NewLimit(
		10.0,
		"%",
		"CPU time taken by the hypervisor: warning",
		"cloud vendors call 10 % high",
	)
	stealCritical = analyze.NewLimit(
		25.0,
		"%",
		"CPU time taken by the hypervisor: critical",
		"own judgement: a quarter of the machine is missing",
	)
)

var cpuSteal = &analyze.Rule{
	ID:     ids.CPUSteal,
	Doc:    "The hypervisor gives CPU time of this virtual machine to others.",
	Needs:  needsHost,
	Fix:    "Ask who runs the host for CPUs that are really there.",
	Claims: []loss.Kind{loss.Runnable},
	Limits: []analyze.Threshold{stealWarn, stealCritical, views.SpanLeast, views.SpanSure},
	Run:    analyze.Each(machines, judgeSteal),
}

// judgeSteal goes by the CPU time that the hypervisor kept.
func judgeSteal(pass *analyze.Pass, v *hostView) []analyze.Finding {
	s := v.CPU.Steal
	if !s.Known() || !v.long() {
		return nil
	}
	if s.Mean < stealWarn.Value {
		pass.Evaluated()
		return nil
	}
	f := analyze.Finding{Severity: analyze.Warning, Confidence: v.sure(), Weight: min(1, s.Mean/100)}
	if s.Mean >= stealCritical.Value {
		f.Severity = analyze.Critical
	}
	on := ""
	if h := v.System.Hypervisor; h.Known() && h.Value != "none" && h.Value != "unknown" {
		on = " (" + h.Value + ")"
	}
	f.Say("The hypervisor%s took %s of this machine's CPU time, at most %s", on, say.Share("stolen_share", s.Mean/100),
		say.Share("stolen_share_max", s.Max/100))
	f.Impact = fmt.Sprintf("%s of the CPU time %s", say.Percent(s.Mean/100), v.during())
	f.Explanation = "The machine wanted to run and was not let: the host has more work than CPUs, or a burst " +
		"credit is used up. Inside it looks as if everything were slower, and pauses longer, for no reason."
	f.Evidence = cite.Known(
		cite.Ref(s.Ref, fmt.Sprintf("steal: mean %s, highest %s%s", say.Percent(s.Mean/100), say.Percent(s.Max/100), v.at(s))),
	)
	f.Advice = []analyze.Advice{{Action: "Have who runs the host give this machine its CPUs: fewer machines on it, reserved CPU, or another " +
		"kind of instance (not one with burst credits).",
		Effect: "The CPUs are really there.", Risk: "Cost.", Verify: "Steal below 1 % at the same load."}}
	return []analyze.Finding{f}
}
