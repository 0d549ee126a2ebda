package views

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
	"casefile/analyze/rules/libs"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

var (
	RecordingSpan = analyze.NewLimit(5*time.Second, "", "of a recording, at least", "a shorter one proves nothing")
)

// Recording is one recording of a JVM, as rules look at it.
type Recording struct {
	Node *analyze.Node
	JVM  *analyze.JVM
	Rec  *jfr.Recording

	Cpus    float64 // of the machine; 0 unknown
	Cores   float64 // that the JVM used on average
	Machine float64 // share of all CPUs in use, 0 to 1; 0 unknown
}

// Recordings are those of the case that are long enough to judge.
var Recordings = analyze.NewMemo(func(p *analyze.Pass) (all []*Recording) {
	for _, j := range p.JVMs() {
		for _, rec := range j.Recordings {
			if rec.Covered >= RecordingSpan.Value {
				all = append(all, newRecording(j, rec))
			}
		}
	}
	return all
})

// About names the JVM, and which of its recordings is judged.
func (r *Recording) About() analyze.Subject {
	return analyze.Subject{Node: r.Node.Name, Name: r.JVM.Subject(), Source: r.Rec.Source}
}

func newRecording(j *analyze.JVM, rec *jfr.Recording) *Recording {
	r := &Recording{Node: j.Node, JVM: j, Rec: rec, Cpus: float64(rec.System.HWThreads)}
	if h := j.Node.Host; r.Cpus == 0 && h != nil && h.CPU.Count.Known() {
		r.Cpus = h.CPU.Count.Value
	}
	if n := float64(len(rec.Load.CPU)); n > 0 && r.Cpus > 0 {
		for _, l := range rec.Load.CPU {
			r.Cores += float64(l.User+l.System) * r.Cpus / n
			r.Machine += float64(l.Machine) / n
		}
	} else if v, ok := r.View(profile.CPU); ok {
		r.Cores = float64(v.Total()) / float64(rec.Covered)
	}
	return r
}

// View is the profile of one kind made of this recording.
func (r *Recording) View(k profile.Kind) (profile.View, bool) {
	for _, p := range r.JVM.Profiles {
		if p.Name != r.Rec.Source {
			continue
		}
		if v, ok := p.View(k); ok && p.Main().Kind == k && v.Total() > 0 {
			return v, true
		}
	}
	return profile.View{}, false
}

// Cite points at the recording: what a tool for recordings shows there.
func (r *Recording) Cite(format string, args ...any) analyze.Evidence {
	entry := r.Rec.Source
	if len(r.Rec.Files) > 0 {
		entry = r.Rec.Files[0]
	}
	return analyze.Evidence{Entry: entry, Text: fmt.Sprintf(format, args...)}
}

// Frames are the names of a stack's frames, innermost first.
func (r *Recording) Frames(stack int32) (names []string) {
	for _, f := range r.Rec.Stacks[stack].Frames {
		names = append(names, r.Rec.FunctionName(f))
	}
	return names
}

// Site is a place of the program in a profile, with what it led to.
type Site struct {
	Name    string
	Value   int64
	Count   int64            // samples or events
	Callers map[string]int64 // chains of callers, by value
	Leaves  map[string]int64 // innermost frames
	Labels  map[string]int64 // values of the label asked for
	Threads map[string]int64
}

// Sites collects sites.
type Sites map[string]*Site

func (b Sites) Add(name string, frames []string, at int, value int64, labelled, thread string) {
	s := b[name]
	if s == nil {
		s = &Site{
			Name:    name,
			Callers: map[string]int64{},
			Leaves:  map[string]int64{},
			Labels:  map[string]int64{},
			Threads: map[string]int64{},
		}
		b[name] = s
	}
	s.Value += value
	s.Count++
	s.Threads[thread] += value
	if len(frames) > 0 {
		s.Leaves[frames[0]] += value
		s.Callers[chain(frames[at:])] += value
	}
	if labelled != "" {
		s.Labels[labelled] += value
	}
}

// Largest gives the sites by value.
func (b Sites) Largest() []*Site {
	list := make([]*Site, 0, len(b))
	for _, s := range b {
		list = append(list, s)
	}
	slices.SortFunc(
		list,
		func(x, y *Site) int { return cmp.Or(cmp.Compare(y.Value, x.Value), cmp.Compare(x.Name, y.Name)) },
	)
	return list
}

// SitesOf sums up a view by the program's own innermost call. keep, if not nil, chooses samples.
func SitesOf(v profile.View, label string, keep func(frames []string) bool) Sites {
	b := Sites{}
	v.Each(func(frames []string, value int64, labelOf func(string) string) {
		thread := labelOf(fromjfr.ThreadLabel)
		if len(frames) == 0 || libs.StartsWith(thread, JVMThreads) || keep != nil && !keep(frames) {
			return
		}
		labelled := ""
		if label != "" {
			labelled = labelOf(label)
		}
		at := OwnFrame(frames)
		b.Add(frames[at], frames, at, value, labelled, thread)
	})
	return b
}

// OwnFrame is the place of the program's own innermost call. Where all is libraries, as in a server made of them, it
// is the innermost that
// is not the runtime's; else the innermost of all.
func OwnFrame(frames []string) int {
	at := slices.IndexFunc(frames, Own)
	if at < 0 {
		at = slices.IndexFunc(frames, func(fn string) bool { return !threads.InRuntime(fn) && !native(fn) })
	}
	return max(at, 0)
}

func Own(fn string) bool {
	return !threads.InLibrary(fn) && !threads.InServer(fn) && !libs.StartsWith(fn, libs.LogLibraries) &&
		!strings.Contains(fn, "$$Lambda") &&
		!native(fn)
}

// native tells code that is no Java method: functions and libraries, as async-profiler names them.
func native(frame string) bool {
	return !strings.Contains(frame, ".") || strings.HasPrefix(frame, "[") || strings.HasPrefix(frame, "/") ||
		strings.Contains(frame, ".so.") ||
		strings.HasSuffix(frame, ".so") ||
		strings.Contains(frame, ".dylib.") ||
		strings.Contains(frame, "::")
}

// chain names a frame and its callers of the program: "PriceEngine.discount <- PriceEngine.quote <- Checkout.total".
func chain(frames []string) string {
	const most = 4
	var names []string
	for _, f := range frames {
		name := say.Short(f)
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

// Top gives the n largest of a sum, with their shares of the whole.
func Top(sums map[string]int64, whole int64, n int) []ShareOf {
	var all []ShareOf
	for name, v := range sums {
		all = append(all, ShareOf{name, float64(v) / float64(max(whole, 1))})
	}
	slices.SortFunc(
		all,
		func(a, b ShareOf) int { return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.Name, b.Name)) },
	)
	return all[:min(n, len(all))]
}

type ShareOf struct {
	Name  string
	Share float64
}

func Spent(ns int64) string { return say.Seconds(time.Duration(ns)) }

// JVMThreads are threads of the JVM that may show Java frames.
var JVMThreads = []string{
	"Reference Handler",
	"Finalizer",
	"Common-Cleaner",
	"Signal Dispatcher",
	"Attach Listener",
	"Notification Thread",
	"JFR ",
	"C1 Compiler",
	"C2 Compiler",
	"JVMCI",
}

// ChainOf is the way by which a site was called most.
func ChainOf(s *Site) string {
	if c := Top(s.Callers, s.Value, 1); len(c) > 0 {
		return c[0].Name
	}
	return say.Short(s.Name)
}
