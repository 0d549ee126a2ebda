package lab

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"casefile/cmd/samples/live"
)

// checkedNodes is a cluster of Tomcats, each with a Hazelcast member and an agent in a network namespace of its own.
const checkedNodes = 3

// checkFaults are planted on one cluster, all at once: what must be told not ok, and with what words.
var checkFaults = map[string]string{
	"same-heap":              "n2",
	"same-jvm":               "n2",
	"same-release":           "8.5.2 on n3",
	"same-collector":         "Parallel on n3",
	"atlassian-collector":    "Parallel",
	"same-plugins":           "1 plugin without draw-1.0.jar on n2",
	"same-time-zone":         "Asia/Tokyo on n3",
	"same-locale":            "ISO-8859-1 on n2",
	"same-request-threads":   "30 on n3",
	"same-pool":              "25 on n3",
	"pool-for-threads":       "20 connections for 40 threads, wanted 50",
	"tomcat-max-connections": "maxConnections is 20",
	"tomcat-look-ups":        "enableLookups is true",
	"tomcat-auto-deploy":     "autoDeploy is true, the default",
	"atlassian-threads":      "1000",
	"clocks-together":        "n3",
	"internode-latency":      "n3",
	"cluster-join":           "n2",
	"cluster-peers":          "1 peer named, 3 nodes captured",
	"cluster-ports":          "port 5701 (Hazelcast): no answer",
	"same-mtu":               "1400",
	"path-mtu":               "packets of 1400 bytes arrive, of 1500 bytes vanish, to n2",
	"same-shared-home":       "tmpfs",
	"shared-home-write":      "n1",
	"disk-room":              "n3",
	"affinity":               "change the node",
	"even-load":              "on n1",
	"database-latency":       "on n3",
	"database-connections":   "pools may open 65, the server takes ",
	"database-isolation":     "repeatable read",
	"database-encoding":      "LATIN1",
	"swap-unused":            "MB",
	"swappiness":             "",
}

// answers are what only people know, or what the lab has not.
const answers = "licence: ok\nuser-directory: \"n/a: no directory here\"\ncpu-limits: \"ok: none, network namespaces hide the cgroups\"\n"

// TestCheckedCluster has casefile check look at a sound cluster and at one with faults: each fault is named with its value and a fix, and all
// else is ok.
func TestCheckedCluster(t *testing.T) {
	binary := os.Getenv("CASEFILE_LAB")
	if only := os.Getenv("CASEFILE_LAB_ONLY"); binary == "" || only != "" && only != "check" {
		t.Skip("CASEFILE_LAB names no casefile; make lab sets it")
	}
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root")
	}
	jars := fetch(t.Context(), t, "pom.xml", "jars")
	classes := t.TempDir()
	run(t.Context(), t, "javac", "--release", "17", "-d", classes, "-cp", jars+"/*", "check/Member.java")
	jdks := live.JDKs(t.Context())
	if len(jdks) == 0 {
		t.Skip("no JDK")
	}
	for _, faulty := range []bool{false, true} {
		t.Run(fmt.Sprintf("faulty %v", faulty), func(t *testing.T) {
			c := newChecked(t, binary, jdks, classes+":"+jars+"/*", faulty)
			items, code := c.check()
			sound := true
			for _, id := range slices.Sorted(maps.Keys(items)) {
				item := items[id]
				t.Logf("%-22s %-10s %s", id, item.State, item.Value)
				words, planted := checkFaults[id]
				planted = planted && faulty && !c.cannot[id]
				switch {
				case planted && (item.State != "not-ok" || !strings.Contains(item.Value, words) || item.Do == ""):
					t.Errorf("%s: %s %q, want not ok with %q", id, item.State, item.Value, words)
				case !planted && item.State != "ok" && (faulty && consequence[id] || machineWide[id]):
					sound = sound && item.Severity == "info"
				case !planted && item.State != "ok":
					t.Errorf("%s: %s %q", id, item.State, item.Value)
				}
			}
			for id := range checkFaults {
				if _, known := items[id]; !known {
					t.Errorf("%s is not asked", id)
				}
			}
			if sound && !faulty && code != 0 {
				t.Errorf("all is ok or worth a note, and the exit code is %d", code)
			}
			if t.Logf("exit code %d", code); faulty {
				t.Logf("%d faults planted", len(checkFaults)-len(c.cannot))
			}
		})
	}
}

// machineWide are items that depend on the machine that plays all nodes, and on who else works on it; consequence those that follow from the
// planted faults.
var (
	machineWide = map[string]bool{"cpu-enough": true, "clock-kept": true, "steal": true, "cpu-limits": true, "huge-pages": true, "entropy": true, "scanners": true,
		"local-disk-write": true, "retransmits": true, "memory-available": true, "disk-not-full": true, "known-problems": true}
	consequence = map[string]bool{"same-options": true, "internode-loss": true, "tomcat-accepts": true, "memory-enough": true, "local-disk-write": true,
		"database-waits": true, "atlassian-full-collections": true, "tomcat-stuck": true}
)

type checked struct {
	t       *testing.T
	binary  string
	dir     string
	spaces  []string
	addrs   []string
	gateway string // of the nodes: where the database listens
	faulty  bool
	bridge  string
	cluster string
	cannot  map[string]bool // faults that this machine does not let us plant
}

type checkedItem struct{ ID, State, Severity, Value, Do string }

func newChecked(t *testing.T, binary string, jdks []live.JDK, classpath string, faulty bool) *checked {
	t.Helper()
	c := &checked{t: t, binary: binary, dir: t.TempDir(), faulty: faulty, bridge: fmt.Sprintf("cl%db", os.Getpid()), cannot: map[string]bool{}}
	c.cluster = filepath.Join(c.dir, "cluster")
	late := binary
	if faulty {
		late = ahead(t)
		if !swapped(t, c.dir) {
			c.cannot["swap-unused"], c.cannot["swappiness"] = true, true
		}
		if len(jdks) < 2 {
			c.cannot["same-jvm"] = true
		}
	}
	c.network()
	shared, local := filepath.Join(c.dir, "shared"), filepath.Join(c.dir, "local")
	device := volume(t, shared, "12G")
	url, credential := c.database()
	init := []string{"cluster", "init", "--dir", c.cluster, "--name", "wiki"}
	for i, a := range c.addrs {
		init = append(init, "--node", fmt.Sprintf("n%d=%s:7443", i+1, a))
	}
	run(t.Context(), t, binary, init...)
	file := filepath.Join(c.cluster, "cluster.yaml")
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, fmt.Appendf(text, "probes:\n  databases:\n  - {url: %q, credential: %q}\n  storage:\n  - {path: %s, kind: shared-home}\n"+
			"  - {path: %s, kind: local-home}\n  names: [localhost]\n", url, "file:"+credential, shared, local), 0o600)
	}
	if err := errors.Join(err, os.Mkdir(local, 0o755), os.WriteFile(filepath.Join(c.dir, "answers.yaml"), []byte(answers), 0o644)); err != nil {
		t.Fatal(err)
	}
	newest := jdks[len(jdks)-1]
	for i := range c.addrs {
		n := checkedNode{jdk: newest, classpath: classpath, agent: binary, shared: shared, local: local, credential: credential}
		if faulty {
			switch i {
			case 1:
				n.jdk, n.mount = jdks[0], "mount -t tmpfs -o size=200m own "+shared
			case 2:
				full := filepath.Join(c.dir, "full")
				n.agent, n.mount = late, "mount -o loop "+image(t, full, "64M")+" "+full
			}
		}
		pid := c.tomcat(i, n)
		agent := c.agent(i, pid, n)
		if faulty && i == 0 {
			slowly(t, agent, device)
		}
	}
	if faulty {
		c.ip("-n", c.spaces[1], "link", "set", "mtu", "1400", "dev", c.spaces[1]+"i")
		// What the port of n3 answers to n1 is lost; the other way is open.
		c.ip("-n", c.spaces[2], "rule", "add", "to", c.addrs[0], "ipproto", "tcp", "sport", "5701", "blackhole", "pref", "10")
	}
	c.browse()
	return c
}

// checkedNode is what one node runs on.
type checkedNode struct {
	jdk                       live.JDK
	classpath, agent, mount   string
	shared, local, credential string
}

// network makes a namespace a node, and a bridge between them.
func (c *checked) network() {
	c.t.Helper()
	subnet := fmt.Sprintf("10.78.%d.", os.Getpid()%250)
	c.gateway = subnet + "254"
	c.t.Cleanup(func() { exec.Command("ip", "link", "del", c.bridge).Run() })
	c.ip("link", "add", c.bridge, "type", "bridge")
	c.ip("addr", "add", c.gateway+"/24", "dev", c.bridge)
	c.ip("link", "set", c.bridge, "up")
	for i := range checkedNodes {
		name := fmt.Sprintf("cl%d%c", os.Getpid(), 'x'+i)
		c.t.Cleanup(func() { exec.Command("ip", "netns", "del", name).Run() })
		c.ip("netns", "add", name)
		if c.faulty && i == 2 {
			wire(c.t, name+"o", name+"i", wireDelay)
		} else {
			c.ip("link", "add", name+"o", "type", "veth", "peer", "name", name+"i")
		}
		c.ip("link", "set", name+"i", "netns", name)
		c.ip("link", "set", name+"o", "master", c.bridge, "up")
		addr := fmt.Sprint(subnet, i+1)
		c.ip("-n", name, "addr", "add", addr+"/24", "dev", name+"i")
		c.ip("-n", name, "link", "set", name+"i", "up")
		c.ip("-n", name, "link", "set", "lo", "up")
		c.spaces, c.addrs = append(c.spaces, name), append(c.addrs, addr)
	}
}

func (c *checked) ip(args ...string) {
	c.t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		c.t.Skipf("no network namespaces here: ip %v: %v: %s", args, err, out)
	}
}

const (
	serverXML = `<Server port="-1"><Listener className="Member"/><Service name="Catalina">
  <Connector port="8090" maxThreads="%d"%s/>
  <Engine name="Standalone" defaultHost="localhost"><Host name="localhost"%s>
    <Valve className="org.apache.catalina.valves.AccessLogValve" directory="logs" prefix="conf_access_log" suffix=".log" buffered="false"
      pattern="%%t %%{X-AUSERNAME}o %%I %%h %%r %%s %%Dms %%b %%{Referer}i %%{User-Agent}i"/>
    <Valve className="Member"/><Context path="" docBase="%s"/>
  </Host></Engine></Service></Server>
`
	confluenceXML = `<confluence-configuration><properties>
  <property name="hibernate.hikari.maximumPoolSize">%d</property>
  <property name="confluence.cluster">true</property>
  <property name="confluence.cluster.join.type">tcp_ip</property>
  <property name="confluence.cluster.peers">%s</property>
</properties></confluence-configuration>
`
)

// tomcat starts a node's server and waits until it answers and its member listens.
func (c *checked) tomcat(i int, n checkedNode) (pid int) {
	c.t.Helper()
	base, peers := filepath.Join(c.dir, fmt.Sprintf("n%d", i+1), "confluence"), strings.Join(c.addrs, ",")
	heap, zone, encoding, workers, pool, named := "-Xmx160m", "Europe/Berlin", "UTF-8", 40, 50, peers
	collector, release, plugins, attributes, host := "-XX:+UseG1GC", "8.5.1", []string{"calendar-5.1.jar", "draw-1.0.jar"}, "", ` autoDeploy="false"`
	command := []string{"ip", "netns", "exec", c.spaces[i]}
	if c.faulty {
		pool, attributes, host = 20, ` maxConnections="20" enableLookups="true"`, ""
		command = append(command, "prlimit", "--nproc=1000")
		switch i {
		case 1:
			heap, encoding, named, plugins = "-Xmx128m", "ISO-8859-1", c.addrs[1], plugins[:1]
		case 2:
			zone, workers, pool, collector, release = "Asia/Tokyo", 30, 25, "-XX:+UseParallelGC", "8.5.2"
		}
	}
	home := filepath.Join(base, "home")
	files := map[string]string{
		filepath.Join(base, "conf", "server.xml"):   fmt.Sprintf(serverXML, workers, attributes, host, home),
		filepath.Join(base, "logs", "catalina.out"): "",
		filepath.Join(home, "confluence.cfg.xml"):   fmt.Sprintf(confluenceXML, pool, named),
	}
	for _, p := range plugins {
		files[filepath.Join(home, "plugins-cache", p)] = "a plugin"
	}
	for path, text := range files {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			c.t.Fatal(err)
		}
	}
	install := filepath.Join(base, "atlassian-confluence-"+release)
	command = append(command, filepath.Join(n.jdk.Home, "bin", "java"), heap, collector, "-Duser.timezone="+zone,
		"-Dfile.encoding="+encoding, "-Dcatalina.base="+base, "-Dcatalina.home="+install, "-Dconfluence.home="+home, "-Dconfluence.context.path=",
		"-Dlab.peers="+peers, "-cp", n.classpath, "org.apache.catalina.startup.Bootstrap", "start")
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.SysProcAttr = base, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := os.Create(filepath.Join(c.dir, fmt.Sprintf("n%d.log", i+1)))
	if err == nil {
		cmd.Stdout, cmd.Stderr = log, log
		err = cmd.Start()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		log.Close()
		if text, _ := os.ReadFile(log.Name()); c.t.Failed() {
			c.t.Logf("n%d: %.2000s", i+1, text)
		}
	})
	for _, port := range []string{"8090", "5701"} {
		await(c.t.Context(), c.t, func() error {
			k, err := net.Dial("tcp", net.JoinHostPort(c.addrs[i], port))
			if err == nil {
				k.Close()
			}
			return err
		})
	}
	return cmd.Process.Pid
}

// agent serves a node. One that is faulty has a folder of its own where the shared home should be mounted.
func (c *checked) agent(i, pid int, n checkedNode) (agent int) {
	c.t.Helper()
	mount := n.mount
	if mount == "" {
		mount = "true"
	}
	cmd := exec.Command("ip", "netns", "exec", c.spaces[i], "sh", "-c", mount+` && exec "$0" "$@"`, n.agent, "agent",
		"--identity", filepath.Join(c.cluster, fmt.Sprintf("node-n%d.pem", i+1)), "--listen", c.addrs[i]+":7443",
		"--spool", filepath.Join(c.dir, fmt.Sprintf("spool%d", i+1)), "--pid", fmt.Sprint(pid), "--allow-storage", n.shared, "--allow-storage", n.local,
		"--allow-credential", "file:"+n.credential)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	said, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		io.Copy(io.Discard, said)
		cmd.Wait()
	})
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "listens on") {
			return cmd.Process.Pid
		}
	}
	c.t.Fatalf("the agent of n%d ended before it listened", i+1)
	return 0
}

// browse is users at a load balancer that keeps each of them on one node for a visit; a faulty one chooses anew at each request, and
// likes one node more.
func (c *checked) browse() {
	c.t.Helper()
	const users, requests = 9, 60
	const pause = 150 * time.Millisecond // logs are to the second
	node := func(user, k int) int { return (user + k/30) % checkedNodes }
	if c.faulty {
		node = func(int, int) int { return max(0, rand.IntN(9)-6) }
	}
	for k := range requests {
		time.Sleep(pause)
		for user := range users {
			req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, "http://"+c.addrs[node(user, k)]+":8090/pages/view", nil)
			if err != nil {
				c.t.Fatal(err)
			}
			req.Header.Set("X-User", fmt.Sprintf("reader%d", user))
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				c.t.Fatal(err)
			}
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
	}
}

// check runs the verb over the cluster.
func (c *checked) check() (items map[string]checkedItem, code int) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.binary, "check", "--cluster", filepath.Join(c.cluster, "cluster.yaml"), "--duration", "12s", "--output", "json",
		"--answers", filepath.Join(c.dir, "answers.yaml"))
	if keep := os.Getenv("CASEFILE_LAB_KEEP"); keep != "" {
		cmd.Args = append(cmd.Args, "--out", filepath.Join(keep, fmt.Sprintf("check-faulty-%v.tar.zst", c.faulty)))
	}
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if code = cmd.ProcessState.ExitCode(); !slices.Contains([]int{0, 3, 4}, code) || c.faulty && code != 4 {
		c.t.Fatalf("exit code %d: %v: %s", code, err, said.String())
	}
	var result struct{ Items []checkedItem }
	if err := json.Unmarshal(out, &result); err != nil {
		c.t.Fatal(err)
	}
	items = map[string]checkedItem{}
	for _, item := range result.Items {
		items[item.ID] = item
	}
	return items, code
}
