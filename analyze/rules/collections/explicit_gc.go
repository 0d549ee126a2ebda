package collections

import (
	"fmt"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/ids"
	"casefile/analyze/loss"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

var (
	explicitGCs   = analyze.NewLimit(2, "collections", "on request", "one may be a person's")
	explicitShare = analyze.NewLimit(0.01, "1", "time in collections on request", "GCViewer and garbagecat "+
		"complain of any")
	explicitPause  = analyze.NewLimit(500*time.Millisecond, "", "one collection on request", "users notice")
	explicitWindow = analyze.NewLimit(
		time.Hour,
		"",
		"looked at where the recent past has none",
		"RMI asks once an hour",
	)
)

var explicitGC = &analyze.Rule{
	ID:     ids.ExplicitGC,
	Doc:    "Somebody asks for collections: System.gc(), jcmd GC.run, an agent.",
	Needs:  needsGC,
	Fix:    "Remove the calls, or let the JVM ignore or soften them.",
	Unless: []string{ids.DirectMemory},
	Claims: []loss.Kind{loss.GC},
	Limits: limits(
		explicitGCs, explicitShare, explicitPause, explicitWindow, fullGCInterval,
		views.GCOverheadCritical,
	),
	Run: each(collections, judgeExplicitGC),
}

// asker is whom a cause names; calls: the program itself, by System.gc().
type asker struct {
	cause, who, action string
	calls              bool
}

var askers = []asker{
	{"System.gc()", "the program itself, or a library, calls System.gc()", "Find who calls System.gc(), and remove the calls", true},
	{"Diagnostic Command", "somebody runs jcmd GC.run", "Find the script or the tool that runs jcmd GC.run, and stop it", false},
	{"JvmtiEnv ForceGarbageCollection", "an agent or a tool such as VisualVM asks for them", "Find the agent " +
		"among the options (-agentlib, -agentpath, -javaagent) or the tool that is attached", false},
}

// judgeExplicitGC counts collections on request; where the recent past has none it looks back for an hour.
func judgeExplicitGC(_ *analyze.Pass, v *gcView) []analyze.Finding {
	_, sum := v.Spent(views.ExplicitCause)
	n := v.collectionsOf(views.ExplicitCause)
	if n < int64(explicitGCs.Value) && !v.Totals { // they may come once in many minutes
		base := *v.Collections
		wide := &gcView{&base}
		if v.Loose {
			wide.Stretch(v.Run.First, v.Run.Last)
		} else {
			wide.Stretch(max(v.To-explicitWindow.Value, v.Born), v.To)
		}
		_, sum = wide.Spent(views.ExplicitCause)
		n, v = wide.collectionsOf(views.ExplicitCause), wide
	}
	if n == 0 || sum <= 0 {
		return nil
	}
	share := float64(sum) / float64(max(v.Span(), 1))
	longest := v.CiteLongest(4, v.OfCause(views.ExplicitCause))
	worst, cause, full := v.worstExplicit()
	if fulls, _ := v.Spent(explicitFull); fulls > 0 { // the young collection that Parallel makes before each is of the same call
		full = true
	}
	if full {
		if calls, _ := v.Spent(explicitFull); calls > 0 {
			n = calls
		}
	}
	if n < int64(explicitGCs.Value) {
		return v.oneExplicit(worst, cause, full)
	}
	f := analyze.Finding{Severity: analyze.Info, Confidence: analyze.High, Weight: min(1, share)}
	every := v.Span() / time.Duration(n)
	if often := full && n > int64(explicitGCs.Value) && every < fullGCInterval.Value; often ||
		share >= explicitShare.Value ||
		worst >= explicitPause.Value {
		f.Severity = v.Severe(share)
	}
	if full && every < fullGCInterval.Value/6 {
		f.Weight = max(
			f.Weight,
			0.2,
		) // the CPU of all its workers, and the caches they empty, are lost beside the pause
	}
	kind := "collections"
	if full {
		kind = "full collections"
	}
	if cause == "System" {
		cause = "System.gc()"
	}
	f.Say("%s %s by %s, one every %s, take %s of the time", say.Amount("collections", n, "collections"), kind, cause,
		say.Time("interval", every), say.Share("time_share", share))
	f.Impact = fmt.Sprintf(
		"%s of stopped time in %s, %s on average",
		say.Took(sum),
		say.Took(v.Span()),
		say.Took(sum/time.Duration(n)),
	)
	who := askers[0]
	for _, a := range askers {
		if a.cause == cause {
			who = a
		}
	}
	f.Explanation = fmt.Sprintf("These collections are not for want of memory: %s. Each stops all threads for the "+
		"whole heap, whether there is something to free or not.", who.who)
	call, site := v.explicitCaller()
	f.Evidence = cite.Known(append(call, longest...)...)
	first := v.explicitAdvice(who, site)
	first.Effect, first.Verify = fmt.Sprintf("%s of the time is free again.", say.Percent(share)), "No pause of the next GC log has the cause "+cause+"."
	f.Advice = []analyze.Advice{first}
	if interval, at, ok := cite.Option(v.JVM, "-Dsun.rmi.dgc.server.gcInterval="); ok || every > 50*time.Minute {
		a := analyze.Advice{Action: "Once an hour is the distributed collector of RMI (JMX over RMI starts it): " +
			"let it run seldom.", Setting: "-Dsun.rmi.dgc.server.gcInterval and -Dsun.rmi.dgc.client.gcInterval",
			From:   interval,
			To:     "a day or more, in milliseconds: 86400000",
			Effect: "One collection a day.",
			Risk:   "Objects that other JVMs no longer hold stay for up to a day.",
			Verify: "The interval of these collections.",
		}
		f.Advice = append(f.Advice, a)
		if ok {
			f.Evidence = append(f.Evidence, cite.Known(at)...)
		}
	}
	f.References = []string{"HotSpot Virtual Machine Garbage Collection Tuning Guide: Explicit Garbage Collection"}
	return []analyze.Finding{f}
}

// explicitAdvice names the call where it is known. Calls are ignored only where they cannot be what frees direct buffers.
func (v *gcView) explicitAdvice(who asker, site string) analyze.Advice {
	a := analyze.Advice{Action: who.action, Risk: "None, where the calls are removed."}
	switch {
	case !who.calls:
		a.Action += "."
		return a
	case site != "":
		a.Action = "Remove the call in " + site
	}
	_, direct := v.JVM.Option("-XX:MaxDirectMemorySize=")
	c := v.Log.Collector
	switch {
	case c.Concurrent():
		a.Action += ". Under " + string(c) + " they run next to the application, and cost CPU."
	case c == gc.G1 || c == gc.CMS:
		a.Action += ". Until then let them run next to the application."
		a.Setting, a.From, a.To = concurrentExplicit, "not set", concurrentExplicit
		a.Risk, a.Rollback = "They still take CPU.", "Take the option away and restart."
	case direct || site == "":
		a.Action += ": take a few thread dumps, or casefile collect --jfr, which names the caller. Ignore them (-XX:+DisableExplicitGC) only if it is not " +
			"java.nio.Bits, which frees direct buffers by them."
	default:
		a.Action += ". Until then let the JVM ignore them."
		a.Setting, a.From, a.To = "-XX:+DisableExplicitGC", "not set", "-XX:+DisableExplicitGC"
		a.Risk = "With much memory outside of the heap (direct buffers, as in Netty or NIO) the JVM calls System.gc() itself to free it, which this ignores too."
		a.Rollback = "Take the option away and restart."
	}
	return a
}

const concurrentExplicit = "-XX:+ExplicitGCInvokesConcurrent"

// oneExplicit tells of a single collection on request: a note, or of a stop of seconds more than that.
func (v *gcView) oneExplicit(took time.Duration, cause string, full bool) []analyze.Finding {
	if took < explicitPause.Value {
		return nil
	}
	f := analyze.Finding{Severity: analyze.Info, Confidence: analyze.High, Weight: min(1, took.Seconds()/max(v.Span().Seconds(), 1))}
	if took >= 5*longPause.Value {
		f.Severity = analyze.Warning
	}
	kind := "collection"
	if full {
		kind = "full collection"
	}
	if cause == "System" {
		cause = "System.gc()"
	}
	f.Say("One %s by %s stopped the application for %s", kind, cause, say.Time("longest", took))
	for _, p := range v.Pauses {
		if p.Duration == took && v.Log.Timed {
			f.Add(" at %s", v.Clock(p.Start))
			break
		}
	}
	f.Impact = "no request is answered meanwhile"
	who := askers[0]
	for _, a := range askers {
		if a.cause == cause {
			who = a
		}
	}
	f.Explanation = fmt.Sprintf("It was not for want of memory: %s.", who.who)
	f.Evidence = v.CiteLongest(1, v.OfCause(views.ExplicitCause))
	f.Advice = []analyze.Advice{{Action: who.action + ".", Effect: "No such stop.", Risk: "None, where the calls are removed.",
		Verify: "No pause of the next GC log has the cause " + cause + "."}}
	f.References = []string{"HotSpot Virtual Machine Garbage Collection Tuning Guide: Explicit Garbage Collection"}
	return []analyze.Finding{f}
}

// worstExplicit is the longest of them with the cause that took most time, and whether most are full collections.
func (v *gcView) worstExplicit() (worst time.Duration, cause string, full bool) {
	byCause := map[string]time.Duration{}
	var all, whole int64
	for _, g := range v.Log.Groups() {
		if views.ExplicitCause(g.Kind, g.Cause) {
			byCause[g.Cause] += g.Sum
			all += g.Count
			if g.Kind == gc.KindFull {
				whole += g.Count
			}
			worst = max(worst, g.Max)
		}
	}
	for c, sum := range byCause {
		if sum > byCause[cause] || sum == byCause[cause] && c < cause || cause == "" {
			cause = c
		}
	}
	return worst, cause, 2*whole >= all
}

func explicitFull(k gc.Kind, cause string) bool {
	return k == gc.KindFull && views.ExplicitCause(k, cause)
}

// explicitCaller finds a thread that is in the call, and the code that made it.
func (v *gcView) explicitCaller() (evidence []analyze.Evidence, site string) {
	if evidence, site = v.recordedCaller(); site != "" || v.JVM.Dumps == nil {
		return evidence, site
	}
	for _, d := range v.JVM.Dumps.Dumps {
		for _, t := range d.Threads {
			i := collecting(t)
			if i < 0 {
				continue
			}
			for _, frame := range t.Stack.Frames[i:] {
				if !strings.HasPrefix(frame.Func, "java.") {
					site = say.Short(frame.Func)
					break
				}
			}
			text := say.Quote(t.Name) + " is in " + say.Short(t.Stack.Frames[i].Func)
			if site != "" {
				text += ", called by " + site
			}
			return []analyze.Evidence{
				{Entry: d.SourceOf(t), Lines: analyze.Lines(int(t.Line), int(t.EndLine)), Text: text},
			}, site
		}
	}
	return nil, ""
}

// recordedCaller finds the code that made most of the calls in a recording, which has the stack of each.
func (v *gcView) recordedCaller() (evidence []analyze.Evidence, site string) {
	for _, rec := range v.JVM.Recordings {
		r := &views.Recording{Node: v.JVM.Node, JVM: v.JVM, Rec: rec}
		calls := views.Sites{}
		for i := range rec.GC.SystemGCs {
			c := &rec.GC.SystemGCs[i]
			if frames := r.Frames(c.Stack); len(frames) > 0 {
				at := views.OwnFrame(frames)
				calls.Add(frames[at], frames, at, 1, "", rec.Threads[c.Thread].Name)
			}
		}
		if all := calls.Largest(); len(all) > 0 {
			first := all[0]
			text := fmt.Sprintf(
				"jdk.SystemGC: %d of %d calls come from %s",
				first.Count,
				len(rec.GC.SystemGCs),
				views.ChainOf(first),
			)
			return []analyze.Evidence{r.Cite("%s", text)}, say.Short(first.Name)
		}
	}
	return nil, ""
}

// collecting is the depth of the call, -1 when the thread is elsewhere.
func collecting(t *threads.Thread) int {
	for i := range t.Stack.Frames[:min(len(t.Stack.Frames), 4)] {
		switch t.Stack.Frames[i].Func {
		case "java.lang.Runtime.gc", "java.lang.System.gc":
			return i
		}
	}
	return -1
}
