package recordings

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/profile"
	"casefile/analyze/profile/fromjfr"
	"casefile/analyze/rules/libs"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

var (
	exceptionRate = analyze.NewLimit(5000.0, "a second", "exceptions made", "JDK Mission Control names 5,000")
	exceptionWarn = analyze.NewLimit(10000.0, "a second", "exceptions made: warning", "JDK Mission Control warns "+
		"at 10,000")
	exceptionCover  = analyze.NewLimit(0.5, "1", "exceptions made that have an event of their own, for the events to name where", "own judgement: most of them")
	exceptionEvents = analyze.NewLimit(int64(200), "events", "of exceptions that name where, when they are a sample", "own judgement: shares within some per cent")
	exceptionCPU    = analyze.NewLimit(0.10, "1", "the CPU profile in making exceptions", "as for other costly work")
)

var exceptionFlow = &analyze.Rule{
	ID: ids.ExceptionFlow,
	Doc: "So many exceptions are made that they are control flow, by the JVM's count or by the CPU that goes " +
		"into them.",
	Needs: needsRecording,
	Fix:   "Test before the call, or return a value where the exception is expected.",
	Limits: []analyze.Threshold{
		cpuSamples, busyMachine, exceptionRate, exceptionWarn, exceptionCover, exceptionEvents, exceptionCPU, HotCodeCores,
		views.RecordingSpan,
	},
	Run: analyze.Each(recordings.Of, judgeExceptions),
}

// making begins the methods that make an exception: most of its cost is the walk over the stack.
var making = []string{
	"java.lang.Throwable.fillInStackTrace",
	"java.lang.Throwable.<init>",
	"java.lang.Throwable.getStackTrace",
	"java.lang.Throwable.getOurStackTrace",
}

// covers reports whether the events of exceptions are enough of all that were made to speak for them.
func covers(thrown, made int64) bool {
	return made <= 0 || float64(thrown) >= exceptionCover.Value*float64(made) || thrown >= exceptionEvents.Value
}

// judgeExceptions goes by the JVM's count, and by the samples of the CPU.
func judgeExceptions(pass *analyze.Pass, r *recorded) []analyze.Finding {
	if !r.Rec.Enabled("jdk.ExceptionStatistics") &&
		r.Rec.Events["jdk.ExecutionSample"]+r.Rec.Events["jdk.CPUTimeSample"] == 0 {
		return nil
	}
	pass.Evaluated()
	rate := 0.0
	if d := r.Rec.JVM.ThrowablesOver; d > 0 {
		rate = float64(r.Rec.JVM.Throwables) / d.Seconds()
	}
	share, places := makingCost(r)
	costly := share >= exceptionCPU.Value && share*r.Cores >= HotCodeCores.Value*exceptionCPU.Value
	if rate < exceptionRate.Value && !costly {
		return nil
	}
	f := r.finding(share * r.Cores / max(1, r.Cpus))
	if rate >= exceptionWarn.Value || costly && r.busy() {
		f.Severity = analyze.Warning
	}
	seen, classes, thrown := thrownAt(r)
	if thrown > 0 {
		places = seen
	}
	f.Say("%s exceptions a second are made", say.Amount("rate", math.Round(rate), "exceptions/s"))
	if rate < 1 {
		f.Say("Exceptions are made so often that it shows in the CPU")
	}
	largest := places.Largest()
	if len(largest) > 0 {
		f.Add(", most of those seen in %s", say.Short(largest[0].Name))
	}
	f.Impact = say.Percent(share) + " of the JVM's CPU in making them"
	f.Explanation = "Each exception walks the whole stack of its thread when it is made; a deep stack costs a " +
		"tenth of a millisecond. What is expected should be a value, not an exception."
	if r.Rec.Enabled("jdk.ExceptionStatistics") {
		f.Evidence = append(f.Evidence, r.Cite("jdk.ExceptionStatistics: %d throwables in %s", r.Rec.JVM.Throwables,
			say.Seconds(r.Rec.JVM.ThrowablesOver)))
	}
	if thrown > 0 {
		f.Evidence = append(f.Evidence, r.Cite("thrown: %s", withShares(views.Top(classes, thrown, 3), say.ShortClass)))
	}
	for _, s := range largest[:min(len(largest), 3)] {
		f.Evidence = append(f.Evidence, r.Cite("made in %s", strings.TrimSpace(views.ChainOf(s))))
	}
	f.Advice = exceptionAdvice(share * r.Cores)
	f.References = []string{"JDK Mission Control: rule of thrown exceptions", "Effective Java, item 69: Use " +
		"exceptions only for exceptional conditions"}
	return []analyze.Finding{f}
}

// makingCost is the share of the JVM's CPU that goes into making exceptions, and where, by its CPU samples.
func makingCost(r *recorded) (share float64, places views.Sites) {
	v, ok := r.View(profile.CPU)
	if !ok || v.Samples() < cpuSamples.Value {
		return 0, views.Sites{}
	}
	places = views.SitesOf(v, "", func(frames []string) bool {
		return slices.ContainsFunc(frames, func(f string) bool { return libs.StartsWith(f, making) })
	})
	var sum int64
	for _, s := range places {
		sum += s.Value
	}
	return float64(sum) / float64(v.Total()), places
}

// thrownAt is where exceptions were thrown, how many of which class; thrown is 0 where too few were recorded one by one: a
// handful of hundred thousands accuses no place.
func thrownAt(r *recorded) (seen views.Sites, classes map[string]int64, thrown int64) {
	v, ok := r.View(profile.Exception)
	if !ok {
		return nil, nil, 0
	}
	seen, classes = views.SitesOf(v, fromjfr.ClassLabel, nil), map[string]int64{}
	for _, s := range seen {
		thrown += s.Value
		for class, n := range s.Labels {
			classes[class] += n
		}
	}
	if !covers(thrown, r.Rec.JVM.Throwables) {
		return nil, nil, 0
	}
	return seen, classes, thrown
}

func exceptionAdvice(cores float64) []analyze.Advice {
	return []analyze.Advice{{
		Action: "Test before the call, or return a value that says so, where the exception is expected; where it " +
			"must stay, let the class not fill in its stack trace (the constructor with writableStackTrace=false).",
		Effect: fmt.Sprintf("Up to %s cores are free for others.", say.Number(cores)),
		Risk:   "An exception without its stack trace does not say where it came from.",
		Verify: fmt.Sprintf("Below %s a second in a new recording.", say.Number(exceptionRate.Value)),
	}}
}
