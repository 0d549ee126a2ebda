package machines

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/say"
)

const reasonOOM = "OOMKilled"

var oomKilled = &analyze.Rule{
	ID:     ids.OOMKilled,
	Doc:    "The kernel killed a container of a pod for want of memory, and Kubernetes started it anew.",
	Needs:  needsPod,
	Fix:    "Raise the container's memory limit, or lower what its processes take outside and inside of the heap.",
	Limits: []analyze.Threshold{podRecent, podJustNow, manyRestarts},
	Run:    analyze.Each(podViews.Of, judgeOOMKilled),
}

// judgeOOMKilled tells of each container that was killed for want of memory.
func judgeOOMKilled(pass *analyze.Pass, v *podView) (out []analyze.Finding) {
	pass.Evaluated()
	for _, e := range v.ends() {
		if e.how.Reason == reasonOOM {
			out = append(out, v.oomKilled(&e))
		}
	}
	return out
}

func (v *podView) oomKilled(e *ended) analyze.Finding {
	f := analyze.Finding{Severity: e.severity(), Confidence: analyze.High, Weight: 0.7}
	if !f.Severity.AtLeast(analyze.Warning) { // one kill is no accident either
		f.Severity = analyze.Warning
	}
	limit := say.Text("no memory limit of its own: the node ran out")
	now := ""
	for i := range v.look.Pod.Spec.Containers {
		c := &v.look.Pod.Spec.Containers[i]
		if bytes, ok := analyze.ContainerLimit(c, "memory"); ok && c.Name == e.Name {
			limit, now = say.Text("its memory limit is %s", say.Size("limit", bytes)), ", now "+say.Quote(c.Resources.Limits["memory"])
		}
	}
	f.Say("The kernel killed container %s of pod %s for want of memory at %s; %s, %s", say.Target(e.Name), say.Target(v.look.Pod.Metadata.Name),
		say.UTC(e.how.Finished, time.DateTime), limit, restarts(e.ContainerStatus))
	f.Impact = "what the container was doing is lost, without a word in its own log"
	f.Explanation = "Heap, metaspace, threads, direct buffers and files in memory (emptyDir of medium Memory) together were more than the " +
		"limit of the container, so the kernel ended a process of it. Its dumps and counters in this capture are those of the process started after."
	e.at.Text = fmt.Sprintf("lastState.terminated: reason %s, exit code %d, finished %s", reasonOOM, e.how.ExitCode, say.UTC(e.how.Finished, time.DateTime))
	f.Evidence = []analyze.Evidence{e.at}
	f.Advice = []analyze.Advice{{
		Action: "Raise the memory limit of the container (resources.limits.memory" + now + "), or lower the heap so that a quarter of the limit is " +
			"left for everything else.",
		Effect: "Room for a peak: no kill.",
		Risk:   "The node must have the memory; a smaller heap needs more collections.",
		Verify: "kubectl get pod shows no further restart at the same load.",
	}, {
		Action: "Measure what takes the memory outside of the heap: run the JVM with -XX:NativeMemoryTracking=summary and capture again shortly before the " +
			"limit is reached.",
		Effect: "The next limit is computed, not guessed.",
		Risk:   "Native memory tracking costs 5 to 10 % of the JVM's speed.",
		Verify: "The report shows native memory by kind.",
	}}
	f.References = []string{"Kubernetes: Assign Memory Resources to Containers and Pods"}
	return f
}
