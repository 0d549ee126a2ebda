package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/timing"
	"casefile/bundle/redact"
	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

// machines is a cluster of real agents, each a process that serves one JVM of its own.
type machines struct {
	t      testing.TB
	dir    string
	names  []string
	addrs  []string
	jvms   []*live.Process
	agents []*exec.Cmd
}

// newMachines starts the JVMs, makes the identities, and starts no agent yet. The
// arguments of the sample may depend on those that run already.
func newMachines(t testing.TB, addrs []string, scenario string, sample func(m *machines) []string) *machines {
	t.Helper()
	m := &machines{t: t, dir: t.TempDir(), addrs: addrs, agents: make([]*exec.Cmd, len(addrs))}
	jdk := livetest.Newest(t)
	args := []string{"cluster", "init", "--dir", filepath.Join(m.dir, "cluster"), "--name", "wiki"}
	for i, a := range addrs {
		m.names = append(m.names, fmt.Sprintf("n%d", i+1))
		m.jvms = append(m.jvms, livetest.Start(t, jdk, scenario, live.Options{Args: sample(m)}))
		args = append(args, "--node", m.names[i]+"="+a)
	}
	if said, err := command(t, m.dir, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return m
}

// fewThreads makes the sample "threads" a small one.
func fewThreads(*machines) []string { return []string{"20"} }

// loopback gives addresses on this machine.
func loopback(t testing.TB, n int) (addrs []string) {
	for range n {
		addrs = append(addrs, "127.0.0.1:"+freePort(t))
	}
	return addrs
}

// serve starts the agent of one node, within a network namespace where one is named.
func (m *machines) serve(i int, namespace string, flags ...string) {
	m.t.Helper()
	spool := filepath.Join(m.dir, "spool-"+m.names[i])
	cmd := command(m.t, m.dir, "agent", "--identity", filepath.Join(m.dir, "cluster", "node-"+m.names[i]+".pem"),
		"--listen", m.addrs[i], "--spool", spool, "--pid", strconv.Itoa(m.jvms[i].PID), "--allow-storage", filepath.Join(m.dir, "shared"))
	cmd.Args = append(cmd.Args, flags...)
	if namespace != "" {
		cmd.Args = append([]string{"ip", "netns", "exec", namespace}, cmd.Args...)
		cmd.Path, _ = exec.LookPath("ip")
	}
	said, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		m.t.Fatal(err)
	}
	m.agents[i] = cmd
	m.t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGCONT)
		cmd.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
		defer kill.Stop()
		io.Copy(io.Discard, said)
		cmd.Wait()
		if left, _ := filepath.Glob(filepath.Join(spool, "*.tar.zst*")); len(left) > 0 && cmd.ProcessState.Success() {
			m.t.Errorf("left in the spool of %s: %v", m.names[i], left)
		}
	})
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "listens on") {
			return
		}
	}
	m.t.Fatalf("agent of %s ended before it listened", m.names[i])
}

// probe has the cluster file name a folder that agents admit, one that they do not,
// and a host name.
func (m *machines) probe() (shared string) {
	m.t.Helper()
	shared = filepath.Join(m.dir, "shared")
	file := filepath.Join(m.dir, "cluster", "cluster.yaml")
	raw, err := os.ReadFile(file)
	if err == nil {
		raw = fmt.Appendf(raw, "probes:\n  storage:\n  - {path: %s, kind: shared-home}\n  - {path: %s, kind: local-home}\n  names: [localhost]\n", shared, m.dir)
		err = errors.Join(os.Mkdir(shared, 0o700), os.WriteFile(file, raw, 0o600))
	}
	if err != nil {
		m.t.Fatal(err)
	}
	return shared
}

// clusterRun is what one run of collect gave.
type clusterRun struct {
	*bundle.Report
	t      testing.TB
	code   int
	result map[string]any
	said   string
}

// collect captures the cluster; event is told each line of progress.
func (m *machines) collect(event func(node, stage string), args ...string) *clusterRun {
	m.t.Helper()
	out := filepath.Join(m.dir, fmt.Sprintf("x%d.tar.zst", time.Now().UnixNano()))
	cmd := command(m.t, m.dir, append([]string{"collect", "--cluster", filepath.Join(m.dir, "cluster", "cluster.yaml"), "--out", out, "--no-report", "--output", "jsonl"}, args...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	r := &clusterRun{t: m.t}
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var line map[string]any
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			m.t.Errorf("%v: %.200s", err, lines.Text())
			continue
		}
		if line["type"] == "result" {
			r.result = line
		} else if event != nil {
			node, _ := line["node"].(string)
			stage, _ := line["stage"].(string)
			event(node, stage)
		}
	}
	err = cmd.Wait()
	r.said, r.code = said.String(), cmd.ProcessState.ExitCode()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		m.t.Fatal(err)
	}
	if r.Report, err = bundle.Verify(m.t.Context(), out, redact.NewSecrets()); err != nil {
		m.t.Fatalf("%v: %s", err, r.said)
	}
	if len(r.Damaged)+len(r.Leaks) > 0 || r.Reader.Cut != nil {
		m.t.Errorf("damaged %v, leaks %v, cut %v", r.Damaged, r.Leaks, r.Reader.Cut)
	}
	if left, _ := filepath.Glob(out + ".parts*"); len(left) > 0 {
		m.t.Errorf("left behind: %v", left)
	}
	return r
}

// record is cluster/timing.json.
func (r *clusterRun) record() *timing.Record {
	r.t.Helper()
	raw, err := r.Reader.ReadEntry(r.t.Context(), timing.RecordFile, 1<<26)
	if err != nil {
		r.t.Fatal(err)
	}
	rec, err := timing.Read(bytes.NewReader(raw))
	if err != nil {
		r.t.Fatal(err)
	}
	return rec
}

// dumps counts the thread dumps of a node.
func (r *clusterRun) dumps(node string) (n int) {
	for _, e := range r.Reader.Manifest.Entries {
		if strings.HasPrefix(e.Path, "nodes/"+node+"/jvm/") && strings.Contains(e.Path, "/threads/dump-") && strings.HasSuffix(e.Path, ".txt") {
			n++
		}
	}
	return n
}

// whole checks nodes that nothing happened to: all dumps, no gap, and a link to and
// from each other one.
func (r *clusterRun) whole(dumps int, nodes ...string) {
	r.t.Helper()
	for _, n := range nodes {
		if got := r.dumps(n); got != dumps {
			r.t.Errorf("%s: %d dumps, want %d", n, got, dumps)
		}
	}
	for _, g := range r.Reader.Manifest.Gaps() {
		if slices.Contains(nodes, g.Node) {
			r.t.Errorf("gap of a node that is well: %+v", g)
		}
	}
	rec := r.record()
	measured := map[string]bool{}
	for _, l := range rec.Links {
		if l.Clock == nil || len(l.Phases) == 0 {
			continue
		}
		measured[l.From+" "+l.To] = true
		// one machine, one clock
		if off := max(l.Clock.OffsetMS, -l.Clock.OffsetMS); off > l.Clock.ErrorMS {
			r.t.Errorf("%s to %s: offset %v, bound %v, truth 0", l.From, l.To, l.Clock.OffsetMS, l.Clock.ErrorMS)
		}
	}
	for _, a := range append([]string{rec.Reference}, nodes...) {
		for _, b := range nodes {
			if a != b && !measured[a+" "+b] {
				r.t.Errorf("nothing was measured from %s to %s", a, b)
			}
		}
	}
	for _, n := range nodes {
		if !slices.ContainsFunc(rec.Nodes, func(x timing.Node) bool { return x.Name == n && x.Hiccups != nil }) {
			r.t.Errorf("no measures of %s itself", n)
		}
	}
}

func sh(t *testing.T, args ...string) error {
	t.Helper()
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

// namespaces makes network namespaces on one bridge, and an address in each.
func namespaces(t *testing.T, n int) (names, addrs []string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root")
	}
	id, net := os.Getpid(), fmt.Sprintf("10.77.%d.", os.Getpid()%250)
	bridge := fmt.Sprintf("cf%db", id)
	try := func(args ...string) {
		t.Helper()
		if err := sh(t, append([]string{"ip"}, args...)...); err != nil {
			t.Skipf("no network namespaces here: %v", err)
		}
	}
	t.Cleanup(func() { sh(t, "ip", "link", "del", bridge) })
	try("link", "add", bridge, "type", "bridge")
	try("addr", "add", net+"254/24", "dev", bridge)
	try("link", "set", bridge, "up")
	for i := range n {
		name, outer, inner := fmt.Sprintf("cf%d-%d", id, i+1), fmt.Sprintf("cf%do%d", id, i+1), fmt.Sprintf("cf%di%d", id, i+1)
		t.Cleanup(func() { sh(t, "ip", "netns", "del", name) })
		try("netns", "add", name)
		try("link", "add", outer, "type", "veth", "peer", "name", inner)
		try("link", "set", inner, "netns", name)
		try("link", "set", outer, "master", bridge, "up")
		addr := fmt.Sprintf("%s%d", net, i+1)
		try("-n", name, "addr", "add", addr+"/24", "dev", inner)
		try("-n", name, "link", "set", inner, "up")
		try("-n", name, "link", "set", "lo", "up")
		names, addrs = append(names, name), append(addrs, addr+":7443")
	}
	return names, addrs
}

// Three agents in network namespaces of their own.
func TestThreeMachines(t *testing.T) {
	spaces, addrs := namespaces(t, 3)
	m := newMachines(t, addrs, "threads", fewThreads)
	for i := range addrs {
		m.serve(i, spaces[i])
	}
	shared := m.probe()
	r := m.collect(nil, "--duration", "2s", "--dumps", "3", "--dump-interval", "500ms")
	if r.code != 0 {
		t.Errorf("exit code %d: %s", r.code, r.said)
	}
	r.whole(3, m.names...)
	for _, n := range r.record().Nodes {
		if len(n.Storage) != 1 || n.Storage[0].Target != shared || n.Storage[0].Step(timing.StepDurable) == nil || len(n.Names) != 1 {
			t.Errorf("%s measured %+v, %+v", n.Name, n.Storage, n.Names)
		}
	}
	if left, err := os.ReadDir(shared); err != nil || len(left) > 0 {
		t.Errorf("left in the shared folder: %v, %v", left, err)
	}
	refused := 0
	for _, c := range r.Reader.Manifest.Coverage {
		if c.Status == bundle.Skipped && strings.Contains(c.Fix, "--allow-storage /") {
			refused++
		}
	}
	if refused != 3 {
		t.Errorf("a folder that no agent admits was refused %d times", refused)
	}
	for _, l := range r.record().Links {
		if l.From != "admin" && l.Transport != timing.UDP {
			t.Errorf("%s to %s by %s: %s", l.From, l.To, l.Transport, l.Failure)
		}
	}
}

// Eight agents on one machine.
func TestEightMachines(t *testing.T) {
	m := newMachines(t, loopback(t, 8), "threads", fewThreads)
	for i := range m.addrs {
		m.serve(i, "")
	}
	r := m.collect(nil, "--duration", "2s", "--dumps", "3", "--dump-interval", "500ms")
	if r.code != 0 {
		t.Errorf("exit code %d: %s", r.code, r.said)
	}
	r.whole(3, m.names...)
	for _, round := range r.record().Rounds {
		if len(round.Starts) != 8 {
			t.Errorf("round %d: %d starts", round.Number, len(round.Starts))
		}
		t.Logf("round %d: skew %.2f ms, give or take %.2f", round.Number, round.SkewMS, round.SkewErrorMS)
	}
}

// One agent is stopped, one node cannot be reached, one JVM hangs, one agent is
// killed half-way: the others do not notice, and the ledger names each.
func TestMachinesThatAreLost(t *testing.T) {
	const whole, stopped, away, hung, killed = 0, 1, 2, 3, 4
	m := newMachines(t, loopback(t, 6), "threads", fewThreads)
	for i := range m.addrs {
		if i != away {
			m.serve(i, "")
		}
	}
	for _, pid := range []int{m.agents[stopped].Process.Pid, m.jvms[hung].PID} {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { syscall.Kill(pid, syscall.SIGCONT) })
	}
	dumped := 0
	r := m.collect(func(node, stage string) {
		if node == m.names[killed] && stage == "dumps" {
			if dumped++; dumped == 3 { // the first has travelled by then
				m.agents[killed].Process.Kill()
			}
		}
	}, "--duration", "4s", "--dumps", "4", "--dump-interval", "1s")
	if r.code != exitGaps {
		t.Errorf("exit code %d: %s", r.code, r.said)
	}
	r.whole(4, m.names[whole], m.names[5])
	type want struct {
		status      bundle.Status
		reason, fix string
	}
	for i, w := range map[int]want{
		stopped: {bundle.Failed, "no answer within 3s", "casefile agent runs on the node"},
		away:    {bundle.Failed, "connection refused", "casefile agent runs on the node"},
		killed:  {bundle.Partial, "does not answer any more", "casefile agent runs on the node"},
	} {
		var lines []bundle.Coverage
		for _, g := range r.Reader.Manifest.Gaps() {
			if g.Node == m.names[i] {
				lines = append(lines, g)
			}
		}
		if len(lines) != 1 || lines[0].Status != w.status || !strings.Contains(lines[0].Reason, w.reason) || !strings.Contains(lines[0].Fix, w.fix) {
			t.Errorf("%s: %+v, want %+v", m.names[i], lines, w)
		}
	}
	said := false
	for _, g := range r.Reader.Manifest.Gaps() {
		if g.Node == m.names[hung] {
			said = said || strings.Contains(g.Reason, "is stopped") && g.Fix != ""
			if g.Collector == "fleet" {
				t.Errorf("the node itself is well: %+v", g)
			}
		}
	}
	if !said || r.dumps(m.names[hung]) != 0 {
		t.Errorf("%s: %d dumps, %+v", m.names[hung], r.dumps(m.names[hung]), r.Reader.Manifest.Gaps())
	}
	if n := r.dumps(m.names[killed]); n < 1 || n > 3 {
		t.Errorf("%s was killed half-way and gave %d dumps", m.names[killed], n)
	}
	for _, i := range []int{stopped, away, killed, hung} {
		if !strings.Contains(r.said+fmt.Sprint(r.result["coverage"]), m.names[i]) {
			t.Errorf("%s is not named", m.names[i])
		}
	}
}

// One JVM is stopped for 6 s while requests of the two others wait for its answers:
// the analysis names it as the cause and them as those who were held up.
func TestPauseReachesOtherMachines(t *testing.T) {
	m := newMachines(t, loopback(t, 3), "cluster-node", func(m *machines) []string {
		if len(m.jvms) == 0 {
			return nil
		}
		_, port, _ := strings.Cut(m.jvms[0].Stdout(), "port ")
		return strings.Fields(port)[:1]
	})
	for i := range m.addrs {
		m.serve(i, "")
	}
	cause, dumps := m.jvms[0], 0
	t.Cleanup(func() { syscall.Kill(cause.PID, syscall.SIGCONT) })
	r := m.collect(func(node, stage string) { // a dump of n2 is a second
		if node != "n2" || stage != "dumps" {
			return
		}
		switch dumps++; dumps {
		case 4:
			syscall.Kill(cause.PID, syscall.SIGSTOP)
		case 10:
			syscall.Kill(cause.PID, syscall.SIGCONT)
		}
	}, "--duration", "13s", "--dumps", "14", "--dump-interval", "1s", "--sample-every", "500ms")
	found := 0
	findings, _ := r.result["findings"].([]any)
	for _, x := range findings {
		f := x.(map[string]any)
		if f["id"] != "pause-propagation" {
			continue
		}
		found++
		text := fmt.Sprint(f["title"])
		if !slices.Equal(f["nodes"].([]any), []any{"n1", "n2", "n3"}) || f["subject"] != fmt.Sprintf("%d-sample", cause.PID) || f["severity"] == "info" {
			t.Errorf("%v of %v on %v: %v", f["severity"], f["subject"], f["nodes"], text)
		}
		if !strings.Contains(text, fmt.Sprintf("%d-sample on n1 stood still", cause.PID)) || !strings.Contains(text, "on n2") || !strings.Contains(text, "on n3") {
			t.Error(text)
		}
		t.Log(text)
	}
	if found != 1 {
		t.Errorf("%d findings of pause-propagation: %s", found, r.said)
	}
}

// Whoever joins the nodes is killed: what they had sent is verified and analysed, on
// one clock, and the next capture works.
func TestJoinerIsKilled(t *testing.T) {
	m := newMachines(t, loopback(t, 2), "threads", fewThreads)
	for i := range m.addrs {
		m.serve(i, "")
	}
	out := filepath.Join(m.dir, "x.tar.zst")
	cmd := command(t, m.dir, "collect", "--cluster", filepath.Join(m.dir, "cluster", "cluster.yaml"), "--out", out, "--output", "jsonl",
		"--duration", "60s", "--dumps", "40", "--dump-interval", "500ms") // longer than it lives
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	dumped := map[string]int{}
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		var line struct{ Node, Stage string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Stage == "dumps" {
			dumped[line.Node]++
		}
		if dumped["n1"] >= 6 && dumped["n2"] >= 6 {
			cmd.Process.Kill()
		}
	}
	cmd.Wait()
	if parts := bundle.Parts(out); len(parts) != 2 {
		t.Fatalf("parts left: %v", parts)
	}
	said, err := command(t, m.dir, "verify", "--output", "json", out).Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitGaps || strings.Count(string(said), `"cut":`) != 3 {
		t.Errorf("verify: %v: %s", err, said)
	}
	said, err = command(t, m.dir, "analyze", "--output", "json", out).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	var result struct {
		Threads []struct {
			Source string
			Dumps  int
		}
		Nodes []struct {
			Name  string
			Error float64 `json:"clock_error_ms"`
		}
	}
	if err := json.Unmarshal(said, &result); err != nil {
		t.Fatal(err)
	}
	if len(result.Threads) != 2 || len(result.Nodes) != 2 {
		t.Fatalf("%+v", result)
	}
	for i, x := range result.Threads {
		if x.Dumps < 2 || !strings.HasPrefix(x.Source, "nodes/"+result.Nodes[i].Name+"/") || result.Nodes[i].Error <= 0 {
			t.Errorf("%+v, %+v", x, result.Nodes[i])
		}
	}
	if said, _ := command(t, m.dir, "analyze", out).Output(); !strings.Contains(string(said), "the capture was killed") {
		t.Errorf("that it was killed is not told: %s", said)
	}
}

// BenchmarkSkew captures eight real agents, each with a JVM of its own, and reports
// how far apart the nodes begin a round, on the reference clock.
func BenchmarkSkew(b *testing.B) {
	m := newMachines(b, loopback(b, 8), "threads", fewThreads)
	for i := range m.addrs {
		m.serve(i, "")
	}
	var skews, late []float64
	for b.Loop() {
		r := m.collect(nil, "--duration", "10s", "--dumps", "20", "--dump-interval", "500ms")
		for _, round := range r.record().Rounds {
			if len(round.Starts) != 8 {
				b.Errorf("round %d: %d starts", round.Number, len(round.Starts))
			}
			skews = append(skews, round.SkewMS)
			for _, s := range round.Starts {
				late = append(late, s.LateMS)
			}
		}
	}
	slices.Sort(skews)
	slices.Sort(late)
	within := 0
	for _, s := range skews {
		if s <= 5 {
			within++
		}
	}
	b.ReportMetric(100*float64(within)/float64(len(skews)), "%rounds-within-5ms")
	b.ReportMetric(skews[len(skews)/2], "p50-skew-ms")
	b.ReportMetric(skews[len(skews)*95/100], "p95-skew-ms")
	b.ReportMetric(late[len(late)/2], "p50-late-ms")
	b.ReportMetric(late[len(late)*99/100], "p99-late-ms")
}
