package machines

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
	"casefile/bundle/format/pods"
)

var podRestarts = &analyze.Rule{
	ID: ids.PodRestarts,
	Doc: "A container of a pod ended and was started anew, does not start at all, or the pod was evicted. Ends for want of memory are " +
		"another rule's.",
	Needs:  needsPod,
	Fix:    "See why it ends: its output before the restart, the probe that failed, the exit code.",
	Limits: []analyze.Threshold{podRecent, podJustNow, manyRestarts},
	Run:    analyze.Each(podViews.Of, judgeRestarts),
}

// judgeRestarts tells of an evicted pod, and of containers that do not start or end again and again.
func judgeRestarts(pass *analyze.Pass, v *podView) (out []analyze.Finding) {
	pass.Evaluated()
	if v.look.Pod.Status.Reason == "Evicted" {
		out = append(out, v.evicted())
	}
	for i := range v.look.Pod.Status.Containers {
		if c := &v.look.Pod.Status.Containers[i]; c.State.Waiting != nil && slices.Contains(stuck, c.State.Waiting.Reason) {
			out = append(out, v.notStarted(c))
		}
	}
	for _, e := range v.ends() {
		waits := e.State.Waiting != nil && slices.Contains(stuck, e.State.Waiting.Reason)
		done := e.how.ExitCode == 0 && v.look.Pod.Spec.RestartPolicy != "Always"
		if e.how.Reason != reasonOOM && !waits && !done {
			out = append(out, v.restarted(&e))
		}
	}
	return out
}

// stuck are reasons for which a container waits and does not start by itself (pkg/kubelet/kuberuntime, pkg/kubelet/images).
var stuck = []string{"CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "InvalidImageName", "CreateContainerConfigError",
	"CreateContainerError", "RunContainerError", "ErrImageNeverPull"}

// exits are exit codes that say what happened; 128 and the number of a signal are by that.
var exits = map[int]string{
	3:   "a JVM with -XX:+ExitOnOutOfMemoryError exits like this",
	134: "SIGABRT: a JVM that crashes ends like this, see its hs_err file",
	137: "SIGKILL: it did not end in time when it was asked to, or somebody killed it",
	139: "SIGSEGV: native code crashed",
	143: "SIGTERM: it was asked to end",
	255: "also where the node restarted",
}

func exit(code int) string {
	text := "exit code " + strconv.Itoa(code)
	if means, known := exits[code]; known {
		text += " (" + means + ")"
	}
	return text
}

func (v *podView) name() say.Phrase { return say.Target(v.look.Pod.Metadata.Name) }

func (v *podView) evicted() analyze.Finding {
	s := &v.look.Pod.Status
	f := analyze.Finding{Severity: analyze.Critical, Confidence: analyze.High, Weight: 1}
	f.Say("Pod %s was evicted from node %s: %s", v.name(), say.Target(v.look.Pod.Spec.NodeName), say.Quote(s.Message))
	f.Impact = "the pod does not run any more"
	f.Explanation = "The kubelet ends pods when its node runs out of memory, disk or process ids, first those that use more than they requested."
	f.Evidence = []analyze.Evidence{v.look.Cite("status.reason: Evicted", `"status"`, `"Evicted"`)}
	f.Advice = []analyze.Advice{{
		Action: "Request what the pod uses in truth (resources.requests), so that the scheduler finds a node with room for it and others are " +
			"evicted before it.",
		Effect: "The pod is among the last to go.", Risk: "It needs a node with that much left.",
		Verify: "kubectl describe node shows no pressure, and the requests of its pods fit.",
	}}
	return f
}

func (v *podView) notStarted(c *pods.ContainerStatus) analyze.Finding {
	f := analyze.Finding{Severity: analyze.Critical, Confidence: analyze.High, Weight: 0.9}
	f.Say("Container %s of pod %s does not run: %s, %s", say.Target(c.Name), v.name(), say.Quote(c.State.Waiting.Reason), restarts(c))
	f.Impact = "the pod serves nothing until it starts"
	f.Evidence = []analyze.Evidence{v.look.Cite("state.waiting: "+say.Quote(c.State.Waiting.Reason)+" "+say.Quote(c.State.Waiting.Message),
		`"containerStatuses"`, `"name": `+strconv.Quote(c.Name), `"waiting"`, `"reason"`)}
	how := c.Last.Terminated
	if how != nil {
		f.Explanation = "It ended last at " + say.UTC(how.Finished, time.DateTime) + " with " + exit(how.ExitCode) + "."
		if how.Reason == reasonOOM {
			f.Explanation = "The kernel killed it last at " + say.UTC(how.Finished, time.DateTime) + " for want of memory."
		}
	}
	f.Advice = []analyze.Advice{v.seeWhy()}
	return f
}

func (v *podView) seeWhy() analyze.Advice {
	m := &v.look.Pod.Metadata
	return analyze.Advice{
		Action: fmt.Sprintf("Read what it wrote before it ended (previous-logs in the bundle; kubectl logs -n %s %s --previous), and the events (kubectl describe "+
			"pod -n %s %s).", m.Namespace, m.Name, m.Namespace, m.Name),
		Effect: "The cause is known.", Risk: "None.", Verify: "The number of restarts stands still.",
	}
}

// probe is the liveness probe that ended the container, as the events tell it.
func (v *podView) probe(e *ended) (times int, at analyze.Evidence) {
	list, _ := v.Events.About(e.how.Finished.Add(-podJustNow.Value), "Unhealthy")
	for _, ev := range list {
		if strings.HasPrefix(ev.Message, "Liveness probe") && strings.Contains(ev.Object.FieldPath, "{"+e.Name+"}") {
			times += ev.Times()
			at = v.Events.Cite(cite.Line(ev.Message), "Liveness probe")
		}
	}
	return times, at
}

func (v *podView) restarted(e *ended) analyze.Finding {
	f := analyze.Finding{Severity: e.severity(), Confidence: analyze.High, Weight: 0.5}
	f.Say("Container %s of pod %s ended at %s with %s and was started anew; %s", say.Target(e.Name), v.name(), say.UTC(e.how.Finished, time.DateTime),
		say.As(exit(e.how.ExitCode), "an exit code"), restarts(e.ContainerStatus))
	f.Impact = "what it was doing is lost, and the new process is cold"
	f.Explanation = "Its dumps and counters in this capture are those of the process started after."
	e.at.Text = fmt.Sprintf("reason %s, exit code %d, finished %s", say.Quote(e.how.Reason), e.how.ExitCode, say.UTC(e.how.Finished, time.DateTime))
	f.Evidence = []analyze.Evidence{e.at}
	f.Advice = []analyze.Advice{v.seeWhy()}
	if times, at := v.probe(e); times > 0 {
		f.Add("; its liveness probe had failed %s", say.Times("probe_failures", times))
		f.Evidence = append(f.Evidence, at)
		f.Explanation = "The kubelet ends a container whose liveness probe fails. One that is merely slow is made slower by that: the new process is cold, and its " +
			"peers take its load. " + f.Explanation
		f.Advice = append([]analyze.Advice{{
			Action: "Let the liveness probe ask for what only a restart cures, with a timeout (timeoutSeconds, failureThreshold) above the longest pause " +
				"of the JVM; a slow answer is the readiness probe's business.",
			Effect: "A pause or a slow minute is no restart.", Risk: "A process that hangs for good is restarted later.",
			Verify: "kubectl describe pod shows no \"Liveness probe failed\" at the same load.",
		}}, f.Advice...)
	}
	return f
}
