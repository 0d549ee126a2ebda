package dumps

import (
	"fmt"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/libs"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/bundle/format/entries"
)

var unresponsiveJVM = &analyze.Rule{
	Lasts: true,
	ID:    ids.UnresponsiveJVM,
	Doc: "The JVM did not answer when it was asked for a thread dump: it is stopped, cannot stop its own " +
		"threads, collects for long, or waits for a disk.",
	Needs: needsDumps(1),
	Fix:   "As the states of its threads show: let it go on, cure the safepoint, the collection or the disk.",
	After: []string{ids.FDExhaustion},
	Run:   analyze.Each(respondents, judgeUnresponsive),
}

// respondent is a JVM that was asked for thread dumps.
type respondent struct {
	*analyze.JVM
	node   *analyze.Node
	view   *view // nil: it gave none
	reason string
}

// About names the JVM.
func (r *respondent) About() analyze.Subject {
	return analyze.Subject{Node: r.node.Name, Name: r.Subject()}
}

// respondents are the JVMs that were asked, whether they answered or not.
func respondents(p *analyze.Pass) (all []*respondent) {
	dumped := map[*analyze.JVM]*view{}
	for _, v := range processes.Of(p) {
		dumped[v.JVM] = v
	}
	for _, n := range p.Nodes {
		for _, j := range n.JVMs {
			if len(j.Looks) > 0 || j.Dumps != nil {
				p.Evaluated()
				all = append(all, &respondent{j, n, dumped[j], noAnswer(p.Case, n, j)})
			}
		}
	}
	return all
}

// hold is what keeps a JVM from answering.
type hold struct {
	title, explanation string
	evidence           []analyze.Evidence
	advice             []analyze.Advice
	sure               analyze.Confidence
}

// judgeUnresponsive goes by the states of the threads that were taken where a dump could not be had.
func judgeUnresponsive(pass *analyze.Pass, r *respondent) []analyze.Finding {
	j, v, reason := r.JVM, r.view, r.reason
	if len(j.Looks) == 0 {
		return nil
	}
	var h *hold
	for _, find := range []func(*analyze.JVM, *view) *hold{stoppedFromOutside, lateSafepoint, longCollection, waitsForDisk} {
		if h = find(j, v); h != nil {
			break
		}
	}
	if h == nil && strings.Contains(reason, "safepoint") { // seen by the capture, between two of these looks
		h = heldSafepoint(j, v, func(analyze.Look) bool { return true })
	}
	switch {
	case h == nil && reason == "":
		return nil // it was not asked, or must not be: attach is off, another user's
	case h == nil:
		h = &hold{
			title: "did not answer; the states of its threads do not show why",
			sure:  analyze.Low,
			evidence: citeLooks(j, func(l analyze.Look) string {
				return fmt.Sprintf("%d threads, %d of them running", l.Threads, len(l.Running))
			}),
			explanation: "The request for a dump was taken and no answer came. The JVM may be ending, out of " +
				"memory, or kept busy by something that these states do not show.",
			advice: []analyze.Advice{{Action: "Capture again (casefile collect --pid PID). If it stays so, take a core of the process (gcore PID) " +
				"or its native stacks (pstack) before it is restarted.", Effect: "Shows what the VM thread does.",
				Risk:   "A core stops the process while it is written, and holds all of its memory.",
				Verify: "The core opens in jhsdb.",
			}},
		}
	}
	dumps := 0
	if j.Dumps != nil {
		dumps = len(j.Dumps.Dumps)
	}
	f := analyze.Finding{
		Severity:   analyze.Critical,
		Confidence: h.sure,
		Weight:     float64(len(j.Looks)) / float64(len(j.Looks)+dumps),
	}
	if len(j.Looks) == 1 && dumps > 1 {
		f.Severity = analyze.Warning // it came back
	}
	for _, fd := range pass.Found(ids.FDExhaustion, r.About()) {
		if fd.Severity == analyze.Critical && dumps == 0 && h.sure != analyze.High { // an attach needs a descriptor
			f.Severity, f.Weight = analyze.Info, 0.01
			h.explanation += " It has no free file descriptor (fd-exhaustion), and an attach needs one."
		}
	}
	f.Say("The JVM %s", h.title)
	f.Impact = fmt.Sprintf("%d of %d requests for a thread dump got no answer; as long as it lasts nothing else "+
		"gets one either", len(j.Looks), len(j.Looks)+dumps)
	f.Explanation, f.Evidence, f.Advice = h.explanation, h.evidence, h.advice
	if reason != "" {
		f.Explanation += " The capture noted: " + reason + "."
	}
	f.References = []string{"Java Platform, Standard Edition Troubleshooting Guide: Troubleshoot Process Hangs " +
		"and Loops"}
	return []analyze.Finding{f}
}

// noAnswer gives the ledger's reason when it is that the JVM did not answer.
func noAnswer(c *analyze.Case, n *analyze.Node, j *analyze.JVM) string {
	for _, g := range c.Gaps {
		if g.Node == n.Name && g.Target == j.Target && g.Item == entries.ItemThreadDumps &&
			g.Cause.Unanswered() {
			return g.Reason
		}
	}
	return ""
}

func citeLooks(j *analyze.JVM, text func(analyze.Look) string) []analyze.Evidence {
	var out []analyze.Evidence
	for _, l := range j.Looks[:min(len(j.Looks), cite.Most)] {
		out = append(out, analyze.Evidence{Entry: l.Source, Text: text(l)})
	}
	return out
}

// most says that something holds in more than half of the looks.
func most(j *analyze.JVM, holds func(analyze.Look) bool) bool {
	n := 0
	for _, l := range j.Looks {
		if holds(l) {
			n++
		}
	}
	return 2*n > len(j.Looks)
}

func stoppedFromOutside(j *analyze.JVM, _ *view) *hold {
	if !most(j, func(l analyze.Look) bool { return l.Threads > 0 && 2*l.Stopped > l.Threads }) {
		return nil
	}
	return &hold{
		title: "is stopped: all its threads are kept from running by a signal or a debugger", sure: analyze.High,
		explanation: "State T is that of SIGSTOP, SIGTSTP, or a debugger that holds the process. It goes on, as " +
			"if nothing had been, when it is told to; its clients and its cluster will have given it up by then.",
		evidence: citeLooks(
			j,
			func(l analyze.Look) string { return fmt.Sprintf("%d of %d threads in state T", l.Stopped, l.Threads) },
		),
		advice: []analyze.Advice{{Action: "Find who stopped it (a debugger: TracerPid in /proc/PID/status; a job " +
			"control of a shell; a backup script), and let it go on: kill -CONT.", Effect: "It answers at once.",
			Risk:   "In a cluster it may have been replaced meanwhile: look at the others first.",
			Verify: "casefile doctor lists it as ready.",
		}},
	}
}

// runtimeThreads are those of the JVM's own, by the beginning of their names.
var runtimeThreads = []string{
	"VM Thread",
	"VM Periodic",
	"GC Thread",
	"G1 ",
	"ParGC",
	"Parallel",
	"ZWorker",
	"ZDriver",
	"ZDirector",
	"ZStat",
	"ZUncommitter",
	"ZUnmapper",
	"Shenandoah",
	"C1 Compiler",
	"C2 Compiler",
	"Attach Listener",
	"Signal Dispatch",
	"Service Thread",
	"Common-Cleaner",
	"Monitor Deflat",
}

var collectorThreads = []string{"GC Thread", "G1 ", "ParGC", "Parallel", "ZWorker", "Shenandoah"}

func isRuntime(name string) bool { return libs.StartsWith(name, runtimeThreads) }

// safepointPending: the VM thread sleeps in steps while it waits for the others, after it has spun for a moment.
func safepointPending(l analyze.Look) bool {
	return strings.Contains(l.VM.Wchan, "nanosleep")
}

func lateSafepoint(j *analyze.JVM, v *view) *hold {
	if !most(j, safepointPending) {
		return nil
	}
	return heldSafepoint(j, v, safepointPending)
}

// heldSafepoint names the thread that a pending safepoint waits for, by the looks in which it was pending.
func heldSafepoint(j *analyze.JVM, v *view, pending func(analyze.Look) bool) *hold {
	// Whoever runs in most of the looks, and uses the CPU, is who the others wait for.
	seen := map[int64]int{}
	last := map[int64]analyze.LookThread{}
	for _, l := range j.Looks {
		for _, t := range l.Running {
			if pending(l) && !isRuntime(t.Name) {
				seen[t.NID]++
				last[t.NID] = t
			}
		}
	}
	var late int64
	for nid, n := range seen {
		if n > seen[late] ||
			n == seen[late] && (last[nid].CPU > last[late].CPU || last[nid].CPU == last[late].CPU && nid < late) {
			late = nid
		}
	}
	h := &hold{sure: analyze.Medium, title: "waits for a safepoint that one of its threads does not reach",
		explanation: "To dump its threads, as for many other things, the JVM first brings all of them to a stop. " +
			"One that is in a long loop without polls, in a large copy of memory, or waits for a page of a file " +
			"that is mapped, keeps all others waiting.",
		advice: []analyze.Advice{
			{
				Action:   "Have the JVM name the thread that is late.",
				Setting:  "-XX:+SafepointTimeout -XX:SafepointTimeoutDelay=500",
				From:     "off",
				To:       "-XX:+SafepointTimeout -XX:SafepointTimeoutDelay=500",
				Effect:   "The program's output names each thread that is later than half a second.",
				Risk:     "None.",
				Rollback: "Take the options away.",
				Verify:   "The output has \"Threads which did not reach the safepoint\".",
			},
			{Action: "Give the loop a call, or split it; a counted loop over an int has no poll under Parallel " +
				"and Serial, and on JDK 8.",
				Setting:     "-XX:+UseCountedLoopSafepoints",
				From:        "off",
				To:          "-XX:+UseCountedLoopSafepoints",
				Alternative: true,
				Effect:      "Such loops stop when they are asked to.",
				Risk:        "Some per cent in tight loops.",
				Rollback:    "Take the option away.",
				Verify:      "Dumps come at once.",
			},
		}}
	for _, l := range j.Looks {
		if pending(l) && len(h.evidence) < 3 {
			h.evidence = append(
				h.evidence,
				analyze.Evidence{
					Entry: l.Source,
					Lines: analyze.Lines(l.VM.Line, l.VM.Line),
					Text: "VM Thread waits for the others (" + orWords(
						l.VM.Wchan,
						"state "+string(rune(max(l.VM.State, '-'))),
					) + ")",
				},
			)
			for _, t := range l.Running {
				if t.NID == late && late != 0 {
					h.evidence = append(
						h.evidence,
						analyze.Evidence{
							Entry: l.Source,
							Lines: analyze.Lines(t.Line, t.Line),
							Text:  say.Quote(t.Name) + " runs",
						},
					)
				}
			}
		}
	}
	if late != 0 {
		name, at := nameOf(v, late, last[late].Name)
		h.title += ": " + say.Quote(name) + " runs on"
		if at != "" {
			h.title += ", in an earlier dump in " + at
		}
		if seen[late] > 1 || len(j.Looks) == 1 && len(seen) == 1 {
			h.sure = analyze.High
		}
	}
	return h
}

// nameOf finds a thread of the kernel in the dumps that there are: its whole name, and where it was.
func nameOf(v *view, nid int64, short15 string) (name, at string) {
	if v == nil {
		return short15, ""
	}
	for _, tr := range v.Series.Threads() {
		if tr.NID != nid {
			continue
		}
		t := tr.Obs[tr.Last]
		if len(t.Stack.Frames) > 0 {
			at = views.WhereIs(t, v.Series.Wait(t))
		}
		return tr.Name, at
	}
	return short15, ""
}

func longCollection(j *analyze.JVM, _ *view) *hold {
	var busy *analyze.Look
	collects := func(l analyze.Look) bool {
		return slices.ContainsFunc(
			l.Running,
			func(t analyze.LookThread) bool { return libs.StartsWith(t.Name, collectorThreads) },
		)
	}
	if !most(j, collects) {
		return nil
	}
	for i := range j.Looks {
		if busy == nil && collects(j.Looks[i]) {
			busy = &j.Looks[i]
		}
	}
	h := &hold{sure: analyze.Medium, title: "collects garbage and answers nobody meanwhile",
		explanation: "While a collection has stopped all threads the JVM cannot dump them. One of seconds is a " +
			"full collection of a large heap, or one whose pages were swapped out.",
		advice: []analyze.Advice{{Action: "Look for the pause that was at work then in the GC log (jcmd PID VM.log list names its file; without one set -Xlog:gc*:file=gc.log), and at the " +
			"findings about collections.", Effect: "Names the kind and the cause of the pause.",
			Risk: "None.", Verify: "The pause ends at the time at which the JVM answers again."}}}
	for _, t := range busy.Running {
		if libs.StartsWith(t.Name, collectorThreads) && len(h.evidence) < cite.Most {
			h.evidence = append(
				h.evidence,
				analyze.Evidence{
					Entry: busy.Source,
					Lines: analyze.Lines(t.Line, t.Line),
					Text:  say.Quote(t.Name) + " runs",
				},
			)
		}
	}
	return h
}

func waitsForDisk(j *analyze.JVM, _ *view) *hold {
	if !most(j, func(l analyze.Look) bool { return l.VM.State == 'D' || l.Disk > 0 && 2*l.Disk > l.Threads }) {
		return nil
	}
	return &hold{sure: analyze.Medium, title: "waits for a disk",
		explanation: "Its threads are in a sleep that not even a signal ends: a disk or a network file system " +
			"does not answer, or pages are read back from swap.",
		evidence: citeLooks(j, func(l analyze.Look) string {
			return fmt.Sprintf("%d of %d threads in state D; VM Thread in %c", l.Disk, l.Threads, max(l.VM.State, '-'))
		}),
		advice: []analyze.Advice{{Action: "Look at the mounts that do not answer (df hangs on them), at dmesg, " +
			"and at swapping.", Effect: "Names the device.", Risk: "None.", Verify: "No thread stays in state D."}},
	}
}

func orWords(text, other string) string {
	if text == "" || text == "0" {
		return other
	}
	return text
}
