package lab

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shared is one of two nodes, each with a limit of its CPUs.
var shared = limited{threads: 12, pool: 4, needs: "cpu=3 wait=40 query=12", quota: 0.8}

// lossLoads are requests a second of two nodes: even, uneven, and more than one of them carries.
var lossLoads = []struct {
	name  string
	rates [2]float64
}{
	{"even", [2]float64{35, 35}},
	{"uneven", [2]float64{55, 20}},
	{"too much for one", [2]float64{95, 95}},
}

// used is what a node's requests used of its CPUs, threads and connections.
type used struct{ At, CPU, Threads, Connections float64 }

// share is how much of a resource is used.
type share struct {
	name string
	used float64
}

// TestLimitsAfterLoss captures two nodes under load, stops the first, sends its load to the second, and holds what check foretold of that to what is
// measured.
func TestLimitsAfterLoss(t *testing.T) {
	binary := os.Getenv("CASEFILE_LAB")
	if only := os.Getenv("CASEFILE_LAB_ONLY"); binary == "" || only != "limits" && only != "limits/loss" || os.Getenv("CASEFILE_LAB_KEPT") != "" {
		t.Skip("make lab LAB=limits")
	}
	ctx := t.Context()
	jdbc := postgres(ctx, t)
	if jdbc == "" {
		t.Skip("the services need PostgreSQL")
	}
	classpath := compileLimits(ctx, t)
	rows, within := []string{}, 0
	for _, jdk := range labJDKs(ctx) {
		for _, load := range lossLoads {
			nodes := [2]*limitedNode{shared.start(ctx, t, jdk, classpath, jdbc), shared.start(ctx, t, jdk, classpath, jdbc)}
			for _, n := range nodes {
				n.saturate(ctx, 6*time.Second) // warm
				n.limit(t, shared.quota)
			}
			stop := [2]func(){drive(ctx, load.rates[0], nodes[0].url), drive(ctx, load.rates[1], nodes[1].url)}
			pause(ctx, 3*time.Second)
			said := checkCluster(ctx, t, binary, nodes[:])
			stop[0]()
			nodes[0].stop()
			more := drive(ctx, load.rates[0], nodes[1].url)
			pause(ctx, 4*time.Second)
			truth := nodes[1].use(ctx, t, 15*time.Second)
			more()
			stop[1]()
			nodes[1].stop()
			t.Logf("%s, JDK %d\n  %s", load.name, jdk.Major, strings.Join(said.Limits, "\n  "))
			list := []share{{"CPU limit", truth.CPU / shared.quota}, {"request threads", truth.Threads / float64(shared.threads)}, {"database connections", truth.Connections / float64(shared.pool)}}
			full := slices.ContainsFunc(list, func(x share) bool { return x.used >= 0.95 })
			for _, x := range list {
				low, high, told := said.after(x.name, "n2")
				verdict := "within"
				switch {
				case !told:
					verdict = "**not told**"
					t.Errorf("%s: nothing is foretold of %s", load.name, x.name)
				case x.used > high || x.used < low && !full: // where one is full, not all of the load comes to the others
					verdict = "**missed**"
					t.Errorf("%s: %s would be used %.2f to %.2f, measured %.2f", load.name, x.name, low, high, x.used)
				default:
					within++
				}
				rows = append(rows, fmt.Sprintf("| %s | %s | %.0f + %.0f | %s | %.0f %% | %.0f to %.0f %% | %s |", load.name, jdk.Version, load.rates[0], load.rates[1], x.name,
					100*x.used, 100*low, 100*high, verdict))
			}
		}
	}
	t.Logf("\n| load | JDK | requests/s of both | resource of the node that is left | measured | foretold | |\n|---|---|---|---|---|---|---|\n%s\n\n%d of %d within their bounds.",
		strings.Join(rows, "\n"), within, len(rows))
}

// after is what is foretold of a resource.
func (s *limitsSaid) after(name, node string) (low, high float64, told bool) {
	for _, x := range s.Capacity.After {
		if x.Name == name && x.Node == node {
			return x.Used.Low, x.Used.High, true
		}
	}
	return 0, 0, false
}

// use measures CPUs, threads and connections in use on average.
func (n *limitedNode) use(ctx context.Context, t *testing.T, long time.Duration) (u used) {
	t.Helper()
	before, err := n.counted()
	if err != nil {
		t.Fatal(err)
	}
	pause(ctx, long)
	after, err := n.counted()
	if err != nil {
		t.Fatal(err)
	}
	span := after.At - before.At
	return used{span, (after.CPU - before.CPU) / span, (after.Threads - before.Threads) / span, (after.Connections - before.Connections) / span}
}

// counted asks the service itself.
func (n *limitedNode) counted() (u used, err error) {
	res, err := http.Get(strings.Replace(n.url, "/pages/view", "/used", 1))
	if err != nil {
		return u, err
	}
	defer res.Body.Close()
	err = json.NewDecoder(res.Body).Decode(&u)
	return u, err
}

// checkCluster has an agent serve each node, and checks them.
func checkCluster(ctx context.Context, t *testing.T, binary string, nodes []*limitedNode) limitsSaid {
	t.Helper()
	dir := t.TempDir()
	cluster := filepath.Join(dir, "cluster")
	init := []string{"cluster", "init", "--dir", cluster, "--name", "wiki"}
	var ports []string
	for i := range nodes {
		ports = append(ports, freePort(t))
		init = append(init, "--node", fmt.Sprintf("n%d=127.0.0.1:%s", i+1, ports[i]))
	}
	run(ctx, t, binary, init...)
	for i, n := range nodes {
		cmd := exec.CommandContext(ctx, binary, "agent", "--identity", filepath.Join(cluster, fmt.Sprintf("node-n%d.pem", i+1)), "--listen", "127.0.0.1:"+ports[i],
			"--spool", filepath.Join(dir, fmt.Sprintf("spool%d", i+1)), "--pid", fmt.Sprint(n.cmd.Process.Pid))
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
		said, err := cmd.StderrPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		defer func() { cmd.Process.Signal(syscall.SIGTERM); cmd.Wait() }()
		lines := bufio.NewScanner(said)
		for lines.Scan() && !strings.Contains(lines.Text(), "listens on") {
		}
	}
	return checkLimits(ctx, t, binary, "--cluster", filepath.Join(cluster, "cluster.yaml"), "--duration", "15s")
}
