package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/jfr"
	"casefile/analyze/profile"
	"casefile/analyze/profile/fromjfr"
	"casefile/analyze/threads"
)

var (
	recordingSpan = analyze.NewLimit(5*time.Second, "", "of a recording, at least", "a shorter one proves nothing")
	cpuSamples    = analyze.NewLimit(int64(50), "samples", "of the CPU, at least", "at 50 a share of 20 % is known to 6 points")
	busyMachine   = analyze.NewLimit(0.90, "1", "CPU of the machine in use, from which on saving is worth a change", "Atlassian: CPU bad above 90 %")
)

// recordedRules are those about flight recordings.
func recordedRules() []*analyze.Rule {
	return []*analyze.Rule{
		hotCode,
		costlyCalls,
		allocationSite,
		lockSite,
		ioSite,
		exceptionFlow,
	}
}

const needsRecording = "a flight recording of some seconds: casefile collect --jfr"

// recorded is one recording of a JVM, as rules look at it.
type recorded struct {
	node *analyze.Node
	jvm  *analyze.JVM
	rec  *jfr.Recording

	cpus    float64 // of the machine; 0 unknown
	cores   float64 // that the JVM used on average
	machine float64 // share of all CPUs in use, 0 to 1; 0 unknown
}

// recordings are those of the case that are long enough to judge.
var recordings = analyze.NewMemo(func(p *analyze.Pass) (all []*recorded) {
	for _, j := range p.JVMs() {
		for _, rec := range j.Recordings {
			if rec.Covered >= recordingSpan.Value {
				all = append(all, newRecorded(j, rec))
			}
		}
	}
	return all
})

// About names the JVM, and which of its recordings is judged.
func (r *recorded) About() analyze.Subject {
	return analyze.Subject{Node: r.node.Name, Name: r.jvm.Subject(), Source: r.rec.Source}
}

// profiled gives the recordings with enough samples of the CPU.
func profiled(p *analyze.Pass) (enough []*recorded) {
	for _, r := range recordings.Of(p) {
		v, ok := r.view(profile.CPU)
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
			if slices.ContainsFunc(events, r.rec.Enabled) {
				p.Evaluated()
				with = append(with, r)
			}
		}
		return with
	}
}

// blind tells of a recording of JDK 8 whose JVM did not keep the debug information that JFR needs to place a sample in compiled loops.
func (r *recorded) blind() bool {
	options := strings.Join(r.jvm.Options, " ") + " " + r.rec.JVM.Arguments + " " + r.rec.JVM.Flags
	return majorOf(r.jvm.Version) == 8 && !strings.Contains(options, "+DebugNonSafepoints")
}

// doubt lowers what is said of CPU samples where the JVM could not take them everywhere.
func (r *recorded) doubt(f *analyze.Finding) {
	if !r.blind() {
		return
	}
	f.Confidence = analyze.Low
	f.Explanation += " JFR of JDK 8 drops samples of compiled loops, so that other code seems to take more than it does: record again with -XX:+UnlockDiagnosticVMOptions -XX:+DebugNonSafepoints, or with async-profiler."
}

func newRecorded(j *analyze.JVM, rec *jfr.Recording) *recorded {
	r := &recorded{node: j.Node, jvm: j, rec: rec, cpus: float64(rec.System.HWThreads)}
	if h := j.Node.Host; r.cpus == 0 && h != nil && h.CPU.Count.Known() {
		r.cpus = h.CPU.Count.Value
	}
	if n := float64(len(rec.Load.CPU)); n > 0 && r.cpus > 0 {
		for _, l := range rec.Load.CPU {
			r.cores += float64(l.User+l.System) * r.cpus / n
			r.machine += float64(l.Machine) / n
		}
	} else if v, ok := r.view(profile.CPU); ok {
		r.cores = float64(v.Total()) / float64(rec.Covered)
	}
	return r
}

// view is the profile of one kind made of this recording.
func (r *recorded) view(k profile.Kind) (profile.View, bool) {
	for _, p := range r.jvm.Profiles {
		if p.Name != r.rec.Source {
			continue
		}
		if v, ok := p.View(k); ok && p.Main().Kind == k && v.Total() > 0 {
			return v, true
		}
	}
	return profile.View{}, false
}

// finding begins a finding about the recording.
func (r *recorded) finding(severity analyze.Severity, weight float64) analyze.Finding {
	return analyze.Finding{Severity: severity, Confidence: analyze.Medium, Weight: min(1, max(0.01, weight)), Nodes: []string{r.node.Name}, Subject: r.jvm.Subject()}
}

// cite points at the recording: what a tool for recordings shows there.
func (r *recorded) cite(format string, args ...any) analyze.Evidence {
	entry := r.rec.Source
	if len(r.rec.Files) > 0 {
		entry = r.rec.Files[0]
	}
	return analyze.Evidence{Entry: entry, Text: fmt.Sprintf(format, args...)}
}

// frames are the names of a stack's frames, innermost first.
func (r *recorded) frames(stack int32) (names []string) {
	for _, f := range r.rec.Stacks[stack].Frames {
		names = append(names, r.rec.FunctionName(f))
	}
	return names
}

// busy tells whether the machine has no CPU to spare.
func (r *recorded) busy() bool { return r.machine >= busyMachine.Value }

// site is a place of the program in a profile, with what it led to.
type site struct {
	name    string
	value   int64
	count   int64            // samples or events
	callers map[string]int64 // chains of callers, by value
	leaves  map[string]int64 // innermost frames
	labels  map[string]int64 // values of the label asked for
	threads map[string]int64
}

// byName collects sites.
type byName map[string]*site

func (b byName) add(name string, frames []string, at int, value int64, labelled, thread string) {
	s := b[name]
	if s == nil {
		s = &site{name: name, callers: map[string]int64{}, leaves: map[string]int64{}, labels: map[string]int64{}, threads: map[string]int64{}}
		b[name] = s
	}
	s.value += value
	s.count++
	s.threads[thread] += value
	if len(frames) > 0 {
		s.leaves[frames[0]] += value
		s.callers[chain(frames[at:])] += value
	}
	if labelled != "" {
		s.labels[labelled] += value
	}
}

// largest gives the sites by value.
func (b byName) largest() []*site {
	list := make([]*site, 0, len(b))
	for _, s := range b {
		list = append(list, s)
	}
	slices.SortFunc(list, func(x, y *site) int { return cmp.Or(cmp.Compare(y.value, x.value), cmp.Compare(x.name, y.name)) })
	return list
}

// sites sums up a view by the program's own innermost call. keep, if not nil, chooses samples.
func sites(v profile.View, label string, keep func(frames []string) bool) byName {
	b := byName{}
	v.Each(func(frames []string, value int64, labelOf func(string) string) {
		thread := labelOf(fromjfr.ThreadLabel)
		if len(frames) == 0 || startsWith(thread, jvmThreads) || keep != nil && !keep(frames) {
			return
		}
		labelled := ""
		if label != "" {
			labelled = labelOf(label)
		}
		at := ownFrame(frames)
		b.add(frames[at], frames, at, value, labelled, thread)
	})
	return b
}

// ownFrame is the place of the program's own innermost call. Where all is libraries, as in a server made of them, it is the innermost that
// is not the runtime's; else the innermost of all.
func ownFrame(frames []string) int {
	at := slices.IndexFunc(frames, own)
	if at < 0 {
		at = slices.IndexFunc(frames, func(fn string) bool { return !threads.InRuntime(fn) && !native(fn) })
	}
	return max(at, 0)
}

// calledByOwn is what the program's own innermost call has called: the whole stack where there is none. What is beneath that call is not its
// doing: each request passes a server's access log on its way, and a launcher loads the class of a main method before it calls it.
func calledByOwn(frames []string) []string {
	if at := slices.IndexFunc(frames, own); at >= 0 {
		return frames[:at]
	}
	return frames
}

func own(fn string) bool {
	return !threads.InLibrary(fn) && !threads.InServer(fn) && !startsWith(fn, logLibraries) && !strings.Contains(fn, "$$Lambda") && !native(fn)
}

// native tells code that is no Java method: functions and libraries, as async-profiler names them.
func native(frame string) bool {
	return !strings.Contains(frame, ".") || strings.HasPrefix(frame, "[") || strings.HasPrefix(frame, "/") || strings.Contains(frame, ".so.") || strings.HasSuffix(frame, ".so") ||
		strings.Contains(frame, ".dylib.") || strings.Contains(frame, "::")
}

// chain names a frame and its callers of the program: "PriceEngine.discount <- PriceEngine.quote <- Checkout.total".
func chain(frames []string) string {
	const most = 4
	var names []string
	for _, f := range frames {
		name := short(f)
		switch {
		case len(names) == most:
			return strings.Join(names, " <- ") + " <- ..."
		case len(names) > 0 && (threads.InLibrary(f) || strings.Contains(f, "$$Lambda") || name == names[len(names)-1]):
		default:
			names = append(names, name)
		}
	}
	return strings.Join(names, " <- ")
}

// top gives the n largest of a sum, with their shares of the whole.
func top(sums map[string]int64, whole int64, n int) []shareOf {
	var all []shareOf
	for name, v := range sums {
		all = append(all, shareOf{name, float64(v) / float64(max(whole, 1))})
	}
	slices.SortFunc(all, func(a, b shareOf) int { return cmp.Or(cmp.Compare(b.share, a.share), cmp.Compare(a.name, b.name)) })
	return all[:min(n, len(all))]
}

type shareOf struct {
	name  string
	share float64
}

// withShares puts them in words: "byte[] (60%) and char[] (20%)".
func withShares(shares []shareOf, name func(string) string) string {
	var words []string
	for _, s := range shares {
		words = append(words, fmt.Sprintf("%s (%s)", name(s.name), percent(s.share)))
	}
	return list(words)
}

// citeCallers cites the chains by which a site was called, with their shares of it.
func (r *recorded) citeCallers(s *site) []analyze.Evidence {
	const most = 3
	var out []analyze.Evidence
	for _, c := range top(s.callers, s.value, most) {
		if c.share >= 0.05 {
			out = append(out, r.cite("%s of it by the calls %s", percent(c.share), c.name))
		}
	}
	return out
}

// per is an amount a second of the recording.
func (r *recorded) per(value int64) float64 { return float64(value) / r.rec.Covered.Seconds() }

// threadsAt is how many threads spent their time in a sum of waits, on average.
func (r *recorded) threadsAt(value int64) float64 { return float64(value) / float64(r.rec.Covered) }

// span says how long the recording is.
func (r *recorded) span() string { return seconds(r.rec.Covered) }

func spent(ns int64) string { return seconds(time.Duration(ns)) }

// pid is for commands in advice.
func (r *recorded) pid() string {
	if r.jvm.PID == 0 {
		return "PID"
	}
	return fmt.Sprint(r.jvm.PID)
}
