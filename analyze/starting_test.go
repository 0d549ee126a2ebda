package analyze

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"casefile/analyze/threads"
)

// What threads do while their program starts is a note, unless it lasts; the headline says that it was starting.
func TestStartingProgram(t *testing.T) {
	series := func(frame string, age time.Duration) *threads.Series {
		var text strings.Builder
		for i := range 3 {
			fmt.Fprintf(&text, "2026-03-01 10:00:%02d\nFull thread dump OpenJDK 64-Bit Server VM (21.0.2+13 mixed mode):\n\n\"main\" #1 prio=5 os_prio=0 cpu=10.00ms elapsed=%.2fs tid=0x00007f1 nid=12 runnable  [0x0]\n"+
				"   java.lang.Thread.State: RUNNABLE\n\tat com.example.Beans.make(Beans.java:3)\n\tat %s(X.java:9)\n\n", 10*i, (age + time.Duration(i)*10*time.Second).Seconds(), frame)
		}
		dumps, _, err := threads.ParseAll("dumps.txt", strings.NewReader(text.String()))
		if err != nil || len(dumps) != 3 {
			t.Fatal(len(dumps), err)
		}
		return threads.NewSeries(dumps, nil)
	}
	const start, serve = "org.apache.catalina.core.StandardContext.startInternal", "com.example.Main.main"
	for _, c := range []struct {
		name  string
		frame string
		age   time.Duration
		lasts bool
		want  Severity
		kind  VerdictKind
	}{
		{"serves", serve, time.Minute, false, Warning, Problems},
		{"starts", start, time.Minute, false, Info, CannotTell},
		{"starts, and it lasts", start, time.Minute, true, Warning, Problems},
		{"has been in there for long", start, time.Hour, false, Warning, Problems},
	} {
		n := &Node{Name: "a"}
		j := &JVM{Node: n, Target: "shop", Dumps: series(c.frame, c.age), DumpInfo: []threads.Summary{{Dumps: 3, Threads: 3, Lines: 18}}}
		n.JVMs = []*JVM{j}
		rule := &Rule{ID: "lock-contention", Doc: "d", Needs: "n", OfThreads: true, Lasts: c.lasts, Run: func(p *Pass) error {
			p.Report(Finding{Severity: Warning, Confidence: High, Title: "t", Nodes: []string{"a"}, Subject: "shop"})
			return nil
		}}
		res, err := Run(t.Context(), &Case{Nodes: []*Node{n}}, []*Rule{rule})
		if err != nil || len(res.Findings) != 1 {
			t.Fatalf("%s: %d findings, %v", c.name, len(res.Findings), err)
		}
		if v := Headline(&Case{Nodes: []*Node{n}}, res); res.Findings[0].Severity != c.want || v.Kind != c.kind {
			t.Errorf("%s: %s, %s (%s)", c.name, res.Findings[0].Severity, v.Kind, v.Text)
		}
	}
}
