package compare

import (
	"cmp"
	"math"
	"slices"

	"casefile/analyze/compare/stats"
	"casefile/analyze/profile"
)

// Profiles are the profiles of one kind of a pair.
type Profiles struct {
	Pair          *Pair
	Kind          profile.Kind
	Before, After profile.View
	// Methods are those whose own share changed, by more than the samples would by chance.
	Methods []Method
}

// Method is a function whose share of a profile changed.
type Method struct {
	profile.Change
	// Low and High bound the change, in points.
	Low, High float64
}

var profileKinds = []profile.Kind{profile.CPU, profile.Alloc, profile.Lock, profile.Mutex, profile.Block, profile.Wall}

const (
	mostMethods = 12
	// leastPoints is the smallest change of a share that is worth a line, in points.
	leastPoints = 1.0
	// swarm is by how much samples of one stack are more alike than independent ones.
	swarm = 2
)

// compareProfiles compares the profiles of each kind, by the last run of each side.
func (c *Comparison) compareProfiles() {
	for _, p := range c.Pairs {
		if p.Subject == "" {
			continue
		}
		b, a := viewsOf(p.before[len(p.before)-1]), viewsOf(p.after[len(p.after)-1])
		for _, kind := range profileKinds {
			before, ok1 := b[kind]
			after, ok2 := a[kind]
			if ok1 && ok2 && before.Total() > 0 && after.Total() > 0 {
				c.Profiles = append(c.Profiles, Profiles{p, kind, before, after, methods(before, after)})
			}
		}
	}
}

func viewsOf(s *subject) map[profile.Kind]profile.View {
	var list []*profile.Profile
	switch {
	case s.jvm != nil:
		list = s.jvm.Profiles
	case s.service != nil:
		list = s.service.Profiles
	}
	out := map[profile.Kind]profile.View{}
	for _, p := range list {
		for _, kind := range profileKinds {
			if v, ok := p.View(kind); ok && v.Total() > 0 && (out[kind].Kind == "" || v.Samples() > out[kind].Samples()) {
				out[kind] = v
			}
		}
	}
	return out
}

// methods are functions whose share differs: two proportions, by the numbers of samples, corrected for how many there are.
func methods(before, after profile.View) []Method {
	n, m := float64(before.Samples())/swarm, float64(after.Samples())/swarm
	if n < 20 || m < 20 {
		return nil
	}
	list := profile.Compare(before, after, 400)
	var out []Method
	var p []float64
	for _, x := range list {
		a, b := x.BeforePct/100, x.AfterPct/100
		se := math.Sqrt(a*(1-a)/n + b*(1-b)/m + 0.25/(n*n) + 0.25/(m*m))
		out = append(out, Method{x, x.Points() - 196*se, x.Points() + 196*se})
		p = append(p, math.Erfc(math.Abs(b-a)/se/math.Sqrt2))
	}
	var kept []Method
	for i, q := range stats.Correct(p) {
		if q <= FalseShare && math.Abs(out[i].Points()) >= leastPoints {
			kept = append(kept, out[i])
		}
	}
	slices.SortStableFunc(kept, func(x, y Method) int { return cmp.Compare(math.Abs(y.Points()), math.Abs(x.Points())) })
	return kept[:min(len(kept), mostMethods)]
}
