package machines

import (
	"fmt"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
)

var (
	memoryFull = analyze.NewLimit(95.0, "%", "a container's memory limit in use, without page cache that can "+
		"go", "JDK Mission Control: 85 and 95 %")
	memoryAvailable = analyze.NewLimit(
		3.0,
		"%",
		"the machine's memory available, at least",
		"a burst of a heap takes it",
	)
)

var oomRisk = &analyze.Rule{
	ID:     ids.OOMRisk,
	Doc:    "Memory of the machine or of a container is nearly used up, or the kernel killed a process for it.",
	Needs:  needsHost,
	Limits: []analyze.Threshold{memoryFull, memoryAvailable},
	Run:    analyze.Each(machines, judgeOOM),
}

// judgeOOM looks at kills, at the limits of containers, and at what the machine has left.
func judgeOOM(pass *analyze.Pass, v *hostView) (out []analyze.Finding) {
	m := v.Memory
	kill := func(subject, who string, n float64, evidence []analyze.Evidence) {
		out = append(
			out,
			analyze.Finding{
				Severity:   analyze.Critical,
				Confidence: analyze.High,
				Weight:     0.7,
				Subject:    subject,
				Evidence:   evidence,
				Title: fmt.Sprintf(
					"The kernel killed %s on %s for want of memory during the capture",
					killed(n),
					who,
				),
				Impact: "what was killed is gone without a word in its own log",
				Explanation: "Nothing was left to give, so the kernel ended a process. For a JVM that means: heap, " +
					"metaspace, threads and direct buffers together are more than what there is.",
				Advice: []analyze.Advice{
					{Action: "See who it was (dmesg, journalctl -k: \"Killed process\"), and fit " +
						"its memory to the limit: heap at most three quarters of it.",
						Effect: "No kill.", Risk: "A smaller heap needs more collections, a larger limit more " +
							"memory.", Verify: "The counter of kills stands still."},
				},
			},
		)
	}
	if m.OOMKills.Known() && m.OOMKills.Value >= 1 {
		kill(
			"",
			"this machine",
			m.OOMKills.Value,
			cite.Known(cite.Ref(m.OOMKills.Ref, fmt.Sprintf("%.0f kills", m.OOMKills.Value))),
		)
	}
	for i := range v.Cgroups {
		g := &v.Cgroups[i]
		targets := v.targetsIn(g)
		if len(targets) == 0 || !g.WorkingSetPercent.Known() || !g.MemoryLimit.Known() {
			continue
		}
		pass.Evaluated()
		if used := g.WorkingSetPercent; used.Value >= memoryFull.Value {
			out = append(
				out,
				v.nearLimit(
					say.List(targets),
					"the container's limit of "+say.Bytes(g.MemoryLimit.Value),
					used.Value,
					cite.Known(
						cite.Ref(
							used.Ref,
							fmt.Sprintf("%.0f%% of the limit, without page cache that can go", used.Value),
						),
						cite.Ref(g.MemoryLimit.Ref, say.Bytes(g.MemoryLimit.Value)),
					),
				),
			)
		}
	}
	least := m.AvailableLeast
	if !least.Known() {
		least = m.AvailablePercent
	}
	if least.Known() {
		pass.Evaluated()
		if least.Value < memoryAvailable.Value {
			out = append(out, v.nearLimit("", "the machine's memory of "+say.Bytes(m.Total.Value), 100-least.Value,
				cite.Known(cite.Ref(least.Ref, fmt.Sprintf("%.1f%% available at the least", least.Value)))))
		}
	}
	if m.OOMKills.Known() {
		pass.Evaluated()
	}
	return out
}

func killed(n float64) string {
	if n == 1 {
		return "a process"
	}
	return fmt.Sprintf("%.0f processes", n)
}

func (v *hostView) nearLimit(subject, of string, used float64, evidence []analyze.Evidence) analyze.Finding {
	return analyze.Finding{
		Severity:    analyze.Warning,
		Confidence:  analyze.High,
		Weight:      0.3,
		Subject:     subject,
		Evidence:    evidence,
		Title:       fmt.Sprintf("%.0f%% of %s are in use", used, of),
		Impact:      "a little more, and the kernel kills a process or everything waits for memory",
		Explanation: "File cache is not counted, so nothing is left that could be given back.",
		Advice: []analyze.Advice{{Action: "Raise the limit, or lower what the JVM takes: heap, then the number of " +
			"threads and direct buffers (jcmd <pid> VM.native_memory, with -XX:NativeMemoryTracking=summary, " +
			"tells them apart).",
			Effect: "Room for a peak.", Risk: "A heap that is too small collects all the time: look at its live " +
				"set.", Verify: "Below 85% at the same load."}},
	}
}
