package capacity

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/database"
	"casefile/analyze/host"
	"casefile/analyze/loss"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/series"
	"casefile/bundle/format/sessions"
)

// machines makes a case of nodes whose CPUs are busy so much.
func machines(busy ...float64) *analyze.Case {
	c := &analyze.Case{Started: time.Unix(0, 0), Ended: time.Unix(60, 0)}
	for i, b := range busy {
		ref := host.Ref{Source: "series", Line: 1}
		c.Nodes = append(c.Nodes, &analyze.Node{Name: fmt.Sprintf("n%d", i+1), Host: &host.Facts{CPU: host.CPU{Busy: host.Spread{Mean: b, P95: b * 1.1, Ref: ref}}}})
	}
	return c
}

func statement(node string, parts ...loss.Part) *loss.Statement {
	s := &loss.Statement{Node: node, Subject: "1-shop", SpanSeconds: 50, Dumps: 6, RequestThreads: 40, RequestThreadSeconds: 2000, Parts: parts}
	idle := 2000.0
	for _, p := range parts {
		idle -= p.Seconds
	}
	s.Parts = append(s.Parts, loss.Part{Kind: loss.Idle, Seconds: idle})
	return s
}

// told is a case, and what is to be said of it.
type told struct {
	c     *analyze.Case
	parts []loss.Part
	first string
	says  []string
	never string
}

// The resource that ends growth is the one that was made scarce, and what is said of it is true.
func TestFirst(t *testing.T) {
	for name, x := range map[string]told{
		"cpu":  {machines(80, 60), nil, "CPU of n1", []string{"Growth ends first at CPU of n1", "When one node dies the others do not carry its share"}, "too low"},
		"idle": {machines(3, 4, 2), nil, "", []string{"too low to tell", "the others carry its share", "The fullest would be CPU"}, "may grow"},
		"threads": {machines(30), []loss.Part{{Kind: loss.Socket, Seconds: 1800}}, "request threads of n1",
			[]string{"36 of 40 at work", "One node was captured", "those that they call answer more at once"}, "too low"},
		"a database without a login": {machines(30), []loss.Part{{Kind: loss.Database, Seconds: 1900}}, "request threads of n1",
			[]string{"the database answers more at once"}, "too low"},
		"pool": {machines(30), []loss.Part{{Kind: loss.DBPool, Seconds: 900}, {Kind: loss.Database, Seconds: 100}}, "database connections of n1",
			[]string{"18 threads wait for one", "answers more at once"}, "too low"},
		"object pool": {machines(30), []loss.Part{{Kind: loss.Pool, Where: "Pool.borrow", Seconds: 1700}}, "the pool at Pool.borrow of n1", nil, "too low"},
		// Threads that only wait for another resource do not end growth: more of them would wait as well.
		"threads behind a CPU":  {machines(99), []loss.Part{{Kind: loss.Runnable, Seconds: 1900}}, "CPU of n1", nil, "too low"},
		"threads behind a pool": {machines(30), []loss.Part{{Kind: loss.DBPool, Seconds: 1750}, {Kind: loss.Database, Seconds: 250}}, "database connections of n1", nil, "too low"},
		"threads behind a row":  {rows(machines(30), 36), []loss.Part{{Kind: loss.Database, Seconds: 1850}}, "a lock in the database at db:5432", []string{"A further node brings nothing"}, "too low"},
		// Other programs that give way do not end growth.
		"backup at low priority":    {polite(machines(99), 20), nil, "CPU of n1", []string{"20 % to 22 % used", "79 % more at lowered priority"}, "full now"},
		"hardly seen":               {machines(20), []loss.Part{{Kind: loss.Pool, Where: "Pool.borrow", Seconds: 5}}, "", []string{"too low to tell"}, "may grow"},
		"other programs":            {others(machines(72)), nil, "", []string{"too low to tell"}, "may grow"},
		"unseen":                    {machines(30), []loss.Part{{Kind: loss.Socket, Seconds: 100}}, "", []string{"A lock that is held for up to 39 % of the time"}, "may grow"},
		"a disk that may have room": {disks(machines(60), "0"), nil, "CPU of n1", []string{"As near may be disk sda of n1 (2.8 % to 90 %)"}, "too low"},
		"a disk with an arm":        {disks(machines(60), "1"), nil, "disk sda of n1", nil, "may have room"},
		"counted in another group":  {limited(machines(50), 1, 1.6), nil, "CPU of n1", nil, "CPU limit"},
		"container":                 {limited(machines(20), 1, 0.9), nil, "CPU limit of n1", []string{"0.9 of 1 CPUs used"}, "too low"},
	} {
		r := &analyze.Result{}
		if x.parts != nil {
			r.Loss = append(r.Loss, statement("n1", x.parts...))
		}
		e := Of(x.c, r)
		first := ""
		if e.First != nil {
			first = e.First.Title()
		}
		text := strings.Join(e.Sentences(), "\n")
		if first != x.first || strings.Contains(text, x.never) {
			t.Errorf("%s: %q\n%s", name, first, text)
		}
		for _, want := range x.says {
			if !strings.Contains(text, want) {
				t.Errorf("%s: want %q\n%s", name, want, text)
			}
		}
		for _, x := range e.Resources {
			if x.Used.Low > x.Used.High || x.Used.Low < 0 {
				t.Errorf("%s: %s is used %+v", name, x.Title(), x.Used)
			}
		}
	}
}

// rows lets so many sessions wait for another at each look.
func rows(c *analyze.Case, waiting int) *analyze.Case {
	for range 6 {
		s := &sessions.Snapshot{Server: sessions.Server{Product: "postgresql", Address: "db:5432"}}
		for i := range waiting + 1 {
			one := sessions.Session{ID: int64(i + 1)}
			if i > 0 {
				one.BlockedBy = []int64{1}
			}
			s.Sessions = append(s.Sessions, one)
		}
		c.Databases = append(c.Databases, &database.Look{Source: "looks", Node: "n1", Snapshot: s})
	}
	return c
}

// polite has only so much of the CPU in use at ordinary priority.
func polite(c *analyze.Case, busy float64) *analyze.Case {
	for _, n := range c.Nodes {
		n.Host.CPU.Ordinary = host.Spread{Mean: busy, P95: busy * 1.1, Ref: n.Host.CPU.Busy.Ref}
	}
	return c
}

// others has the captured JVM use next to nothing of what is busy.
func others(c *analyze.Case) *analyze.Case {
	for _, n := range c.Nodes {
		e := series.NewEncoder(series.Header{Source: "process"})
		for i := range 20 {
			e.Add(time.Unix(int64(i), 0), map[string]float64{entries.CPUUser: 0.001 * float64(i), entries.CPUSystem: 0})
		}
		s, err := series.Read(bytes.NewReader(e.Bytes()))
		if err != nil {
			panic(err)
		}
		n.Host.CPU.Count = host.Number{Value: 2, Ref: n.Host.CPU.Busy.Ref}
		n.JVMs = append(n.JVMs, &analyze.JVM{Node: n, Process: s})
	}
	return c
}

// disks gives each node a busy one.
func disks(c *analyze.Case, rotational string) *analyze.Case {
	for _, n := range c.Nodes {
		n.Host.Disks = []host.Disk{{Name: "sda", Rotational: host.Text{Value: rotational}, BusyPercent: host.Spread{Mean: 90, P95: 90, Ref: n.Host.CPU.Busy.Ref}}}
	}
	return c
}

// limited puts the JVM of each node into a container.
func limited(c *analyze.Case, limit, used float64) *analyze.Case {
	for _, n := range c.Nodes {
		ref := n.Host.CPU.Busy.Ref
		n.JVMs = append(n.JVMs, &analyze.JVM{Node: n, PID: 7, Target: "7-shop"})
		n.Host.Cgroups = []host.Cgroup{{Name: "/shop", PIDs: []int{7}, CPULimit: host.Number{Value: limit, Ref: ref}, CPUUsed: host.Spread{Mean: used, P95: used, Ref: ref}}}
	}
	return c
}

func TestNothingMeasured(t *testing.T) {
	if e := Of(&analyze.Case{Nodes: []*analyze.Node{{Name: "files"}}}, &analyze.Result{}); e.Sentences() != nil || e.First != nil {
		t.Errorf("%+v", e)
	}
}

// Whatever the threads did, and however few dumps there are: bounds are in order, and no sentence says what is no number.
func TestAnyStatement(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12)) //nolint:gosec // a property that holds for all
	kinds := []loss.Kind{loss.CPU, loss.Running, loss.Runnable, loss.Lock, loss.Database, loss.DBPool, loss.HTTPPool, loss.Pool, loss.Permit, loss.Socket, loss.GC, loss.Unknown}
	for range 2000 {
		var busy []float64
		res := &analyze.Result{}
		for i := range 1 + r.IntN(3) {
			busy = append(busy, 100*r.Float64())
			var parts []loss.Part
			left := 2000.0
			for range r.IntN(5) {
				seconds := left * r.Float64() * float64(r.IntN(2))
				left -= seconds
				parts = append(parts, loss.Part{Kind: kinds[r.IntN(len(kinds))], Where: "Shop.serve", Seconds: seconds})
			}
			s := statement(fmt.Sprintf("n%d", i+1), parts...)
			s.Dumps = r.IntN(9)
			res.Loss = append(res.Loss, s)
		}
		c := machines(busy...)
		if r.IntN(2) == 0 {
			c = rows(c, r.IntN(50))
		}
		e := Of(c, res)
		for _, x := range e.Resources {
			if bad := math.IsNaN(x.Used.Low) || math.IsInf(x.Used.High, 0) || x.Used.Low < 0 || x.Used.Low > x.Used.High; bad {
				t.Fatalf("%s is used %+v: %+v", x.Title(), x.Used, res.Loss)
			}
		}
		if text := strings.Join(e.Sentences(), "\n"); strings.Contains(text, "?") || e.First != nil && e.Growth.Low > e.Growth.High {
			t.Fatalf("%+v\n%s", e.Growth, text)
		}
	}
}
