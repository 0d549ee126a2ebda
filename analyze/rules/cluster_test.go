package rules

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/applog"
	"casefile/analyze/gc"
	"casefile/analyze/host"
	"casefile/analyze/rules/cluster"
	"casefile/analyze/threads"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/series"
	"casefile/bundle/format/timing"
)

// group makes a case of equal healthy nodes, whose clocks are known to 0.2 ms; change spoils it.
func group(t *testing.T, n int, change func(*analyze.Case)) *analyze.Case {
	t.Helper()
	c := &analyze.Case{Started: began, Ended: began.Add(30 * time.Second), Timing: &timing.Record{Version: 1, Reference: "admin", Started: began}}
	for i := range n {
		node := &analyze.Node{Name: fmt.Sprintf("n%d", i+1), Clock: analyze.Clock{Offset: time.Duration(i) * time.Millisecond, Error: 200 * time.Microsecond}}
		v := float64(i) // nodes are never quite equal
		node.Host = &host.Facts{Span: 30 * time.Second, CPU: host.CPU{Busy: level(20 + 2*v), Load1: figure(1 + 0.1*v), Count: figure(4)},
			System: host.System{Kernel: host.Text{Value: "6.1.0", Ref: ref("kernel")}, OS: host.Text{Value: "Debian 12", Ref: ref("os")}},
			Memory: host.Memory{Total: figure(16<<30 + v*(40<<20))}}
		node.JVMs = []*analyze.JVM{{Node: node, Target: fmt.Sprintf("%d-shop", 4711+i), PID: 4711 + i, App: "shop", Version: "17.0.15+6",
			FlagsSource: node.Name + "/vm/flags.txt", OptionsSource: node.Name + "/vm/cmdline", Options: []string{"-Dshop.mode=full", "-Dshop.node.name=" + node.Name, "-Xmx2g"},
			Flags: map[string]analyze.Flag{"MaxHeapSize": {Value: "2147483648", Origin: "command line", Line: 7}, "UseG1GC": {Value: "true", Origin: "ergonomic", Line: 9},
				"ParallelGCThreads": {Value: fmt.Sprint(4 + i), Origin: "ergonomic", Line: 11}, "HeapDumpPath": {Value: "/d/" + node.Name, Origin: "command line", Line: 12}},
			ProcessSource: node.Name + "/process/series.000.jsonl", CountersSource: node.Name + "/hsperf/series.000.jsonl",
			Process: samples(t, node, 30, func(s int) map[string]float64 {
				return map[string]float64{"cpu_user_seconds": 0.3 * float64(s), "cpu_system_seconds": 0.1 * float64(s), "threads": 120 + 5*v, "fds": 300 + 10*v}
			}),
		}}
		for k := range i {
			c.Timing.Links = append(c.Timing.Links, link(fmt.Sprintf("n%d", k+1), node.Name, 0.3))
		}
		c.Nodes = append(c.Nodes, node)
	}
	if change != nil {
		change(c)
	}
	return c
}

// samples is a series of one sample a second on the node's clock; nil leaves one out.
func samples(t *testing.T, n *analyze.Node, count int, at func(s int) map[string]float64) *series.Series {
	t.Helper()
	e := series.NewEncoder(series.Header{Source: "test"})
	for s := range count {
		if v := at(s); v != nil {
			e.Add(began.Add(time.Duration(s)*time.Second+n.Clock.Offset), v)
		}
	}
	out, err := series.Read(bytes.NewReader(e.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func link(from, to string, rtt float64) timing.Link {
	m := timing.Measured{Transport: timing.UDP, Count: 100, RTT: timing.Spread{Count: 100, Min: rtt * 0.8, P50: rtt, P90: rtt * 1.1, P99: rtt * 1.5, Max: rtt * 2}, Queue: &timing.Queue{ThereP90: rtt * 0.1, BackP90: rtt * 0.1}}
	return timing.Link{From: from, To: to, Phases: []timing.Phase{{When: timing.During, Measured: m}}}
}

// clustered runs the rules that compare nodes.
func clustered(t *testing.T, c *analyze.Case) *analyze.Result {
	t.Helper()
	res, err := analyze.Run(t.Context(), c, cluster.Rules())
	if err != nil || len(res.Broken) > 0 {
		t.Fatal(err, res.Broken)
	}
	reworded(t, c, res, cluster.Rules())
	actable(t, res)
	for _, f := range res.Findings {
		wholeFinding(t, f)
	}
	return res
}

func TestCluster(t *testing.T) {
	during := func(c *analyze.Case, i int) *timing.Measured { return &c.Timing.Links[i].Phases[0].Measured }
	for _, x := range []struct {
		name   string
		nodes  int
		change func(*analyze.Case)
		want   string
		title  string // part of the first finding's
	}{
		{name: "healthy"},
		{name: "healthy pair", nodes: 2},
		{name: "healthy eight", nodes: 8},
		{name: "clock half a second ahead", change: func(c *analyze.Case) { c.Nodes[1].Clock.Offset = 500 * time.Millisecond }, want: "info clock-skew", title: "clock of n2 is ahead of that of n1 by 500 ms, give or take 400 µs"},
		{name: "clock two seconds behind", change: func(c *analyze.Case) { c.Nodes[2].Clock.Offset = -2 * time.Second }, want: "warning clock-skew", title: "clock of n2 is ahead of that of n3 by 2 s"},
		{name: "clock six seconds", change: func(c *analyze.Case) { c.Nodes[0].Clock.Offset = 6 * time.Second }, want: "critical clock-skew", title: "n1"},
		{name: "a bound as wide as the offset proves nothing", change: func(c *analyze.Case) {
			c.Nodes[0].Clock = analyze.Clock{Offset: 1500 * time.Millisecond, Error: 1450 * time.Millisecond}
		}},
		{name: "the direct link is more exact", change: func(c *analyze.Case) {
			c.Nodes[0].Clock = analyze.Clock{Offset: 1500 * time.Millisecond, Error: 1450 * time.Millisecond}
			c.Timing.Links[0].Clock = &timing.Clock{OffsetMS: -1400, ErrorMS: 1}
		}, want: "warning clock-skew", title: "clock of n1 is ahead of that of n2 by 1.4 s, give or take 1 ms"},
		{name: "clock not measured", nodes: 2, change: func(c *analyze.Case) { c.Nodes[0].Clock = analyze.Clock{} }},
		{name: "clock was set", change: func(c *analyze.Case) {
			c.Timing.Links = append(c.Timing.Links, timing.Link{From: "admin", To: "n2", Clock: &timing.Clock{Steps: []timing.Step{{ByMS: -3000, ErrorMS: 1, Certain: true, Whose: "to", After: began, Before: began.Add(time.Second)}}}})
		}, want: "warning clock-skew", title: "clock of n2 was set by 3 s"},
		{name: "slow link", nodes: 2, change: func(c *analyze.Case) { during(c, 0).RTT = link("", "", 18).Phases[0].RTT }, want: "warning slow-link", title: "n1 and n2 and back takes 18 ms"},
		{name: "far node", change: func(c *analyze.Case) {
			during(c, 1).RTT, during(c, 2).RTT = link("", "", 80).Phases[0].RTT, link("", "", 90).Phases[0].RTT
		}, want: "critical slow-link, warning node-outlier", title: "all 2 slow links are those of n3"},
		{name: "the admin is far away", change: func(c *analyze.Case) { c.Timing.Links = append(c.Timing.Links, link("admin", "n1", 120)) }},
		{name: "one side answers late", nodes: 2, change: func(c *analyze.Case) { c.Timing.Links = append(c.Timing.Links, link("n2", "n1", 30)) }},
		{name: "loss", nodes: 2, change: func(c *analyze.Case) { during(c, 0).Count, during(c, 0).Lost = 1000, 30 }, want: "warning packet-loss", title: "3 % of the packets between n1 and n2"},
		{name: "much loss", nodes: 2, change: func(c *analyze.Case) { during(c, 0).Lost = 12 }, want: "critical packet-loss"},
		{name: "one packet lost", nodes: 2, change: func(c *analyze.Case) { during(c, 0).Lost = 1 }},
		{name: "UDP is dropped by a firewall", nodes: 2, change: func(c *analyze.Case) { during(c, 0).Lost = 100 }},
		{name: "one way is slow", nodes: 2, change: func(c *analyze.Case) { during(c, 0).Queue = &timing.Queue{ThereP90: 1, BackP90: 14} }, want: "warning asymmetric-route", title: "From n2 to n1 messages wait up to 13 ms longer"},
		{name: "one way is slow, both ends say", nodes: 2, change: func(c *analyze.Case) {
			c.Timing.Links = append(c.Timing.Links, link("n2", "n1", 1))
			during(c, 0).Queue, during(c, 1).Queue = &timing.Queue{ThereP90: 14, BackP90: 1}, &timing.Queue{ThereP90: 1, BackP90: 15}
		}, want: "warning asymmetric-route", title: "From n1 to n2 messages wait up to 13 ms longer"},
		{name: "one machine reads late", nodes: 2, change: func(c *analyze.Case) {
			c.Timing.Links = append(c.Timing.Links, link("n2", "n1", 1))
			during(c, 0).Queue, during(c, 1).Queue = &timing.Queue{ThereP90: 14, BackP90: 1}, &timing.Queue{ThereP90: 1, BackP90: 1}
		}},
		{name: "one machine wakes up late", nodes: 2, change: func(c *analyze.Case) {
			during(c, 0).Queue = &timing.Queue{ThereP90: 1, BackP90: 14}
			c.Nodes[1].Timing = &timing.Node{Name: "n2", Hiccups: &timing.Hiccups{Late: timing.Spread{Count: 100, P50: 1, P90: 20, P99: 30, Max: 40}}}
		}},
		{name: "one way is longer, and a third node's clocks show it", change: func(c *analyze.Case) {
			for i, k := range []timing.Clock{{OffsetMS: 20, ErrorMS: 20.5}, {ErrorMS: 0.3}, {ErrorMS: 0.3}} {
				c.Timing.Links[i].Clock = &k
			}
		}, want: "warning asymmetric-route", title: "From n1 to n2 messages take at least 38.8 ms longer"},
		{name: "a clock is wrong, no way is longer", change: func(c *analyze.Case) {
			for i, k := range []timing.Clock{{OffsetMS: 20, ErrorMS: 0.3}, {ErrorMS: 0.3}, {OffsetMS: -20, ErrorMS: 0.3}} {
				c.Timing.Links[i].Clock = &k
			}
		}},
		{name: "both ways are slow", nodes: 2, change: func(c *analyze.Case) { during(c, 0).Queue = &timing.Queue{ThereP90: 30, BackP90: 38} }},
		{name: "one node is busy", change: func(c *analyze.Case) { c.Nodes[1].Host.CPU.Busy = level(88) }, want: "warning node-outlier", title: "n2 differs from its peers: CPU busy 88 %, 22 % on n1 and n3"},
		{name: "one node idles", change: func(c *analyze.Case) {
			for i, n := range c.Nodes {
				n.Host.CPU.Busy = level([]float64{80, 5, 83}[i])
			}
		}, want: "info node-outlier", title: "n2"},
		{name: "peers do not agree", change: func(c *analyze.Case) {
			for i, n := range c.Nodes {
				n.Host.CPU.Busy = level([]float64{20, 55, 90}[i])
			}
		}},
		{name: "two nodes have no outlier", nodes: 2, change: func(c *analyze.Case) { c.Nodes[1].Host.CPU.Busy = level(88) }},
		{name: "small numbers", change: func(c *analyze.Case) {
			for i, n := range c.Nodes {
				n.Host.CPU.Busy, n.Host.CPU.Load1 = level([]float64{1, 1, 9}[i]), figure([]float64{0.1, 0.1, 1.2}[i])
			}
		}},
		{name: "threads and files of one node", change: func(c *analyze.Case) {
			c.Nodes[2].JVMs[0].Process = samples(t, c.Nodes[2], 30, func(s int) map[string]float64 {
				return map[string]float64{"cpu_user_seconds": 0.3 * float64(s), "cpu_system_seconds": 0.1 * float64(s), "threads": 900, "fds": 5000}
			})
		}, want: "warning node-outlier", title: "n3 differs from its peers: "},
		{name: "another JVM", change: func(c *analyze.Case) { c.Nodes[1].JVMs[0].Version = "17.0.9+9" }, want: "warning config-drift", title: "JVM version: 17.0.15+6 on n1 and n3, 17.0.9+9 on n2"},
		{name: "another heap", change: func(c *analyze.Case) {
			c.Nodes[2].JVMs[0].Flags["MaxHeapSize"] = analyze.Flag{Value: "1073741824", Origin: "command line", Line: 7}
		}, want: "warning config-drift", title: "maximum heap"},
		{name: "heaps that follow memory", change: func(c *analyze.Case) {
			for i, n := range c.Nodes {
				n.JVMs[0].Flags["MaxHeapSize"] = analyze.Flag{Value: fmt.Sprint(4<<30 + i<<23), Origin: "ergonomic"}
			}
		}},
		{name: "another collector", change: func(c *analyze.Case) {
			c.Nodes[0].JVMs[0].Flags["UseG1GC"] = analyze.Flag{Value: "false"}
			c.Nodes[0].JVMs[0].Flags["UseSerialGC"] = analyze.Flag{Value: "true", Origin: "ergonomic", Line: 3}
		}, want: "warning config-drift", title: "collector: G1 on n2 and n3, Serial on n1"},
		{name: "another option", change: func(c *analyze.Case) { c.Nodes[0].JVMs[0].Options[0] = "-Dshop.mode=half" }, want: "info config-drift", title: "-Dshop.mode: full on n2 and n3, half on n1"},
		{name: "a flag on one node", change: func(c *analyze.Case) {
			for i, n := range c.Nodes {
				n.JVMs[0].Flags["MaxGCPauseMillis"] = analyze.Flag{Value: fmt.Sprint(200 - 100*(i/2)), Origin: []string{"default", "default", "command line"}[i], Line: 20}
			}
		}, want: "info config-drift", title: "-XX:MaxGCPauseMillis"},
		{name: "another kernel", change: func(c *analyze.Case) { c.Nodes[0].Host.System.Kernel.Value = "5.10" }, want: "info config-drift", title: "kernel"},
		{name: "two applications", nodes: 2, change: func(c *analyze.Case) { c.Nodes[0].JVMs[0].App, c.Nodes[0].JVMs[0].Version = "wiki", "11" }},
	} {
		t.Run(x.name, func(t *testing.T) {
			if x.nodes == 0 {
				x.nodes = 3
			}
			res := clustered(t, group(t, x.nodes, x.change))
			if got := strings.Join(listed(res.Findings), ", "); got != x.want {
				t.Fatalf("got %q, want %q\n%s", got, x.want, show(res.Findings))
			}
			if x.want != "" && !strings.Contains(res.Findings[0].Title, x.title) {
				t.Errorf("title %q, want %q in it", res.Findings[0].Title, x.title)
			}
		})
	}
}

func TestOneNodeIsNotCompared(t *testing.T) {
	res := clustered(t, group(t, 1, nil))
	if len(res.Findings) > 0 || len(res.NotEvaluated) != len(cluster.Rules()) {
		t.Errorf("%s\n%+v", show(res.Findings), res.NotEvaluated)
	}
}

// A call to a peer over a socket, in the program's own code.
const asksPeer = socketRead + "com.acme.Peers.ask(Peers.java:40)\ncom.acme.Peers.sync(Peers.java:22)" + served

// calls gives a node dumps each 2 s over 30 s whose workers ask a peer while held says so, and have nothing to do otherwise.
func calls(t *testing.T, n *analyze.Node, workers int, stack string, held func(at time.Duration) bool) {
	t.Helper()
	used := time.Second
	text := scene(15, 2*time.Second, func(_ int, s *stage) {
		if !held(s.at) {
			used += 40 * time.Millisecond
		}
		for k := range workers {
			if held(s.at) {
				s.thread(fmt.Sprintf("http-nio-8090-exec-%d", k+1), "RUNNABLE", used, stack)
			} else {
				s.thread(fmt.Sprintf("http-nio-8090-exec-%d", k+1), "WAITING", used, idleStack)
			}
		}
	})
	dumps := parseText(t, n.Name+"/threads/dumps.txt", text)
	for i, d := range dumps {
		d.Time, d.ZoneKnown = began.Add(time.Duration(i)*2*time.Second+n.Clock.Offset), true
	}
	n.JVMs[0].Dumps = threads.NewSeries(dumps, nil)
}

// beats gives a JVM counters of JDK 17, with a heartbeat that stands while stopped says so.
func beats(t *testing.T, n *analyze.Node, stopped func(at time.Duration) bool) {
	ticks := 1e9
	n.JVMs[0].Counters = samples(t, n, 30, func(s int) map[string]float64 {
		if at := time.Duration(s) * time.Second; !stopped(at) {
			ticks += 1e9
		}
		return map[string]float64{"sun.os.hrt.frequency": 1e9, "sun.os.hrt.ticks": ticks, "java.threads.live": 40}
	})
}

func between(from, to float64) func(time.Duration) bool {
	return func(at time.Duration) bool { return at.Seconds() > from && at.Seconds() < to }
}

func never(time.Duration) bool { return false }

func TestPausePropagation(t *testing.T) {
	stop := between(9.5, 15.5)
	// n2 has a clock that is 90 s wrong: without the correction nothing would fit.
	wrongClock := func(c *analyze.Case) { c.Nodes[1].Clock.Offset = 90 * time.Second }
	for _, x := range []struct {
		name   string
		change func(*analyze.Case)
		want   string // of pause-propagation
		says   []string
	}{
		{name: "nobody stood still", change: func(c *analyze.Case) {
			for _, n := range c.Nodes {
				beats(t, n, never)
				calls(t, n, 3, asksPeer, stop)
			}
		}},
		{name: "stopped, nobody waits", change: func(c *analyze.Case) {
			beats(t, c.Nodes[1], stop)
			calls(t, c.Nodes[0], 4, asksPeer, never)
		}},
		{name: "stopped, others wait", change: func(c *analyze.Case) {
			wrongClock(c)
			beats(t, c.Nodes[1], stop)
			for _, i := range []int{0, 2} {
				beats(t, c.Nodes[i], never)
				calls(t, c.Nodes[i], 2, asksPeer, stop)
			}
			c.Gaps = []analyze.Gap{{Node: "n2", Target: "4712-shop", Item: entries.ItemThreadDumps, Cause: entries.Stopped, Reason: "the process is stopped (SIGSTOP, a debugger or a frozen container)"}}
		}, want: "warning", says: []string{"4712-shop on n2 stood still for 6 s to 7 s", "2 threads of 4711-shop on n1", "2 threads of 4713-shop on n3", "n1 and n3 were held up: from 10:00:09.0 to 10:00:15.0", "give or take 400 µs", "the process is stopped (SIGSTOP"}},
		{name: "one thread on one node is enough when it stands through", change: func(c *analyze.Case) {
			beats(t, c.Nodes[1], stop)
			calls(t, c.Nodes[0], 1, asksPeer, stop)
		}, want: "warning", says: []string{"1 thread of 4711-shop on n1"}},
		{name: "no heartbeat: JDK 25", change: func(c *analyze.Case) {
			n := c.Nodes[1]
			used := 0.0
			n.JVMs[0].Process = samples(t, n, 30, func(s int) map[string]float64 {
				if !stop(time.Duration(s) * time.Second) {
					used += 0.4
				}
				return map[string]float64{"cpu_user_seconds": used, "cpu_system_seconds": 0, "threads": 125, "fds": 300}
			})
			calls(t, c.Nodes[0], 2, asksPeer, stop)
		}, want: "warning", says: []string{"4712-shop on n2", "used no CPU from"}},
		{name: "states of threads instead of dumps", change: func(c *analyze.Case) {
			for _, s := range []int{10, 12, 14} {
				c.Nodes[1].JVMs[0].Looks = append(c.Nodes[1].JVMs[0].Looks, analyze.Look{Time: began.Add(time.Duration(s)*time.Second + time.Millisecond), Source: "n2/threads/dump-05-stuck.tsv", Threads: 30, Stopped: 30})
			}
			calls(t, c.Nodes[0], 2, asksPeer, stop)
		}, want: "warning", says: []string{"all 30 threads are stopped"}},
		{name: "long collection", change: func(c *analyze.Case) {
			w := newLog(2048, "G1").every(1, 8, 1, young, 900, 300, 12)
			w.pause(15.2, full, 2000, 700, 5600)
			c.Nodes[2].JVMs[0].GC = []*gc.Log{w.every(16, 30, 1, young, 900, 300, 12).log(t)}
			calls(t, c.Nodes[0], 3, asksPeer, stop)
		}, want: "warning", says: []string{"4713-shop on n3 stood still for 5.6 s (a full collection)", "gc/gc.log"}},
		{name: "the machine stood still", change: func(c *analyze.Case) {
			c.Nodes[2].TimingSource = "nodes/n3/timing/probes.json"
			c.Nodes[2].Timing = &timing.Node{Hiccups: &timing.Hiccups{Worst: []timing.Hiccup{{At: began.Add(9600 * time.Millisecond), LateMS: 5900}}}}
			calls(t, c.Nodes[0], 3, asksPeer, stop)
		}, want: "warning", says: []string{"the machine n3 stood still"}},
		{name: "they wait for the database", change: func(c *analyze.Case) {
			beats(t, c.Nodes[1], stop)
			calls(t, c.Nodes[0], 4, queries, stop)
		}},
		{name: "they wait all the time", change: func(c *analyze.Case) {
			beats(t, c.Nodes[1], stop)
			calls(t, c.Nodes[0], 4, asksPeer, func(time.Duration) bool { return true })
		}},
		{name: "they waited before", change: func(c *analyze.Case) {
			beats(t, c.Nodes[1], stop)
			calls(t, c.Nodes[0], 4, asksPeer, between(1, 9))
		}},
		{name: "both stood still", change: func(c *analyze.Case) {
			beats(t, c.Nodes[1], stop)
			beats(t, c.Nodes[0], stop)
			calls(t, c.Nodes[0], 4, asksPeer, stop)
		}},
		{name: "removed from the cluster", change: func(c *analyze.Case) {
			w := newLog(2048, "G1").every(1, 3, 1, young, 900, 300, 12)
			w.pause(25, full, 2000, 700, 21000)
			c.Nodes[2].JVMs[0].GC = []*gc.Log{w.log(t)}
			c.Nodes[0].JVMs[0].Logs = logOf("removal", "n1/logs/app.log", map[int]time.Duration{3: -time.Minute, 41: 20 * time.Second}, "Removing Member [10.0.0.3]:5801")
			c.Nodes[2].JVMs[0].Logs = logOf("panic", "n3/logs/app.log", map[int]time.Duration{9: 40 * time.Second}, "Received a panic event")
		}, want: "critical", says: []string{"4713-shop on n3 stood still for 21 s", "n1 removed a member", "n1/logs/app.log:41", "n3/logs/app.log:9"}},
		{name: "an idle JVM without heartbeat proves nothing", change: func(c *analyze.Case) {
			n := c.Nodes[1]
			n.JVMs[0].Process = samples(t, n, 30, func(s int) map[string]float64 {
				return map[string]float64{"cpu_user_seconds": 0.01 * float64(s/8), "cpu_system_seconds": 0, "threads": 125, "fds": 300}
			})
			calls(t, c.Nodes[0], 2, asksPeer, stop)
		}},
	} {
		t.Run(x.name, func(t *testing.T) {
			res := clustered(t, group(t, 3, x.change))
			f := find(res, "pause-propagation")
			switch {
			case f == nil && x.want != "":
				t.Fatalf("nothing found\n%s", show(res.Findings))
			case f == nil:
				return
			case string(f.Severity) != x.want:
				t.Fatalf("got %s, want %q\n%s", f.Severity, x.want, show(res.Findings))
			}
			text := show([]analyze.Finding{*f})
			for _, s := range x.says {
				if !strings.Contains(text, s) {
					t.Errorf("%q is not in\n%s", s, text)
				}
			}
		})
	}
}

// logOf is a log with lines of one kind at some times after the capture began.
func logOf(kind, source string, lines map[int]time.Duration, text string) []*applog.Log {
	m := &applog.Marked{Kind: kind}
	for _, line := range slices.Sorted(maps.Keys(lines)) {
		at := applog.Stamp{Time: began.Add(lines[line]), ZoneKnown: true}
		m.Count++
		m.Newest = append(m.Newest, applog.Entry{Stamp: at, Source: source, Line: line, Text: text})
	}
	return []*applog.Log{{Source: source, Marked: []*applog.Marked{m}}}
}
