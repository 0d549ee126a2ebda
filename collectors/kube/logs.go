package kube

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/budget"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/pods"
	"casefile/bundle/redact"
)

// Bounds of the output of one container: what the kubelet reads and sends, and what is kept.
const (
	logSince   = time.Hour
	logLines   = 100_000
	logBytes   = 16 << 20
	logsAtOnce = 4
	maxLogged  = 10 // containers of a pod
)

// logs takes the output of the containers, and of those that were restarted that before it. Files of the same
// application are captured where it runs: what it writes to its output, only the container's runtime has.
func (a *Account) logs(ctx context.Context) {
	if a.MaxLogBytes == 0 {
		return
	}
	slots := make(chan struct{}, logsAtOnce)
	var wg sync.WaitGroup
	for _, p := range a.Pods {
		pod, known := a.known[p.Name]
		if !known {
			continue // told with its state
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			a.logsOf(ctx, p, pod)
		})
	}
	wg.Wait()
}

func (a *Account) logsOf(ctx context.Context, p Pod, pod pods.Pod) {
	list := pod.Status.Containers
	if len(list) > maxLogged {
		a.cover(p, bundle.Coverage{Item: entries.ItemPodLogs + "-rest", Status: bundle.Skipped, Cause: entries.TooLarge,
			Reason: fmt.Sprintf("the output of %d of %d containers is left out", len(list)-maxLogged, len(list))})
		list = list[:maxLogged]
	}
	taken, failed := 0, error(nil)
	for _, c := range list {
		if !name(c.Name) {
			continue
		}
		began := c.State.Running != nil || c.State.Terminated != nil
		if began {
			failed = first(failed, a.log(ctx, p, c.Name, entries.PodLog, "--since="+logSince.String()))
			taken++
		}
		if c.Restarts > 0 && c.Last.Terminated != nil {
			failed = first(failed, a.log(ctx, p, c.Name, entries.PodLogBefore, "--previous"))
			taken++
		}
	}
	switch {
	case failed != nil:
		a.lost(p, entries.ItemPodLogs, failed)
	case taken == 0:
		a.cover(p, bundle.Coverage{Item: entries.ItemPodLogs, Status: bundle.Absent, Cause: entries.NotThere, Reason: "no container of the pod has been started"})
	default:
		a.cover(p, bundle.Coverage{Item: entries.ItemPodLogs, Status: bundle.OK})
	}
}

// log takes the newest part of one output.
func (a *Account) log(ctx context.Context, p Pod, container string, file entries.File, which string) error {
	began := time.Now()
	out := &tail{most: int(min(a.MaxLogBytes, logBytes))}
	args := []string{p.Name, "-c", container, which, "--tail=" + strconv.Itoa(logLines)}
	err := a.Client.stream(ctx, out, []string{"logs"}, args...)
	text := out.newest()
	if len(text) == 0 {
		return err
	}
	e := a.entry(p, file.Of(container), fmt.Sprintf("kubectl logs %s -c %s %s", p.Name, container, which), began)
	switch lines := bytes.Count(text, []byte{'\n'}); {
	case err != nil:
		e.Truncated = "the end is missing: " + err.Error()
	case out.dropped > 0:
		e.Truncated = fmt.Sprintf("the newest %s of %s", budget.Size(int64(len(text))), budget.Size(out.all))
	case lines >= logLines:
		e.Truncated = fmt.Sprintf("the newest %d lines", lines)
	}
	if a.Scrub != nil {
		if clean, failed := a.Scrub(ctx, p, text); failed == nil { // else the rules do what they can, as for a pod that cannot be entered
			text = clean
		}
	}
	return first(err, a.Bundle.Add(e, redact.Text, text))
}

func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// name reports whether a name from an answer can be an argument and the name of an entry.
func name(text string) bool {
	for _, c := range text {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return text != "" && len(text) <= 63 && text[0] != '-'
}

// tail keeps the newest bytes of what is written, from the beginning of a line on.
type tail struct {
	most         int
	buf          []byte
	all, dropped int64
}

func (t *tail) Write(p []byte) (int, error) {
	t.all += int64(len(p))
	if t.buf = append(t.buf, p...); len(t.buf) > 2*t.most {
		t.cut()
	}
	return len(p), nil
}

func (t *tail) cut() {
	if over := len(t.buf) - t.most; over > 0 {
		t.dropped += int64(over)
		t.buf = t.buf[:copy(t.buf, t.buf[over:])]
	}
}

func (t *tail) newest() []byte {
	t.cut()
	if t.dropped > 0 {
		_, rest, whole := bytes.Cut(t.buf, []byte{'\n'})
		if whole {
			return rest
		}
	}
	return t.buf
}
