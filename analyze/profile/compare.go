package profile

import (
	"cmp"
	"slices"
)

// Change is how the share of one function differs between two profiles. Shares are
// of each profile's own total, so that profiles of different length compare.
type Change struct {
	Frame     string  `json:"frame"`
	BeforePct float64 `json:"before_pct"`
	AfterPct  float64 `json:"after_pct"`
}

// Points is the change in percentage points.
func (c Change) Points() float64 { return c.AfterPct - c.BeforePct }

// Compare returns the n functions whose own share changed most, largest change first;
// negative n: all that changed.
func Compare(before, after View, n int) []Change {
	changes := map[string]*Change{}
	at := func(frame string) *Change {
		if changes[frame] == nil {
			changes[frame] = &Change{Frame: frame}
		}
		return changes[frame]
	}
	for _, r := range before.Top(-1) {
		at(r.Frame).BeforePct = r.SelfPct
	}
	for _, r := range after.Top(-1) {
		at(r.Frame).AfterPct = r.SelfPct
	}
	var list []Change
	for _, c := range changes {
		if c.Points() != 0 {
			list = append(list, *c)
		}
	}
	size := func(c Change) float64 { return max(c.Points(), -c.Points()) }
	slices.SortFunc(list, func(a, b Change) int { return cmp.Or(cmp.Compare(size(b), size(a)), cmp.Compare(a.Frame, b.Frame)) })
	if n >= 0 && n < len(list) {
		return list[:n]
	}
	return list
}
