package checklist

import (
	"slices"
	"strings"
	"testing"

	"casefile/analyze"
	"casefile/analyze/threads"
	"casefile/bundle/format/entries"
	record "casefile/bundle/format/timing"
)

func answerOf(t *testing.T, c *analyze.Case, id string) *Answer {
	t.Helper()
	l, err := Of(c, &analyze.Result{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range l.Answers {
		if l.Answers[i].ID == id {
			return &l.Answers[i]
		}
	}
	return nil
}

func dumped(t *testing.T, frame string) *threads.Series {
	t.Helper()
	dumps, _, err := threads.ParseAll("dump", strings.NewReader("2026-11-28 22:49:00\nFull thread dump OpenJDK 64-Bit Server VM (17.0.15+6 mixed mode, sharing):\n\n"+
		"\"worker-7\" #31 daemon prio=5 os_prio=0 cpu=12.00ms elapsed=100.00s tid=0x00007f0000001000 nid=0x1001 runnable  [0x00007f0000000000]\n"+
		"   java.lang.Thread.State: RUNNABLE\n\tat "+frame+"\n\nJNI global refs: 1, weak refs: 0\n\n"))
	if err != nil {
		t.Fatal(err)
	}
	return threads.NewSeries(dumps, nil)
}

// A question about what a service does not have keeps nothing open; it is asked where there is a sign of it, where somebody named it, and where
// nobody could look.
func TestAskedWhereSeen(t *testing.T) {
	bare := func(frame string) *analyze.Case {
		n := &analyze.Node{Name: "n1"}
		n.JVMs = []*analyze.JVM{{Node: n, App: "batch"}}
		if frame != "" {
			n.JVMs[0].Dumps = dumped(t, frame)
		}
		return &analyze.Case{Nodes: []*analyze.Node{n}}
	}
	named := bare("com.acme.Batch.run(Batch.java:1)")
	named.Nodes[0].Timing = &record.Node{Databases: []record.Probe{{Target: "db:5432"}}, Names: []record.Probe{{Target: "db"}}}
	ldap := bare("com.sun.jndi.ldap.Connection.run(Connection.java:1)")
	for _, x := range []struct {
		name  string
		c     *analyze.Case
		asked []string
	}{
		{"no sign of any", bare("com.acme.Batch.run(Batch.java:1)"), nil},
		{"a driver at work", bare("org.postgresql.core.PGStream.receive(PGStream.java:1)"), []string{"database-latency"}},
		{"an idle pool", bare("com.zaxxer.hikari.pool.HikariPool$HouseKeeper.run(HikariPool.java:1)"), []string{"database-latency"}},
		{"nobody could look", bare(""), []string{"database-latency"}},
		{"named", named, []string{"database-latency", "names"}},
		{"a directory", ldap, []string{"user-directory"}},
	} {
		for _, id := range []string{"database-latency", "names", "user-directory", "shared-home-write", "local-disk-write"} {
			if got := answerOf(t, x.c, id) != nil; got != slices.Contains(x.asked, id) {
				t.Errorf("%s: %s asked: %v", x.name, id, got)
			}
		}
	}
	l, err := Of(bare("com.acme.Batch.run(Batch.java:1)"), &analyze.Result{})
	if err != nil || !slices.ContainsFunc(l.Unseen, func(i *Item) bool { return i.ID == "database-latency" }) {
		t.Errorf("what is not asked is not told: %v", err)
	}
}

// What is not known because something was refused says so, and what helps there.
func TestLedgerSaysWhy(t *testing.T) {
	c := sound()
	for _, n := range c.Nodes {
		n.Timing.Storage = nil
		c.Gaps = append(c.Gaps, analyze.Gap{Node: n.Name, Target: "/shared", Item: entries.ItemStorage, Reason: "the agent of this node does not admit it", Fix: "start the agent with --allow-storage /shared"})
	}
	a := answerOf(t, c, "shared-home-write")
	if want := "on n1, n2 and n3 the agent of this node does not admit it: start the agent with --allow-storage /shared"; a.State != NotKnown || a.Do() != want {
		t.Errorf("%s: %q, want %q", a.State, a.Do(), want)
	}
	for i := range c.Gaps {
		c.Gaps[i].Fix, c.Gaps[i].Reason = "", "/shared: no such file or directory"
	}
	if a := answerOf(t, c, "shared-home-rename"); !strings.HasPrefix(a.Do(), "on n1, n2 and n3 /shared: no such file or directory. Name the folder") {
		t.Errorf("a reason that nothing helps against: %q", a.Do())
	}
	c = sound()
	c.Nodes[0].Timing.Storage = nil
	if a := answerOf(t, c, "shared-home-write"); a.State != NotKnown || a.Do() != a.How {
		t.Errorf("without a reason: %s %q", a.State, a.Do())
	}
}

// A folder that cannot be written to by anybody is a fault of the folder; where only casefile lacks the right, nothing is known.
func TestRefusedFolders(t *testing.T) {
	for refusal, want := range map[string]State{
		"open /shared: no such file or directory":                                                         NotOK,
		"not written to: 5 MiB free, at least 64 MiB must be":                                             NotOK,
		"mkdir /shared/x: read-only file system":                                                          NotOK,
		"mkdir /shared/x: permission denied: run casefile as the user of the service":                     NotKnown,
		"mkdir /shared/x: operation not permitted: run casefile as the user of the service of the folder": NotKnown,
	} {
		c := sound()
		p := record.Probe{Target: "/shared", Refused: refusal, Limit: record.LimitFor(record.MeasureSharedHome)}
		c.Nodes[1].Timing.Storage[0] = p
		a := answerOf(t, c, "shared-home-write")
		if a.State != want || want == NotOK && (!strings.Contains(a.Value, refusal) || !strings.HasSuffix(a.Value, "on n2") || a.Do() != a.Item.Dead) {
			t.Errorf("%s: %s %q, do %q", refusal, a.State, a.Value, a.Do())
		}
		if gone := strings.Contains(refusal, "no such file"); gone != (answerOf(t, c, "same-shared-home").State == NotOK) {
			t.Errorf("%s: the same on all nodes is %s", refusal, answerOf(t, c, "same-shared-home").State)
		}
	}
	c := sound()
	for _, n := range c.Nodes {
		more := sharedHome(8)
		more.Target = "/shared/attachments"
		n.Timing.Storage = append(n.Timing.Storage, more)
	}
	if a := answerOf(t, c, "same-shared-home"); a.State != OK {
		t.Errorf("two folders that all nodes have: %s %q", a.State, a.Value)
	}
}

// An answer names all nodes that read the same.
func TestNodesAreNamed(t *testing.T) {
	c := sound()
	c.Nodes[0].Host.Clock.Synchronised, c.Nodes[2].Host.Clock.Synchronised = false, false
	if a := answerOf(t, c, "clock-kept"); a.Value != "no on n1 and n3" {
		t.Errorf("%q", a.Value)
	}
	c.Nodes[1].Host.Clock.Synchronised = false
	if a := answerOf(t, c, "clock-kept"); a.Value != "no on n1, n2 and n3" {
		t.Errorf("%q", a.Value)
	}
}

// What runs at lowered priority gives way: it takes no CPU from the service.
func TestLoweredPriorityIsNoLoad(t *testing.T) {
	c := sound()
	for _, n := range c.Nodes {
		n.Host.CPU.Busy, n.Host.CPU.Ordinary = level(99), level(30)
	}
	if a := answerOf(t, c, "cpu-enough"); a.State != OK || !strings.Contains(a.Value, "30 %") {
		t.Errorf("%s %q", a.State, a.Value)
	}
}

// A product whose vendor publishes marks of its own is held to those, and the source named is theirs.
func TestMarksOfProducts(t *testing.T) {
	for _, x := range []struct {
		app    string
		busy   float64
		shared float64
		cpu    State
		home   State
	}{
		{"confluence", 85, 80, OK, NotOK},
		{"jira", 85, 80, NotOK, OK},
		{"jira", 55, 120, OK, NotOK},
	} {
		c := sound()
		for _, n := range c.Nodes {
			n.Host.CPU.Busy = level(x.busy)
			n.Timing.Storage[0] = sharedHome(x.shared)
			n.JVMs[0].App, n.JVMs[0].Conf[1].Product = x.app, x.app
		}
		cpu, home := answerOf(t, c, "cpu-enough"), answerOf(t, c, "shared-home-write")
		if cpu.State != x.cpu || home.State != x.home || strings.Contains(cpu.Source, "Jira") != (x.app == "jira") {
			t.Errorf("%s: CPU %g %% is %s by %s, shared home %g ms is %s", x.app, x.busy, cpu.State, cpu.Source, x.shared, home.State)
		}
	}
}
