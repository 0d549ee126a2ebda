package machines

import (
	"strconv"
	"time"

	"casefile/analyze"
	"casefile/analyze/say"
	"casefile/bundle/format/pods"
)

const needsPod = "what Kubernetes says of the pod: casefile collect --node k8s://NAMESPACE/POD"

var (
	podRecent = analyze.NewLimit(24*time.Hour, "", "before the capture that the end of a container counts",
		"own judgement: what is older is another story")
	podJustNow = analyze.NewLimit(time.Hour, "", "before the capture from which on it may be why one captures",
		"an API server keeps events for an hour")
)

// podViews are the nodes that are pods of which Kubernetes gave an account.
var podViews = analyze.NewMemo(func(p *analyze.Pass) (all []*podView) {
	for _, n := range p.Nodes {
		if n.Pod != nil && n.Pod.Newest() != nil {
			all = append(all, &podView{node: n, Pod: n.Pod, look: n.Pod.Newest()})
		}
	}
	return all
})

// podView is one pod.
type podView struct {
	*analyze.Pod
	node *analyze.Node
	look *analyze.PodLook // the newest
}

// About names the JVM of the pod, where it has one only.
func (v *podView) About() analyze.Subject {
	s := analyze.Subject{Node: v.node.Name}
	if len(v.node.JVMs) == 1 {
		s.Name = v.node.JVMs[0].Target
	}
	return s
}

// ended is a container that ended and is to run.
type ended struct {
	*pods.ContainerStatus
	how *pods.Terminated
	// during the capture; justNow: or shortly before.
	during, justNow bool
	at              analyze.Evidence
}

// ends are the containers that ended recently, with the last time that each did.
func (v *podView) ends() (list []ended) {
	for i := range v.look.Pod.Status.Containers {
		c := &v.look.Pod.Status.Containers[i]
		how, state := c.State.Terminated, `"state"`
		if how == nil {
			how, state = c.Last.Terminated, `"lastState"`
		}
		if how == nil || how.Finished.IsZero() || v.look.Taken.Sub(how.Finished) > podRecent.Value {
			continue
		}
		list = append(list, ended{
			ContainerStatus: c, how: how, during: v.restartsDuring(c) > 0,
			justNow: v.look.Taken.Sub(how.Finished) <= podJustNow.Value,
			at:      v.look.Cite("", `"containerStatuses"`, `"name": `+strconv.Quote(c.Name), state, `"finishedAt"`),
		})
	}
	return list
}

// restartsDuring counts the restarts of a container between the two looks.
func (v *podView) restartsDuring(c *pods.ContainerStatus) int {
	if v.First == nil || v.Last == nil {
		return 0
	}
	if before := v.First.Status(c.Name); before != nil {
		return c.Restarts - before.Restarts
	}
	return 0
}

// restarts says how often a container was started anew.
func restarts(c *pods.ContainerStatus) say.Phrase {
	return say.Text("%s in all", say.Counted("restarts", c.Restarts, "restart"))
}

// severity of an end: one that is old, and the only one, is a note.
func (e *ended) severity() analyze.Severity {
	switch {
	case e.during, e.justNow && e.Restarts >= manyRestarts.Value:
		return analyze.Critical
	case e.justNow, e.Restarts >= manyRestarts.Value:
		return analyze.Warning
	}
	return analyze.Info
}

var manyRestarts = analyze.NewLimit(3, "restarts", "of a container from which on it is no accident", "own judgement")
