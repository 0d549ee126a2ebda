package profile

import (
	"cmp"
	"slices"
	"strings"
)

// Row is one function of a profile. Self and Cum are in the unit of its view.
type Row struct {
	Frame   string  `json:"frame"`
	Self    int64   `json:"self"`
	SelfPct float64 `json:"self_pct"`
	Cum     int64   `json:"cum"`
	CumPct  float64 `json:"cum_pct"`
	// File is the source file, where the profile tells.
	File string `json:"file,omitempty"`
	// Via is the plumbing on top of the function that has most of its share.
	Via string `json:"via,omitempty"`
}

// Top returns the n functions with the largest share of their own, largest
// first; functions of equal share are in order of their cumulative share, then
// of their names. Negative n: all.
func (v View) Top(n int) []Row {
	t := v.count()
	rows := t.rows(func(f int32) bool { return t.self[f] != 0 })
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(abs(b.Self), abs(a.Self)), cmp.Compare(abs(b.Cum), abs(a.Cum)), cmp.Compare(a.Frame, b.Frame))
	})
	return first(rows, n)
}

// TopCumulative returns the n functions that were most on the stack.
func (v View) TopCumulative(n int) []Row {
	t := v.count()
	rows := t.rows(func(f int32) bool { return t.cum[f] != 0 })
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(abs(b.Cum), abs(a.Cum)), cmp.Compare(abs(b.Self), abs(a.Self)), cmp.Compare(a.Frame, b.Frame))
	})
	return first(rows, n)
}

// Callers returns the n functions that called frame most. Self is what was
// counted in frame, and in what it called, on behalf of that caller; the share
// is of all that frame has. A stack that begins with frame counts for "[root]".
func (v View) Callers(frame string, n int) []Row {
	s := v.profile.symbols
	target := int32(slices.Index(s.names, frame))
	sums := map[string]int64{}
	var total int64
	var buf []int32
	for _, sample := range v.samples {
		buf = s.stack(buf[:0], sample)
		at := slices.Index(buf, target)
		if at < 0 {
			continue
		}
		for at < len(buf) && buf[at] == target { // direct recursion
			at++
		}
		caller := "[root]"
		if at < len(buf) {
			caller = s.names[buf[at]]
		}
		sums[caller] = add(sums[caller], sample.Value[v.index])
		total = add(total, abs(sample.Value[v.index]))
	}
	rows := make([]Row, 0, len(sums))
	for name, sum := range sums {
		rows = append(rows, Row{Frame: name, Self: sum, SelfPct: percent(sum, total)})
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(abs(b.Self), abs(a.Self)), cmp.Compare(a.Frame, b.Frame))
	})
	return first(rows, n)
}

func first(rows []Row, n int) []Row {
	if n >= 0 && n < len(rows) {
		return rows[:n]
	}
	return rows
}

// table holds the sums by frame.
type table struct {
	symbols   *symbols
	total     int64
	self, cum []int64
	via       map[int32]map[int32]int64
}

func (v View) count() *table {
	s := v.profile.symbols
	t := &table{symbols: s, self: make([]int64, len(s.names)), cum: make([]int64, len(s.names)), via: map[int32]map[int32]int64{}}
	seen := make([]int, len(s.names)) // number of the last sample that held the frame
	var buf []int32
	for i, sample := range v.samples {
		value := sample.Value[v.index]
		t.total = add(t.total, abs(value))
		buf = s.stack(buf[:0], sample)
		if value == 0 || len(buf) == 0 {
			continue
		}
		owner := v.owner(buf)
		t.self[buf[owner]] = add(t.self[buf[owner]], value)
		if owner > 0 {
			t.noteVia(buf[owner], buf[owner-1], value)
		}
		for _, f := range buf {
			if seen[f] != i+1 {
				seen[f] = i + 1
				t.cum[f] = add(t.cum[f], value)
			}
		}
	}
	return t
}

// owner is the place in a stack of the frame that its value belongs to.
func (v View) owner(stack []int32) int {
	s := v.profile.symbols
	for i, f := range stack {
		switch {
		case waiting[v.Kind] && s.plumbing[f]:
		case strings.HasPrefix(s.names[f], "runtime.asyncPreempt"): // put there by the signal that stops a goroutine
		default:
			return i
		}
	}
	return 0
}

func (t *table) noteVia(owner, via int32, value int64) {
	m := t.via[owner]
	if m == nil {
		m = map[int32]int64{}
		t.via[owner] = m
	}
	m[via] = add(m[via], abs(value))
}

func (t *table) rows(keep func(int32) bool) []Row {
	var rows []Row
	for f := range t.symbols.names {
		if id := int32(f); keep(id) {
			rows = append(rows, Row{Frame: t.symbols.names[f], File: t.symbols.files[f], Via: t.mostVia(id),
				Self: t.self[f], SelfPct: percent(t.self[f], t.total), Cum: t.cum[f], CumPct: percent(t.cum[f], t.total)})
		}
	}
	return rows
}

func (t *table) mostVia(owner int32) string {
	best, name := int64(-1), ""
	for f, value := range t.via[owner] {
		if n := t.symbols.names[f]; value > best || value == best && n < name {
			best, name = value, n
		}
	}
	return name
}
