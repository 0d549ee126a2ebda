package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"casefile/cmd/samples/live"
)

// limited is a service that one resource limits.
type limited struct {
	name          string
	threads, pool int
	needs         string // milliseconds of a request, "cpu=1 monitor=8"
	names         string // what the first sentence has to name
	quota         float64
}

// Each request takes a little of the other resources too.
var limitedServices = []limited{
	{"cpu", 60, 75, "cpu=8 query=2 monitor=0.2", "CPU of ", 0},
	{"cpu limit", 60, 75, "cpu=5 query=2", "CPU limit", 0.8},
	{"threads", 20, 30, "cpu=1 wait=150 query=2", "request threads of ", 0},
	{"pool", 60, 6, "cpu=1 query=45", "database connections of ", 0},
	{"monitor", 60, 75, "cpu=1 monitor=8 query=2", "in Limited.price of", 0},
	{"lock", 60, 75, "cpu=1 lock=8 query=2", "in Limited.stock of", 0},
	{"database", 60, 75, "cpu=1 row=8", "lock in the database", 0},
}

// limitLoads are shares of what the service carries.
var limitLoads = []float64{0.25, 0.5, 0.75}

// limitsSaid is what check says of limits.
type limitsSaid struct {
	Limits    []string
	Resources []struct {
		Name, Node string
		Low        float64 `json:"used_low"`
		High       float64 `json:"used_high"`
		Text       string  `json:"figures"`
	}
	Capacity struct {
		First   string
		Near    []string
		Rate    float64                     `json:"requests_per_s"`
		Carries struct{ Low, High float64 } `json:"carries_per_s"`
		After   []struct {
			Name, Node string
			Used       struct{ Low, High float64 }
		} `json:"after_node_loss"`
	}
}

// limitsRun is one capture next to what was measured.
type limitsRun struct {
	Service          string
	JDK, Bundle      string
	Load             float64 // share of the carried rate
	Rate             float64 // sent, requests a second
	Carried, Carries float64 // measured before and after
}

// names is what has to be named.
func (r limitsRun) names() string {
	for _, s := range limitedServices {
		if s.name == r.Service {
			return s.names
		}
	}
	return "no such service"
}

// TestLimits loads services whose bottleneck is known, and holds what check says to what was measured: the name of the resource that ends
// growth, and the rate that it carries. With CASEFILE_LAB_KEEP the captures stay there; with CASEFILE_LAB_KEPT those are judged again.
func TestLimits(t *testing.T) {
	binary := os.Getenv("CASEFILE_LAB")
	if only := os.Getenv("CASEFILE_LAB_ONLY"); binary == "" || !strings.HasPrefix(only, "limits") {
		t.Skip("make lab LAB=limits")
	}
	m := &limitsMatrix{}
	if kept := os.Getenv("CASEFILE_LAB_KEPT"); kept != "" {
		m.again(t, binary, kept)
	} else {
		m.measure(t, binary)
	}
	m.report(t)
}

func (m *limitsMatrix) measure(t *testing.T, binary string) {
	ctx := t.Context()
	jdbc := postgres(ctx, t)
	if jdbc == "" {
		t.Skip("the services need PostgreSQL")
	}
	jdbc += "&options=-c%20synchronous_commit=off" // the disk is no part of it
	classpath := compileLimits(ctx, t)
	folder := os.Getenv("CASEFILE_LAB_KEEP")
	if folder == "" {
		folder = t.TempDir()
	}
	only, _ := strings.CutPrefix(os.Getenv("CASEFILE_LAB_ONLY"), "limits/")
	for _, jdk := range labJDKs(ctx) {
		for _, s := range limitedServices {
			if only != "limits" && only != s.name {
				continue
			}
			for _, r := range s.measure(ctx, t, binary, jdk, classpath, jdbc, folder) {
				m.judge(t, binary, r)
			}
		}
	}
}

func compileLimits(ctx context.Context, t *testing.T) string {
	jars, classes := fetch(ctx, t, "pom.xml", "jars"), t.TempDir()
	run(ctx, t, "javac", "--release", "17", "-d", classes, "-cp", jars+"/*", "limits/Limited.java")
	return classes + ":" + jars + "/*"
}

// measure finds out what the service carries, captures it at each load, and measures again.
func (s limited) measure(ctx context.Context, t *testing.T, binary string, jdk live.JDK, classpath, jdbc, folder string) (runs []limitsRun) {
	n := s.start(ctx, t, jdk, classpath, jdbc)
	defer n.stop()
	n.saturate(ctx, 6*time.Second) // warm, which takes compilers more CPU than a limit leaves them
	n.limit(t, s.quota)
	carried := n.saturate(ctx, 8*time.Second)
	for _, load := range limitLoads {
		r := limitsRun{Service: s.name, JDK: jdk.Version, Load: load, Rate: load * carried, Carried: carried,
			Bundle: filepath.Join(folder, strings.ReplaceAll(fmt.Sprintf("%s-%d-%.0f.tar.zst", s.name, jdk.Major, 100*load), " ", "-"))}
		stop := drive(ctx, r.Rate, n.url)
		pause(ctx, 3*time.Second)
		checkLimits(ctx, t, binary, "--pid", fmt.Sprint(n.cmd.Process.Pid), "--duration", "15s", "--use-app-credentials", "--out", r.Bundle)
		stop()
		runs = append(runs, r)
	}
	carries := n.saturate(ctx, 8*time.Second)
	if carried == 0 || carries == 0 {
		t.Fatalf("%s answers nothing", s.name)
	}
	for i := range runs {
		r := &runs[i]
		r.Carries = carries
		text, err := json.Marshal(r)
		if err == nil {
			err = os.WriteFile(r.Bundle+".json", text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return runs
}

// checkLimits runs the verb; exit codes 3 and 4 are answers.
func checkLimits(ctx context.Context, t *testing.T, binary string, args ...string) (said limitsSaid) {
	t.Helper()
	cmd := exec.CommandContext(ctx, binary, append([]string{"check", "--output", "json"}, args...)...)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if code := cmd.ProcessState.ExitCode(); !slices.Contains([]int{0, 3, 4}, code) {
		t.Fatalf("check %v: %v\n%s", args, err, errs.String())
	}
	if err := json.Unmarshal(out, &said); err != nil {
		t.Fatal(err)
	}
	return said
}

// limitedNode is one running service.
type limitedNode struct {
	cmd    *exec.Cmd
	url    string
	groups []string // cgroups of its own
}

const (
	limitedXML = `<Server port="-1"><Service name="Catalina">
  <Connector address="127.0.0.1" port="%s" maxThreads="%d" acceptCount="1000" maxKeepAliveRequests="-1"/>
  <Engine name="Standalone" defaultHost="localhost"><Host name="localhost"><Listener className="Limited"/>
    <Valve className="org.apache.catalina.valves.AccessLogValve" directory="logs" prefix="conf_access_log" suffix=".log"
      pattern="%%t %%{X-AUSERNAME}o %%I %%h %%r %%s %%Dms %%b %%{Referer}i %%{User-Agent}i"/>
    <Valve className="Limited"/><Context path="" docBase="%s"/>
  </Host></Engine></Service></Server>
`
	limitedCfg = `<confluence-configuration><properties>
  <property name="hibernate.hikari.maximumPoolSize">%d</property>
  <property name="hibernate.connection.url">%s</property>
  <property name="hibernate.connection.username">lab</property>
  <property name="hibernate.connection.password">lab</property>
</properties></confluence-configuration>
`
)

// start runs the service, in a cgroup where it has a quota, and waits until it answers. A port that was free may be taken by then.
func (s limited) start(ctx context.Context, t *testing.T, jdk live.JDK, classpath, jdbc string) *limitedNode {
	t.Helper()
	var err error
	for range 3 {
		var n *limitedNode
		if n, err = s.startOnce(ctx, t, jdk, classpath, jdbc); err == nil {
			return n
		}
		n.stop()
	}
	t.Fatal(err)
	return nil
}

func (s limited) startOnce(ctx context.Context, t *testing.T, jdk live.JDK, classpath, jdbc string) (*limitedNode, error) {
	t.Helper()
	dir, port := t.TempDir(), freePort(t)
	base, home := filepath.Join(dir, "confluence"), filepath.Join(dir, "confluence", "home")
	plain, _, _ := strings.Cut(jdbc, "?")
	for path, text := range map[string]string{
		filepath.Join(base, "conf", "server.xml"):   fmt.Sprintf(limitedXML, port, s.threads, home),
		filepath.Join(base, "logs", "catalina.out"): "",
		filepath.Join(home, "confluence.cfg.xml"):   fmt.Sprintf(limitedCfg, s.pool, plain),
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	n := &limitedNode{url: "http://127.0.0.1:" + port + "/pages/view"}
	args := []string{"-Xms256m", "-Xmx256m", "-XX:+UseG1GC", "-Dcatalina.base=" + base, "-Dcatalina.home=" + base, "-Dconfluence.home=" + home,
		"-Dlab.jdbc=" + jdbc, fmt.Sprintf("-Dlab.pool=%d", s.pool), "-cp", classpath}
	for _, need := range strings.Fields(s.needs) {
		args = append(args, "-Dlab."+need)
	}
	n.cmd = exec.CommandContext(ctx, filepath.Join(jdk.Home, "bin", "java"), append(args, "org.apache.catalina.startup.Bootstrap", "start")...)
	n.cmd.Dir, n.cmd.SysProcAttr = base, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	n.cmd.Stdout, n.cmd.Stderr = log, log
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.stop)
	trying, cancel := context.WithCancel(ctx)
	defer cancel()
	err = attempt(trying, time.Minute, func() error {
		if said, _ := os.ReadFile(log.Name()); strings.Contains(string(said), "BindException") {
			cancel()
			return errors.New("what answers at this port is another")
		}
		if _, err := n.counted(); err != nil {
			said, _ := os.ReadFile(log.Name())
			return fmt.Errorf("%w\n%.2000s", err, said)
		}
		return nil
	})
	return n, err
}

// limit gives the service so many CPUs.
func (n *limitedNode) limit(t *testing.T, cpus float64) {
	if cpus == 0 {
		return
	}
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	limits := map[string]string{"cpu": fmt.Sprintf("%.0f", cpus*100_000), "cpuacct": ""} // one hierarchy on most machines
	for line := range strings.Lines(string(own)) {
		part := strings.SplitN(strings.TrimSpace(line), ":", 3) // "4:cpu,cpuacct:/user.slice"
		controller, _, _ := strings.Cut(part[1], ",")
		limit, wanted := limits[controller]
		if !wanted {
			continue
		}
		group := filepath.Join("/sys/fs/cgroup", controller, part[2], fmt.Sprintf("casefile-lab-%d", n.cmd.Process.Pid))
		err := os.Mkdir(group, 0o755)
		if err == nil && limit != "" {
			err = os.WriteFile(filepath.Join(group, "cpu.cfs_quota_us"), []byte(limit), 0o600)
		}
		if err == nil {
			n.groups = append(n.groups, group)
			err = os.WriteFile(filepath.Join(group, "cgroup.procs"), fmt.Appendf(nil, "%d", n.cmd.Process.Pid), 0o600)
		}
		if err != nil {
			t.Skipf("no cgroups of version 1 to write: %v", err)
		}
	}
}

func (n *limitedNode) stop() {
	if n.cmd == nil {
		return
	}
	n.cmd.Process.Kill()
	n.cmd.Wait()
	n.cmd = nil
	for _, group := range n.groups {
		os.Remove(group)
	}
}

// clients keep their connections.
var clients = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000}, Timeout: time.Minute}

// ask sends one request; false: it was not answered well.
func ask(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	res, err := clients.Do(req)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, res.Body)
	res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// saturate gives the requests a second that many clients get answered, each of which asks again at once.
func (n *limitedNode) saturate(ctx context.Context, long time.Duration) float64 {
	const clients, ramp = 150, 2 * time.Second
	ctx, cancel := context.WithTimeout(ctx, ramp+long)
	defer cancel()
	var done atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for range clients {
		all.Go(func() {
			for ctx.Err() == nil {
				if ask(ctx, n.url) && time.Since(began) > ramp {
					done.Add(1)
				}
			}
		})
	}
	all.Wait()
	return float64(done.Load()) / long.Seconds()
}

// drive sends requests at random moments, so many a second, to each address in turn, whatever became of those before.
func drive(ctx context.Context, rate float64, urls ...string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() {
		due := time.Now()
		for i := 0; ctx.Err() == nil; i++ {
			due = due.Add(time.Duration(rand.ExpFloat64() / rate * float64(time.Second)))
			pause(ctx, time.Until(due))
			all.Go(func() { ask(ctx, urls[i%len(urls)]) })
		}
	})
	return func() { cancel(); all.Wait() }
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// limitsMatrix counts.
type limitsMatrix struct {
	rows                       []string
	right, low, wrong          int
	within, outside, saidRates int
}

func (m *limitsMatrix) again(t *testing.T, binary, folder string) {
	lists, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range lists {
		var r limitsRun
		text, err := os.ReadFile(list)
		if err == nil {
			err = json.Unmarshal(text, &r)
		}
		if err != nil {
			t.Fatal(err)
		}
		r.Bundle = strings.TrimSuffix(list, ".json")
		m.judge(t, binary, r)
	}
}

// judge reads what is said of one capture.
func (m *limitsMatrix) judge(t *testing.T, binary string, r limitsRun) {
	said := checkLimits(t.Context(), t, binary, r.Bundle)
	c := said.Capacity
	name, rate := "too low to tell", "not told"
	switch {
	case c.First == "":
		m.low++
	case strings.Contains(c.First, r.names()):
		m.right++
		name = "**right**"
	default:
		m.wrong++
		name = "**wrong**: " + c.First
		t.Errorf("%s at %.0f %%: %s\n%s", r.Service, 100*r.Load, c.First, strings.Join(said.Limits, "\n"))
	}
	if c.Carries.High > 0 {
		m.saidRates++
		least, most := min(r.Carried, r.Carries), max(r.Carried, r.Carries)
		rate = fmt.Sprintf("%.0f to %.0f", c.Carries.Low, c.Carries.High)
		if c.Carries.Low <= most && c.Carries.High >= least {
			m.within++
		} else {
			m.outside++
			rate += " (**missed**)"
			t.Errorf("%s at %.0f %%: carries %s, measured %.0f to %.0f\n%s", r.Service, 100*r.Load, rate, least, most, strings.Join(said.Limits, "\n"))
		}
	}
	m.rows = append(m.rows, fmt.Sprintf("| %s | %s | %.0f %% | %.0f | %s | %.0f, %.0f | %s |", r.Service, r.JDK, 100*r.Load, r.Rate, name, r.Carried, r.Carries, rate))
	t.Logf("%s at %.0f %%\n  %s", r.Service, 100*r.Load, strings.Join(said.Limits, "\n  "))
	for _, x := range said.Resources {
		t.Logf("    %-40s %5.1f %% to %5.1f %%  %s", x.Name, 100*x.Low, 100*x.High, x.Text)
	}
}

func (m *limitsMatrix) report(t *testing.T) {
	slices.Sort(m.rows)
	t.Logf("\n| bottleneck | JDK | load | requests/s | named | carried requests/s, measured twice | carried, as told |\n|---|---|---|---|---|---|---|\n%s\n\n"+
		"%d captures: %d named right, %d too low to tell, %d wrong; the carried rate within its bounds in %d of %d.",
		strings.Join(m.rows, "\n"), len(m.rows), m.right, m.low, m.wrong, m.within, m.saidRates)
}
