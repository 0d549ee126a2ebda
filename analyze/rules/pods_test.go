package rules

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/bundle/format/pods"
)

const answers = "../../testdata/kubernetes/"

// taken is when the pods of the answers were looked at.
var taken = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// answer reads the objects of an API server's answer.
func answer[T any](t *testing.T, file string) []T {
	t.Helper()
	text, err := os.ReadFile(answers + file)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pods.FromAPI[T](text)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func entryOf[T any](t *testing.T, source string, text []byte, err error, read func([]byte) (T, error)) (analyze.Text, T) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	v, err := read(text)
	if err != nil {
		t.Fatal(err)
	}
	return analyze.Text{Source: source, Lines: strings.Split(string(text), "\n")}, v
}

// look is a pod as a bundle has it.
func look(t *testing.T, p pods.Pod, at time.Time) *analyze.PodLook {
	t.Helper()
	text, err := pods.PodEntry(p, "app", at)
	cite, snap := entryOf(t, "kubernetes/pod-last.json", text, err, func(b []byte) (*pods.Snapshot, error) { return pods.ReadPod(bytes.NewReader(b)) })
	return &analyze.PodLook{Text: cite, Snapshot: snap}
}

// pod is the one of the answers that was killed, changed as the test wants it, and its two looks.
func podOf(t *testing.T, name string, change func(*pods.Pod)) *analyze.Pod {
	t.Helper()
	all := answer[pods.Pod](t, "pods.json")
	i := slices.IndexFunc(all, func(p pods.Pod) bool { return p.Metadata.Name == name })
	if change != nil {
		change(&all[i])
	}
	return &analyze.Pod{First: look(t, all[i], taken.Add(-time.Minute)), Last: look(t, all[i], taken)}
}

func podFindings(t *testing.T, p *analyze.Pod) map[string]analyze.Finding {
	t.Helper()
	n := &analyze.Node{Name: "web", Pod: p}
	res, err := analyze.Run(t.Context(), &analyze.Case{Started: taken.Add(-time.Minute), Ended: taken, Nodes: []*analyze.Node{n}}, systemRules())
	if err != nil || len(res.Broken) > 0 {
		t.Fatal(err, res.Broken)
	}
	actable(t, res)
	found := map[string]analyze.Finding{}
	for _, f := range res.Findings {
		wholeFinding(t, f)
		found[f.ID] = f
	}
	return found
}

// What happened to a pod is found, with the line that says so; a healthy pod gets nothing.
func TestPods(t *testing.T) {
	status := func(p *pods.Pod) *pods.ContainerStatus { return &p.Status.Containers[0] }
	ended := func(code int, reason string, at time.Time) pods.State {
		return pods.State{Terminated: &pods.Terminated{ExitCode: code, Reason: reason, Finished: at}}
	}
	ready := func(p *pods.Pod) { p.Status.Conditions[0].Status = "True" }
	for _, c := range []struct {
		what, pod string
		change    func(*pods.Pod)
		want      map[string]string // id to severity and a part of the title
	}{
		{"a healthy one", "web-1", nil, nil},
		{"one that was killed for want of memory", "web-2", nil, map[string]string{
			ids.OOMKilled:   "critical container app of pod web-2 for want of memory at 2026-03-01 09:58:00 UTC; its memory limit is 1 GB, 4 restarts in all",
			ids.PodNotReady: "info Pod web-2 is not ready since 2026-03-01 09:58:20 UTC"}},
		{"one killed yesterday, once", "web-2", func(p *pods.Pod) {
			ready(p)
			status(p).Last, status(p).Restarts = ended(137, "OOMKilled", taken.Add(-20*time.Hour)), 1
		}, map[string]string{ids.OOMKilled: "warning"}},
		{"one killed last week", "web-2", func(p *pods.Pod) { ready(p); status(p).Last = ended(137, "OOMKilled", taken.Add(-200*time.Hour)) }, nil},
		{"one that ended by its probe", "web-2", func(p *pods.Pod) {
			ready(p)
			status(p).Last, status(p).Restarts = ended(143, "Error", taken.Add(-5*time.Minute)), 1
		}, map[string]string{ids.PodRestarts: "warning exit code 143 (SIGTERM"}},
		{"one that was restarted once, hours ago", "web-2", func(p *pods.Pod) {
			ready(p)
			status(p).Last, status(p).Restarts = ended(255, "Unknown", taken.Add(-5*time.Hour)), 1
		}, map[string]string{ids.PodRestarts: "info"}},
		{"one that does not start", "web-2", func(p *pods.Pod) {
			status(p).State = pods.State{Waiting: &pods.Waiting{Reason: "CrashLoopBackOff", Message: "back-off 5m0s restarting failed container"}}
			status(p).Last = ended(1, "Error", taken.Add(-2*time.Minute))
		}, map[string]string{ids.PodRestarts: `critical Container app of pod web-2 does not run: CrashLoopBackOff`}},
		{"one that was evicted", "web-1", func(p *pods.Pod) {
			p.Status.Phase, p.Status.Reason, p.Status.Message = "Failed", "Evicted", "The node was low on resource: memory."
		}, map[string]string{ids.PodRestarts: "critical evicted from node node-a: The node was low on resource: memory"}},
		{"one not ready for long", "web-1", func(p *pods.Pod) {
			p.Status.Conditions[0].Status, p.Status.Conditions[0].Changed = "False", taken.Add(-time.Hour)
		}, map[string]string{ids.PodNotReady: "warning (60 min)"}},
		{"a job that is done", "web-1", func(p *pods.Pod) {
			p.Spec.RestartPolicy, p.Status.Phase = "Never", "Succeeded"
			status(p).State = ended(0, "Completed", taken.Add(-time.Minute))
		}, nil},
		{"one of which nothing is told", "web-1", func(p *pods.Pod) { p.Status = pods.Status{} }, nil},
	} {
		t.Run(c.what, func(t *testing.T) {
			found := podFindings(t, podOf(t, c.pod, c.change))
			for id, f := range found {
				severity, says, _ := strings.Cut(c.want[id], " ")
				if string(f.Severity) != severity || !strings.Contains(f.Title, says) {
					t.Errorf("%s %s: %s; want %q", id, f.Severity, f.Title, c.want[id])
				}
			}
			for id := range c.want {
				if _, ok := found[id]; !ok {
					t.Errorf("no %s", id)
				}
			}
		})
	}
}

// The events name the probe that ended the container; the line cited is theirs.
func TestLivenessProbe(t *testing.T) {
	p := podOf(t, "web-2", func(p *pods.Pod) {
		p.Status.Containers[0].Last = pods.State{Terminated: &pods.Terminated{ExitCode: 143, Reason: "Error", Finished: taken.Add(-5 * time.Minute)}}
	})
	events := answer[pods.Event](t, "events.json")
	events[1].Message = "Liveness probe failed: context deadline exceeded"
	text, err := pods.EventsEntry(events, taken)
	p.Events = &analyze.PodEvents{}
	p.Events.Text, p.Events.EventLog = entryOf(t, "kubernetes/events.json", text, err, func(b []byte) (*pods.EventLog, error) { return pods.ReadEvents(bytes.NewReader(b)) })
	f := podFindings(t, p)[ids.PodRestarts]
	if !strings.Contains(f.Title, "its liveness probe had failed 12 times") {
		t.Errorf("%s", f.Title)
	}
	if k := len(f.Evidence); k != 2 || !strings.Contains(p.Events.Lines[atoi(t, f.Evidence[1].Lines)-1], "Liveness probe failed") {
		t.Errorf("%+v", f.Evidence)
	}
}

func atoi(t *testing.T, s string) (n int) {
	t.Helper()
	for _, c := range s {
		n = 10*n + int(c-'0')
	}
	if n == 0 {
		t.Fatalf("lines %q", s)
	}
	return n
}

// A node under pressure is told once, whatever number of captured pods it runs; one that is well is not.
func TestNodePressure(t *testing.T) {
	c := &analyze.Case{Started: taken.Add(-time.Minute), Ended: taken}
	for i, m := range []int{0, 1, 1} {
		text, err := pods.MachineEntry(answer[pods.Machine](t, "nodes.json")[m], taken)
		p := podOf(t, "web-1", nil)
		p.Machine = &analyze.PodMachine{}
		p.Machine.Text, p.Machine.MachineSnapshot = entryOf(t, "kubernetes/node.json", text, err, func(b []byte) (*pods.MachineSnapshot, error) { return pods.ReadMachine(bytes.NewReader(b)) })
		c.Nodes = append(c.Nodes, &analyze.Node{Name: "web-" + string(rune('a'+i)), Pod: p})
	}
	res, err := analyze.Run(t.Context(), c, systemRules())
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Findings) != 1 || res.Findings[0].ID != ids.NodePressure || !slices.Equal(res.Findings[0].Nodes, []string{"web-b", "web-c"}) ||
		!strings.Contains(res.Findings[0].Title, "Node node-b") {
		t.Errorf("%+v", res.Findings)
	}
}
