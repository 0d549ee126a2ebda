package profile

import (
	"math"
	"time"

	pprof "github.com/google/pprof/profile"
)

// Profile is one decoded profile. It is not changed after New: views may be
// used from several goroutines.
type Profile struct {
	// Name is the file's name, as given.
	Name string
	// Start is when it was taken on its node's clock; Duration is 0 for snapshots.
	Start    time.Time
	Duration time.Duration

	raw     *pprof.Profile
	symbols *symbols
	views   []View
}

// New wraps a decoded profile, which must not be changed afterwards.
func New(raw *pprof.Profile, name string) *Profile {
	p := &Profile{Name: name, Duration: time.Duration(raw.DurationNanos), raw: raw, symbols: newSymbols(raw)}
	if raw.TimeNanos > 0 {
		p.Start = time.Unix(0, raw.TimeNanos)
	}
	for i, t := range raw.SampleType {
		p.views = append(p.views, View{Kind: kindOf(raw, t, name), Type: t.Type, Unit: t.Unit, index: i, profile: p, samples: raw.Sample})
	}
	return p
}

// Raw is the profile in pprof's own type, to be read only.
func (p *Profile) Raw() *pprof.Profile { return p.raw }

// Views are the values of the profile, in its own order.
func (p *Profile) Views() []View { return p.views }

// Main is the value the profile was made for: the one it names, else the last,
// as pprof itself chooses.
func (p *Profile) Main() View {
	for _, v := range p.views {
		if v.Type == p.raw.DefaultSampleType {
			return v
		}
	}
	if len(p.views) == 0 {
		return View{Kind: Other, profile: p}
	}
	return p.views[len(p.views)-1]
}

// View returns the value of a kind: the measured amount where there is one,
// else the count.
func (p *Profile) View(k Kind) (View, bool) {
	var best View
	for _, v := range p.views {
		if v.Kind == k && (best.profile == nil || isCount(best.valueType())) {
			best = v
		}
	}
	return best, best.profile != nil
}

// View is one value of a profile's samples, or of some of them.
type View struct {
	Kind Kind
	// Type and Unit are the profile's own words: "cpu", "nanoseconds".
	Type, Unit string

	index   int
	profile *Profile
	samples []*pprof.Sample
}

func (v View) valueType() *pprof.ValueType { return &pprof.ValueType{Type: v.Type, Unit: v.Unit} }

// Total is the sum of absolute values, in Unit; shares are of this.
func (v View) Total() int64 {
	var total int64
	for _, s := range v.samples {
		total = add(total, abs(s.Value[v.index]))
	}
	return total
}

// Samples is how many events were counted: samples taken, contentions, objects.
func (v View) Samples() int64 {
	count := v.index
	for _, w := range v.profile.views {
		if w.Kind == v.Kind && isCount(w.valueType()) && !isCount(v.valueType()) && twin(v.Type, w.Type) {
			count = w.index
		}
	}
	if count == v.index && !isCount(v.valueType()) {
		return int64(len(v.samples))
	}
	w := v
	w.index = count
	return w.Total()
}

// Each calls fn for the samples of the view: the frames, innermost first, the value and the labels. frames is valid during the call.
func (v View) Each(fn func(frames []string, value int64, label func(key string) string)) {
	var ids []int32
	var frames []string
	for _, s := range v.samples {
		ids, frames = v.profile.symbols.stack(ids[:0], s), frames[:0]
		for _, id := range ids {
			frames = append(frames, v.profile.symbols.names[id])
		}
		fn(frames, s.Value[v.index], func(key string) string { return clean(labelOf(s, key)) })
	}
}

// twin reports whether a count and an amount are of the same events. Only heap
// profiles have two pairs of one kind each way, and kinds keep those apart;
// TLAB pairs share their prefix.
func twin(amount, count string) bool {
	const tlab = "alloc_in_new_tlab"
	return (len(amount) > len(tlab) && amount[:len(tlab)] == tlab) == (len(count) > len(tlab) && count[:len(tlab)] == tlab)
}

// add is a + b, kept within int64: a hostile profile must not wrap a sum.
func add(a, b int64) int64 {
	switch {
	case b > 0 && a > math.MaxInt64-b:
		return math.MaxInt64
	case b < 0 && a < math.MinInt64-b:
		return math.MinInt64
	}
	return a + b
}

func abs(a int64) int64 {
	switch {
	case a == math.MinInt64:
		return math.MaxInt64
	case a < 0:
		return -a
	}
	return a
}

// percent is part of total, 0 when there is nothing.
func percent(part, total int64) float64 {
	if total == 0 {
		return 0
	}
	return 100 * float64(part) / float64(total)
}
