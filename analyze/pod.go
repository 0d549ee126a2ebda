package analyze

import (
	"strings"
	"time"

	"casefile/bundle/format/pods"
)

// Pod is what Kubernetes says of a node of the case that is a pod.
type Pod struct {
	// First and Last are the pod when the capture began and when it ended; nil: not captured.
	First, Last *PodLook
	Events      *PodEvents  // nil: not captured
	Machine     *PodMachine // the node of Kubernetes that it runs on; nil: not captured
}

// Text is an entry and its lines, to be cited.
type Text struct {
	Source string
	Lines  []string
}

// Cite points at the line with the last of the words, each of which stands at or after the one before it. Where one is
// not there, the whole entry is meant.
func (t *Text) Cite(text string, words ...string) Evidence {
	at := 0
	for _, w := range words {
		for at < len(t.Lines) && !strings.Contains(t.Lines[at], w) {
			at++
		}
	}
	e := Evidence{Entry: t.Source, Text: text}
	if at < len(t.Lines) && len(words) > 0 {
		e.Lines = Lines(at+1, at+1)
	}
	return e
}

// PodLook is a pod at one moment.
type PodLook struct {
	Text
	*pods.Snapshot
}

// PodEvents are the events about it.
type PodEvents struct {
	Text
	*pods.EventLog
}

// PodMachine is its node.
type PodMachine struct {
	Text
	*pods.MachineSnapshot
}

// Newest is the later of its looks; nil: there is none.
func (p *Pod) Newest() *PodLook {
	if p.Last != nil {
		return p.Last
	}
	return p.First
}

// Captured is the container whose processes are those of the case: what was asked for, and how it goes.
func (l *PodLook) Captured() (spec *pods.Container, status *pods.ContainerStatus) {
	for i := range l.Pod.Spec.Containers {
		if c := &l.Pod.Spec.Containers[i]; c.Name == l.Container {
			spec = c
		}
	}
	return spec, l.Status(l.Container)
}

// Status is how it goes with a container; nil: not known.
func (l *PodLook) Status(container string) *pods.ContainerStatus {
	for i := range l.Pod.Status.Containers {
		if c := &l.Pod.Status.Containers[i]; c.Name == container {
			return c
		}
	}
	return nil
}

// ContainerLimit is the limit of a container, "cpu" in CPUs or "memory" in bytes; false: it has none.
func ContainerLimit(c *pods.Container, resource string) (float64, bool) {
	if c == nil {
		return 0, false
	}
	return pods.Amount(c.Resources.Limits[resource])
}

// About gives the events of a reason, the newest last, and how often they were said since a moment.
func (e *PodEvents) About(since time.Time, reasons ...string) (list []pods.Event, times int) {
	if e == nil {
		return nil, 0
	}
	for i := range e.Events {
		for _, r := range reasons {
			if ev := &e.Events[i]; ev.Reason == r && !ev.At().Before(since) {
				list, times = append(list, *ev), times+ev.Times()
			}
		}
	}
	return list, times
}
