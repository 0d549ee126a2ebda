package rules

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
)

func codeCacheFull() *analyze.Rule {
	r := gcRule("code-cache-full", "Collections are made to free compiled code, as the code cache is nearly full (JDK 20 and later say so in the GC log).", judgeCodeCache)
	r.Needs = "a GC log of JDK 20 or later; for older JVMs look for \"CodeCache is full\" in the program's output, or run jcmd <pid> Compiler.codecache"
	return r
}

func judgeCodeCache(v *gcView) []analyze.Finding {
	aggressive := func(_ gc.Kind, cause string) bool { return cause == "CodeCache GC Aggressive" }
	n, sum := v.spent(aggressive)
	if n < 2 {
		return nil
	}
	share := float64(sum) / float64(max(v.span(), 1))
	f := analyze.Finding{Severity: v.severe(share), Confidence: v.sure(), Weight: max(0.3, share)}
	size, known1 := flagInt(v.jvm, "ReservedCodeCacheSize")
	f.Title = fmt.Sprintf("The code cache is nearly full: %d collections were made to free compiled code, one every %s", n, took(v.span()/time.Duration(n)))
	if known1 {
		f.Title += fmt.Sprintf("; it has %s", bytesOf(size))
	}
	f.Impact = fmt.Sprintf("%s of stopped time in %s, and code that was compiled is thrown away", took(sum), took(v.span()))
	f.Explanation = "Below a tenth of free space the JVM gives up code that it may need again; when nothing is free it stops compiling, and what is new is interpreted."
	f.Evidence = v.citeLongest(4, ofCause(v, aggressive))
	to := "512m"
	if e, ok := citeFlag(v.jvm, "ReservedCodeCacheSize"); ok {
		f.Evidence = append(f.Evidence, e)
	}
	if known1 {
		to = fmt.Sprintf("%dm", roundUp64(2*float64(size))/mb)
	}
	f.Advice = []analyze.Advice{{Action: "Double the code cache.", Setting: "-XX:ReservedCodeCacheSize", From: fmt.Sprintf("%dm", size/mb), To: to,
		Effect: "No such collections, code stays compiled.", Risk: "That much more memory outside of the heap, once it is used.", Rollback: "The old size.", Verify: "Compiler.codecache shows a fifth free or more."}}
	f.References = []string{"HotSpot: Codecache Tuning"}
	return []analyze.Finding{f}
}
