package compare

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/applog"
	"casefile/analyze/gc"
	"casefile/analyze/gc/gclog"
	"casefile/analyze/threads"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/series"
)

// program is a service as this test simulates it: what a request costs, in seconds.
type program struct {
	rate                 float64 // requests a second
	cpu, lock, db, pause float64
	allocated            float64 // MB a request
	heap                 int     // MB
	room                 float64 // of eden, in MB
	seconds              int
	noAccess             bool // no access log
}

var programs = map[string]program{
	"cpu":    {rate: 60, cpu: 0.020, lock: 0.001, db: 0.005, pause: 0.006, allocated: 0.5},
	"gc":     {rate: 40, cpu: 0.008, lock: 0.001, db: 0.010, pause: 0.025, allocated: 1.5},
	"locks":  {rate: 80, cpu: 0.004, lock: 0.120, db: 0.004, pause: 0.006, allocated: 0.4},
	"waiter": {rate: 80, cpu: 0.004, lock: 0.001, db: 0.150, pause: 0.006, allocated: 0.4},
}

var began = time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC)

// run captures the program once: its seconds are autocorrelated, and each run is a little slower or faster.
func (p program) run(t *testing.T, seed uint64) Run {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 99))
	level := func(v *float64) { *v *= math.Exp(0.015 * r.NormFloat64()) }
	for _, v := range []*float64{&p.cpu, &p.lock, &p.db, &p.pause} {
		level(v)
	}
	if p.seconds == 0 {
		p.seconds = 150
	}
	s := &simulation{program: p, r: r}
	s.play()
	node := &analyze.Node{Name: "n1"}
	j := &analyze.JVM{Node: node, Target: "4711-shop", PID: 4711, App: "shop", Version: "17.0.15+6",
		FlagsSource: "vm/flags.txt", Flags: map[string]analyze.Flag{"MaxHeapSize": {Value: fmt.Sprint(max(p.heap, 512) << 20), Origin: "command line"}}}
	node.JVMs = []*analyze.JVM{j}
	j.Process = s.process(t)
	j.GC = []*gc.Log{s.collections(t)}
	if !p.noAccess {
		log, err := applog.ReadAccess("access.log", strings.NewReader(s.access.String()), applog.Known())
		if err != nil || log.Unparsed > 0 {
			t.Fatal(err, log.Unparsed)
		}
		j.Access = []*applog.Access{log}
	}
	dumps, _, err := threads.ParseAll("dumps.txt", strings.NewReader(s.dumps.String()))
	if err != nil || len(dumps) == 0 {
		t.Fatal(err, len(dumps))
	}
	j.Dumps = threads.NewSeries(dumps, nil)
	return Run{Name: fmt.Sprint(seed), Case: &analyze.Case{Nodes: []*analyze.Node{node}}, Result: &analyze.Result{}}
}

// simulation is one run while it is played.
type simulation struct {
	program
	r          *rand.Rand
	busy       float64 // the slow part of the load
	cpuSeconds []float64
	gc         strings.Builder
	access     strings.Builder
	dumps      strings.Builder
	eden       float64
	collected  int
}

func (s *simulation) play() {
	s.gc.WriteString("[2026-01-05T10:00:00.000+0000][3600.000s][info][gc] Using G1\n")
	total := 0.0
	for second := range s.seconds {
		s.busy = 0.8*s.busy + 0.1*s.r.NormFloat64()
		n := s.poisson(s.rate * math.Exp(s.busy))
		slow := math.Exp(0.1*s.busy + 0.05*s.r.NormFloat64())
		paused := s.collect(second, n)
		cpu := float64(n)*s.program.cpu*slow + 0.02 + paused
		total += cpu
		s.cpuSeconds = append(s.cpuSeconds, total)
		for range n {
			took := s.program.cpu*slow*s.spread(0.2) + s.lock*s.spread(0.4) + s.db*s.spread(0.4)
			fmt.Fprintf(&s.access, "10.0.0.1 - - [%s] \"GET /shop/item/%d HTTP/1.1\" 200 512 %d\n",
				began.Add(time.Duration(second)*time.Second).Format("02/Jan/2006:15:04:05 -0700"), s.r.IntN(900), int(1000*took+s.r.Float64()))
		}
		if second%6 == 0 {
			s.dump(second)
		}
	}
}

func (s *simulation) spread(sd float64) float64 { return math.Exp(sd*s.r.NormFloat64() - sd*sd/2) }

func (s *simulation) poisson(mean float64) int {
	n, p, limit := 0, 1.0, math.Exp(-mean)
	for p *= s.r.Float64(); p > limit; p *= s.r.Float64() {
		n++
	}
	return n
}

// collect fills eden, and empties it in pauses.
func (s *simulation) collect(second, requests int) (paused float64) {
	room := cmp.Or(s.room, 24)
	s.eden += float64(requests) * s.allocated
	times := int(s.eden / room)
	s.eden -= float64(times) * room
	for i := range times {
		took := s.pause * s.spread(0.3)
		paused += took
		at := 3600 + float64(second) + (float64(i)+0.5)/float64(times)
		fmt.Fprintf(&s.gc, "[%s][%.3fs][info][gc] GC(%d) Pause Young (Normal) (G1 Evacuation Pause) %dM->40M(512M) %.3fms\n",
			began.Add(time.Duration((at-3600)*1e9)).Format("2006-01-02T15:04:05.000-0700"), at, s.collected, 40+int(room), 1000*took)
		s.collected++
	}
	return paused
}

// dump shows as many threads in each wait as Little's law wants, of 60.
func (s *simulation) dump(second int) {
	fmt.Fprintf(&s.dumps, "%s\nFull thread dump OpenJDK 64-Bit Server VM (17.0.15+6 mixed mode, sharing):\n\n",
		began.Add(time.Duration(second)*time.Second).Format(time.DateTime))
	id := 0
	add := func(n int, state, head, stack string) {
		for range n {
			id++
			if id > 60 {
				return
			}
			fmt.Fprintf(&s.dumps, "\"http-nio-8080-exec-%d\" #%d daemon prio=5 os_prio=0 tid=0x%016x nid=0x%x %s [0x00007f0000000000]\n"+
				"   java.lang.Thread.State: %s\n%s\tat org.apache.tomcat.util.net.NioEndpoint$SocketProcessor.doRun(NioEndpoint.java:1)\n"+
				"\tat java.lang.Thread.run(java.base@17.0.15/Thread.java:840)\n\n", id, id+20, 0x7f0000001000+id*0x100, 0x1000+id, head, state, stack)
		}
	}
	rate := s.rate * math.Exp(s.busy)
	add(s.poisson(rate*s.lock), "BLOCKED (on object monitor)", "waiting for monitor entry",
		"\tat com.acme.shop.Prices.get(Prices.java:1)\n\t- waiting to lock <0x00000000f0000001> (a com.acme.shop.Prices)\n\tat com.acme.shop.Shop.doGet(Shop.java:1)\n")
	add(s.poisson(rate*s.db), "RUNNABLE", "runnable", "\tat java.net.SocketInputStream.socketRead0(java.base@17.0.15/Native Method)\n"+
		"\tat org.postgresql.core.v3.QueryExecutorImpl.execute(QueryExecutorImpl.java:1)\n\tat com.acme.shop.Shop.doGet(Shop.java:1)\n")
	add(s.poisson(rate*s.program.cpu), "RUNNABLE", "runnable", "\tat com.acme.shop.Shop.sort(Shop.java:1)\n\tat com.acme.shop.Shop.doGet(Shop.java:1)\n")
	add(60, "WAITING (parking)", "waiting on condition", "\tat jdk.internal.misc.Unsafe.park(java.base@17.0.15/Native Method)\n"+
		"\tat java.util.concurrent.locks.LockSupport.park(java.base@17.0.15/LockSupport.java:341)\n"+
		"\tat java.util.concurrent.LinkedBlockingQueue.take(java.base@17.0.15/LinkedBlockingQueue.java:435)\n"+
		"\tat org.apache.tomcat.util.threads.TaskQueue.take(TaskQueue.java:1)\n"+
		"\tat java.util.concurrent.ThreadPoolExecutor.getTask(java.base@17.0.15/ThreadPoolExecutor.java:1070)\n")
	s.dumps.WriteString("JNI global refs: 1, weak refs: 0\n\n")
}

func (s *simulation) process(t *testing.T) *series.Series {
	e := series.NewEncoder(series.Header{Source: entries.ProcessSource})
	for i, v := range s.cpuSeconds {
		e.Add(began.Add(time.Duration(i)*time.Second), map[string]float64{entries.CPUUser: v, entries.CPUSystem: v / 10,
			entries.Resident: 600e6 + 5e6*s.r.NormFloat64(), entries.Threads: 80, entries.OpenFiles: 120})
	}
	out, err := series.Read(bytes.NewReader(e.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (s *simulation) collections(t *testing.T) *gc.Log {
	log, err := gclog.Parse("gc.log", strings.NewReader(s.gc.String()), gclog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// compared compares one run of each program.
func compared(t *testing.T, before, after program, seed uint64) *Comparison {
	t.Helper()
	c, err := New(t.Context(), []Run{before.run(t, 2*seed)}, []Run{after.run(t, 2*seed+1)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// pairs are those of each program.
func pairs() uint64 {
	if testing.Short() {
		return 2
	}
	return 10
}

// A program against itself: hardly ever is a change told.
func TestSameProgram(t *testing.T) {
	told, other := 0, 0
	for name, p := range programs {
		for seed := range pairs() {
			c := compared(t, p, p, 100+seed)
			if c.Verdict.Kind != NoChange {
				other++
				if contains([]string{string(Improvement), string(Regression), string(Mixed)}, string(c.Verdict.Kind)) {
					told++
				}
				t.Logf("%s %d: %s", name, seed, c.Verdict.Text)
			}
		}
	}
	t.Logf("of %d pairs %d differ, and %d are told to be no change", 4*pairs(), told, 4*int(pairs())-other)
	if told > 2 || other > 4 {
		t.Errorf("%d of %d pairs of one program differ, %d are not told to be no change", told, 4*pairs(), other)
	}
}

// A program that is 20 % slower in one thing: it is found, the right measure comes first, and the interval holds the truth.
func TestSlowerProgram(t *testing.T) {
	const factor = 1.2
	cases := []struct {
		program  string
		slower   func(*program)
		measures []string
	}{
		{"cpu", func(p *program) { p.cpu *= factor }, []string{"cpu_per_request"}},
		{"gc", func(p *program) { p.pause *= factor }, []string{"pause_share", "pause_p50", "pause_per_request"}},
		{"locks", func(p *program) { p.lock *= factor }, []string{"lock_wait_per_request"}},
		{"waiter", func(p *program) { p.db *= factor }, []string{"database_wait_per_request"}},
	}
	found, held := 0, 0
	for _, x := range cases {
		for seed := range pairs() {
			before := programs[x.program]
			after := before
			x.slower(&after)
			c := compared(t, before, after, 200+seed)
			causes := c.Changed(Cause)
			right := c.Verdict.Kind == Regression && len(causes) > 0 && contains(x.measures, causes[0].Name)
			if right {
				found++
			} else {
				t.Logf("%s %d: %s", x.program, seed, c.Verdict.Text)
			}
			for _, r := range c.Readings {
				if contains(x.measures, r.Name) {
					if 1+r.Low <= factor && factor <= 1+r.High {
						held++
					} else {
						t.Logf("%s %d: %s", x.program, seed, r.Sentence())
					}
					break
				}
			}
		}
	}
	all := 4 * int(pairs())
	t.Logf("found %d, intervals that hold the truth %d of %d", found, held, all)
	if found < all*9/10 || held < all*9/10 {
		t.Errorf("of %d slower programs %d are found, and %d intervals hold the truth", all, found, held)
	}
}

func contains(list []string, name string) bool {
	for _, x := range list {
		if x == name {
			return true
		}
	}
	return false
}
