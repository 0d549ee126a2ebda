package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"casefile/cmd/samples/live"
)

// program is one running JVM of the lab.
type program struct {
	fault Fault
	sick  bool
	cmd   *exec.Cmd
	stdin io.Closer
	url   string
}

type finding struct {
	ID, Severity, Subject, Title string
	Advice                       []struct{ Action, Setting, From, To string }
}

// row is one line of the matrix.
type row struct {
	name, jdk                   string
	among, first, named, advice bool
	said                        string
}

// TestLab runs every fault next to its healthy twin. CASEFILE_LAB is the casefile to try; CASEFILE_LAB_ONLY a pattern of names,
// CASEFILE_LAB_JDK the one JDK to use.
func TestLab(t *testing.T) {
	binary := os.Getenv("CASEFILE_LAB")
	if binary == "" {
		t.Skip("CASEFILE_LAB names no casefile; make lab sets it")
	}
	only := regexp.MustCompile(os.Getenv("CASEFILE_LAB_ONLY"))
	ctx := t.Context()
	classpath := build(ctx, t)
	jdbc := postgres(ctx, t)
	var rows []row
	var alarms []string
	defer func() { report(t, rows, alarms) }() // also of what was seen before a program failed
	for _, jdk := range live.JDKs(ctx) {
		if one := os.Getenv("CASEFILE_LAB_JDK"); jdk.Major < 17 || one != "" && one != fmt.Sprint(jdk.Major) {
			continue
		}
		for _, batch := range batches(only, jdk.Major, jdbc != "") {
			var running []*program
			for _, f := range batch {
				for _, sick := range []bool{true, false} {
					if f.Finds == "" && sick {
						continue
					}
					running = append(running, start(ctx, t, jdk, classpath, f, sick, jdbc))
				}
			}
			found := capture(ctx, t, binary, running)
			for _, p := range running {
				own := of(found, p.cmd.Process.Pid)
				name := p.fault.Name + "/" + p.fault.Server
				if p.sick {
					r := judge(p.fault, name, jdk.Version, own)
					rows = append(rows, r)
					t.Logf("%s on %s: among %t, first %t, named %t, advice %t: %.160s", name, jdk.Version, r.among, r.first, r.named, r.advice, r.said)
				} else if len(own) > 0 {
					alarms = append(alarms, fmt.Sprintf("%s on %s: %s: %s", name, jdk.Version, own[0].ID, own[0].Title))
					t.Log("false alarm:", alarms[len(alarms)-1])
				}
				p.stop()
			}
		}
	}
}

// batches are faults that are captured together: up to five with their twins, or one that takes the CPU.
func batches(only *regexp.Regexp, major int, database bool) (out [][]Fault) {
	var together []Fault
	for _, f := range Faults {
		switch {
		case !only.MatchString(f.Name+"/"+f.Server) || major < f.MinMajor || f.Database && !database:
		case f.Alone:
			out = append(out, []Fault{f})
		default:
			together = append(together, f)
		}
	}
	return append(slices.Collect(slices.Chunk(together, 5)), out...)
}

// build fetches the parts and compiles the programs.
func build(ctx context.Context, t *testing.T) string {
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	jars := filepath.Join(cache, "casefile-lab", "jars")
	classes := t.TempDir()
	run(ctx, t, "mvn", "-q", "-B", "-f", "pom.xml", "dependency:copy-dependencies", "-DoutputDirectory="+jars)
	sources, err := filepath.Glob("java/com/acme/*/*.java")
	if err != nil {
		t.Fatal(err)
	}
	run(ctx, t, "javac", append([]string{"--release", "17", "-d", classes, "-cp", jars + "/*"}, sources...)...)
	return classes + ":" + jars + "/*"
}

func run(ctx context.Context, t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// postgres starts a server of the lab's own on loopback; empty where there is none to start.
func postgres(ctx context.Context, t *testing.T) string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	bin := slices.IndexFunc(append(found, "/usr/local/bin", "/usr/bin"), func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, "initdb"))
		return err == nil
	})
	if bin < 0 {
		t.Log("no PostgreSQL here: faults that need it are left out (apt-get install postgresql)")
		return ""
	}
	dir := append(found, "/usr/local/bin", "/usr/bin")[bin]
	data, err := os.MkdirTemp("", "casefile-lab-pg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(data) })
	nobody := live.Nobody()
	as := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() == 0 {
		as.Credential = &syscall.Credential{Uid: uint32(nobody.UID), Gid: uint32(nobody.GID)}
		if err := os.Chown(data, int(nobody.UID), int(nobody.GID)); err != nil {
			t.Fatal(err)
		}
	}
	command := func(name string, args ...string) *exec.Cmd {
		c := exec.CommandContext(ctx, filepath.Join(dir, name), args...)
		c.SysProcAttr, c.Dir = as, data
		return c
	}
	if out, err := command("initdb", "-D", data+"/db", "-U", "lab", "--auth=trust").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	port := freePort(t)
	server := command("postgres", "-D", data+"/db", "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=600")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Process.Signal(os.Interrupt); server.Wait() })
	await(ctx, t, func() error {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			c.Close()
		}
		return err
	})
	return "jdbc:postgresql://127.0.0.1:" + port + "/postgres?user=lab"
}

func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// await tries for a minute.
func await(ctx context.Context, t *testing.T, try func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// start runs a program and puts load on it until the test ends or it is stopped.
func start(ctx context.Context, t *testing.T, jdk live.JDK, classpath string, f Fault, sick bool, jdbc string) *program {
	heap := "256m"
	if f.Heap != "" && sick {
		heap = f.Heap
	}
	mode := map[bool]string{true: "sick", false: "healthy"}[sick]
	dir := t.TempDir()
	cmd := exec.CommandContext(ctx, filepath.Join(jdk.Home, "bin/java"), "-Xms"+heap, "-Xmx"+heap, "-XX:+HeapDumpOnOutOfMemoryError",
		"-Xlog:gc*,safepoint:file="+filepath.Join(dir, "gc.log")+":time,uptime,level,tags:filecount=3,filesize=10m",
		"-cp", classpath, "com.acme.lab.Main", f.Server, f.Name, mode, jdbc)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &program{fault: f, sick: sick, cmd: cmd, stdin: stdin}
	t.Cleanup(p.stop)
	port := regexp.MustCompile(`(?m)^port (\d+)$`)
	await(ctx, t, func() error {
		said, err := os.ReadFile(out.Name())
		if err != nil {
			return err
		}
		m := port.FindSubmatch(said)
		if m == nil {
			return fmt.Errorf("%s/%s does not serve:\n%s", f.Name, f.Server, said)
		}
		p.url = "http://127.0.0.1:" + string(m[1]) + "/shop/item"
		return nil
	})
	go p.load(ctx)
	return p
}

// load keeps 20 requests open at the sick, and sends some to the healthy.
func (p *program) load(ctx context.Context) {
	clients, pause := 20, time.Duration(0)
	if !p.sick {
		clients, pause = 4, 50*time.Millisecond
	}
	if p.fault.Finds == "" && p.fault.Name == "idle" {
		clients, pause = 1, time.Second
	}
	switch p.fault.Name {
	case "regex", "hot-loop":
		clients = 2
	case "thread-leak", "memory-leak", "one-stuck", "explicit-gc":
		clients, pause = 4, 20*time.Millisecond
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range clients {
		go func() {
			for ctx.Err() == nil {
				resp, err := client.Get(p.url)
				if err != nil {
					time.Sleep(200 * time.Millisecond)
					if p.cmd.ProcessState != nil {
						return
					}
					continue
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				time.Sleep(pause)
			}
		}()
	}
}

func (p *program) stop() {
	if p.cmd.ProcessState != nil {
		return
	}
	p.stdin.Close()
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// capture gives what casefile finds at warning or above in the programs, ten seconds after they began to serve.
func capture(ctx context.Context, t *testing.T, binary string, running []*program) []finding {
	select {
	case <-time.After(10 * time.Second):
	case <-ctx.Done():
	}
	path := filepath.Join(t.TempDir(), "x.tar.zst")
	args := []string{"collect", "--duration", "20s", "--dumps", "5", "--dump-interval", "4s", "--out", path}
	for _, p := range running {
		args = append(args, "--pid", fmt.Sprint(p.cmd.Process.Pid))
	}
	var exit *exec.ExitError
	if out, err := exec.CommandContext(ctx, binary, args...).CombinedOutput(); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 3) {
		t.Fatalf("collect: %v\n%s", err, out)
	}
	var stdout bytes.Buffer
	analyze := exec.CommandContext(ctx, binary, "analyze", "--output", "json", path)
	analyze.Stdout, analyze.Stderr = &stdout, os.Stderr
	if err := analyze.Run(); err != nil {
		t.Fatalf("analyze: %v", err)
	}
	var all struct{ Findings []finding }
	if err := json.Unmarshal(stdout.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all.Findings, func(f finding) bool { return f.Severity == "info" })
}

// of keeps what is said of one process.
func of(all []finding, pid int) (own []finding) {
	for _, f := range all {
		if strings.HasPrefix(f.Subject, fmt.Sprint(pid)) {
			own = append(own, f)
		}
	}
	return own
}

func judge(f Fault, name, jdk string, own []finding) row {
	r := row{name: name, jdk: jdk, said: "nothing"}
	ids := strings.Split(f.Finds, "|")
	for i, got := range own {
		if !slices.Contains(ids, got.ID) {
			continue
		}
		r.among, r.first = true, i == 0
		r.named = regexp.MustCompile(f.Names).MatchString(got.Title)
		if len(got.Advice) > 0 {
			a := got.Advice[0]
			r.advice = regexp.MustCompile("(?i)" + f.Advice).MatchString(strings.Join([]string{a.Action, a.Setting, a.To}, " "))
		}
		break
	}
	if len(own) > 0 {
		r.said = own[0].ID + ": " + own[0].Title
		if len(own[0].Advice) > 0 {
			r.said += " -> " + own[0].Advice[0].Action
		}
	}
	return r
}

// report prints the matrix, and holds it to its goals.
func report(t *testing.T, rows []row, alarms []string) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "fault\tJDK\tamong\tfirst\tnamed\tadvice\tsaid first")
	var among, first, named, advice int
	mark := func(ok bool, n *int) string {
		if ok {
			*n++
			return "yes"
		}
		return "-"
	}
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%.220s\n", r.name, r.jdk, mark(r.among, &among), mark(r.first, &first), mark(r.named, &named),
			mark(r.advice, &advice), r.said)
	}
	w.Flush()
	fmt.Fprintf(&b, "\n%d faults: %d among the warnings, %d first, %d named, %d advice\n", len(rows), among, first, named, advice)
	for _, a := range alarms {
		fmt.Fprintln(&b, "false alarm:", a)
	}
	t.Log("\n" + b.String())
	for _, goal := range []struct {
		what string
		n    int
		part float64
	}{{"among the warnings", among, 0.95}, {"first", first, 0.95}, {"named", named, 0.95}, {"advice", advice, 0.90}} {
		if float64(goal.n) < goal.part*float64(len(rows)) {
			t.Errorf("%s: %d of %d, want %.0f%%", goal.what, goal.n, len(rows), 100*goal.part)
		}
	}
	if len(alarms) > 0 {
		t.Errorf("%d false alarms", len(alarms))
	}
}
