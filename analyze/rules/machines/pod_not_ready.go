package machines

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
	"casefile/bundle/format/pods"
)

var startsWithin = analyze.NewLimit(10*time.Minute, "", "that a container may take to become ready", "own judgement: a large application starts in minutes")

var podNotReady = &analyze.Rule{
	ID:     ids.PodNotReady,
	Doc:    "A pod whose containers run is not ready, so that no Service sends it requests.",
	Needs:  needsPod,
	Fix:    "See what its readiness probe asks, and why it is not answered.",
	Limits: []analyze.Threshold{startsWithin},
	Run:    analyze.Each(podViews.Of, judgeReady),
}

// judgeReady tells of a pod that runs and is not ready for long.
func judgeReady(pass *analyze.Pass, v *podView) []analyze.Finding {
	pass.Evaluated()
	ready := condition(v.look.Pod.Status.Conditions, "Ready")
	if ready == nil || ready.Status != "False" || v.look.Pod.Status.Phase != "Running" || !v.look.Pod.Metadata.Deleted.IsZero() {
		return nil
	}
	since := ready.Changed
	for i := range v.look.Pod.Status.Containers {
		c := &v.look.Pod.Status.Containers[i]
		if c.State.Running == nil {
			return nil // told as what does not run
		}
		if !c.Ready && c.State.Running.Started.After(since) {
			since = c.State.Running.Started
		}
	}
	lasts := v.look.Taken.Sub(since)
	f := analyze.Finding{Severity: analyze.Warning, Confidence: analyze.High, Weight: 0.6}
	if lasts < startsWithin.Value {
		f.Severity = analyze.Info
	}
	f.Say("Pod %s is not ready since %s (%s), so it gets no requests from its Service", v.name(), say.UTC(since, time.DateTime), say.Time("not_ready", lasts))
	f.Impact = "the other pods carry its share"
	f.Explanation = "A Service sends requests to ready pods only. " + say.Quote(ready.Message)
	f.Evidence = []analyze.Evidence{v.look.Cite("condition Ready is False", `"conditions"`, `"type": "Ready"`, `"status": "False"`)}
	if list, _ := v.Events.About(since, "Unhealthy"); len(list) > 0 {
		last := list[len(list)-1]
		f.Evidence = append(f.Evidence, v.Events.Cite(cite.Line(last.Message), `"Unhealthy"`))
		f.Explanation = "A Service sends requests to ready pods only. " + say.Quote(last.Message)
	}
	f.Advice = []analyze.Advice{{
		Action: fmt.Sprintf("Ask the readiness probe by hand from within the pod (kubectl exec -n %[1]s %[2]s -- curl -sv localhost:PORT/PATH, with port and path of "+
			"kubectl get pod -n %[1]s %[2]s -o jsonpath='{..readinessProbe}'), and see in thread dumps what the threads that should answer it wait for.",
			v.look.Pod.Metadata.Namespace, v.look.Pod.Metadata.Name),
		Effect: "The cause is known.", Risk: "None.", Verify: "kubectl get pod shows READY.",
	}}
	return []analyze.Finding{f}
}

// condition is the one of a type; nil: there is none.
func condition(list []pods.Condition, kind string) *pods.Condition {
	for i := range list {
		if list[i].Type == kind {
			return &list[i]
		}
	}
	return nil
}
