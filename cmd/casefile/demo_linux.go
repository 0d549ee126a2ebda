package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"casefile/bundle/format/plan"
	"casefile/cmd/samples/live"
	"casefile/collectors"
	"casefile/collectors/agent"
	"casefile/collectors/agent/identity"
)

// demoNode is one node of the sample cluster with its service; the scenario "healthy" has no problem.
type demoNode struct{ name, scenario, goProblem string }

// demoCluster has one planted problem: the second node's request threads wait
// for one lock.
var demoCluster = []demoNode{{"n1", "healthy", "none"}, {"n2", "lock-contention", "mutex"}, {"n3", "healthy", "none"}}

func newDemo(u *ui) *cobra.Command {
	var out, on string
	var duration time.Duration
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Capture an embedded sample cluster with a planted problem",
		Long: `Starts a sample cluster on this machine: three nodes, each an agent on loopback with
its service - Java where a JDK is found, Go services otherwise. One service has a
planted problem. Captures all nodes at the same moment into one bundle, prints the
advice and where the report lies, and stops what it started.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if on != "" && on != "java" && on != "go" {
				return usage("--on %q: want java or go", on)
			}
			return demo(cmd.Context(), u, out, on, duration)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "folder for bundle and report (default: a new one in the temporary folder)")
	cmd.Flags().StringVar(&on, "on", "", "java or go (default: java where a JDK is found)")
	cmd.Flags().DurationVar(&duration, "duration", 12*time.Second, "length of the capture")
	return cmd
}

func demo(ctx context.Context, u *ui, out, on string, duration time.Duration) error {
	if out == "" {
		var err error
		if out, err = tempDir("casefile-demo-"); err != nil {
			return err
		}
	} else if err := os.MkdirAll(out, 0o700); err != nil {
		return err
	}
	o := collectOptions{plan: plan.Default(), node: "demo", format: "tar.zst", output: "text", out: filepath.Join(out, "demo.tar.zst")}
	o.plan.Duration, o.plan.CaseID = plan.Duration(duration), "DEMO-1"
	o.plan.Dumps, o.plan.DumpInterval = 4, plan.Duration((duration / 4).Truncate(100*time.Millisecond))
	if err := o.plan.Validate(); err != nil {
		return usage("%w", err)
	}
	work, err := tempDir("casefile-demo-cluster-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	defer hold(ctx)()
	life, end := context.WithCancel(context.WithoutCancel(ctx)) // a signal ends the capture first, then what it captures
	defer end()
	begun := context.AfterFunc(ctx, end)
	c := &sampleCluster{ctx: life, u: u, dir: work}
	defer c.stop()
	if err := c.start(on); err != nil {
		return err
	}
	begun()
	o.plan.Apps = c.apps
	o.cluster.file = filepath.Join(work, "identities", identity.ClusterFile)
	done, err := capture(ctx, u, &o)
	if err != nil {
		return err
	}
	c.stop()
	if err := done.print(u, &o); err != nil {
		return err
	}
	fmt.Fprintf(u.err, "open the report in a browser: %s\n", done.report)
	if ctx.Err() != nil {
		return &exit{code: exitInterrupted}
	}
	if done.incomplete() {
		return &exit{code: exitGaps}
	}
	return nil
}

// sampleCluster is what runs while the demo captures.
type sampleCluster struct {
	ctx     context.Context
	u       *ui
	dir     string
	started []func() // how each is stopped
	apps    []string // what the plan has to name; none: each agent serves its service anyway
}

// stop may be called more than once.
func (c *sampleCluster) stop() {
	for _, f := range c.started {
		f()
	}
	c.started = nil
}

// start starts the services, and for each an agent that serves no other process.
func (c *sampleCluster) start(on string) error {
	service, err := c.services(on)
	if err != nil {
		return err
	}
	listeners := map[string]net.Listener{}
	members := map[string]string{}
	for _, n := range demoCluster {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer func() {
			if listeners[n.name] != nil {
				ln.Close() // it was not handed to an agent
			}
		}()
		listeners[n.name], members[n.name] = ln, ln.Addr().String()
	}
	if err := identity.Init(filepath.Join(c.dir, "identities"), "demo", members); err != nil {
		return err
	}
	for _, n := range demoCluster {
		pid, err := service(n)
		if err != nil {
			return err
		}
		if err := c.agent(n.name, pid, listeners[n.name]); err != nil {
			return err
		}
		delete(listeners, n.name)
	}
	return nil
}

// services returns what starts the service of a node: in Java where there is a JDK, else in Go.
func (c *sampleCluster) services(on string) (func(demoNode) (pid int, err error), error) {
	jdks := live.JDKs(c.ctx)
	if len(jdks) == 0 && on == "" {
		fmt.Fprintln(c.u.err, "no JDK found on this machine: the demo runs on Go services")
		on = "go"
	}
	if on == "go" {
		fmt.Fprintf(c.u.err, "starting a cluster of %d Go services\n", len(demoCluster))
		self, err := os.Executable()
		c.apps = []string{filepath.Base(self)} // casefile captures itself only when asked by name
		return c.goService, err
	}
	if len(jdks) == 0 {
		return nil, hinted(errors.New("no JDK found on this machine"), "install one, or casefile demo --on go")
	}
	jdk := jdks[len(jdks)-1]
	fmt.Fprintf(c.u.err, "starting a cluster of %d sample services on %s\n", len(demoCluster), jdk.Home)
	return func(n demoNode) (int, error) {
		proc, err := live.Start(c.ctx, jdk, n.scenario, live.Options{})
		if err != nil {
			return 0, hinted(err, "the samples are compiled with javac: install a full JDK, or casefile demo --on go")
		}
		c.started = append(c.started, proc.Stop)
		return proc.PID, nil
	}, nil
}

// goService starts this same program as a sample service.
func (c *sampleCluster) goService(n demoNode) (int, error) {
	pid, stop, err := startService(c.ctx, n.goProblem)
	if err != nil {
		return 0, fmt.Errorf("sample service: %w", err)
	}
	c.started = append(c.started, stop)
	return pid, nil
}

// agent serves one process as a node of its own.
func (c *sampleCluster) agent(name string, pid int, ln net.Listener) error {
	id, err := identity.Load(filepath.Join(c.dir, "identities", "node-"+name+".pem"))
	if err != nil {
		return err
	}
	mine := collectors.Only{PIDs: []int{pid}}
	node := &agent.Node{Name: name, Collectors: func() []collectors.Collector { return mine.Wrap(nodeCollectors()) },
		SpoolDir: filepath.Join(c.dir, "spool-"+name), Tool: thisTool(), Allow: agent.Policy{Peers: []string{"127.0.0.1"}},
		Listen: ln.Addr().String(), Identity: id}
	ctx, cancel := context.WithCancel(c.ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = agent.Serve(ctx, ln, id, node.Handler()) // the capture tells of an agent that fails
	}()
	c.started = append(c.started, func() {
		cancel()
		<-ended
		end, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), 5*time.Second)
		defer cancel()
		_ = node.Close(end) // the folder is removed as a whole
	})
	return nil
}

var errNotReady = errors.New("it ended before it was ready")

// ready tells the line "ready http://..." of a sample service that serves.
func ready(line string) bool { return strings.HasPrefix(line, "ready ") }
