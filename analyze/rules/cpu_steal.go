package rules

import (
	"fmt"

	"casefile/analyze"
)

func cpuSteal() *analyze.Rule {
	return hostRule("cpu-steal", "The hypervisor gives CPU time of this virtual machine to others.", needsHost, judgeSteal)
}

func judgeSteal(v *hostView) ([]analyze.Finding, bool) {
	s := v.CPU.Steal
	if !s.Known() || !v.long() {
		return nil, false
	}
	if s.Mean < v.limits.Steal {
		return nil, true
	}
	f := analyze.Finding{Severity: analyze.Warning, Confidence: v.sure(), Weight: min(1, s.Mean/100)}
	if s.Mean >= v.limits.StealCritical {
		f.Severity = analyze.Critical
	}
	on := ""
	if h := v.System.Hypervisor; h.Known() && h.Value != "none" && h.Value != "unknown" {
		on = " (" + h.Value + ")"
	}
	f.Title = fmt.Sprintf("The hypervisor%s took %.0f%% of this machine's CPU time, at most %.0f%%", on, s.Mean, s.Max)
	f.Impact = fmt.Sprintf("%.0f%% of the CPU time %s", s.Mean, v.during())
	f.Explanation = "The machine wanted to run and was not let: the host has more work than CPUs, or a burst credit is used up. Inside it looks as if everything were slower, and pauses longer, for no reason."
	f.Evidence = known(citeRef(s.Ref, fmt.Sprintf("steal: mean %.0f%%, highest %.0f%%%s", s.Mean, s.Max, v.at(s))))
	f.Advice = []analyze.Advice{{Action: "Ask who runs the host: fewer machines on it, reserved CPU, or another kind of instance (not one with burst credits).",
		Effect: "The CPUs are really there.", Risk: "Cost.", Verify: "Steal below 1% at the same load."}}
	return []analyze.Finding{f}, true
}
