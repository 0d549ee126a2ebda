package report

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/gc/gclog"
	"casefile/analyze/host"
	"casefile/analyze/loss"
	"casefile/analyze/threads"
	"casefile/bundle/format/hostseries"
	"casefile/bundle/format/series"
)

var began = time.Date(2026, 3, 4, 10, 15, 30, 0, time.UTC)

// evidenceEntry is the entry that the sample's findings cite.
const evidenceEntry = "nodes/wiki-1/jvm/4711-confluence/threads/02.txt"

// sampleDump writes a dump of a Tomcat: of 24 workers some are blocked on one
// monitor, which one of them holds while it reads from a socket.
func sampleDump(i int) string {
	var b strings.Builder
	at := began.Add(time.Duration(i) * 10 * time.Second)
	fmt.Fprintf(&b, "%s\nFull thread dump OpenJDK 64-Bit Server VM (17.0.15+6 mixed mode, sharing):\n\n", at.Format("2006-01-02 15:04:05"))
	thread := func(n int, name string, cpu float64, state, detail string, frames ...string) {
		fmt.Fprintf(&b, "%q #%d daemon prio=5 os_prio=0 cpu=%.2fms elapsed=%.2fs tid=0x00007f00%08x nid=0x%x %s [0x00007f0000001000]\n   java.lang.Thread.State: %s\n",
			name, n, cpu, 1000+float64(10*i), n*4096, 5000+n, detail, state)
		for _, f := range frames {
			b.WriteString("\t" + f + "\n")
		}
		b.WriteString("\n")
	}
	web := []string{"at org.apache.catalina.core.StandardWrapperValve.invoke(StandardWrapperValve.java:167)", "at org.apache.tomcat.util.threads.TaskThread$WrappingRunnable.run(TaskThread.java:63)", "at java.lang.Thread.run(java.base@17.0.15/Thread.java:840)"}
	blocked := 8 + i
	for n := 1; n <= 24; n++ {
		name := fmt.Sprintf("http-nio-8090-exec-%d", n)
		switch {
		case n == 7:
			thread(n, name, 400+float64(5*i), "RUNNABLE", "runnable", append([]string{"at sun.nio.ch.SocketDispatcher.read0(java.base@17.0.15/Native Method)", "at sun.nio.ch.NioSocketImpl.park(java.base@17.0.15/NioSocketImpl.java:186)",
				"at com.acme.directory.LdapClient.search(LdapClient.java:88)", "at com.acme.directory.GroupCache.refresh(GroupCache.java:41)", "- locked <0x00000000f0001000> (a com.acme.directory.GroupCache)"}, web...)...)
		case n <= blocked:
			thread(n, name, 300+float64(i), "BLOCKED (on object monitor)", "waiting for monitor entry", append([]string{"at com.acme.directory.GroupCache.refresh(GroupCache.java:37)", "- waiting to lock <0x00000000f0001000> (a com.acme.directory.GroupCache)", "at com.acme.directory.Groups.of(Groups.java:19)"}, web...)...)
		case n <= blocked+3:
			thread(n, name, 9000+float64(i*1700*(n%4+1)), "RUNNABLE", "runnable", append([]string{"at java.util.regex.Pattern$Loop.match(java.base@17.0.15/Pattern.java:4951)", "at com.acme.macro.Renderer.expand(Renderer.java:210)", fmt.Sprintf("at com.acme.macro.Renderer.render(Renderer.java:%d)", 100+i%2)}, web...)...)
		default:
			thread(n, name, 100, "WAITING (parking)", "waiting on condition", "at jdk.internal.misc.Unsafe.park(java.base@17.0.15/Native Method)", "- parking to wait for  <0x00000000f0002000> (a java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject)",
				"at java.util.concurrent.locks.LockSupport.park(java.base@17.0.15/LockSupport.java:341)", "at java.util.concurrent.LinkedBlockingQueue.take(java.base@17.0.15/LinkedBlockingQueue.java:435)", "at org.apache.tomcat.util.threads.TaskQueue.take(TaskQueue.java:117)",
				"at java.util.concurrent.ThreadPoolExecutor.getTask(java.base@17.0.15/ThreadPoolExecutor.java:1062)", "at java.lang.Thread.run(java.base@17.0.15/Thread.java:840)")
		}
	}
	fmt.Fprintf(&b, "\"G1 Young RemSet Sampling\" os_prio=0 cpu=%.2fms elapsed=1000s tid=0x00007f0100000000 nid=0x20 runnable\n\nJNI global refs: 20, weak refs: 0\n\n", 10.0+float64(i))
	return b.String()
}

// sampleGC writes a G1 log whose live set rises until full collections come.
func sampleGC() string {
	var b strings.Builder
	b.WriteString("[2026-03-04T10:00:00.000+0000][0.010s][info][gc,init] CPUs: 4 total, 4 available\n[2026-03-04T10:00:00.000+0000][0.010s][info][gc,init] Heap Max Capacity: 2G\n[2026-03-04T10:00:00.001+0000][0.011s][info][gc] Using G1\n")
	at, live := 5.0, 400.0
	for i := range 260 {
		at += 2.5 + math.Sin(float64(i)/9)
		stamp := time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC).Add(time.Duration(at * float64(time.Second)))
		live = min(live+5.1, 1850)
		kind, ms, after := "Pause Young (Normal) (G1 Evacuation Pause)", 4+float64((i*37)%23), live+40
		switch {
		case i > 200 && i%9 == 0:
			kind, ms, after = "Pause Full (G1 Compaction Pause)", 900+float64((i*53)%700), live-60
		case i%11 == 0:
			kind, ms = "Pause Young (Mixed) (G1 Evacuation Pause)", 30+float64((i*37)%41)
		}
		before := min(after+600, 2040)
		fmt.Fprintf(&b, "[%s][%.3fs][info][gc] GC(%d) %s %.0fM->%.0fM(2048M) %.3fms\n", stamp.Format("2006-01-02T15:04:05.000-0700"), at, i, kind, before, after, ms)
	}
	return b.String()
}

// sampleSeries makes a series of 61 samples with values by name.
func sampleSeries(t testing.TB, source string, values func(i int) map[string]float64) *series.Series {
	t.Helper()
	e := series.NewEncoder(series.Header{Source: source})
	for i := range 61 {
		e.Add(began.Add(time.Duration(i)*time.Second), values(i))
	}
	s, err := series.Read(bytes.NewReader(e.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sampleHost(t testing.TB) *host.Facts {
	ref := host.Ref{Source: "nodes/wiki-1/host/series.0001.jsonl"}
	number := func(v float64) host.Number { return host.Number{Value: v, Ref: ref} }
	f := &host.Facts{Span: time.Minute, Unknown: map[string]int{}}
	f.System.OS, f.System.Kernel, f.System.Hypervisor = host.Text{Value: "Debian 12"}, host.Text{Value: "6.1.0-30-amd64"}, host.Text{Value: "KVM"}
	f.CPU.Count, f.CPU.Load1 = number(4), number(5.25)
	f.CPU.Busy = host.Spread{Mean: 71.2, Max: 93.5, Ref: ref}
	f.Memory.Total, f.Memory.Available = number(16<<30), number(3<<30)
	f.Disks = []host.Disk{{Name: "sda", BusyPercent: host.Spread{Mean: 22, Max: 64, Ref: ref}, WriteLatency: host.Spread{Mean: 1.4, Max: 9, Ref: ref}, ReadRate: host.Spread{Mean: 2 << 20, Max: 9 << 20, Ref: ref}, Model: host.Text{Value: "QEMU HARDDISK"}}}
	f.FileSystems = []host.FileSystem{{Filesystem: hostseries.Filesystem{Mount: "/", Type: "ext4", Total: 80 << 30, Available: 9 << 30}, Real: true, FreePercent: number(11.3), InodesFreePercent: number(90)}}
	f.Series = sampleSeries(t, hostseries.Source, func(i int) map[string]float64 {
		x, steal := float64(i), 0.2*max(0, float64(i)-30)
		return map[string]float64{hostseries.CPUUser: 2.1*x + 8*math.Sin(x/6), hostseries.CPUSystem: 0.5*x + math.Sin(x/3), hostseries.CPUIdle: 1.2 * x, hostseries.CPUIOWait: 0.15 * x, hostseries.CPUSteal: steal,
			hostseries.MemAvailable: (3 - x/60) * (1 << 30), hostseries.MemTotal: 16 << 30, hostseries.ProcsRunning: 3 + float64(i*7%5), hostseries.ProcsBlocked: float64(i * 3 % 2),
			"psi.cpu.some_total": 0.3*x + math.Sin(x/5), "psi.io.some_total": 0.05 * x, "psi.memory.some_total": 0, "disk.sda.io_time": 0.22*x + 0.8*math.Sin(x/8)}
	})
	return f
}

// sampleCase is two nodes, one with everything, one with nothing but a gap.
func sampleCase(t testing.TB) (*analyze.Case, *analyze.Result) {
	t.Helper()
	c := &analyze.Case{ID: "PERF-2041", Cluster: "wiki", Started: began.Add(-2 * time.Second), Ended: began.Add(62 * time.Second)}
	n1 := &analyze.Node{Name: "wiki-1", Clock: analyze.Clock{Offset: 1900 * time.Microsecond, Error: 200 * time.Microsecond}, Host: sampleHost(t), Collected: 41, Failed: 1}
	n2 := &analyze.Node{Name: "wiki-2", Collected: 3, Failed: 2}
	j := &analyze.JVM{Node: n1, Target: "4711-confluence", PID: 4711, App: "confluence", Version: "17.0.15+6", Flags: map[string]analyze.Flag{"MaxHeapSize": {Value: "2147483648"}, "UseG1GC": {Value: "true"}}}
	var dumps []*threads.Dump
	for i := range 6 {
		ds, sum, err := threads.ParseAll(fmt.Sprintf("nodes/wiki-1/jvm/4711-confluence/threads/%02d.txt", i+1), strings.NewReader(sampleDump(i)))
		if err != nil {
			t.Fatal(err)
		}
		ds[0].ZoneKnown = true
		dumps = append(dumps, ds...)
		j.DumpInfo = append(j.DumpInfo, sum)
	}
	j.Dumps = threads.NewSeries(dumps, nil)
	log, err := gclog.Parse("nodes/wiki-1/jvm/4711-confluence/gc/gc.log", strings.NewReader(sampleGC()), gclog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	j.GC = []*gc.Log{log}
	j.Counters = sampleSeries(t, "hsperfdata", func(i int) map[string]float64 {
		x := float64(i)
		return map[string]float64{"sun.os.hrt.frequency": 1e9, "sun.gc.collector.0.time": x * 3e7, "sun.gc.collector.1.time": 9e8 * math.Floor(x/20), "sun.rt.safepointTime": x*4e7 + 9e8*math.Floor(x/20), "java.threads.live": 120 + math.Floor(x/6),
			"sun.gc.generation.0.capacity": 800 << 20, "sun.gc.generation.1.capacity": 1200 << 20, "sun.gc.generation.0.space.0.used": float64(i*31%70) * (10 << 20), "sun.gc.generation.0.space.1.used": 40 << 20, "sun.gc.generation.1.space.0.used": (900 + 4*x) * (1 << 20)}
	})
	j.Process = sampleSeries(t, "proc", func(i int) map[string]float64 {
		x := float64(i)
		return map[string]float64{"cpu_user_seconds": 1.9*x + 3*math.Sin(x/7), "cpu_system_seconds": 0.3 * x, "rss_bytes": 2.6e9 + 1e6*x, "swap_bytes": 0, "fds": 420 + float64(i%9), "fd_limit": 1024}
	})
	n1.JVMs = []*analyze.JVM{j}
	n2.JVMs = []*analyze.JVM{{Node: n2, Target: "812-synchrony", PID: 812, App: "synchrony"}}
	c.Nodes = []*analyze.Node{n1, n2}
	c.Gaps = []analyze.Gap{
		{Node: "wiki-2", Target: "812-synchrony", Item: "thread dumps", Reason: "the JVM did not answer within 10 s: it is stopped (state T)", Fix: "kill -CONT 812, then capture again"},
		{Node: "wiki-2", Item: "GC log", Reason: "permission denied on /var/log/confluence/gc.log", Fix: "run casefile as root or as confluence"},
		{Node: "wiki-1", Item: "GC log", Reason: "permission denied on /var/log/confluence/gc.log", Fix: "run casefile as root or as confluence"},
	}
	c.Problems = []string{"nodes/wiki-2/host/series.0001.jsonl: series: no header line"}
	return c, sampleResult()
}

func sampleResult() *analyze.Result {
	return &analyze.Result{
		Findings: []analyze.Finding{
			{ID: "lock-contention", Severity: analyze.Critical, Confidence: analyze.High, Weight: 0.58, Nodes: []string{"wiki-1"}, Subject: "4711-confluence",
				Title:       "8 to 13 of 24 request threads wait for one lock, com.acme.directory.GroupCache, which http-nio-8090-exec-7 holds while it asks an LDAP server",
				Explanation: "All requests that need a user's groups pass one monitor. Its holder was in the same LDAP search over all 6 dumps, 50 s.\nWhile it waits for the network, every other request waits for it.",
				Impact:      "58 % of request-thread time",
				Evidence: []analyze.Evidence{{Entry: evidenceEntry, Lines: "60-72", Text: "the holder, in LdapClient.search"}, {Entry: evidenceEntry, Lines: "4-12", Text: "one of 9 waiters"},
					{Entry: "nodes/wiki-1/jvm/4711-confluence/threads/cpu.bin", Text: "CPU of the holder: 25 ms in 50 s"}},
				Advice: []analyze.Advice{{Action: "Set a read timeout for the directory", Setting: "crowd.ldap.read.timeout", From: "120000 ms", To: "10000 ms", Effect: "no request waits longer than 10 s for the directory", Risk: "searches of more than 10 s fail", Rollback: "set it back to 120000", Verify: "capture again: no holder over more than one dump"},
					{Action: "Refresh the cache outside the lock"}},
				References: []string{"https://example.org/ldap-timeouts"}},
			{ID: "thread-pool-exhausted", Severity: analyze.Critical, Confidence: analyze.High, Weight: 0.5, Nodes: []string{"wiki-1"}, Subject: "4711-confluence", ConsequenceOf: 1,
				Title: "All 24 threads of http-nio-8090-exec are busy in 3 of 6 dumps", Impact: "requests wait for a thread",
				Evidence: []analyze.Evidence{{Entry: evidenceEntry, Text: "24 of 24 busy in dump 4"}, {Entry: evidenceEntry, Text: "24 of 24 busy in dump 5"}, {Entry: evidenceEntry, Text: "24 of 24 busy in dump 6"}},
				Advice:   []analyze.Advice{{Action: "Enlarge the pool of request threads", Setting: "maxThreads", From: "24", To: "48"}}},
			{ID: "heap-too-small", Severity: analyze.Critical, Confidence: analyze.Medium, Weight: 0.2, Nodes: []string{"wiki-1"}, Subject: "4711-confluence",
				Title: "The live set of 1.7 GB fills 86 % of the 2 GB heap; full collections take 1.2 s each", Impact: "20 % of time in GC over the last 2 min",
				Evidence: []analyze.Evidence{{Entry: "nodes/wiki-1/jvm/4711-confluence/gc/gc.log", Lines: "210", Text: "Pause Full (G1 Compaction Pause) 1790M->1670M(2048M) 1213.000ms"}},
				Advice:   []analyze.Advice{{Action: "Raise the maximum heap", Setting: "-Xmx", From: "2g", To: "3500m", Effect: "live set at half of the heap", Risk: "1.5 GB more memory; the node has 3 GB available", Rollback: "set -Xmx2g", Verify: "no full collection in a day"}}},
			{ID: "cpu-steal", Severity: analyze.Warning, Confidence: analyze.Medium, Weight: 0.1, Nodes: []string{"wiki-1"}, Title: "The hypervisor gave 5 % of the CPU time to other machines", Impact: "up to 9 % of CPU time",
				Evidence: []analyze.Evidence{{Entry: "nodes/wiki-1/host/series.0001.jsonl", Lines: "33", Text: "cpu.steal rises from second 31 on"}}, Advice: []analyze.Advice{{Action: "Ask the operator of the virtual machines for dedicated CPUs"}}},
			{ID: "unsafe-config", Severity: analyze.Info, Confidence: analyze.High, Nodes: []string{"wiki-1"}, Subject: "4711-confluence", Title: "No heap dump is written when memory runs out",
				Advice: []analyze.Advice{{Action: "Add the flag", Setting: "-XX:+HeapDumpOnOutOfMemoryError", To: "on"}}},
		},
		Loss: []*loss.Statement{{Node: "wiki-1", Subject: "4711-confluence", SpanSeconds: 50, Dumps: 6, RequestThreads: 24, RequestThreadSeconds: 1200, Parts: []loss.Part{
			{Kind: loss.Lock, Where: "com.acme.directory.GroupCache in com.acme.directory.GroupCache.refresh", Seconds: 475, Share: 0.396, ClaimedBy: "lock-contention", Fault: true},
			{Kind: loss.CPU, Seconds: 150, Share: 0.125}, {Kind: loss.Socket, Where: "com.acme.directory.LdapClient.search", Seconds: 50, Share: 0.042}, {Kind: loss.Idle, Seconds: 525, Share: 0.437}}}},
		Tuning: []analyze.Tuning{{Nodes: []string{"wiki-1"}, Subject: "4711-confluence", Changes: []analyze.Change{
			{Setting: "-Xmx", From: "-Xmx1g", To: "-Xmx2g", Findings: []string{"heap-too-small", "full-gc"}, Risk: "Needs 1 GB more memory.", Verify: "Collections take under 5 % of the time."},
			{Setting: "-XX:MaxMetaspaceSize", From: "256m", To: "512m", Findings: []string{"metaspace-pressure"}, Risk: "Up to 256 MB more memory outside of the heap."}}}},
		NotEvaluated: []analyze.NotEvaluated{{ID: "clock-skew", Needs: "captures of two nodes with timing"}, {ID: "metaspace-pressure", Needs: "a GC log with gc+metaspace, or a JFR recording"}},
		Broken:       []string{"pool-mismatch: panic: index out of range"},
	}
}

// sampleCited has the entries that the sample's findings cite; others are not in its bundle.
func sampleCited(findings []analyze.Finding) *Cited {
	c := NewCited(findings)
	for entry, text := range map[string]string{evidenceEntry: sampleDump(1), "nodes/wiki-1/jvm/4711-confluence/gc/gc.log": sampleGC()} {
		if c.Wants(entry) {
			c.Take(entry, strings.NewReader(text))
		}
	}
	for _, entry := range c.Missing() {
		c.Fail(entry, fmt.Errorf("%s is not in this bundle", entry))
	}
	return c
}

func sampleMeta() Meta {
	return Meta{BundleName: "casefile-wiki-20260304T101528Z.tar.zst", Tool: "casefile", Version: "0.1.0", Cited: sampleCited(sampleResult().Findings),
		Commands: []string{"casefile collect --duration 60s --dumps 6 --dump-interval 10s --case PERF-2041"},
		Overhead: []string{"wiki-1: 0.4 % of one CPU, 38 MB of memory, 2.1 MB read", "4711-confluence was stopped for 21 ms in all, 6 ms at most"}}
}
