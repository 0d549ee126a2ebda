package compare

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"casefile/analyze/compare/stats"
	"casefile/analyze/say"
)

// Bounds of what is said.
const (
	// FalseShare is the share of the changes told that may be none (Benjamini and Hochberg).
	FalseShare = 0.02
	// Relevant is the least relative change that is worth a word.
	Relevant = 0.05
	// Precise is the relative half width of an interval from which on a measure without a change is told to be unchanged.
	Precise = 0.25

	sameLoad = 1.1
	nearLoad = 1.5
	// Comparable is by how many times the load may differ.
	Comparable = 3.0
	// FeltPause is how long a pause is that a person notices, in seconds: shorter ones count by their sum.
	FeltPause = 0.1
	// alien is by how many times the load of one program does not differ: nothing is judged.
	alien = 100.0
	// decisive is the effect that counts even beyond that range, where it goes against the load.
	decisive = 0.1
)

// Zone is how far the load of the two sides is apart.
type Zone string

// The zones.
const (
	LoadSame    Zone = "same"
	LoadNear    Zone = "near" // what is counted by request can be judged
	LoadFar     Zone = "far"  // only what moved against the load can be
	LoadBeyond  Zone = "not-comparable"
	LoadUnknown Zone = "unknown" // what grows with load cannot be judged
)

// Load is how much was asked of a process on both sides.
type Load struct {
	// By is the measure: "requests", or "allocation" where there is no access log. Empty: unknown.
	By string
	*Reading
	Zone Zone
}

// Factor is the load after by that before; 1 unknown.
func (l *Load) Factor() float64 {
	if l.Reading == nil {
		return 1
	}
	return 1 + l.Change
}

// against reports whether a measure moved against the load, which then is not why: worse with no more to do, or better
// with no less. Of a load that is not known well its bounds count.
func (l *Load) against(goes Way) bool {
	if l.Reading == nil || goes == "" {
		return false
	}
	most, least := l.Factor(), l.Factor()
	if l.Zone == LoadUnknown {
		most, least = 1+l.High, 1+l.Low
	}
	if goes == Worse {
		return most < sameLoad
	}
	return least > 1/sameLoad
}

// judge compares all readings, the load first.
func (c *Comparison) judge(ctx context.Context) error {
	for _, p := range c.Pairs {
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, r := range p.readings {
			r.Difference = stats.Compare(r.before, r.after, r.Between)
			r.P = cmp.Or(nan(r.P), r.P)
		}
		p.findLoad()
		p.dropTwins()
		c.Readings = append(c.Readings, p.readings...)
	}
	for _, family := range []func(*Reading) bool{
		func(r *Reading) bool { return r.Class == "" && (r.Role == Outcome || r.Role == Cause) },
		func(r *Reading) bool { return r.Class == "" && (r.Role == Resource || r.Role == LoadRole) },
		func(r *Reading) bool { return r.Class != "" && r.Role != Machine },
		func(r *Reading) bool { return r.Role == Machine },
	} {
		c.correct(family)
	}
	for _, r := range c.Readings {
		r.weigh()
	}
	for _, p := range c.Pairs {
		p.withoutCollections()
		p.pausesBySum()
		p.machine = c.crowded(p)
	}
	for _, r := range c.Readings {
		r.settle()
	}
	slices.SortStableFunc(c.Readings, byWeight)
	return nil
}

// nan makes a p that is no number one that says nothing.
func nan(p float64) float64 {
	if math.IsNaN(p) {
		return 1
	}
	return 0
}

func (c *Comparison) correct(of func(*Reading) bool) {
	var list []*Reading
	var p []float64
	for _, r := range c.Readings {
		if of(r) && r.Enough && r.Role != LoadRole && !r.tiny() {
			list, p = append(list, r), append(p, r.P)
		} else if of(r) {
			r.Adjusted = 1
		}
	}
	for i, q := range stats.Correct(p) {
		list[i].Adjusted = q
	}
}

// findLoad takes requests as the load, else what was allocated.
func (p *Pair) findLoad() {
	p.Load.Zone = LoadUnknown
	if p.Subject == "" {
		return
	}
	for _, by := range []string{"requests", "allocation"} {
		r := p.reading(by)
		if r == nil || !r.Relative {
			continue
		}
		p.Load = Load{By: by, Reading: r, Zone: zoneOf(r)}
		r.Role = LoadRole
		return
	}
}

func zoneOf(r *Reading) Zone {
	factor := math.Abs(math.Log1p(r.Change))
	unclear := r.P > FalseShare
	switch {
	case !r.Enough || unclear && r.Half > math.Log(nearLoad):
		return LoadUnknown
	case factor <= math.Log(sameLoad) || unclear:
		return LoadSame
	case factor <= math.Log(nearLoad):
		return LoadNear
	case factor <= math.Log(Comparable):
		return LoadFar
	}
	return LoadBeyond
}

// twinsOf are measures that say the same by request, which is more exact.
var twinsOf = map[string][]string{"cpu": {"cpu_per_request", "cpu_per_mb"}, "allocation": {"allocation_per_request"}}

// dropTwins leaves out what another measure says more exactly.
func (p *Pair) dropTwins() {
	p.readings = slices.DeleteFunc(p.readings, func(r *Reading) bool {
		twins := twinsOf[r.Name]
		for _, w := range waitKinds {
			if r.Name == w.name {
				twins = []string{w.name + "_per_request", w.name + "_per_mb"}
			}
		}
		return r.Role != LoadRole && slices.ContainsFunc(twins, func(name string) bool { return p.reading(name) != nil })
	})
}

// weigh says how much of a request's time the change is worth, and which way it goes.
func (r *Reading) weigh() {
	most := max(r.Before.Value, r.After.Value)
	if most <= 0 || math.IsNaN(most) {
		return
	}
	switch {
	case r.Role == Outcome:
		r.part, r.Effect = 1, math.Abs(r.Change)
	case r.weight != nil:
		r.part = r.weight(r.Pair)
		r.Effect = math.Abs(r.After.Value-r.Before.Value) / most * r.part
	}
	switch up := r.After.Value > r.Before.Value; {
	case r.Best == Neither || r.After.Value == r.Before.Value:
	case up == (r.Best == Lower):
		r.Goes = Worse
	default:
		r.Goes = Better
	}
}

// withoutCollections takes from the effect of CPU what collections explain of it: they need CPU too.
func (p *Pair) withoutCollections() {
	pauses := p.reading("pause_share")
	if pauses == nil {
		return
	}
	for _, name := range []string{"cpu", "cpu_per_request", "cpu_per_mb"} {
		if r := p.reading(name); r != nil && r.Goes == pauses.Goes {
			r.Effect = max(0, r.Effect-pauses.Effect)
		}
	}
}

// partOfPauses is the most that what makes up the time in pauses counts of it: the sum comes first.
const partOfPauses = 0.8

// pausesBySum takes number and length of pauses from what decides where the time in them did not move that way: fewer longer
// ones, or more shorter ones. Of pauses that a person notices the length counts all the same.
func (p *Pair) pausesBySum() {
	sum := cmp.Or(p.reading("pause_per_request"), p.reading("pause_share"))
	if sum == nil || !sum.Enough {
		return
	}
	moved := sum.significant()
	if !moved && !(sum.precise() && sum.mayBeNone()) {
		return
	}
	for _, r := range p.readings {
		if !r.ofPauses || !r.significant() {
			continue
		}
		if (!moved || r.Goes != sum.Goes) && (r.Unit != Seconds || max(r.Before.Value, r.After.Value) < FeltPause) {
			r.Role, r.Effect = Resource, 0
		} else if moved && r.Goes == sum.Goes {
			r.Effect = min(r.Effect, partOfPauses*sum.Effect)
		}
	}
}

// settle decides what can be said of the reading.
func (r *Reading) settle() {
	switch {
	case r.tiny():
		r.Status = Unchanged
	case !r.Enough:
		r.Status, r.Needs = CannotTell, r.needs(r.Lacks)
	case !r.judged():
		r.Status = OfLoad
	case r.significant():
		r.Status = Changed
	case r.precise() && r.mayBeNone():
		r.Status = Unchanged
	case r.precise(): // more of this run would not make it surer
		r.Status, r.Needs = CannotTell, "several captures a side"
	default:
		r.Status, r.Needs = CannotTell, r.needs(r.More(math.Log1p(Precise)))
	}
}

// significant reports whether the change is neither chance nor too small to matter.
func (r *Reading) significant() bool {
	return r.Adjusted <= FalseShare && (!r.Relative || math.Abs(r.Change) >= Relevant) && math.Abs(r.After.Value-r.Before.Value) >= r.Least
}

// hidden is how much of a request's time a change could take that the reading cannot tell of. Tails never decide: they are
// always the last to be known. Where the median time of requests is known to be unchanged, what it is made of hides little.
func (r *Reading) hidden() float64 {
	if r.Class != "" || r.Between > betweenMeans || r.tiny() {
		return 0
	}
	if felt := r.Pair.reading("latency_p50"); felt != nil && felt.Status == Unchanged {
		return 0
	}
	if !r.Enough || !r.Relative {
		return r.part
	}
	return r.part * -math.Expm1(-r.Half)
}

// tiny reports whether the measure is as good as none on both sides.
func (r *Reading) tiny() bool {
	return r.Role != LoadRole && max(r.Before.Value, r.After.Value) < r.Least
}

// precise reports whether a change that matters would have been seen.
func (r *Reading) precise() bool {
	if r.Relative {
		return r.Half <= math.Log1p(Precise)
	}
	return r.Half <= max(2*r.Least, Precise*max(r.Before.Value, r.After.Value))
}

// mayBeNone reports whether the interval holds no change, or only one too small to matter.
func (r *Reading) mayBeNone() bool {
	return r.Low <= 0 && r.High >= 0 || r.Relative && math.Abs(r.Change) < Relevant || math.Abs(r.After.Value-r.Before.Value) < r.Least
}

// crowded is where the wait for the CPUs of a process's machine moved, where they were all busy on one side; empty: they
// were not, or it did not move.
func (c *Comparison) crowded(p *Pair) Way {
	for _, m := range c.Pairs {
		if m.Subject != "" || m.Node != p.Node || p.Subject == "" {
			continue
		}
		busy, wait := m.reading("host_cpu"), m.reading("pressure_cpu")
		if wait == nil {
			wait = busy
		}
		if busy != nil && max(busy.Before.Value, busy.After.Value) >= full && wait.P < 0.05 && math.Abs(wait.Change) >= 2*Relevant {
			return wait.Goes
		}
	}
	return ""
}

// judged reports whether the measure can be judged with the load that the two sides had.
func (r *Reading) judged() bool {
	l := &r.Pair.Load
	if r.Role == LoadRole || r.Role == Machine {
		return true
	}
	if r.Goes != "" && r.Goes == r.Pair.machine && !strings.HasPrefix(r.Name, "cpu") {
		return false // waiting for the CPUs is in every time but CPU time
	}
	against := r.Grows && l.against(r.Goes)
	switch l.Zone {
	case LoadSame:
		return true
	case LoadUnknown:
		return !r.Grows || against
	case LoadNear:
		return r.PerWork || !r.Grows || against
	case LoadFar:
		return against
	}
	return against && r.Effect >= decisive && math.Abs(math.Log(l.Factor())) <= math.Log(alien)
}

// needs says what it would take: so many times the time of the shorter side.
func (r *Reading) needs(more float64) string {
	seconds := math.Inf(1)
	for _, e := range []stats.Estimate{r.Before, r.After} {
		if e.Seconds > 0 {
			seconds = min(seconds, e.Seconds/float64(max(e.Runs, 1)))
		}
	}
	minutes := math.Ceil((more - 1) * seconds / 60)
	switch {
	case math.IsInf(more, 0) || math.IsNaN(minutes) || math.IsInf(minutes, 0):
		return "several captures a side"
	case minutes > 240:
		return "several captures a side, of an hour or more"
	}
	return say.Count(int(max(minutes, 1)), "more minute") + " a side"
}

var statusRank = map[Status]int{Changed: 0, Unchanged: 1, OfLoad: 2, CannotTell: 3}

var roleRank = map[Role]int{LoadRole: 0, Outcome: 1, Cause: 1, Resource: 2, Machine: 3}

// byWeight puts what weighs most for requests first.
func byWeight(a, b *Reading) int {
	return cmp.Or(
		cmp.Compare(statusRank[a.Status], statusRank[b.Status]),
		cmp.Compare(roleRank[a.Role], roleRank[b.Role]),
		cmp.Compare(math.Round(1000*b.Effect), math.Round(1000*a.Effect)),
		cmp.Compare(a.Pair.Where(), b.Pair.Where()),
	)
}
