package settings

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/applog"
	"casefile/analyze/gc"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/rules/vm"
	"casefile/analyze/say"
	"casefile/analyze/signatures"
)

var (
	codeCacheNearlyFull = analyze.NewLimit(0.9, "1", "used, of one part of the code cache", "below a tenth of "+
		"free room the JVM throws code away")
)

var codeCacheFull = &analyze.Rule{
	ID:  ids.CodeCacheFull,
	Doc: "The memory for compiled code is full or nearly so: the JVM stopped compiling, or collects to free code.",
	Needs: "what Compiler.codecache says (casefile collect asks it on JDK 9 and later), a GC log of JDK 20 or later, " +
		"a flight recording with jdk.CodeCacheFull, or what the JVM prints (\"CodeCache is full. Compiler has been disabled\")",
	Fix: "Double the code cache.",
	Limits: []analyze.Threshold{
		codeCacheNearlyFull, views.GCOverheadCritical, views.RecentSpan, views.RecentLoose,
		views.SpanLeast, views.SpanSure, views.StartUpSpan, views.RecordingSpan, views.LogRecent,
	},
	Run: analyze.Each(compilers, judgeCodeCache),
}

// compiler is what is known of the compiled code of one JVM.
type compiler struct {
	*analyze.JVM
	node *analyze.Node
	log  *views.Collections // nil: none that is long enough
	rec  *views.Recording   // the recording that tells most of a full code cache; nil: none does
	said []applog.Entry     // lines in which the JVM tells that it has stopped compiling
}

// About names the JVM.
func (c *compiler) About() analyze.Subject {
	return analyze.Subject{Node: c.node.Name, Name: c.Subject()}
}

// compilers are the JVMs of which something would tell.
func compilers(p *analyze.Pass) (all []*compiler) {
	logs := map[*analyze.JVM]*views.Collections{}
	for _, v := range views.Logs.Of(p) {
		if v.Span() >= views.SpanLeast.Value {
			logs[v.JVM] = v
		}
	}
	for _, n := range p.Nodes {
		if len(n.JVMs) == 0 { // a log that came alone
			if said := disabledIn(p, n, n.LooseLogs); len(said) > 0 {
				p.Evaluated()
				all = append(all, &compiler{JVM: &analyze.JVM{Node: n, Target: p.Short(said[0].Source)}, node: n, said: said})
			}
		}
		for _, j := range n.JVMs {
			rec, watched := fullWhileRecorded(p, j)
			c := &compiler{JVM: j, node: n, log: logs[j], rec: rec, said: disabledIn(p, n, j.Logs)}
			if len(n.JVMs) == 1 {
				c.said = append(c.said, disabledIn(p, n, n.LooseLogs)...)
			}
			watched = watched || len(c.said) > 0
			if j.CodeCache != nil || c.log != nil && j.Major() >= 20 || watched {
				p.Evaluated()
				all = append(all, c)
			}
		}
	}
	return all
}

// disabledIn are the lines of the last day of logs by which the JVM tells that its code cache is full.
func disabledIn(p *analyze.Pass, n *analyze.Node, logs []*applog.Log) (list []applog.Entry) {
	for _, l := range logs {
		m := l.Of(signatures.CompilerDisabled)
		if m == nil {
			continue
		}
		since := views.LogEnd(p, n, l).Add(-views.LogRecent.Value)
		for _, e := range m.Newest {
			if e.Time.IsZero() || !e.Time.Before(since) {
				list = append(list, e)
			}
		}
	}
	return list
}

// codeFlush is a collection that is made for the sake of compiled code.
func codeFlush(_ gc.Kind, cause string) bool { return cause == "CodeCache GC Aggressive" }

// fullWhileRecorded gives the recording that tells most of a full code cache, nil when none does; watched says that
// one would have told.
func fullWhileRecorded(p *analyze.Pass, j *analyze.JVM) (fullest *views.Recording, watched bool) {
	for _, r := range views.Recordings.Of(p) {
		if r.JVM != j {
			continue
		}
		full := r.Rec.JVM.CodeCacheFull
		watched = watched || full > 0 || r.Rec.Setting("jdk.CodeCacheFull", "enabled") == "true"
		if full > 0 && (fullest == nil || full > fullest.Rec.JVM.CodeCacheFull) {
			fullest = r
		}
	}
	return fullest, watched
}

// citeRecordedFull names the events.
func citeRecordedFull(r *views.Recording) analyze.Evidence {
	first := ""
	if at := r.Rec.JVM.CodeCacheFullAt; len(at) > 0 {
		first = ", the first at " + say.Instant(at[0].UTC())
	}
	return r.Cite("jdk.CodeCacheFull: %s%s", say.Count(int(r.Rec.JVM.CodeCacheFull), "event"), first)
}

// judgeCodeCache goes by what the JVM says of its code cache, and by the collections that it makes for it.
func judgeCodeCache(_ *analyze.Pass, x *compiler) []analyze.Finding {
	j, v, rec := x.JVM, x.log, x.rec
	f := analyze.Finding{Confidence: analyze.High, Weight: 0.3}
	c := j.CodeCache
	size, sizeKnown := j.Int("ReservedCodeCacheSize")
	var flushes int64
	var sum time.Duration
	if v != nil {
		flushes, sum = v.Spent(codeFlush)
	}
	var fullest *analyze.CodeHeap
	if c != nil {
		fullest = c.Fullest()
	}
	switch {
	case c != nil && !c.Compiles && c.Full > 0:
		f.Severity, f.Weight = analyze.Critical, 0.5
		f.Say("The code cache is full and the JVM has stopped compiling: %s", c.State)
		f.Impact = "what is not compiled yet is interpreted, ten times slower and more"
	case c != nil && c.Full > 0:
		f.Severity = analyze.Warning
		f.Say("The code cache has been full %s", say.Times("full", c.Full))
		f.Impact = "while it was, nothing was compiled"
	case (c == nil || c.Compiles) && len(x.said) > 0: // the lines may be of before it had room again
		f.Severity, f.Weight = analyze.Critical, 0.5
		if c != nil || rec != nil {
			f.Severity, f.Weight = analyze.Warning, 0.3
		}
		f.Say("The code cache was full and the JVM stopped compiling (%s)", say.Counted("lines", len(x.said), "log line"))
		f.Impact = "what was not compiled by then is interpreted, ten times slower and more"
	case c == nil && rec != nil:
		f.Severity = analyze.Warning
		f.Say("The code cache was full %s in %s", say.Times("full", int(rec.Rec.JVM.CodeCacheFull)), say.Time("over", rec.Rec.Covered))
		f.Impact = "while it was, nothing was compiled"
	case flushes >= 2:
		share := float64(sum) / float64(max(v.Span(), 1))
		f.Severity, f.Confidence, f.Weight = v.Severe(share), v.Sure(), max(0.3, share)
		f.Say("The code cache is nearly full: %s collections were made to free compiled code, one every %s",
			say.Amount("collections", flushes, "collections"), say.Time("interval", v.Span()/time.Duration(flushes)))
		f.Impact = fmt.Sprintf(
			"%s of stopped time in %s, and code that was compiled is thrown away",
			say.Took(sum),
			say.Took(v.Span()),
		)
	case fullest != nil && fullest.UsedShare() >= codeCacheNearlyFull.Value:
		f.Severity, f.Weight = analyze.Warning, 0.2
		f.Say("%s of %s is in use in the code cache (%s)", say.Size("used", fullest.Used), say.Size("size", fullest.Size), fullest.Name)
		f.Impact = "little more can be compiled; the JVM already looks for code to throw away"
	default:
		return nil
	}
	if sizeKnown {
		f.Add("; it has %s", say.Size("reserved", size))
	}
	f.Explanation = "Below a tenth of free space the JVM gives up code that it may need again; when nothing is " +
		"free it stops compiling, and what is new is interpreted."
	if c != nil {
		f.Evidence = append(f.Evidence, citeCodeCache(c, fullest)...)
	}
	if rec != nil {
		f.Evidence = append(f.Evidence, citeRecordedFull(rec))
	}
	for _, e := range x.said[:min(len(x.said), 2)] {
		f.Evidence = append(f.Evidence, analyze.Evidence{Entry: e.Source, Lines: analyze.Lines(e.Line, e.Line), Text: cite.Line(e.Text)})
	}
	if flushes > 0 {
		f.Evidence = append(f.Evidence, v.CiteLongest(2, v.OfCause(codeFlush))...)
	}
	if e, ok := cite.Flag(j, "ReservedCodeCacheSize"); ok {
		f.Evidence = append(f.Evidence, e)
	}
	f.Advice = []analyze.Advice{codeCacheAdvice(j, size)}
	f.References = []string{"HotSpot: Codecache Tuning"}
	return []analyze.Finding{f}
}

func citeCodeCache(c *analyze.CodeCache, fullest *analyze.CodeHeap) []analyze.Evidence {
	var out []analyze.Evidence
	if fullest != nil {
		out = append(
			out,
			analyze.Evidence{
				Entry: c.Source,
				Lines: analyze.Lines(fullest.Line, fullest.Line),
				Text: fmt.Sprintf(
					"%s: %s of %s in use, at most %s",
					fullest.Name,
					say.Bytes(fullest.Used),
					say.Bytes(fullest.Size),
					say.Bytes(fullest.MaxUsed),
				),
			},
		)
	}
	if !c.Compiles {
		out = append(
			out,
			analyze.Evidence{
				Entry: c.Source,
				Lines: analyze.Lines(c.StateLine, c.StateLine),
				Text:  "compilation: " + c.State,
			},
		)
	}
	if c.Full > 0 {
		out = append(
			out,
			analyze.Evidence{
				Entry: c.Source,
				Lines: analyze.Lines(c.FullLine, c.FullLine),
				Text:  fmt.Sprintf("full_count=%d", c.Full),
			},
		)
	}
	return out
}

// codeCacheAdvice doubles the cache; what it has by default is enough for most.
func codeCacheAdvice(j *analyze.JVM, size int64) analyze.Advice {
	const usual = 240 * say.MB // ReservedCodeCacheSize of a JVM that compiles in tiers
	a := analyze.Advice{
		Action:   "Double the code cache.",
		Setting:  "-XX:ReservedCodeCacheSize",
		Effect:   "No such collections, code stays compiled.",
		Risk:     "That much more memory outside of the heap, once it is used.",
		Rollback: "The old size.",
		Verify:   "Compiler.codecache shows a fifth free or more, and full_count=0.",
	}
	switch {
	case size <= 0:
		a.From, a.To = "as it is", "512m"
	case size < usual:
		a.Action = "Take the option away: the JVM's own choice is 240 MB."
		a.From, a.To = fmt.Sprintf("%dm", size/say.MB), fmt.Sprintf("%dm", usual/say.MB)
	default:
		a.From, a.To = fmt.Sprintf("%dm", size/say.MB), fmt.Sprintf("%dm", vm.RoundUp64(2*float64(size))/say.MB)
	}
	if f, ok := j.Flags["UseCodeCacheFlushing"]; ok && f.Value == "false" {
		a.Action += " And remove -XX:-UseCodeCacheFlushing, which keeps the JVM from making room itself."
	}
	return a
}
