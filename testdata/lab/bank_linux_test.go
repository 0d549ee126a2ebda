package lab

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

// bankNode is one node of a cluster: a JVM, and the agent that serves it.
type bankNode struct {
	name  string
	jvm   *exec.Cmd
	stdin io.WriteCloser
	said  chan string
}

// bank is a cluster whose nodes share a database.
type bank struct {
	t       *testing.T
	ctx     context.Context
	binary  string
	dir     string
	classes string
	words   words
	url     string // of the server
	by      string // by which the programs reach it
	jdk     live.JDK
	nodes   []*bankNode
}

// TestWaitsOfACluster has locks of one database wait across three nodes: who holds them must be told down to the thread,
// and a quiet cluster must stay quiet.
func TestWaitsOfACluster(t *testing.T) {
	binary := os.Getenv("CASEFILE_LAB")
	if binary == "" {
		t.Skip("CASEFILE_LAB names no casefile; make lab sets it")
	}
	only := regexp.MustCompile(os.Getenv("CASEFILE_LAB_ONLY"))
	ctx := t.Context()
	url := postgres(ctx, t)
	if url == "" {
		t.Skip("no PostgreSQL")
	}
	for _, jdk := range labJDKs(ctx) {
		for _, play := range []struct {
			name   string
			pooled bool // the programs reach the database through a pooler, casefile does not
			roles  []string
			finds  string   // first at warning or above; empty: nothing is
			says   []string // of its title, chain and explanation
		}{
			{"row lock", false, []string{"debit 10", "export 1", "debit 10"}, "db-lock-wait",
				[]string{"20 request threads on n1 and n3", "row lock on table zzaccounts", "idle in transaction", "n2 ", "ZzBank.zzWriteFile",
					"UPDATE zzaccounts SET note = ? WHERE id = ?", "UPDATE zzaccounts SET balance = balance - ? WHERE id = ?"}},
			{"row lock behind a pooler", true, []string{"debit 8", "export 1", "debit 8"}, "db-lock-wait",
				[]string{"row lock on table zzaccounts", "idle in transaction", "a pooler, a proxy or address translation stands between", "confidence low"}},
			{"quiet", false, []string{"quiet 10", "quiet 1", "quiet 10"}, "", nil},
			{"circle", false, []string{"second 1", "first 2"}, "distributed-deadlock", []string{"ZzLedger", "row lock on table zzaccounts", "n1 ", "n2 "}},
		} {
			if !only.MatchString("waits/" + play.name) {
				continue
			}
			t.Run(fmt.Sprintf("%s on %d", play.name, jdk.Major), func(t *testing.T) {
				b := newBank(ctx, t, binary, url, play.pooled, jdk, play.roles)
				found := b.collect()
				b.judge(found, play.finds, play.says)
			})
		}
	}
}

// newBank starts the JVMs, and an agent for each.
func newBank(ctx context.Context, t *testing.T, binary, url string, pooled bool, jdk live.JDK, roles []string) *bank {
	t.Helper()
	b := &bank{t: t, ctx: ctx, binary: binary, dir: t.TempDir(), words: newWords(), url: url, by: url, jdk: jdk}
	if address, _, _ := strings.Cut(strings.TrimPrefix(url, "jdbc:postgresql://"), "/"); pooled {
		pooler := livetest.StartPgBouncer(t, &livetest.Postgres{Address: address}, "lab", "any")
		b.by = "jdbc:postgresql://" + pooler.Address + "/postgres?user=lab&password=any&prepareThreshold=0"
	}
	b.compile()
	b.sql("DROP TABLE IF EXISTS zzaccounts", "CREATE TABLE zzaccounts (id int PRIMARY KEY, balance bigint, note text)",
		"INSERT INTO zzaccounts SELECT i, 1000, '' FROM generate_series(1, 200) i")
	args := []string{"cluster", "init", "--dir", filepath.Join(b.dir, "cluster"), "--name", "bank"}
	var addresses []string
	for i, role := range roles {
		b.start(fmt.Sprintf("n%d", i+1), role)
		addresses = append(addresses, "127.0.0.1:"+freePort(t))
		args = append(args, "--node", b.nodes[i].name+"="+addresses[i])
	}
	for i, role := range roles { // who waits for a word goes on when all others do what they do
		if strings.HasPrefix(role, "second") {
			fmt.Fprintln(b.nodes[i].stdin)
			b.await(b.nodes[i], "ready")
		}
	}
	run(ctx, t, binary, args...)
	secret := filepath.Join(b.dir, "login")
	file := filepath.Join(b.dir, "cluster", "cluster.yaml")
	raw, err := os.ReadFile(file)
	raw = fmt.Appendf(raw, "probes:\n  databases:\n  - {url: %q, credential: \"file:%s\"}\n", strings.TrimSuffix(url, "?user=lab"), secret)
	if err := errors.Join(err, os.WriteFile(secret, []byte("lab:any\n"), 0o600), os.WriteFile(file, raw, 0o600)); err != nil {
		t.Fatal(err)
	}
	for i, n := range b.nodes {
		b.serve(n, addresses[i], secret)
	}
	return b
}

// compile compiles the program under names that are made up anew.
func (b *bank) compile() {
	b.t.Helper()
	b.classes = filepath.Join(b.dir, "classes")
	jars := fetch(b.ctx, b.t, "pom.xml", "jars")
	text, err := os.ReadFile("bank/com/acme/bank/ZzBank.java")
	source := filepath.Join(b.dir, "sources", b.words.of("ZzBank")+".java")
	if err := errors.Join(err, os.MkdirAll(filepath.Dir(source), 0o755), os.WriteFile(source, b.words.rename(text), 0o644)); err != nil {
		b.t.Fatal(err)
	}
	run(b.ctx, b.t, "javac", "--release", "17", "-d", b.classes, "-cp", jars+"/*", source)
	b.classes += ":" + jars + "/*"
}

// sql runs statements by psql.
func (b *bank) sql(statements ...string) {
	b.t.Helper()
	url := strings.TrimPrefix(b.url, "jdbc:")
	for _, s := range statements {
		run(b.ctx, b.t, "psql", url, "-q", "-c", string(b.words.rename([]byte(s))))
	}
}

// start starts the JVM of a node, and waits until it does what it is to do.
func (b *bank) start(name, role string) {
	b.t.Helper()
	what, threads, _ := strings.Cut(role, " ")
	n := &bankNode{name: name, said: make(chan string, 64)}
	n.jvm = exec.CommandContext(b.ctx, filepath.Join(b.jdk.Home, "bin", "java"), "-Xmx128m", "-cp", b.classes,
		"com.acme.bank."+b.words.of("ZzBank"), what, b.by, threads)
	n.jvm.Dir, n.jvm.Stderr = b.dir, os.Stderr
	var err, errOut error
	n.stdin, err = n.jvm.StdinPipe()
	out, errOut := n.jvm.StdoutPipe()
	if err := errors.Join(err, errOut, n.jvm.Start()); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { n.jvm.Process.Kill(); n.jvm.Wait() })
	go func() {
		defer close(n.said)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			n.said <- lines.Text()
		}
	}()
	b.nodes = append(b.nodes, n)
	if what == "second" {
		b.await(n, "locked")
	} else {
		b.await(n, "ready")
	}
}

// await waits until a node says something.
func (b *bank) await(n *bankNode, text string) {
	b.t.Helper()
	for {
		select {
		case line, open := <-n.said:
			if line == text {
				return
			}
			if !open || strings.HasPrefix(line, "failed") {
				b.t.Fatalf("%s: %q, want %q", n.name, line, text)
			}
		case <-time.After(time.Minute):
			b.t.Fatalf("%s does not say %q", n.name, text)
		}
	}
}

// serve starts the agent of a node.
func (b *bank) serve(n *bankNode, address, secret string) {
	b.t.Helper()
	cmd := exec.CommandContext(b.ctx, b.binary, "agent", "--identity", filepath.Join(b.dir, "cluster", "node-"+n.name+".pem"), "--listen", address,
		"--spool", filepath.Join(b.dir, "spool-"+n.name), "--pid", fmt.Sprint(n.jvm.Process.Pid), "--allow-credential", "file:"+secret)
	said, err := cmd.StderrPipe()
	if err := errors.Join(err, cmd.Start()); err != nil {
		b.t.Fatal(err)
	}
	listens := make(chan bool, 1)
	go func() {
		for lines := bufio.NewScanner(said); lines.Scan(); {
			if strings.Contains(lines.Text(), "listens on") {
				listens <- true
			}
		}
		close(listens)
	}()
	b.t.Cleanup(func() { cmd.Process.Signal(syscall.SIGTERM); cmd.Wait() })
	if !<-listens {
		b.t.Fatalf("the agent of %s ended", n.name)
	}
}

// clusterFinding is a finding with all that it says.
type clusterFinding struct {
	ID, Severity, Confidence, Title, Chain, Explanation string
}

// collect captures the cluster, and gives what is found.
func (b *bank) collect() (found []clusterFinding) {
	b.t.Helper()
	path := filepath.Join(b.dir, "x.tar.zst")
	out, err := exec.CommandContext(b.ctx, b.binary, "collect", "--cluster", filepath.Join(b.dir, "cluster", "cluster.yaml"), "--out", path,
		"--duration", "8s", "--dumps", "3", "--dump-interval", "3s", "--no-report").CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 3) {
		b.t.Fatalf("collect: %v\n%s", err, out)
	}
	if keep := os.Getenv("CASEFILE_LAB_KEEP"); keep != "" {
		run(b.ctx, b.t, "cp", path, filepath.Join(keep, strings.ReplaceAll(filepath.Base(b.t.Name()), "/", "-")+".tar.zst"))
	}
	var stdout bytes.Buffer
	cmd := exec.CommandContext(b.ctx, b.binary, "analyze", "--output", "json", path)
	cmd.Stdout, cmd.Stderr = &stdout, os.Stderr
	var said struct{ Findings []clusterFinding }
	if err := cmd.Run(); err != nil {
		b.t.Fatal(err)
	}
	if err := json.Unmarshal(stdout.Bytes(), &said); err != nil {
		b.t.Fatal(err)
	}
	return said.Findings
}

// judge holds what is found against what must be.
func (b *bank) judge(found []clusterFinding, id string, says []string) {
	b.t.Helper()
	machine := []string{"cpu-saturated", "cpu-steal", "host-stall", "disk-saturated", "slow-dependency", "clock-skew"} // of where the lab runs
	worth := slices.DeleteFunc(found, func(f clusterFinding) bool { return f.Severity == "info" || slices.Contains(machine, f.ID) })
	switch {
	case id == "":
		for _, f := range worth {
			b.t.Errorf("false alarm: %s %s: %s", f.Severity, f.ID, f.Title)
		}
		return
	case len(worth) == 0 || worth[0].ID != id:
		b.t.Fatalf("want %s first, got %+v", id, worth)
	}
	f := worth[0]
	b.t.Logf("%s: %s\n%s\n%s", f.ID, f.Title, f.Chain, f.Explanation)
	all := f.Title + f.Chain + f.Explanation + " confidence " + f.Confidence
	for _, part := range says {
		if want := string(b.words.rename([]byte(part))); !strings.Contains(all, want) {
			b.t.Errorf("not told: %q", want)
		}
	}
}
