package collections

import (
	"fmt"
	"strings"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/ids"
	"casefile/analyze/rules/libs"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

var (
	lockerShare = analyze.NewLimit(0.1, "1", "collections that waited for native code", "the mark of GC log analysers")
)

var gcLocker = &analyze.Rule{
	ID:     ids.GCLocker,
	Doc:    "Collections had to wait for native code that held arrays in place (JNI critical sections).",
	Needs:  needsGC,
	Fix:    "Move to JDK 22 or later with G1, or give native code smaller pieces.",
	After:  []string{ids.HeapTooSmall, ids.MemoryLeak},
	Limits: limits(lockerShare, views.GCOverheadCritical, views.GCOverheadWarn),
	Run:    each(collections, judgeLocker),
}

func lockerCause(_ gc.Kind, cause string) bool { return cause == "GCLocker Initiated GC" }

// starts are pauses that begin a collection, each of which the lock may have put off.
func starts(k gc.Kind, _ string) bool { return k.Evacuates() || k == gc.KindFull }

// criticalCalls hold an array in place while their native code runs. From JDK 11 on some of zip's do so only when
// given arrays.
var criticalCalls = []string{
	"java.util.zip.Deflater.deflateBytes", "java.util.zip.Inflater.inflateBytes", "java.util.zip.CRC32.update",
	"java.util.zip.Adler32.update",
	"sun.java2d.", "com.sun.imageio.plugins.jpeg.JPEGImage", "com.sun.media.sound.",
	"org.xerial.snappy.SnappyNative.", "net.jpountz.lz4.LZ4JNI.", "com.github.luben.zstd.Zstd",
}

// judgeLocker counts the collections that waited for native code.
func judgeLocker(pass *analyze.Pass, v *gcView) []analyze.Finding {
	n, sum := v.Spent(lockerCause)
	all, _ := v.Spent(starts)
	if n < 5 || float64(n) < lockerShare.Value*float64(all) {
		return nil
	}
	share := float64(sum) / float64(max(v.Span(), 1))
	f := analyze.Finding{Severity: analyze.Info, Confidence: v.Sure(), Weight: min(1, share)}
	if share >= v.Mark(views.GCOverheadWarn.Value) &&
		len(pass.Found(ids.HeapTooSmall, v.About()))+len(pass.Found(ids.MemoryLeak, v.About())) == 0 {
		f.Severity = v.Severe(share)
	}
	f.Say("%s of %s collections had to wait for native code that held arrays (GCLocker)",
		say.Amount("waited", n, "collections"), say.Amount("collections", all, "collections"))
	f.Impact = fmt.Sprintf("%s of stopped time in %s; before each, threads that wanted memory waited until the "+
		"native code was done", say.Took(sum), say.Took(v.Span()))
	f.Explanation = "While a thread is in a JNI critical section the collector may not move objects. A collection " +
		"that is due then waits, with every thread that needs memory, and is made when the last such section " +
		"ends: at a moment nobody chose, sometimes twice in a row."
	f.Evidence = v.CiteLongest(4, v.OfCause(lockerCause))
	if e, caller, ok := v.inCritical(); ok {
		f.Evidence = append(f.Evidence, e)
		f.Explanation += " A dump shows who: " + caller + "."
	}
	f.Advice = []analyze.Advice{v.lockerAdvice(), {
		Action: "Give the native code smaller pieces: compress or draw in buffers of some 10 KB, or in direct " +
			"buffers, which need not be held.",
		Effect: "Shorter sections, so that a collection waits for microseconds.",
		Risk:   "A change of code.",
		Verify: "Fewer pauses with the cause GCLocker Initiated GC.",
	}}
	f.References = []string{"JEP 423: Region Pinning for G1", "JNI Specification: GetPrimitiveArrayCritical"}
	return []analyze.Finding{f}
}

func (v *gcView) lockerAdvice() analyze.Advice {
	a := analyze.Advice{
		Effect: "Collections no longer wait: the region of a held array is left where it is.",
		Verify: "No pause with the cause GCLocker Initiated GC in the next GC log.",
	}
	major := v.JVM.Major()
	switch g1 := v.Log.Collector == gc.G1; {
	case major >= 22 && !g1:
		a.Action, a.Setting, a.From, a.To = "Take G1, which from JDK 22 on has no such lock.", "collector", string(v.Log.Collector), "-XX:+UseG1GC"
		a.Risk, a.Rollback = "Some per cent of throughput.", "The old option and a restart."
	default:
		a.Action = "Move to JDK 22 or later, whose G1 has no such lock."
		if !g1 {
			a.Action = "Move to JDK 22 or later and to G1, which has no such lock there."
		}
		a.Risk = "A new release of Java has to be supported by the product."
	}
	return a
}

// inCritical finds a thread in a call that holds an array, and the program's own code that made it.
func (v *gcView) inCritical() (at analyze.Evidence, caller string, ok bool) {
	if v.JVM.Dumps == nil {
		return at, "", false
	}
	for _, d := range v.JVM.Dumps.Dumps {
		for _, t := range d.Threads {
			if len(t.Stack.Frames) == 0 || !libs.StartsWith(t.Stack.Frames[0].Func, criticalCalls) {
				continue
			}
			caller = ownCaller(t.Stack.Frames)
			return analyze.Evidence{
				Entry: d.SourceOf(t),
				Lines: analyze.Lines(int(t.Line), int(t.EndLine)),
				Text:  say.Quote(t.Name) + " is in " + say.Short(t.Stack.Frames[0].Func) + ", called by " + caller,
			}, caller, true
		}
	}
	return at, "", false
}

// ownCaller is the innermost frame outside of the JDK.
func ownCaller(frames []*threads.Frame) string {
	for _, f := range frames[1:] {
		if !strings.HasPrefix(f.Func, "java.") && !strings.HasPrefix(f.Func, "sun.") &&
			!strings.HasPrefix(f.Func, "com.sun.") &&
			!strings.HasPrefix(f.Func, "javax.") {
			return say.Short(f.Func)
		}
	}
	return say.Short(frames[len(frames)-1].Func)
}
