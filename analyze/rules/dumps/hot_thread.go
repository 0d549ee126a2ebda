package dumps

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/libs"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

var (
	hotThreadCores = analyze.NewLimit(0.6, "cores", "used or wanted by one thread", "own judgement: below it the "+
		"thread has room to spare")
	hotThreadFull = analyze.NewLimit(
		0.8,
		"cores",
		"of one thread: it is the limit of its own work",
		"no thread can use more than one, and a busy machine gives it less",
	)
)

var hotThreadUses = analyze.NewLimit(0.05, "cores", "really used by one thread", "own judgement: one that wants "+
	"more and gets "+
	"none is short of CPU, not hot")

var hotTogether = analyze.NewLimit(0.7, "1", "cores that the process may use, taken by requests in one place: warning although each takes less than "+
	"one", "utilisation above which waiting times grow fast (M/M/c)")

var hotThread = &analyze.Rule{
	ID:    ids.HotThread,
	Doc:   "Threads that use most of a CPU over the whole series, by the CPU time of the dumps or of /proc.",
	Needs: needsDumps(2),
	Fix: "Look at what the code at this place is asked to do: a loop without end, or one request with " +
		"huge data.",
	ExplainedBy: []string{ids.HeapTooSmall, ids.MemoryLeak, ids.GCOverhead},
	Repeats:     []string{ids.EventLoopBlocked},
	Limits: []analyze.Threshold{
		hotThreadCores, hotThreadUses, hotThreadFull, hotTogether, hotGoroutineDumps, poolExhaustedShare, poolMinimum, poolGrowth, views.HotThreadShare,
	},
	Run: analyze.Each(timedProcesses, judgeHot),
}

// timedProcesses are JVMs whose dumps tell the CPU time of threads, and Go services: their goroutines have none of their own.
func timedProcesses(p *analyze.Pass) (timed []*view) {
	for _, v := range processes.Of(p) {
		switch {
		case v.Dumps() < 2:
		case v.JVM == nil:
			p.Evaluated()
			timed = append(timed, v)
		case !v.knowsCPU():
			p.Lacks("CPU time of each thread next to the dumps: casefile collect reads it from /proc; dumps of JDK " +
				"11 and later carry it themselves")
		default:
			p.Evaluated()
			timed = append(timed, v)
		}
	}
	return timed
}

// knowsCPU says that some thread's CPU time is known over the series.
func (v *view) knowsCPU() bool {
	for _, tr := range v.Series.Threads() {
		if used, _ := tr.CPU(tr.First, tr.Last); used >= 0 && tr.First < tr.Last {
			return true
		}
	}
	return false
}

// hotGroup is hot threads that do the same.
type hotGroup struct {
	site    string
	threads []threads.HotThread
	cores   float64
	share   float64 // of the CPU of all threads
	most    float64 // cores that the hottest wants
	inTurns bool    // requests take turns: all threads count, whatever each of them takes
}

// judgeHot groups the threads that use, or want, most of a core by the place where they do.
func judgeHot(_ *analyze.Pass, v *view) []analyze.Finding {
	if v.JVM == nil {
		return judgeHotGoroutines(v)
	}
	var groups []*hotGroup
	bySite := map[string]*hotGroup{}
	for _, h := range v.Series.Hot() {
		if h.Cores < hotThreadUses.Value || ownedByRuntime(h.Track) || v.waitsSpinning(h) {
			continue
		}
		at := v.hotSite(h)
		g := bySite[at]
		if g == nil {
			g = &hotGroup{site: at}
			bySite[at] = g
			groups = append(groups, g)
		}
		g.add(h)
	}
	var out []analyze.Finding
	for _, g := range groups {
		if g.inTurns = v.takeTurns(g); !g.inTurns {
			g.keepHot()
		}
		if len(g.threads) > 0 {
			out = append(out, v.hotProblem(g))
		}
	}
	return out
}

// takeTurns reports whether threads that serve requests take most of the process's CPUs in one place, though no one of them all the time.
func (v *view) takeTurns(g *hotGroup) bool {
	cores := v.availableCores()
	if cores <= 0 || g.site == "" || g.cores < max(hotThreadFull.Value, hotTogether.Value*cores) {
		return false
	}
	return !slices.ContainsFunc(g.threads, func(h threads.HotThread) bool { return !v.serving(h.Obs[h.Last]) && !v.serving(h.Obs[h.First]) })
}

// keepHot leaves the threads that are hot by themselves.
func (g *hotGroup) keepHot() {
	all := g.threads
	*g = hotGroup{site: g.site}
	for _, h := range all {
		if h.Wanted >= hotThreadCores.Value {
			g.add(h)
		}
	}
}

func (g *hotGroup) add(h threads.HotThread) {
	g.threads = append(g.threads, h)
	g.cores += h.Cores
	g.share += h.Share
	g.most = max(g.most, h.Wanted)
}

// ownedByRuntime are threads of the JVM itself: collectors and compilers, which have rules of their own or only warm
// up.
func ownedByRuntime(tr *threads.Track) bool {
	for _, t := range tr.Obs {
		if t != nil && !t.VMInternal && len(t.Stack.Frames) > 0 {
			return libs.StartsWith(tr.Name, views.JVMThreads)
		}
	}
	return true // no Java frame in any dump
}

// waitsSpinning reports whether a thread burns its CPU in a wait, which the rules of waits tell of: in most dumps that show it at work.
func (v *view) waitsSpinning(h threads.HotThread) bool {
	spins, busy := 0, 0
	for _, t := range h.Obs {
		if t == nil {
			continue
		}
		if w := v.Series.Wait(t); w.Busy() {
			busy++
			if w.Spins {
				spins++
			}
		}
	}
	return 2*spins > busy
}

// hotSite is the program's own method seen most often; among equals the first seen.
func (v *view) hotSite(h threads.HotThread) string {
	counts := map[string]int{}
	best := ""
	for _, t := range h.Obs {
		if t == nil {
			continue
		}
		w := v.Series.Wait(t)
		if w.Idle || len(t.Stack.Frames) == 0 {
			continue
		}
		at := t.Stack.Top()
		if w.Site != nil {
			at = w.Site.Func
		}
		if counts[at]++; counts[at] > counts[best] {
			best = at
		}
	}
	return best
}

func (v *view) hotProblem(g *hotGroup) analyze.Finding {
	hottest := g.threads[0]
	p := problem{}
	for _, h := range g.threads {
		for i, t := range h.Obs {
			if t != nil && !v.Series.Wait(t).Idle {
				p.sightings = append(p.sightings, views.Sighting{Dump: i, Thread: t})
			}
		}
	}
	cores := v.availableCores()
	p.Confidence = analyze.High
	if hottest.Source != threads.FromDump {
		p.Confidence = analyze.Medium
	}
	p.Severity, p.Weight = v.hotRank(g, cores)
	if v.wholePool(g) {
		p.Weight *= views.Behind // stands behind thread-pool-exhausted, which says what comes of it
	}
	who := views.NameOf(hottest.Name)
	if len(g.threads) > 1 {
		who = say.Text("%s threads like %s", say.Amount("threads", len(g.threads), "threads"), who)
	}
	verb := "uses"
	if len(g.threads) > 1 {
		verb = "use"
	}
	in := ""
	if g.site != "" {
		in = " in " + say.Short(g.site)
		p.About = []string{say.Short(g.site)}
	}
	p.Say("%s %s %s over %s%s", who, verb, say.Measured("cores", math.Round(100*g.cores)/100, "CPU cores"),
		say.Time("over", hottest.Span), in)
	p.Impact = fmt.Sprintf("%s of the CPU that all threads used", say.Percent(g.share))
	if waited := hottest.Wanted - hottest.Cores; waited >= 0.05 {
		p.Impact += fmt.Sprintf(", and would take more: %s of the time it waited for a CPU", say.Percent(waited))
	}
	if cores > 0 {
		p.Impact += fmt.Sprintf(", %s of the %s cores the process may use", say.Percent(g.cores/cores), say.Number(cores))
	}
	p.Explanation = v.hotStory(g)
	p.Evidence = v.hotEvidence(g)
	p.Advice = []analyze.Advice{v.hotAdvice(g), {
		Action: "Record a profile of the process to see the methods below it: casefile profile --pid " + v.pid() + " --duration 30s.",
		Effect: "Names the lines that take the time, where dumps show a few samples only.",
		Risk:   "Up to 1 % of CPU while it records.",
		Verify: "The methods at its top make up the thread's CPU.",
	}}
	if k := runtimeWork(p.sightings); k >= 0 && g.site != "" {
		p.Add(", at work in %s", jdkWork[k].what)
		p.Advice[0].Action = fmt.Sprintf(jdkWork[k].advice, say.Short(g.site))
		p.Advice[0].Risk = codeChange
	}
	p.References = []string{"Atlassian: Identify which Java thread is consuming most CPU", "Java Platform, " +
		"Standard Edition Troubleshooting Guide: Troubleshoot Process Hangs and Loops"}
	return p.finding()
}

// hotAdvice names the code whose developers can bound the work.
func (v *view) hotAdvice(g *hotGroup) analyze.Advice {
	a := analyze.Advice{
		Action: "Find out what work it has there, and whether it must do it (casefile profile --pid " + v.pid() + " --duration 30s names the methods): an endless loop, " +
			"a job without limit, one request with huge data.",
		Effect: fmt.Sprintf("Up to %s cores are free for others.", say.Number(g.cores)),
		Risk:   "None in looking; a job may be wanted as it is.",
		Verify: "A new collect shows the thread below " + fmt.Sprintf("%.1f", hotThreadCores.Value) + " cores.",
	}
	at := v.hotCall(g)
	if at == "" {
		return a
	}
	a.Action = fmt.Sprintf("Have the developers of %s end or bound the work it does: a loop without end, a job without limit, or one request "+
		"with huge data. If it belongs to an add-on, update or disable that", at)
	if v.serving(g.threads[0].Obs[g.threads[0].Last]) {
		a.Action += "; the request that runs there may be ended by a restart only"
	}
	a.Action += "."
	a.Risk = codeChange + " What it computes is missing while it is disabled."
	return a
}

// hotCall is the program's innermost call that the hottest thread was seen in most; "" none.
func (v *view) hotCall(g *hotGroup) string {
	for _, c := range g.threads[0].Stacks {
		if calls := threads.Calls(c.Stack.Frames); len(calls) > 0 {
			return say.Short(calls[0].Func)
		}
	}
	return ""
}

// hotRank: a thread that fills a core, or would if the machine gave it one, is the limit of its own work, and a good
// part of the CPU is missing elsewhere. Else it is worth knowing, no more.
func (v *view) hotRank(g *hotGroup, cores float64) (analyze.Severity, float64) {
	weight := g.share
	if cores > 0 {
		weight = g.cores / cores
	}
	if g.inTurns {
		return analyze.Warning, min(weight, 1)
	}
	if g.threads[0].Cores < hotThreadCores.Value && !g.stays() { // it only had to wait for a CPU, as all others
		return analyze.Info, min(weight, 1)
	}
	if g.most >= hotThreadFull.Value || cores > 0 && g.cores/cores >= views.HotThreadShare.Value {
		return analyze.Warning, min(weight, 1)
	}
	return analyze.Info, min(weight, 1)
}

// stays reports whether the hottest thread is below the same call in all dumps.
func (g *hotGroup) stays() bool {
	for _, t := range g.threads[0].Obs {
		if t == nil || !slices.ContainsFunc(t.Stack.Frames, func(f *threads.Frame) bool { return f.Func == g.site }) {
			return false
		}
	}
	return true
}

// wholePool says that the threads are a pool of jobs of which each thread computes.
func (v *view) wholePool(g *hotGroup) bool {
	for _, pool := range v.Pools {
		if len(pool.Threads) == len(g.threads) && slices.Contains(pool.Threads, g.threads[0].Track) {
			return v.computes(pool)
		}
	}
	return false
}

func (v *view) hotStory(g *hotGroup) string {
	h := g.threads[0]
	seen, frames := 0, 0
	for _, c := range h.Stacks {
		if len(c.Stack.Frames) > 0 {
			seen += c.Count
		}
	}
	if len(h.Stacks) > 0 {
		frames = h.Stacks[0].Count
	}
	text := fmt.Sprintf("%s used %s of CPU in %s.", say.Quote(h.Name), say.Seconds(h.CPU), say.Seconds(h.Span))
	if frames == seen && seen > 2 {
		text += fmt.Sprintf(" All %d dumps show it on the very same stack, as an endless loop would.", seen)
	}
	if len(h.Stacks) > 0 {
		if at := callers(h.Stacks[0].Stack); at != "" {
			text += " It was called by " + at + "."
		}
	}
	return text
}

// callers names the program's own calls beneath the innermost one, three at most.
func callers(s *threads.Stack) string {
	var names []string
	for _, f := range s.Frames {
		if threads.InLibrary(f.Func) || strings.Contains(f.Func, "$$Lambda") {
			continue
		}
		names = append(names, say.Short(f.Func))
		if len(names) == 4 {
			break
		}
	}
	if len(names) < 2 {
		return ""
	}
	return say.List(names[1:])
}

// hotEvidence cites the hottest thread in its first and last dump, for the CPU time, and between them.
func (v *view) hotEvidence(g *hotGroup) []analyze.Evidence {
	var out []analyze.Evidence
	for n, h := range g.threads {
		if n == 3 {
			break
		}
		for _, dump := range []int{h.First, h.Last} {
			t := h.Obs[dump]
			text := v.Doing(t)
			if t.CPU >= 0 {
				text = fmt.Sprintf("had used %s s of CPU and %s", say.Number(t.CPU.Seconds()), text)
			}
			out = append(out, v.Cite(dump, t, text))
		}
	}
	return out
}

// availableCores is what the process may use, from the host's facts; 0 unknown.
func (v *view) availableCores() float64 {
	h := v.Node.Host
	if h == nil {
		return 0
	}
	if v.JVM != nil {
		if g := h.CgroupOf(v.JVM.PID); g != nil && g.EffectiveCPUs.Known() {
			return g.EffectiveCPUs.Value
		}
	}
	if h.CPU.Count.Known() {
		return h.CPU.Count.Value
	}
	return 0
}

func (v *view) pid() string {
	if v.JVM == nil || v.JVM.PID == 0 {
		return "PID"
	}
	return fmt.Sprint(v.JVM.PID)
}
