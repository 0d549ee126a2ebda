package lab

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"casefile/cmd/samples/live"
)

// captures is how often each server is captured in each state, by CASEFILE_LAB_CAPTURES: 10 unless told.
func captures(t *testing.T) int {
	text := cmp.Or(os.Getenv("CASEFILE_LAB_CAPTURES"), "10")
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestIdle captures servers that have nothing to do, and again with ten requests a second: nothing of it is worth a warning.
func TestIdle(t *testing.T) {
	l := &lab{binary: os.Getenv("CASEFILE_LAB"), only: regexp.MustCompile(os.Getenv("CASEFILE_LAB_ONLY")), words: newWords()}
	if l.binary == "" {
		t.Skip("CASEFILE_LAB names no casefile; make lab sets it")
	}
	chosen := slices.DeleteFunc(slices.Clone(Servers), func(s Server) bool { return !l.only.MatchString("idle/" + s.Name) })
	ctx := t.Context()
	var results []*idleResult
	defer func() { reportIdle(t, results) }()
	for group := range slices.Chunk(chosen, 4) {
		var running []*idleServer
		for _, s := range group {
			if r := l.serve(ctx, t, s); r != nil {
				running = append(running, r)
			}
		}
		time.Sleep(15 * time.Second) // the compiler's and the start's work
		results = append(results, l.watch(ctx, t, running, "idle")...)
		for _, s := range running {
			s.load(ctx, t)
		}
		results = append(results, l.watch(ctx, t, running, "light load")...)
		for _, s := range running {
			s.stop()
		}
	}
}

// idleServer is one that runs.
type idleServer struct {
	Server
	cmds      []*exec.Cmd // the server, and what puts load on it
	jdk       live.JDK
	pid       int // of the JVM, which a script may have started
	port      string
	classpath string
}

// serve starts a server and waits until it answers; nil: it does not.
func (l *lab) serve(ctx context.Context, t *testing.T, s Server) *idleServer {
	r := &idleServer{Server: s, jdk: jdkFor(ctx, t, s.MaxMajor), port: freePort(t)}
	dir := t.TempDir()
	fill := strings.NewReplacer("PORT", r.port, "SECOND", freePort(t)).Replace
	command := []string{filepath.Join(r.jdk.Home, "bin/java"), "-Xmx512m"}
	switch {
	case s.Zip != "":
		dir = unpack(ctx, t, s.Zip, dir)
		command = []string{filepath.Join(dir, s.Run[0])}
		for _, arg := range s.Run[1:] {
			command = append(command, fill(arg))
		}
	case s.Main == "": // of the lab
		if l.parts.classpath == "" {
			l.parts = build(ctx, t, l.words)
		}
		p := l.start(ctx, t, r.jdk, Fault{Name: "idle", Server: s.Name}, false)
		r.cmds, r.pid = []*exec.Cmd{p.cmd}, p.cmd.Process.Pid
		r.port = regexp.MustCompile(`:(\d+)/`).FindStringSubmatch(p.url)[1]
		return r
	default:
		r.classpath = compiled(ctx, t, s)
		command = append(command, "-cp", r.classpath)
	}
	for name, text := range s.Files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(fill(text)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if s.Prepare != nil {
		r.begin(ctx, t, dir, append(command, s.Prepare...)).Wait()
		r.cmds = nil
	}
	if s.Main != "" {
		command = append(command, s.Main)
	}
	for _, arg := range s.Args {
		command = append(command, fill(arg))
	}
	cmd := r.begin(ctx, t, dir, command)
	if err := attempt(ctx, 4*time.Minute, func() error {
		c, err := net.Dial("tcp", "127.0.0.1:"+r.port)
		if err != nil {
			return err
		}
		return c.Close()
	}); err != nil {
		t.Errorf("%s does not serve: %v\n%s", s.Name, err, tailOf(filepath.Join(dir, "out")))
		return nil
	}
	r.pid = javaBelow(cmd.Process.Pid)
	return r
}

// begin starts a command in a group of its own, which stop ends.
func (r *idleServer) begin(ctx context.Context, t *testing.T, dir string, command []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "JAVA_HOME="+r.jdk.Home, "JAVA="+filepath.Join(r.jdk.Home, "bin/java"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	out, err := os.OpenFile(filepath.Join(dir, "out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.cmds = append(r.cmds, cmd)
	t.Cleanup(r.stop)
	return cmd
}

func (r *idleServer) stop() {
	for _, cmd := range r.cmds {
		if cmd.ProcessState == nil {
			syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // a group of its own, or none
			cmd.Process.Kill()
			cmd.Wait()
		}
	}
}

// load sends ten requests a second until the server ends.
func (r *idleServer) load(ctx context.Context, t *testing.T) {
	if r.Load != "" {
		r.begin(ctx, t, t.TempDir(), []string{filepath.Join(r.jdk.Home, "bin/java"), "-Xmx128m", "-cp", r.classpath, r.Load, r.port})
		return
	}
	url := "http://127.0.0.1:" + r.port + "/"
	go func() {
		for ctx.Err() == nil && r.cmds[0].ProcessState == nil {
			if resp, err := http.Get(url); err == nil {
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			time.Sleep(100 * time.Millisecond)
		}
	}()
}

// idleResult is what was said of a server in one state.
type idleResult struct {
	server, jdk, state string
	captures           int
	warnings           []string
}

// watch captures the servers together, again and again.
func (l *lab) watch(ctx context.Context, t *testing.T, running []*idleServer, state string) (out []*idleResult) {
	var pids []string
	for _, r := range running {
		pids = append(pids, "--pid", fmt.Sprint(r.pid))
		out = append(out, &idleResult{server: r.Name, jdk: r.jdk.Version, state: state})
	}
	for range captures(t) {
		path := filepath.Join(t.TempDir(), "x.tar.zst")
		collect(ctx, t, l.binary, path, 7*time.Second, 3, 3*time.Second, pids)
		all := analyze(ctx, t, l.binary, path)
		for i, r := range running {
			own, a := all.of(r.pid)
			if a.Subject == "" {
				t.Errorf("%s, %s: nothing is said of where its time went", r.Name, state)
			}
			out[i].captures++
			for _, f := range own {
				out[i].warnings = append(out[i].warnings, f.ID+": "+f.Title)
				t.Logf("%s, %s: %s", r.Name, state, f.ID+": "+f.Title)
			}
		}
	}
	return out
}

func reportIdle(t *testing.T, results []*idleResult) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "server\tJDK\tstate\tcaptures\twarnings\tthe first")
	n, warnings := 0, 0
	for _, r := range results {
		first := ""
		if len(r.warnings) > 0 {
			first = r.warnings[0]
		}
		n, warnings = n+r.captures, warnings+len(r.warnings)
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%.160s\n", r.server, r.jdk, r.state, r.captures, len(r.warnings), first)
	}
	w.Flush()
	t.Logf("\n%s\n%d captures of servers with nothing or little to do: %d warnings", b.String(), n, warnings)
	if warnings > 0 {
		t.Errorf("%d warnings about healthy servers", warnings)
	}
}

// jdkFor is the newest JDK up to a version; of CASEFILE_LAB_JDK's where that is not newer.
func jdkFor(ctx context.Context, t *testing.T, most int) (best live.JDK) {
	one := os.Getenv("CASEFILE_LAB_JDK")
	for _, jdk := range live.JDKs(ctx) {
		switch {
		case jdk.Major < 17 || most > 0 && jdk.Major > most:
		case fmt.Sprint(jdk.Major) == one:
			return jdk
		case jdk.Major > best.Major:
			best = jdk
		}
	}
	if best.Major == 0 {
		t.Skipf("no JDK from 17 to %d here", most)
	}
	return best
}

// compiled is the class path of a server's jars and of its own sources.
func compiled(ctx context.Context, t *testing.T, s Server) string {
	jars := fetch(ctx, t, pomOf(t, s.Artifacts), "idle-"+s.Name)
	classes := t.TempDir()
	for _, name := range []string{s.Main, s.Load} {
		source := filepath.Join("java/servers", name+".java")
		if _, err := os.Stat(source); err == nil {
			run(ctx, t, "javac", "--release", "17", "-proc:none", "-nowarn", "-d", classes, "-cp", jars+"/*", source)
		}
	}
	return classes + ":" + jars + "/*"
}

// pomOf writes a pom that needs some artifacts.
func pomOf(t *testing.T, artifacts []string) string {
	var b strings.Builder
	b.WriteString("<project><modelVersion>4.0.0</modelVersion><groupId>casefile</groupId><artifactId>idle</artifactId><version>1</version><packaging>pom</packaging><dependencies>\n")
	for _, a := range artifacts {
		p := strings.Split(a, ":")
		fmt.Fprintf(&b, "<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>\n", p[0], p[1], p[2])
	}
	b.WriteString("</dependencies></project>\n")
	path := filepath.Join(t.TempDir(), "pom.xml")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// unpack fetches a distribution and gives the folder that it unpacks to.
func unpack(ctx context.Context, t *testing.T, zip, dir string) string {
	cmd := exec.CommandContext(ctx, "mvn", "-q", "-B", "dependency:unpack", "-Dartifact="+zip+":zip", "-DoutputDirectory="+dir)
	cmd.Dir = t.TempDir() // where Maven marks what it has unpacked
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	found, err := filepath.Glob(filepath.Join(dir, "*", "bin"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %d folders named bin, %v", zip, len(found), err)
	}
	scripts, _ := filepath.Glob(filepath.Join(found[0], "*"))
	for _, s := range scripts {
		os.Chmod(s, 0o755)
	}
	return filepath.Dir(found[0])
}

// javaBelow is the process or the descendant of it that is a JVM, the last one that was started.
func javaBelow(pid int) int {
	if name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); strings.TrimSpace(string(name)) == "java" {
		return pid
	}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for _, f := range slices.Backward(strings.Fields(string(children))) {
		if child, err := strconv.Atoi(f); err == nil {
			if found := javaBelow(child); found != 0 {
				return found
			}
		}
	}
	return 0
}

func tailOf(path string) string {
	text, _ := os.ReadFile(path)
	return string(text[max(0, len(text)-2000):])
}
