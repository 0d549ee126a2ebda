package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/rules/cite"
	"casefile/analyze/threads"
)

// expected is what a scene must give: the findings at warning or above in order, and the first one in full.
type expected struct {
	name  string
	text  string
	found []string // "critical deadlock"; nil: nothing at all, not even at info
	title string
	cites []string // threads named by the evidence of the first finding, in order
	conf  analyze.Confidence
}

func (e expected) check(t *testing.T) {
	t.Helper()
	c := caseOf(parseText(t, "threads/dumps.txt", e.text))
	res := run(t, c)
	if got := listed(res.Findings); !slices.Equal(got, e.found) {
		t.Fatalf("got %v, want %v\n%s", got, e.found, show(res.Findings))
	}
	if len(e.found) == 0 {
		return
	}
	f := res.Findings[0]
	if f.Title != e.title {
		t.Errorf("title\n got %s\nwant %s", f.Title, e.title)
	}
	if e.conf != "" && f.Confidence != e.conf {
		t.Errorf("confidence %s, want %s", f.Confidence, e.conf)
	}
	var cites []string
	for _, ev := range f.Evidence {
		cites = append(cites, cited(t, e.text, ev))
	}
	if !slices.Equal(cites, e.cites) {
		t.Errorf("evidence names %v, want %v", cites, e.cites)
	}
	complete(t, f)
}

var headerName = regexp.MustCompile(`^"(.*?)" #`)

// cited opens a piece of evidence as a reader does, and gives the name of the thread that stands in those lines.
func cited(t *testing.T, text string, e analyze.Evidence) string {
	t.Helper()
	if e.Entry != "threads/dumps.txt" {
		t.Errorf("evidence in %q", e.Entry)
	}
	from, to, _ := strings.Cut(e.Lines, "-")
	a, err1 := strconv.Atoi(from)
	b, err2 := strconv.Atoi(to)
	lines := strings.Split(text, "\n")
	if err1 != nil || err2 != nil || a < 1 || b > len(lines) {
		t.Fatalf("evidence lines %q of %d", e.Lines, len(lines))
	}
	m := headerName.FindStringSubmatch(lines[a-1])
	if m == nil {
		t.Fatalf("line %d is no thread: %s", a, lines[a-1])
	}
	if lines[b] != "" {
		t.Errorf("evidence %q of %s ends before its stack does: %s", e.Lines, m[1], lines[b])
	}
	if !strings.HasPrefix(e.Text, m[1]) {
		t.Errorf("evidence %q names another thread than its lines: %s", e.Text, m[1])
	}
	return m[1]
}

// complete holds for every finding: a reader can judge it and act on it.
func complete(t *testing.T, f analyze.Finding) {
	t.Helper()
	switch {
	case f.Title == "" || f.Explanation == "" || f.Impact == "":
		t.Errorf("%s lacks title, explanation or impact", f.ID)
	case len(f.Evidence) == 0 || len(f.Evidence) > cite.Most:
		t.Errorf("%s has %d pieces of evidence", f.ID, len(f.Evidence))
	case len(f.References) == 0 || len(f.Advice) == 0:
		t.Errorf("%s lacks advice or references", f.ID)
	case f.Weight <= 0 || f.Weight > 1:
		t.Errorf("%s weighs %v", f.ID, f.Weight)
	case f.Subject != "4711-shop" || !slices.Equal(f.Nodes, []string{"n1"}):
		t.Errorf("%s is about %q on %v", f.ID, f.Subject, f.Nodes)
	case strings.Contains(f.Title, " holds it") && strings.Contains(f.Explanation, "do not show"):
		t.Errorf("%s names a holder that its explanation does not know: %s %s", f.ID, f.Title, f.Explanation)
	case len(f.Title) > 400:
		t.Errorf("%s has a title of %d bytes", f.ID, len(f.Title))
	}
	for _, a := range f.Advice {
		if a.Action == "" || a.Effect == "" {
			t.Errorf("%s gives an advice without action or effect", f.ID)
		}
	}
}

// workers names request threads.
func workers(numbers ...int) []string {
	var out []string
	for _, n := range numbers {
		out = append(out, fmt.Sprintf("http-nio-8090-exec-%d", n))
	}
	return out
}

const every = 10 * time.Second

func TestHealthy(t *testing.T) {
	for _, e := range []expected{
		{name: "idle", text: scene(6, every, func(i int, s *stage) {
			s.system()
			s.idle("http-nio-8090", 1, 10)
			for k := range 5 {
				s.thread(fmt.Sprintf("pool-2-thread-%d", k+1), "WAITING", 0, fmt.Sprintf(parked, 0xf3000010, "java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject")+
					"java.util.concurrent.LinkedBlockingQueue.take(java.base@17.0.15/LinkedBlockingQueue.java:435)\ncom.acme.Mailer.next(Mailer.java:9)\ncom.acme.Mailer.loop(Mailer.java:7)\ncom.acme.Mailer.run(Mailer.java:5)\njava.util.concurrent.ThreadPoolExecutor.runWorker(java.base@17.0.15/ThreadPoolExecutor.java:1136)")
			}
		})},
		{name: "busy", found: []string{"info slow-downstream"}, cites: workers(1, 4, 3, 2, 1, 4), conf: analyze.Medium,
			title: "5 of 20 http-nio-8090 threads wait for an answer of the database (PostgreSQL) under OrderDao.find", text: scene(6, every, func(i int, s *stage) {
				s.system()
				for k := 1; k <= 20; k++ {
					cpu := time.Duration(i) * 2 * time.Second
					switch (k + i) % 4 {
					case 0:
						s.thread(workers(k)[0], "RUNNABLE", cpu, fmt.Sprintf("com.acme.Render.part%d(Render.java:%d)", i, k)+served)
					case 1:
						s.thread(workers(k)[0], "RUNNABLE", cpu, queries)
					default:
						s.thread(workers(k)[0], "WAITING", cpu, idleStack)
					}
				}
			})},
		{name: "one dump, all blocked", found: []string{"info unexplained-wait"}, conf: analyze.Low, cites: append([]string{}, append(workers(1, 2, 3, 4, 5), "refresher")...),
			title: "In one dump all 10 http-nio-8090 threads wait to enter a monitor of Cache in Cache.get below PageAction.execute; refresher holds it and sleeps in Cache.refresh below PageAction.execute", text: scene(1, every, func(i int, s *stage) {
				s.system()
				s.thread("refresher", "TIMED_WAITING", 0, holdsCache)
				for k := 1; k <= 10; k++ {
					s.thread(workers(k)[0], "BLOCKED", 0, wantsCache)
				}
			})},
	} {
		t.Run(e.name, e.check)
	}
}

func TestNotEvaluated(t *testing.T) {
	one := scene(1, every, func(i int, s *stage) { s.idle("http-nio-8090", 1, 4) })
	res := run(t, caseOf(parseText(t, "one", one)))
	if slices.ContainsFunc(res.NotEvaluated, func(n analyze.NotEvaluated) bool { return n.ID == "deadlock" }) {
		t.Error("one dump is enough for deadlocks")
	}
	if len(res.NotEvaluated) != len(threadRules())-1 {
		t.Errorf("%d rules were not evaluated: %v", len(res.NotEvaluated), res.NotEvaluated)
	}
	for _, n := range res.NotEvaluated {
		if !strings.Contains(n.Needs, "casefile collect --dumps 6") {
			t.Errorf("%s does not say what to record: %s", n.ID, n.Needs)
		}
	}
	none := &analyze.Case{Nodes: []*analyze.Node{{Name: "n1", JVMs: []*analyze.JVM{{Target: "1-x"}}, Services: []*analyze.Service{{}}}}}
	if res := run(t, none); len(res.NotEvaluated) != len(threadRules()) || len(res.Findings) > 0 {
		t.Errorf("a JVM without dumps gave %v and left %d rules out", listed(res.Findings), len(res.NotEvaluated))
	}
}

func TestNoCPU(t *testing.T) {
	text := scene(3, every, func(i int, s *stage) { s.idle("http-nio-8090", 1, 4) })
	text = regexp.MustCompile(`cpu=\S+ elapsed=\S+ `).ReplaceAllString(text, "") // as JDK 8 prints it
	res := run(t, caseOf(parseText(t, "jdk8", text)))
	if len(res.NotEvaluated) != 1 || res.NotEvaluated[0].ID != "hot-thread" || !strings.Contains(res.NotEvaluated[0].Needs, "CPU time of each thread") {
		t.Errorf("not evaluated: %v", res.NotEvaluated)
	}
}

func TestAllIsValid(t *testing.T) {
	if err := analyze.Validate(All()); err != nil {
		t.Error(err)
	}
	for _, r := range threadRules() {
		if !slices.ContainsFunc(All(), func(other *analyze.Rule) bool { return other.ID == r.ID }) {
			t.Errorf("%s is not in All", r.ID)
		}
	}
}

// A set of rules remembers what it measured of one case, and must not take it for another.
func TestSetOfRulesSeesEachCase(t *testing.T) {
	rules := threadRules()
	idle := caseOf(parseText(t, "idle", scene(2, every, func(i int, s *stage) { s.idle("http-nio-8090", 1, 4) })))
	dead := caseOf(parseText(t, "dead", scene(2, every, func(i int, s *stage) { deadlocked(s); s.idle("http-nio-8090", 3, 4) })))
	for _, want := range []struct {
		c *analyze.Case
		n int
	}{{idle, 0}, {dead, 1}, {idle, 0}} {
		res, err := analyze.Run(t.Context(), want.c, rules)
		if err != nil || len(res.Findings) != want.n {
			t.Errorf("%v, %v: want %d", listed(res.Findings), err, want.n)
		}
	}
}

func TestThreadsOfOthersAreParsed(t *testing.T) {
	dumps := parseText(t, "x", scene(1, every, func(i int, s *stage) { s.system(); deadlocked(s) }))
	if n := len(threads.NewSeries(dumps, nil).Threads()); n != 8 {
		t.Errorf("the fixture has %d threads, not the 8 written", n)
	}
}
