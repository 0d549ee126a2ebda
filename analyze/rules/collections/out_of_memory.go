package collections

import (
	"slices"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/applog"
	"casefile/analyze/gc"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/signatures"
)

var outOfMemory = &analyze.Rule{
	ID:     ids.OutOfMemory,
	Doc:    "The JVM threw an OutOfMemoryError; of which kind, the message says: heap, metaspace, direct buffers, native threads, a single array.",
	Needs:  "a GC log, a log of the application or the file of a dead JVM (hs_err_pid.log): casefile collect takes them",
	Fix:    "Find what takes the memory of that kind, by a heap dump, class loader statistics or a count of threads; raise its limit only if it is needed.",
	Limits: []analyze.Threshold{views.LogRecent},
	Run:    analyze.Each(memoryLogs, judgeOutOfMemory),
}

// errorLines are the lines of one JVM's logs that tell of an OutOfMemoryError.
type errorLines struct {
	jvm  *analyze.JVM
	list []analyze.Evidence
	text []string
	n    int64
	age  time.Duration // of the newest line at the end of its log; 0 unknown, or of now
}

// About names the JVM.
func (e *errorLines) About() analyze.Subject {
	return analyze.Subject{Node: e.jvm.Node.Name, Name: e.jvm.Subject()}
}

// memoryLogs gathers the lines of each JVM. Loose logs, which are of no JVM in particular, are told once.
func memoryLogs(p *analyze.Pass) (all []*errorLines) {
	for _, n := range p.Nodes {
		loose := true
		for _, j := range n.JVMs {
			e := &errorLines{jvm: j}
			logs := j.Logs
			if loose {
				logs = j.AllLogs()
			}
			for _, l := range j.GC {
				e.addGC(l)
			}
			for _, l := range logs {
				p.Evaluated()
				if m := l.Of(signatures.OutOfMemory); m != nil {
					e.n = max(e.n, m.Count)
					e.add(p, n, l, m)
				}
			}
			if len(j.GC) > 0 {
				p.Evaluated()
			}
			loose = loose && len(e.list) == 0
			all = append(all, e)
		}
		if len(n.JVMs) == 0 && len(n.LooseLogs) > 0 {
			p.Evaluated()
			all = append(all, looseErrors(p, n))
		}
	}
	return all
}

// looseErrors gathers the lines of logs that came without anything of a JVM.
func looseErrors(p *analyze.Pass, n *analyze.Node) *errorLines {
	e := &errorLines{jvm: &analyze.JVM{Node: n, Target: p.Short(n.LooseLogs[0].Source)}}
	for _, l := range n.LooseLogs {
		if m := l.Of(signatures.OutOfMemory); m != nil {
			e.n += m.Count
			e.jvm.Target = p.Short(l.Source)
			e.add(p, n, l, m)
		}
	}
	return e
}

// add takes the lines of a log, but those that its reading as a GC log gave.
func (e *errorLines) add(p *analyze.Pass, n *analyze.Node, l *applog.Log, m *applog.Marked) {
	age := time.Duration(0)
	if k := len(m.Newest); k > 0 && !m.Newest[k-1].Time.IsZero() {
		age = max(0, views.LogEnd(p, n, l).Sub(m.Newest[k-1].Time))
	}
	if len(e.list) == 0 || age < e.age {
		e.age = age
	}
	for _, entry := range m.Newest {
		at := analyze.Evidence{Entry: entry.Source, Lines: analyze.Lines(entry.Line, entry.Line), Text: cite.Line(entry.Text)}
		if !slices.ContainsFunc(e.list, func(o analyze.Evidence) bool { return o.Entry == at.Entry && o.Lines == at.Lines }) {
			e.list, e.text = append(e.list, at), append(e.text, entry.Text)
		}
	}
}

func (e *errorLines) addGC(l *gc.Log) {
	e.n += l.OutOfMemory.Count
	if l.OutOfMemory.Count > 0 {
		e.age = 0
	}
	v := &views.Collections{Log: l}
	for _, m := range l.OutOfMemory.Lines {
		e.list = append(e.list, v.Place(m.File, m.Line, cite.Line(m.Text)))
		e.text = append(e.text, m.Text)
	}
}

// memoryKind is a kind of OutOfMemoryError by its message (HotSpot, OpenJ9, ZGC, native images).
type memoryKind struct{ words, name, action string }

var memoryKinds = []memoryKind{
	{"Metaspace", "metaspace", "Look for class loaders that are made again and again (redeployments, scripts, proxies): jcmd PID " +
		"VM.classloader_stats, twice; if there are none, raise or remove -XX:MaxMetaspaceSize."},
	{"Compressed class space", "compressed class space", "Look for class loaders that are made again and again (jcmd PID VM.classloader_stats, twice); if there are none, raise " +
		"-XX:CompressedClassSpaceSize."},
	{"PermGen space", "permanent generation", "Look for class loaders that are made again and again (jmap -clstats PID, twice); if there are none, raise -XX:MaxPermSize."},
	{"irect buffer memory", "direct buffers", "Find who keeps direct buffers (Netty, NIO; the MBean java.nio:type=BufferPool,name=direct has their number and size): they live outside of the heap, up to " +
		"-XX:MaxDirectMemorySize, and are freed only when the heap is collected."},
	{"native thread", "native threads", "Count the threads of the process and of its user: ulimit -u, pids.max of the container, " +
		"/proc/sys/kernel/threads-max; a growing number is a leak of threads."},
	{"Requested array size exceeds", "an array larger than any heap", "Have the call at the top of the error's stack, in the lines of the evidence, ask for less at once: it wanted an array of some two thousand million elements."},
	{"GC overhead limit", "heap: the collector ran nearly all the time", "Find what fills the heap: the largest retained objects of a heap dump (jcmd PID GC.heap_dump FILE, opened in Eclipse MAT)."},
	{"Map failed", "mapped files", "Compare what is mapped with its limit (wc -l /proc/PID/maps, sysctl vm.max_map_count), and raise the limit or unmap files that are no longer read."},
	{"Java heap space", "heap", "Find what fills the heap: the largest retained objects of a heap dump (jcmd PID GC.heap_dump FILE, opened in Eclipse MAT); a dump " +
		"that the JVM wrote itself (\"Dumping heap to\" in the lines) has them too."},
	{"Garbage-collected heap size exceeded", "heap", "Find what fills the heap: the largest retained objects of a heap dump (jcmd PID GC.heap_dump FILE, opened in Eclipse MAT)."},
	{"Out Of Memory (", "heap", "Find what fills the heap: the largest retained objects of a heap dump (jcmd PID GC.heap_dump FILE, opened in Eclipse MAT)."},
}

// judgeOutOfMemory names the kind that the most lines tell of.
func judgeOutOfMemory(_ *analyze.Pass, e *errorLines) []analyze.Finding {
	if e.n == 0 || len(e.list) == 0 {
		return nil
	}
	kind := memoryKind{name: "a kind that the lines do not tell", action: "Look at the lines around the error: the message says which memory it was."}
	for i := len(memoryKinds) - 1; i >= 0; i-- {
		for _, t := range e.text {
			if strings.Contains(t, memoryKinds[i].words) {
				kind = memoryKinds[i]
			}
		}
	}
	f := analyze.Finding{Severity: analyze.Critical, Confidence: analyze.High, Weight: 1}
	f.Say("OutOfMemoryError: %s", kind.name)
	if e.n > 1 {
		f.Add(", told by %s", say.Counted("lines", int(e.n), "line"))
	}
	if e.age >= views.LogRecent.Value {
		f.Severity, f.Weight = analyze.Info, 0.01
		f.Add(", the last %s before the end of the log", say.Time("age", e.age))
	}
	f.Impact = "what the thread did is left half done"
	f.Explanation = "A thread asked for memory that was not there. A JVM that lives on after it is not to be trusted: locks, pools and caches " +
		"may be left as they were in the middle of a change."
	f.Evidence = e.list[:min(len(e.list), cite.Most)]
	f.Advice = []analyze.Advice{
		{Action: kind.action, Effect: "Names what has to grow or to be freed.", Risk: "A heap dump stops the JVM, and holds customers' data.",
			Verify: "No such line any more."},
		{Action: "Then restart the JVM if it still runs: what the error left is lost with it.", Effect: "A clean state.", Risk: "Requests fail during the restart.", Verify: "No such line any more."},
	}
	f.References = []string{"Java Platform, Standard Edition Troubleshooting Guide: Understand the OutOfMemoryError Exception"}
	return []analyze.Finding{f}
}
