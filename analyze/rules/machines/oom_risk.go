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
	Fix:    "Raise the limit, or lower what the JVM takes outside and inside of the heap.",
	Limits: []analyze.Threshold{memoryFull, memoryAvailable},
	Run:    analyze.Sequence(analyze.Each(machines, judgeOOM), analyze.Each(views.Recordings.Of, judgeRecordedMemory)),
}

// killFinding is about processes that the kernel ended for want of memory.
func killFinding(subject, who string, n float64, evidence []analyze.Evidence) analyze.Finding {
	f := analyze.Finding{Severity: analyze.Critical, Confidence: analyze.High, Weight: 0.7, Subject: subject, Evidence: evidence}
	f.Say("The kernel killed %s on %s for want of memory during the capture", killed(n), who)
	f.Impact = "what was killed is gone without a word in its own log"
	f.Explanation = "Nothing was left to give, so the kernel ended a process. For a JVM that means: heap, " +
		"metaspace, threads and direct buffers together are more than what there is."
	f.Advice = []analyze.Advice{{
		Action: "See who it was (dmesg, journalctl -k: \"Killed process\"), and fit its memory to the limit: heap " +
			"at most " +
			"three quarters of it.",
		Effect: "No kill.",
		Risk:   "A smaller heap needs more collections, a larger limit more memory.",
		Verify: "The counter of kills stands still.",
	}}
	return f
}

// judgeOOM looks at kills, at the limits of containers, and at what the machine has left.
func judgeOOM(pass *analyze.Pass, v *hostView) (out []analyze.Finding) {
	m := v.Memory
	if m.OOMKills.Known() && m.OOMKills.Value >= 1 {
		evidence := cite.Known(cite.Ref(m.OOMKills.Ref, fmt.Sprintf("%s kills", say.Number(m.OOMKills.Value))))
		out = append(out, killFinding("", "this machine", m.OOMKills.Value, evidence))
	}
	for i := range v.Cgroups {
		g := &v.Cgroups[i]
		targets := v.targetsIn(g)
		if len(targets) == 0 || !g.WorkingSetPercent.Known() || !g.MemoryLimit.Known() {
			continue
		}
		pass.Evaluated()
		if used := g.WorkingSetPercent; used.Value >= memoryFull.Value {
			limit := say.Size("limit", g.MemoryLimit.Value)
			out = append(out, v.nearLimit(say.List(targets), say.Text("the container's limit of %s", limit), used.Value, cite.Known(
				cite.Ref(used.Ref, say.Percent(used.Value/100)+" of the limit, without page cache that can go"),
				cite.Ref(g.MemoryLimit.Ref, limit.String()))))
		}
	}
	least := m.AvailableLeast
	if !least.Known() {
		least = m.AvailablePercent
	}
	if least.Known() {
		pass.Evaluated()
		if least.Value < memoryAvailable.Value {
			out = append(out, v.nearLimit("", say.Text("the machine's memory of %s", say.Size("memory", m.Total.Value)), 100-least.Value,
				cite.Known(cite.Ref(least.Ref, say.Percent(least.Value/100)+" available at the least"))))
		}
	}
	if m.OOMKills.Known() {
		pass.Evaluated()
	}
	return out
}

func killed(n float64) say.Phrase {
	if n == 1 {
		return say.Text("a process")
	}
	return say.Text("%s processes", say.Amount("killed", n, "processes"))
}

func (v *hostView) nearLimit(subject string, of say.Phrase, used float64, evidence []analyze.Evidence) analyze.Finding {
	f := analyze.Finding{
		Severity:    analyze.Warning,
		Confidence:  analyze.High,
		Weight:      0.3,
		Subject:     subject,
		Evidence:    evidence,
		Impact:      "a little more, and the kernel kills a process or everything waits for memory",
		Explanation: "File cache is not counted, so nothing is left that could be given back.",
		Advice: []analyze.Advice{{Action: "Raise the limit, or lower what the JVM takes: heap, then the number of " +
			"threads and direct buffers (jcmd PID VM.native_memory, with -XX:NativeMemoryTracking=summary, " +
			"tells them apart).",
			Effect: "Room for a peak.", Risk: "A heap that is too small collects all the time: look at its live " +
				"set.", Verify: "Below 85 % at the same load."}},
	}
	f.Say("%s of %s are in use", say.Share("used_share", used/100), of)
	return f
}
