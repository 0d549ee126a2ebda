package recordings

import (
	"fmt"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/profile"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

var (
	cpuSamples = analyze.NewLimit(int64(50), "samples", "of the CPU, at least", "at 50 a share of 20 % is known "+
		"to 6 points")
	busyMachine = analyze.NewLimit(
		0.90,
		"1",
		"CPU of the machine in use, from which on saving is worth a change",
		"Atlassian: CPU bad above 90 %",
	)
)

// recorded is one recording as the rules of this wing look at it.
type recorded struct{ *views.Recording }

// recordings are those that are long enough to judge.
var recordings = analyze.NewMemo(func(p *analyze.Pass) (all []*recorded) {
	for _, r := range views.Recordings.Of(p) {
		all = append(all, &recorded{r})
	}
	return all
})

const needsRecording = "a flight recording of some seconds: casefile collect --jfr"

// profiled gives the recordings with enough samples of the CPU.
func profiled(p *analyze.Pass) (enough []*recorded) {
	for _, r := range recordings.Of(p) {
		v, ok := r.View(profile.CPU)
		if !ok {
			continue
		}
		p.Evaluated()
		if v.Samples() >= cpuSamples.Value {
			enough = append(enough, r)
		}
	}
	return enough
}

// recordedWith gives the recordings in which one of some events was switched on.
func recordedWith(events ...string) func(*analyze.Pass) []*recorded {
	return func(p *analyze.Pass) (with []*recorded) {
		for _, r := range recordings.Of(p) {
			if slices.ContainsFunc(events, r.Rec.Enabled) {
				p.Evaluated()
				with = append(with, r)
			}
		}
		return with
	}
}

// blind tells of a recording of JDK 8 whose JVM did not keep the debug information that JFR needs to place a sample
// in compiled loops.
func (r *recorded) blind() bool {
	options := strings.Join(r.JVM.Options, " ") + " " + r.Rec.JVM.Arguments + " " + r.Rec.JVM.Flags
	return r.JVM.Major() == 8 && !strings.Contains(options, "+DebugNonSafepoints")
}

// doubt lowers what is said of CPU samples where the JVM could not take them everywhere.
func (r *recorded) doubt(f *analyze.Finding) {
	if !r.blind() {
		return
	}
	f.Confidence = analyze.Low
	f.Explanation += " JFR of JDK 8 drops samples of compiled loops, so that other code seems to take more than " +
		"it does: record again with -XX:+UnlockDiagnosticVMOptions -XX:+DebugNonSafepoints, or with async-profiler."
}

// finding begins a note about the recording.
func (r *recorded) finding(weight float64) analyze.Finding {
	return analyze.Finding{
		Severity:   analyze.Info,
		Confidence: analyze.Medium,
		Weight:     min(1, max(0.01, weight)),
		Nodes:      []string{r.Node.Name},
		Subject:    r.JVM.Subject(),
	}
}

// busy reports whether the machine has no CPU to spare.
func (r *recorded) busy() bool { return r.Machine >= busyMachine.Value }

// citeCallers cites the chains by which a site was called, with their shares of it.
func (r *recorded) citeCallers(s *views.Site) []analyze.Evidence {
	const most = 3
	var out []analyze.Evidence
	for _, c := range views.Top(s.Callers, s.Value, most) {
		if c.Share >= 0.05 {
			out = append(out, r.Cite("%s of it by the calls %s", say.Percent(c.Share), c.Name))
		}
	}
	return out
}

// per is an amount a second of the recording.
func (r *recorded) per(value int64) float64 { return float64(value) / r.Rec.Covered.Seconds() }

// threadsAt is how many threads spent their time in a sum of waits, on average.
func (r *recorded) threadsAt(value int64) float64 { return float64(value) / float64(r.Rec.Covered) }

// span says how long the recording is.
func (r *recorded) span() string { return say.Seconds(r.Rec.Covered) }

// pid is for commands in advice.
func (r *recorded) pid() string {
	if r.JVM.PID == 0 {
		return "PID"
	}
	return fmt.Sprint(r.JVM.PID)
}

// withShares puts them in words: "byte[] (60 %) and char[] (20 %)".
func withShares(shares []views.ShareOf, name func(string) string) string {
	var words []string
	for _, s := range shares {
		words = append(words, fmt.Sprintf("%s (%s)", name(s.Name), say.Percent(s.Share)))
	}
	return say.List(words)
}

// calledByOwn is what the program's own innermost call has called: the whole stack where there is none. What is
// beneath that call is not its
// doing: each request passes a server's access log on its way, and a launcher loads the class of a main method
// before it calls it.
func calledByOwn(frames []string) []string {
	if at := slices.IndexFunc(frames, views.Own); at >= 0 {
		return frames[:at]
	}
	return frames
}
