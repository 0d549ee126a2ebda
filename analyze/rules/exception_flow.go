package rules

import (
	"fmt"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/profile"
	"casefile/analyze/profile/fromjfr"
)

var (
	exceptionRate = analyze.NewLimit(5000.0, "a second", "exceptions made", "JDK Mission Control names 5,000")
	exceptionWarn = analyze.NewLimit(10000.0, "a second", "exceptions made: warning", "JDK Mission Control warns at 10,000")
	exceptionCPU  = analyze.NewLimit(0.10, "1", "the CPU profile in making exceptions", "as for other costly work")
)

var exceptionFlow = &analyze.Rule{
	ID:    ids.ExceptionFlow,
	Doc:   "So many exceptions are made that they are control flow, by the JVM's count or by the CPU that goes into them.",
	Needs: needsRecording,
	Run:   analyze.Each(recordings.Of, judgeExceptions),
}

// making begins the methods that make an exception: most of its cost is the walk over the stack.
var making = []string{"java.lang.Throwable.fillInStackTrace", "java.lang.Throwable.<init>", "java.lang.Throwable.getStackTrace", "java.lang.Throwable.getOurStackTrace"}

// judgeExceptions goes by the JVM's count, and by the samples of the CPU.
func judgeExceptions(pass *analyze.Pass, r *recorded) []analyze.Finding {
	if !r.rec.Enabled("jdk.ExceptionStatistics") && r.rec.Events["jdk.ExecutionSample"]+r.rec.Events["jdk.CPUTimeSample"] == 0 {
		return nil
	}
	pass.Evaluated()
	rate := 0.0
	if d := r.rec.JVM.ThrowablesOver; d > 0 {
		rate = float64(r.rec.JVM.Throwables) / d.Seconds()
	}
	share, found := 0.0, byName{}
	if v, ok := r.view(profile.CPU); ok && v.Samples() >= cpuSamples.Value {
		found = sites(v, "", func(frames []string) bool {
			return slices.ContainsFunc(frames, func(f string) bool { return startsWith(f, making) })
		})
		var sum int64
		for _, s := range found {
			sum += s.value
		}
		share = float64(sum) / float64(v.Total())
	}
	costly := share >= exceptionCPU.Value && share*r.cores >= hotCodeCores.Value*exceptionCPU.Value
	if rate < exceptionRate.Value && !costly {
		return nil
	}
	f := r.finding(analyze.Info, share*r.cores/max(1, r.cpus))
	if rate >= exceptionWarn.Value || costly && r.busy() {
		f.Severity = analyze.Warning
	}
	classes := map[string]int64{}
	var thrown int64
	if v, ok := r.view(profile.Exception); ok {
		found = sites(v, fromjfr.ClassLabel, nil)
		for _, s := range found {
			thrown += s.value
			for class, n := range s.labels {
				classes[class] += n
			}
		}
	}
	f.Title = fmt.Sprintf("%.0f exceptions a second are made", rate)
	if rate < 1 {
		f.Title = "Exceptions are made so often that it shows in the CPU"
	}
	largest := found.largest()
	if len(largest) > 0 {
		f.Title += ", most of those seen in " + short(largest[0].name)
	}
	f.Impact = percent(share) + " of the JVM's CPU in making them"
	f.Explanation = "Each exception walks the whole stack of its thread when it is made; a deep stack costs a tenth of a millisecond. What is expected should be a value, not an exception."
	if r.rec.Enabled("jdk.ExceptionStatistics") {
		f.Evidence = append(f.Evidence, r.cite("jdk.ExceptionStatistics: %d throwables in %s", r.rec.JVM.Throwables, seconds(r.rec.JVM.ThrowablesOver)))
	}
	if thrown > 0 {
		f.Evidence = append(f.Evidence, r.cite("thrown: %s", withShares(top(classes, thrown, 3), shortClass)))
	}
	for n, s := range largest {
		if n == 3 {
			break
		}
		f.Evidence = append(f.Evidence, r.cite("made in %s", strings.TrimSpace(chainOf(s))))
	}
	f.Advice = []analyze.Advice{{
		Action: "Test before the call, or return a value that says so, where the exception is expected; where it must stay, let the class not fill in its stack trace (the constructor with writableStackTrace=false).",
		Effect: fmt.Sprintf("Up to %.2f cores are free for others.", share*r.cores),
		Risk:   "An exception without its stack trace does not say where it came from.",
		Verify: fmt.Sprintf("Below %.0f a second in a new recording.", exceptionRate.Value),
	}}
	f.References = []string{"JDK Mission Control: rule of thrown exceptions", "Effective Java, item 69: Use exceptions only for exceptional conditions"}
	return []analyze.Finding{f}
}
