package analyze

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"casefile/analyze/gc"
	"casefile/analyze/loss"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

// VerdictKind is what a headline may say.
type VerdictKind string

// The three kinds. Silence of the rules is "nothing found" only where there was enough to look at.
const (
	Problems     VerdictKind = "problems"
	NothingFound VerdictKind = "nothing-found"
	CannotTell   VerdictKind = "cannot-tell"
)

// Verdict is the headline: what was found, in what, and what keeps it from being said.
type Verdict struct {
	Kind VerdictKind `json:"kind"`
	Text string      `json:"text"`
	// Examined is what was looked at: kind, number, time.
	Examined []string `json:"examined"`
	// Why names what the evidence cannot tell, each with what would.
	Why []string `json:"why"`
}

// Marks of what is enough to look at.
const (
	leastSpan     = 5 * time.Second  // between the first and the last dump, or of a GC log
	startingUntil = 30 * time.Second // the age of a JVM until which its figures are those of its start
	foreignShare  = 0.25             // of lines not understood, from which on a source is not judged
)

// What would tell, for whoever has no bundle.
const (
	moreDumps = "take three or more, 10 s apart: jcmd PID Thread.print, or casefile collect --duration 60s"
	moreGC    = "casefile collect --duration 60s, or the log of at least a minute under load"
	stamped   = "log with -Xlog:gc*,safepoint:file=gc.log:time,uptime,level,tags (JDK 8: -XX:+PrintGCDetails -XX:+PrintGCDateStamps)"
)

// Headline makes the headline of a case and what all rules said about it.
func Headline(c *Case, r *Result) Verdict {
	j := &judge{c: c}
	for _, n := range c.Nodes {
		j.node(n)
	}
	if len(c.Refused) > 0 { // what was given as evidence was not looked at
		j.sound = false
		j.weak = append([]string{c.Refused[0] + others(len(c.Refused)-1)}, j.weak...)
	}
	v := Verdict{Why: slices.Clone(j.weak)}
	for _, e := range j.examined {
		v.Examined = append(v.Examined, e.String())
	}
	if r.Checks > 0 && len(j.examined) > 0 {
		v.Examined = append(v.Examined, fmt.Sprintf("%d of %d checks", r.Checks-len(r.NotEvaluated)-len(r.Broken), r.Checks))
	}
	if n := len(c.Problems); n > len(c.Refused) {
		v.Why = append(v.Why, "not read: "+c.Problems[0]+others(n-1))
	}
	if n := len(c.Gaps); n > 0 {
		v.Why = append(v.Why, "the capture has gaps ("+fmt.Sprint(n)+")")
	}
	if n := len(r.Broken); n > 0 {
		v.Why = append(v.Why, "a check failed: "+r.Broken[0]+others(n-1))
	}
	if !r.Worst().AtLeast(Warning) {
		v.Why = append(waitsOf(r), v.Why...)
	}
	v.Why = append(v.Why, j.missing...)
	v.Examined, v.Why = orEmpty(v.Examined), orEmpty(v.Why)
	switch {
	case r.Worst().AtLeast(Warning):
		v.Kind, v.Text = Problems, problemsText(c, r)
	case len(j.examined) == 0 && len(c.Refused) == 0:
		v.Kind, v.Text = CannotTell, "Cannot tell: nothing was captured that can be analysed"
		if len(v.Why) > 0 {
			v.Text += "; " + v.Why[0]
		}
	case !j.sound:
		v.Kind, v.Text = CannotTell, "Cannot tell: "+strings.Join(j.weak, "; ")
	default:
		v.Kind, v.Text = NothingFound, "Nothing found "+acrossNodes(c)+"in "+strings.Join(v.Examined, ", ")
		if len(v.Why) > 0 {
			v.Text += ". Not all can be judged: " + v.Why[0] + others(len(v.Why)-1)
		}
	}
	return v
}

// WorthNaming is the share of request time in waits that no finding holds for a fault from which on they are named: the mark at which most rules
// about waits warn.
const WorthNaming = 0.10

// waitsOf names, of each process, much waiting of requests that no finding at warning or above explains: silence would deny it.
func waitsOf(r *Result) (out []string) {
	for _, s := range r.Loss {
		_, rest, largest := loss.Waited(s.Parts)
		if rest < WorthNaming || rest*s.RequestThreads < 1 { // less than one request at a time
			continue
		}
		at := string(largest.Kind)
		if largest.Where != "" {
			at += " in " + largest.Where
		}
		out = append(out, fmt.Sprintf("requests of %s wait for %s of their time, %s of it for %s: that may be its work; "+
			"its response times tell whether it is too long", s.Subject, say.Percent(rest), say.Percent(largest.Share/rest), at))
	}
	return out
}

// acrossNodes names the number of nodes of a cluster, whose evidence is told as one.
func acrossNodes(c *Case) string {
	if len(c.Nodes) < 2 {
		return ""
	}
	return fmt.Sprintf("on %d nodes ", len(c.Nodes))
}

func others(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" (and %d more)", n)
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// problemsText counts the findings that stand for themselves, the nodes that have them, and what follows from them.
func problemsText(c *Case, r *Result) string {
	n := map[Severity]int{}
	touched := map[string]bool{}
	follow := 0
	for i := range r.Findings {
		f := &r.Findings[i]
		if !f.Severity.AtLeast(Warning) {
			continue
		}
		for _, name := range f.Nodes {
			touched[name] = true
		}
		if f.ConsequenceOf > 0 {
			follow++
		} else {
			n[f.Severity]++
		}
	}
	var parts []string
	if k := n[Critical]; k > 0 {
		parts = append(parts, fmt.Sprintf("%d critical", k))
	}
	if k := n[Warning]; k > 0 {
		parts = append(parts, counted(k, "warning"))
	}
	text := strings.Join(parts, ", ")
	switch hit, all := len(touched), len(c.Nodes); {
	case hit == 0 || all <= 1 && hit <= 1:
	case hit < all:
		text += fmt.Sprintf(" on %d of %d nodes", hit, all)
	default:
		text += " on " + counted(hit, "node")
	}
	if follow > 0 {
		text += ", with " + counted(follow, "consequence")
	}
	return text
}

func counted[N int | int64](n N, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// judge goes through what a case holds.
type judge struct {
	c        *Case
	sound    bool // one source at least is enough to say that nothing was found
	examined []*seen
	weak     []string
	missing  []string // of what is enough to judge by
}

// seen is the evidence of one kind, of all nodes.
type seen struct {
	n          int64
	one        string // of it: "thread dump"
	of         string // what it is of: "of garbage collection"
	spans      bool
	span, most time.Duration // the shortest and the longest
	lines      int64         // of logs
}

func (e *seen) String() string {
	text := e.one
	if e.n > 0 {
		text = counted(e.n, e.one)
	}
	if e.of != "" {
		text += " " + e.of
	}
	if e.lines > 0 {
		text += fmt.Sprintf(" (%d lines)", e.lines)
	}
	switch {
	case !e.spans:
	case length(e.span) == length(e.most):
		text += " over " + length(e.most)
	default:
		text += fmt.Sprintf(" over %s to %s", length(e.span), length(e.most))
	}
	return text
}

// saw notes a source; why is empty when it is enough to judge by.
func (j *judge) saw(e seen, why string) {
	j.add(e)
	if why == "" {
		j.sound = true
	} else if !slices.Contains(j.weak, why) {
		j.weak = append(j.weak, why)
	}
}

func (j *judge) add(e seen) {
	i := slices.IndexFunc(j.examined, func(o *seen) bool { return o.one == e.one && o.spans == e.spans })
	if i < 0 {
		e.most = e.span
		j.examined = append(j.examined, &e)
		return
	}
	o := j.examined[i]
	o.n, o.lines, o.span, o.most = o.n+e.n, o.lines+e.lines, min(o.span, e.span), max(o.most, e.span)
}

func (j *judge) node(n *Node) {
	for _, jvm := range n.JVMs {
		j.jvm(jvm)
	}
	for _, s := range n.Services {
		if s.Goroutines != nil || len(s.DumpInfo) > 0 {
			j.dumps("goroutine", s.Target, s.Goroutines, s.DumpInfo)
		}
		if k := len(s.Profiles); k > 0 {
			j.saw(seen{n: int64(k), one: "profile"}, "")
		}
	}
	if n.Host != nil {
		j.saw(seen{one: "the host's figures"}, "")
	}
	if n.Pod != nil {
		j.saw(seen{one: "what Kubernetes says of the pod"}, "")
	}
	lines := int64(0)
	for _, l := range n.LooseLogs {
		lines += l.Lines
	}
	if k := len(n.LooseLogs) + len(n.LooseAccess); k > 0 {
		j.saw(seen{n: int64(k), one: "application log", lines: lines},
			"a log shows known errors only, not what threads and memory do; casefile collect --duration 60s shows both")
	}
}

func (j *judge) jvm(jvm *JVM) {
	if jvm.Dumps != nil || len(jvm.DumpInfo) > 0 {
		j.dumps("thread", jvm.Target, jvm.Dumps, jvm.DumpInfo)
	}
	for _, l := range jvm.GC {
		j.gcLog(l)
	}
	for _, r := range jvm.Recordings {
		j.saw(seen{n: 1, one: "recording", spans: true, span: r.End.Sub(r.Start)}, "")
	}
	if k := len(jvm.Profiles); k > 0 && len(jvm.Recordings) == 0 {
		j.saw(seen{n: int64(k), one: "profile"}, "")
	}
	if jvm.Counters != nil || jvm.Process != nil || jvm.Perf != nil || len(jvm.Flags) > 0 || len(jvm.Looks) > 0 {
		j.saw(seen{one: "the figures of " + jvm.Target}, "")
	}
	if k := len(jvm.Logs) + len(jvm.Access); k > 0 {
		j.add(seen{n: int64(k), one: "log"})
	}
}

func (j *judge) dumps(kind, target string, s *threads.Series, info []threads.Summary) {
	var sum threads.Summary
	for _, i := range info {
		sum.Threads += i.Threads
		sum.UnparsedLines += i.UnparsedLines
		sum.Lines += i.Lines
		sum.OtherLines += i.OtherLines
	}
	n := 0
	if s != nil {
		n = len(s.Dumps)
	}
	span := time.Duration(0)
	if n > 1 {
		span = s.Span(0, n-1)
	}
	j.saw(seen{n: int64(n), one: kind + " dump", spans: span > 0, span: span}, weakDumps(kind, target, s, sum, n, span))
	if s != nil {
		j.missing = append(j.missing, missingOf(kind, target, s, sum)...)
	}
}

// missingOf names what is not there of dumps that are enough to judge by.
func missingOf(kind, target string, s *threads.Series, sum threads.Summary) (out []string) {
	n, cut, gaps := len(s.Dumps), 0, 0
	for _, d := range s.Dumps {
		gaps += d.Gaps
		if d.Truncated {
			cut++
		}
	}
	if n == 2 {
		out = append(out, fmt.Sprintf("two %s dumps (%s) tell little of what lasts; %s", kind, target, moreDumps))
	}
	if cut > 0 {
		out = append(out, fmt.Sprintf("%d of %s of %s end before all threads are told: what came after is missing", cut, counted(n, kind+" dump"), target))
	}
	if gaps > 0 {
		out = append(out, fmt.Sprintf("lines are missing in the %s dumps of %s, at %s at least", kind, target, counted(gaps, "place")))
	}
	if sum.UnparsedLines > 0 {
		out = append(out, fmt.Sprintf("%s of the %s dumps of %s are not understood", counted(sum.UnparsedLines, "line"), kind, target))
	}
	return out
}

// weakDumps says why dumps in which nothing was found do not mean that nothing is wrong.
func weakDumps(kind, target string, s *threads.Series, sum threads.Summary, n int, span time.Duration) string {
	inside := sum.Lines - sum.OtherLines
	switch {
	case sum.Threads == 0:
		return fmt.Sprintf("of what looks like a %s dump in %s no thread could be read; give the dump as it was printed", kind, target)
	case float64(sum.UnparsedLines) > foreignShare*float64(inside):
		return fmt.Sprintf("%d of %d lines of the %s dumps in %s are not understood; give the dumps as they were printed", sum.UnparsedLines, inside, kind, target)
	case n == 1:
		return fmt.Sprintf("one %s dump (%s) shows a moment, not what lasts; %s", kind, target, moreDumps)
	case span > 0 && span < leastSpan:
		return fmt.Sprintf("the %s dumps of %s are of %s only; %s", kind, target, length(span), moreDumps)
	case grouped(s):
		return fmt.Sprintf("the goroutine dumps of %s are of debug=1, which tells neither what each goroutine waits for nor "+
			"for how long; take goroutine?debug=2, as casefile collect does", target)
	case startOf(s) != "":
		return fmt.Sprintf("the program of %s was starting at the last dump: %s; %s", target, startOf(s), moreDumps)
	case starting(s):
		return fmt.Sprintf("the JVM of %s was starting: %s old at the last dump; %s", target, length(age(s.Dumps[n-1])), moreDumps)
	}
	return ""
}

// grouped reports whether the dumps count goroutines by their stacks, without number and state.
func grouped(s *threads.Series) bool {
	last := s.Dumps[len(s.Dumps)-1]
	return last.Format == threads.FormatGo && len(last.Threads) > 0 && last.Threads[0].Num == 0
}

// age is how long the oldest thread of a dump lives, which is the JVM's age; 0 unknown.
func age(d *threads.Dump) (oldest time.Duration) {
	for _, t := range d.Threads {
		oldest = max(oldest, t.Elapsed)
	}
	return oldest
}

// starting reports whether the last of the dumps was taken while the JVM started.
func starting(s *threads.Series) bool {
	a := age(s.Dumps[len(s.Dumps)-1])
	return a > 0 && a < startingUntil
}

func (j *judge) gcLog(l *gc.Log) {
	j.saw(seen{n: l.Total.Count, one: "pause", of: "of garbage collection", spans: l.Timed && l.Span > 0, span: l.Span}, weakGC(l, j.c.Short(l.Source)))
}

// oneStart reports whether a log is of one run of a JVM, of which a part may be missing, by whose age it counts.
func oneStart(l *gc.Log) bool {
	return len(l.Runs) > 0 && l.Runs[0].Base == 0 && !slices.ContainsFunc(l.Runs[1:], func(r gc.Run) bool { return !r.Resumed })
}

func weakGC(l *gc.Log, name string) string {
	known := l.Lines - l.OtherLines.Count
	switch {
	case float64(l.Unparsed.Count) > foreignShare*float64(known):
		return fmt.Sprintf("%d of %d lines of the GC log %s are not understood", l.Unparsed.Count, known, name)
	case !l.Timed:
		return fmt.Sprintf("the lines of the GC log %s have no time stamps; %s", name, stamped)
	case l.Span < leastSpan:
		return fmt.Sprintf("the GC log %s covers %s only; %s", name, length(l.Span), moreGC)
	case oneStart(l) && l.Last < startingUntil:
		return fmt.Sprintf("the GC log %s ends when the JVM was %s old and still starting; %s", name, length(l.Last), moreGC)
	}
	return ""
}

// length writes a time in one or two units.
func length(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}
