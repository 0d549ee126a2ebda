package dumps

import (
	"fmt"
	"math"
	"strings"

	"casefile/analyze"
	"casefile/analyze/applog"
	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

// addReport puts into a finding what the newest report of Tomcat's StuckThreadDetectionValve tells: the thread, its
// page, for how long, and where it stands.
func addReport(f *analyze.Finding, l *applog.Log) {
	r := newestReport(l)
	if r == nil {
		return
	}
	name, page := workerName(r.Worker), pathOf(r.URL)
	f.Say("Tomcat reports a request of %s that has taken "+
		"%s", say.As(say.Quote(name), "a thread"), say.Measured("active", math.Floor(r.Active.Seconds()), "s"))
	if page != "" {
		f.Add(", for %s", say.Quote(page))
	}
	at := ""
	if stack := stackOf(r.Frames); len(stack.Frames) > 0 {
		w := threads.Classify(&threads.Thread{Identity: &threads.Identity{}, Stack: stack, State: threads.Waiting})
		if threads.InRuntime(stack.Top()) {
			f.Add(": it %s", say.Brief(w.Text))
		}
		at = placeOf(stack)
		f.Add(" %s", at)
	}
	if l.Stucks > 1 {
		f.Add("; %s in all", say.Amount("reports", int(l.Stucks), "reports"))
	}
	f.Evidence = append([]analyze.Evidence{{Entry: r.Source, Lines: analyze.Lines(r.Line, r.Line+len(r.Frames)), Text: cite.Line(r.Text)}},
		f.Evidence[:min(len(f.Evidence), cite.Most-1)]...)
	if at != "" && len(f.Advice) > 0 {
		f.Advice[0].Action = fmt.Sprintf("See what ends the call %s: the lines of the log after the report have "+
			"its whole stack. Dumps at such a "+
			"moment show who holds what it waits for (casefile collect).", at)
		f.Advice[0].Effect = "Names the holder, or the system that does not answer."
	}
}

func newestReport(l *applog.Log) *applog.Stuck {
	for i := len(l.Stuck) - 1; i >= 0; i-- {
		if !l.Stuck[i].Ended {
			return &l.Stuck[i]
		}
	}
	return nil
}

// stackOf makes a stack of calls as a log has them: "java.base@17.0.2/java.lang.Thread.run(Thread.java:833)".
func stackOf(calls []string) *threads.Stack {
	s := &threads.Stack{}
	for _, c := range calls {
		fn, _, _ := strings.Cut(c, "(")
		if _, rest, module := strings.Cut(fn, "/"); module {
			fn = rest
		}
		s.Frames = append(s.Frames, &threads.Frame{Text: c, Func: fn})
	}
	return s
}

// placeOf names the innermost call outside the runtime, and the program's own below it.
func placeOf(s *threads.Stack) string {
	var first *threads.Frame
	for _, f := range s.Frames {
		if !threads.InRuntime(f.Func) {
			first = f
			break
		}
	}
	if first == nil {
		return "in " + say.Short(s.Top())
	}
	text := "in " + say.Short(first.Func)
	for _, f := range threads.Calls(s.Frames) {
		if f.Class() != first.Class() {
			return text + " below " + say.Short(f.Func)
		}
	}
	return text
}
