package collections

import (
	"fmt"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/rules/vm"
	"casefile/analyze/say"
	"casefile/analyze/threads"
	"casefile/bundle/format/jdk"
)

var directMemory = &analyze.Rule{
	ID: ids.DirectMemory,
	Doc: "Direct buffers are at their limit: each further one waits for a collection of the whole heap that frees some, and ends in an " +
		"OutOfMemoryError when none does.",
	Needs: "thread dumps, or a recording that has the calls of System.gc (JDK 17 and later): casefile collect --jfr",
	Fix:   "Use buffers again in place of making new ones, release them, or raise -XX:MaxDirectMemorySize. Explicit collections must stay on.",
	Run:   analyze.Each(buffered, judgeDirectMemory),
}

// reserve is what makes room for a direct buffer: at the limit it collects, and then waits up to half a second (java.nio.Bits).
const reserve = "java.nio.Bits.reserveMemory"

// directErrors are the messages of the error, of JDK 8 to 27.
var directErrors = []string{"Direct buffer memory", "of direct buffer memory"}

// shortage is what of one JVM tells that direct buffers are at their limit.
type shortage struct {
	*analyze.JVM
	log      *gcView // nil: none
	dumps    int     // in which a thread makes room
	threads  int     // of them, the most in one dump
	recorded int     // calls of System.gc of such threads
	errors   int
	site     string // who asks for buffers
	evidence []analyze.Evidence
}

// About names the JVM.
func (s *shortage) About() analyze.Subject {
	return analyze.Subject{Node: s.Node.Name, Name: s.Subject()}
}

// buffered gives the JVMs of which something would tell.
func buffered(p *analyze.Pass) (all []*shortage) {
	logs := map[*analyze.JVM]*gcView{}
	for _, v := range gcViews.Of(p) {
		logs[v.JVM] = v
	}
	for _, e := range memoryLogs(p) {
		s := &shortage{JVM: e.jvm, log: logs[e.jvm]}
		if e.jvm.Dumps != nil || len(e.jvm.Recordings) > 0 {
			p.Evaluated()
		}
		s.inRecordings()
		s.inDumps()
		s.inLogs(e)
		all = append(all, s)
	}
	return all
}

func (s *shortage) inRecordings() {
	for _, rec := range s.Recordings {
		r := &views.Recording{Node: s.Node, JVM: s.JVM, Rec: rec}
		n := 0
		for i := range rec.GC.SystemGCs {
			frames := r.Frames(rec.GC.SystemGCs[i].Stack)
			if at := slices.Index(frames, reserve); at >= 0 {
				n++
				s.name(frames[at:])
			}
		}
		if n > 0 {
			s.recorded += n
			s.evidence = append(s.evidence, r.Cite("jdk.SystemGC: %d of %d calls come from %s", n, len(rec.GC.SystemGCs), say.Short(reserve)))
		}
	}
}

func (s *shortage) inDumps() {
	if s.Dumps == nil {
		return
	}
	for _, d := range s.Dumps.Dumps {
		n := 0
		for _, t := range d.Threads {
			at := makesRoom(t)
			if at < 0 {
				continue
			}
			n++
			var frames []string
			for _, f := range t.Stack.Frames[at:] {
				frames = append(frames, f.Func)
			}
			s.name(frames)
			if len(s.evidence) < cite.Most-2 && n == 1 {
				s.evidence = append(s.evidence, analyze.Evidence{Entry: d.SourceOf(t), Lines: analyze.Lines(int(t.Line), int(t.EndLine)),
					Text: say.Quote(t.Name) + " waits in " + say.Short(reserve)})
			}
		}
		if n > 0 {
			s.dumps++
			s.threads = max(s.threads, n)
		}
	}
}

// makesRoom is the depth of the call that waits for direct memory, -1 when the thread does not wait for it.
func makesRoom(t *threads.Thread) int {
	for i, f := range t.Stack.Frames[:min(len(t.Stack.Frames), 12)] {
		if f.Func == reserve && i > 0 {
			return i
		}
	}
	return -1
}

// name takes the first frame that is none of the JDK's own.
func (s *shortage) name(frames []string) {
	if s.site != "" {
		return
	}
	for _, f := range frames {
		if !strings.HasPrefix(f, "java.") && !strings.HasPrefix(f, "sun.") && !strings.HasPrefix(f, "jdk.") {
			s.site = say.Short(f)
			return
		}
	}
}

func (s *shortage) inLogs(e *errorLines) {
	for i, text := range e.text {
		if slices.ContainsFunc(directErrors, func(w string) bool { return strings.Contains(text, w) }) {
			s.errors++
			if s.errors <= 2 {
				s.evidence = append(s.evidence, e.list[i])
			}
		}
	}
}

// limit is how much the buffers may take: of the option, else as much as the heap; 0 unknown.
func (s *shortage) limit() (n int64, from string) {
	if n, ok := s.Int("MaxDirectMemorySize"); ok && n > 0 {
		return n, fmt.Sprintf("%dm", n/say.MB)
	}
	if text, ok := s.Option("-XX:MaxDirectMemorySize="); ok && jdk.Size(text) > 0 {
		return jdk.Size(text), text
	}
	if n := s.MaxHeap(); n > 0 {
		return n, fmt.Sprintf("not set: %s, as much as the heap", say.Bytes(n))
	}
	return 0, ""
}

// judgeDirectMemory wants threads that were seen to wait for room, or calls that were recorded. The error alone is out-of-memory's.
func judgeDirectMemory(_ *analyze.Pass, s *shortage) []analyze.Finding {
	if s.dumps < 2 && s.recorded < 2 && (s.dumps == 0 || s.log == nil && s.errors == 0) {
		return nil
	}
	limit, from := s.limit()
	f := analyze.Finding{Severity: analyze.Warning, Confidence: analyze.High, Weight: 0.3}
	f.Say("Direct buffers are at their limit")
	if limit > 0 {
		f.Say("Direct buffers are at their limit of %s", say.Size("limit", limit))
	}
	if s.site != "" {
		f.Add(", asked for by %s", s.site)
	}
	switch {
	case s.errors > 0:
		f.Severity, f.Weight = analyze.Critical, 0.9
		f.Add(": %s of OutOfMemoryError", say.Counted("errors", s.errors, "line"))
	case s.dumps > 0:
		f.Add(": %s waited for room in %s", say.Counted("threads", s.threads, "thread"), say.Counted("dumps", s.dumps, "dump"))
	default:
		f.Add(": %s to System.gc() to free some", say.Counted("calls", s.recorded, "call"))
	}
	f.Impact = "a thread that needs a buffer waits up to half a second, and then fails"
	if s.log != nil {
		if n, sum := s.log.Spent(views.ExplicitCause); n > 0 {
			f.Impact += fmt.Sprintf("; collections for it stopped all threads for %s in %s", say.Took(sum), say.Took(s.log.Span()))
			f.Evidence = s.log.CiteLongest(2, s.log.OfCause(views.ExplicitCause))
			f.Weight = max(f.Weight, s.log.ShareOf(views.ExplicitCause))
		}
	}
	f.Explanation = "Direct buffers lie outside of the heap and are freed only when their small Java objects are collected. At the limit the JVM " +
		"calls System.gc() to have that done (java.nio.Bits.reserveMemory), waits for it, and throws OutOfMemoryError when it did not help."
	f.Evidence = append(slices.Clone(s.evidence[:min(len(s.evidence), cite.Most-2)]), f.Evidence...)
	f.Advice = s.advice(limit, from)
	f.References = []string{"java.nio.Bits.reserveMemory", "Java Platform, Standard Edition Troubleshooting Guide: Understand the OutOfMemoryError Exception"}
	return []analyze.Finding{f}
}

func (s *shortage) advice(limit int64, from string) (list []analyze.Advice) {
	who := "Find who asks for direct buffers (Netty, NIO, a driver), and have them used again or released."
	if s.site != "" {
		who = "Have the buffers of " + s.site + " used again or released: look for a pool without a bound, and for buffers that are made for each request."
	}
	if _, ignored := s.Option("-XX:+DisableExplicitGC"); ignored {
		list = append(list, analyze.Advice{Action: "Take -XX:+DisableExplicitGC away: these calls are what frees buffers that are no longer in use.",
			Setting: "-XX:+DisableExplicitGC", From: "-XX:+DisableExplicitGC", To: "not set", Effect: "Buffers out of use are freed.",
			Risk: "Other calls of System.gc() have their effect again.", Rollback: "The old option.", Verify: "No such error any more."})
	}
	list = append(list, analyze.Advice{Action: who, Effect: "No collections for buffers.", Risk: "A change of code or of a library's settings.",
		Verify: "No thread waits in java.nio.Bits.reserveMemory, and no pause has the cause System.gc()."})
	if limit <= 0 {
		return list
	}
	to := vm.RoundUp64(2 * float64(limit))
	return append(list, analyze.Advice{
		Action:  fmt.Sprintf("Until then raise the limit to %s. Leave explicit collections on: with -XX:+DisableExplicitGC the error would come at once.", say.Bytes(to)),
		Setting: "-XX:MaxDirectMemorySize", From: from, To: fmt.Sprintf("%dm", to/say.MB), Effect: "Fewer such collections; if it is a leak, only later.",
		Risk:     fmt.Sprintf("Up to %s more memory outside of the heap.", say.Bytes(to-limit)),
		Rollback: "The old limit and a restart.", Verify: "No pause with the cause System.gc().",
	})
}
