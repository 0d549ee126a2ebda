package machines

import (
	"fmt"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

var (
	hostStallLeast = analyze.NewLimit(3.0, "s", "that a sample came late", "three samples of one second")
)

var hostStall = &analyze.Rule{
	ID:     ids.HostStall,
	Doc:    "The whole machine, not one program, stood still for seconds.",
	Needs:  needsHost,
	Fix:    "Ask who runs the host for migrations, snapshots and backups at that moment.",
	Limits: []analyze.Threshold{hostStallLeast, stealWarn, cpuWarn, views.SpanLeast},
	Run:    analyze.Each(machines, judgeHostStall),
}

// judgeHostStall goes by samples that came late: casefile itself got no CPU. When all CPUs are busy that is no news.
func judgeHostStall(pass *analyze.Pass, v *hostView) []analyze.Finding {
	s := v.Stall
	if !s.Known() || !v.long() {
		return nil
	}
	if s.Max < hostStallLeast.Value || v.CPU.Busy.Known() && v.CPU.Busy.Mean >= 100*cpuWarn.Value {
		pass.Evaluated()
		return nil
	}
	f := analyze.Finding{
		Severity:   analyze.Warning,
		Confidence: analyze.Low,
		Weight:     min(1, s.Max/max(v.Span.Seconds(), 1)),
	}
	f.Say("The machine stood still for %s%s, though its CPUs were not full", say.Measured("stall", s.Max, "s"), say.As(v.at(s), ""))
	f.Impact = "nothing on it ran meanwhile: other nodes may have taken it for dead"
	f.Explanation = "A sample that was due came that much later. A virtual machine that is moved, saved or put " +
		"aside by its host stands still like that, and so does one that swaps."
	f.Evidence = cite.Known(cite.Ref(s.Ref, fmt.Sprintf("sample late by %s s", say.Number(s.Max))))
	if st := v.CPU.Steal; st.Known() && st.Max >= stealWarn.Value {
		f.Confidence = analyze.Medium
		f.Evidence = append(f.Evidence, cite.Ref(st.Ref, fmt.Sprintf("steal up to %s", say.Percent(st.Max/100))))
	}
	f.Advice = []analyze.Advice{{Action: "Ask who runs the host for migrations, snapshots and backups of this " +
		"machine at that moment: the log of the hypervisor or the cloud's events page has them, dmesg -T and journalctl -k what the machine noticed.",
		Effect: "Stops that nobody inside can explain are gone.", Risk: "None in asking.", Verify: "No sample comes " +
			"late in a capture over the same hours."}}
	return []analyze.Finding{f}
}
