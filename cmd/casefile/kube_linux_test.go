package main

import (
	"bytes"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/entries"
	"casefile/cmd/samples/live/livetest"
)

// twoPods are one with a shell, whose user is another than that of the second, which has none.
func twoPods(t *testing.T) *testCluster {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("to enter the namespaces of others takes root")
	}
	for _, tool := range []string{"nsenter", "unshare"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	jdk := livetest.Newest(t)
	classes := compiledPod(t, jdk)
	here := exec.Command(filepath.Join(jdk.Home, "bin", "java"), "-Xmx64m", "-XX:+UseSerialGC", "-cp", classes, "Pod")
	runs(t, here, "the JVM of this node")
	return &testCluster{here: here.Process.Pid, Pods: map[string]*testPod{
		"web-1":      startPod(t, jdk, classes, "web-1", true, 1000),
		"distroless": startPod(t, jdk, classes, "distroless", false, 65532),
	}}
}

// collectPods captures nodes into a bundle.
func collectPods(t *testing.T, args ...string) (r *bundle.Reader, code int, said string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "x.tar.zst")
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), append([]string{"collect", "--duration", "4s", "--dumps", "2", "--dump-interval", "3s", "--out", out, "--no-report"}, args...),
		strings.NewReader(""), &stdout, &stderr)
	said = stdout.String() + stderr.String()
	if code != 0 && code != exitGaps {
		return nil, code, said
	}
	r, err := bundle.Open(t.Context(), out)
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return r, code, said
}

// unchanged compares what a pod has before and after; what was started in it ends by itself once its input has ended.
func unchanged(t *testing.T, what string, before []string, now func(*testing.T) []string) {
	t.Helper()
	var after []string
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if after = now(t); slices.Equal(before, after) {
			return
		}
	}
	t.Errorf("%s before\n%s\nand after\n%s", what, strings.Join(before, "\n"), strings.Join(after, "\n"))
}

// Two pods, one of which has no shell, of different users, and this node in one capture: complete, at the same instant, with the four
// capabilities of the debug container, and nothing stays in the pods.
func TestPods(t *testing.T) {
	cluster := twoPods(t)
	cluster.serve(t)
	files, processes := map[string][]string{}, map[string][]string{}
	for name, pod := range cluster.Pods {
		files[name], processes[name] = pod.files(t), pod.processes(t)
	}
	r, _, said := collectPods(t, "--node", "k8s://wiki/web-1/app", "--node", "k8s://wiki/distroless?image=registry.example.com/casefile:1", "--node", "local",
		"--pid", "1", "--pid", strconv.Itoa(cluster.here)) // those of the pods, and that of this node, which sees the pods' too
	if r == nil {
		t.Fatal(said)
	}
	if len(r.Manifest.Nodes) != 3 {
		t.Errorf("nodes %+v\n%s", r.Manifest.Nodes, said)
	}
	for _, g := range r.Manifest.Gaps() {
		unreached := g.Collector == entries.CollectorTiming && strings.Contains(g.Reason, "network is unreachable") // the pods have no network here
		elsewhere := strings.HasPrefix(g.Reason, "1 is a pid inside of a container") || strings.Contains(g.Reason, "process "+strconv.Itoa(cluster.here)+" ")
		if !unreached && !elsewhere {
			t.Errorf("gap %+v", g)
		}
	}
	rounds(t, r)
	for _, name := range []string{"web-1", "distroless"} {
		for _, entry := range []string{entries.PodState.Of(entries.PodFirst), entries.PodState.Of(entries.PodLast), string(entries.PodEvents), string(entries.PodMachine),
			entries.PodLog.Of("app")} {
			at := path.Join(entries.FolderNodes, name, entries.FolderKube, entry)
			text, err := r.ReadEntry(t.Context(), at, 1<<20)
			if err != nil || bytes.Contains(text, []byte("s3cr3t-of-the-pod")) || bytes.Contains(text, []byte(secretOfContainer)) {
				t.Errorf("%s: %v %s", at, err, text)
			}
		}
		pod := cluster.Pods[name]
		unchanged(t, "files of "+name, files[name], pod.files)
		unchanged(t, "processes of "+name, processes[name], pod.processes)
	}
	checkCalls(t, cluster)
}

// rounds: on the reference clock, of which the bound is known, the first round of all JVMs comes before the second of any.
func rounds(t *testing.T, r *bundle.Reader) {
	t.Helper()
	at := map[string][]time.Time{}
	for _, e := range r.Manifest.Entries {
		for k := range 2 {
			if dump := entries.ThreadDump.Of(entries.Dump(k)); strings.HasSuffix(e.Path, "/"+dump) {
				at[dump] = append(at[dump], e.Reference)
				if e.Reference.IsZero() {
					t.Errorf("%s has no time on the reference clock", e.Path)
				}
			}
		}
	}
	first, second := at[entries.ThreadDump.Of(entries.Dump(0))], at[entries.ThreadDump.Of(entries.Dump(1))]
	if len(first) != 3 || len(second) != 3 {
		t.Fatalf("%d dumps in the first round, %d in the second", len(first), len(second))
	}
	if last, next := slices.MaxFunc(first, time.Time.Compare), slices.MinFunc(second, time.Time.Compare); !last.Before(next) {
		t.Errorf("the first round goes on until %v, the second begins at %v", last, next)
	}
}

// checkCalls: nothing is asked of the cluster that changes it, but by exec and debug.
func checkCalls(t *testing.T, cluster *testCluster) {
	t.Helper()
	calls, err := os.ReadFile(cluster.Calls)
	if err != nil {
		t.Fatal(err)
	}
	for call := range strings.Lines(string(calls)) {
		if verb, _, _ := strings.Cut(call, " "); !slices.Contains([]string{"auth", "get", "logs", "exec", "debug", "wait"}, verb) {
			t.Errorf("kubectl %s", call)
		}
	}
}

// What cannot be had of a pod is a gap that names what to do, and takes nothing from the others: a right that is missing, a stream that is
// cut, a pod that is gone, a container without a shell.
func TestPodsThatFail(t *testing.T) {
	cluster := twoPods(t)
	cluster.Stale, cluster.Cut = []string{"gone"}, "web-1"
	cluster.Refuse = []string{"get nodes", "get pods/log"}
	cluster.serve(t)
	pod := cluster.Pods["web-1"]
	files, processes := pod.files(t), pod.processes(t)
	r, code, said := collectPods(t, "--node", "k8s://wiki/?selector=app=wiki")
	if r == nil || code != exitGaps {
		t.Fatalf("exit %d: %s", code, said)
	}
	for node, want := range map[string]string{"distroless": "?image=", "gone": "kubectl get pods -n wiki"} {
		if g := gapOf(r, node, entries.ItemNode); g == nil || !strings.Contains(g.Fix, want) {
			t.Errorf("%s: %+v", node, g)
		}
	}
	if g := gapOf(r, "web-1", entries.ItemNode); g == nil || g.Status != bundle.Partial && g.Status != bundle.Failed {
		t.Errorf("the cut stream: %+v", g)
	}
	if g := gapOf(r, "web-1", entries.ItemPodLogs); g == nil || g.Cause != entries.NotPermitted {
		t.Errorf("logs: %+v", g)
	}
	for _, want := range []string{"jane lacks 2 rights in namespace wiki", `{apiGroups: [""], resources: ["nodes"], verbs: ["get"]}`, "kind: ClusterRoleBinding"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not said:\n%s", want, said)
		}
	}
	if _, err := r.ReadEntry(t.Context(), "nodes/distroless/kubernetes/pod-last.json", 1<<20); err != nil {
		t.Errorf("of a pod that cannot be entered, Kubernetes' account: %v", err)
	}
	unchanged(t, "files", files, pod.files)
	unchanged(t, "processes", processes, pod.processes)
}

func gapOf(r *bundle.Reader, node, item string) *bundle.Coverage {
	for _, g := range r.Manifest.Gaps() {
		if g.Node == node && g.Item == item {
			return &g
		}
	}
	return nil
}
