package host

import (
	"math"
	"slices"
	"time"
)

// windowSize is the length of the windows of a Spread.
const windowSize = 5 * time.Second

// part is one file of the series within the joined rows.
type part struct {
	name  string
	first int // its first row
	exact bool
}

// ref tells in which entry and line a row of the series stands. The lines are
// known only where none was skipped.
func (l *loader) ref(row int, key string) Ref {
	for _, p := range slices.Backward(l.facts.parts) {
		if row >= p.first {
			r := Ref{Source: p.name, Key: key}
			if p.exact {
				r.Line = row - p.first + 2 // after the header
			}
			return r
		}
	}
	return Ref{}
}

// windows cuts the rows into stretches of at least windowSize, as pairs of first
// and last row. What is left at the end counts when it is half a window or all
// there is.
func windows(times []time.Time) (list [][2]int) {
	from := 0
	for i := range times {
		if times[i].Sub(times[from]) >= windowSize {
			list = append(list, [2]int{from, i})
			from = i
		}
	}
	if last := len(times) - 1; last > from && (list == nil || times[last].Sub(times[from]) >= windowSize/2) {
		list = append(list, [2]int{from, last})
	}
	return list
}

func (l *loader) column(name string) []float64 {
	if l.facts.Series == nil {
		return nil
	}
	return l.facts.Series.Values(name)
}

// step is how much counters grew from one row to a later one; NaN when unknown.
func (l *loader) step(from, to int, names []string) float64 {
	sum := 0.0
	for _, n := range names {
		c := l.column(n)
		if c == nil {
			return math.NaN()
		}
		sum += max(0, c[to]-c[from]) // NaN stays NaN
	}
	return sum
}

// spread gathers a figure over the windows, and its mean over the whole capture.
func (l *loader) spread(key string, value func(from, to int) float64) Spread {
	if l.facts.Series == nil {
		return Spread{}
	}
	times := l.facts.Series.Times
	s := Spread{Max: math.Inf(-1)}
	var all []float64
	for _, w := range windows(times) {
		v := value(w[0], w[1])
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		all = append(all, v)
		if v > s.Max {
			s.Max, s.MaxAt, s.Ref = v, times[w[1]], l.ref(w[1], key)
		}
	}
	if len(all) == 0 {
		return Spread{}
	}
	s.Windows, s.P95 = len(all), percentile(all, 95)
	first, last := l.span(key)
	if s.Mean = value(first, last); math.IsNaN(s.Mean) || math.IsInf(s.Mean, 0) {
		s.Mean = mean(all)
	}
	return s
}

// span is the rows between which the whole capture is measured: those where the
// column has a value.
func (l *loader) span(key string) (first, last int) {
	last = len(l.facts.Series.Times) - 1
	for c := l.column(key); first < last && first < len(c) && math.IsNaN(c[first]); {
		first++
	}
	return first, last
}

// ratio is the growth of some counters as a share of that of others, times
// scale, in windows in which the others grew by least at least.
func (l *loader) ratio(scale, least float64, of, by []string) Spread {
	return l.spread(of[0], func(from, to int) float64 {
		base := l.step(from, to, by)
		if !(base >= least) {
			return math.NaN()
		}
		return scale * l.step(from, to, of) / base
	})
}

// rate is the growth of counters per second, times scale.
func (l *loader) rate(scale float64, of ...string) Spread {
	return l.spread(of[0], func(from, to int) float64 {
		seconds := l.facts.Series.Times[to].Sub(l.facts.Series.Times[from]).Seconds()
		if seconds <= 0 {
			return math.NaN()
		}
		return scale * l.step(from, to, of) / seconds
	})
}

// moments is the spread of a gauge over single samples.
func (l *loader) moments(key string, value func(row int) float64) Spread {
	if l.facts.Series == nil {
		return Spread{}
	}
	s := Spread{Max: math.Inf(-1)}
	var all []float64
	for i, at := range l.facts.Series.Times {
		v := value(i)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		all = append(all, v)
		if v > s.Max {
			s.Max, s.MaxAt, s.Ref = v, at, l.ref(i, key)
		}
	}
	if len(all) == 0 {
		return Spread{}
	}
	s.Windows, s.P95, s.Mean = len(all), percentile(all, 95), mean(all)
	return s
}

// worst is the largest value of a figure that is made of gauges of one sample.
func (l *loader) worst(value func(v func(column string) float64) float64, key string) Number {
	s := l.moments(key, func(row int) float64 {
		return value(func(column string) float64 { return l.at(column, row) })
	})
	return Number{s.Max, s.Ref}.orNothing(s.Windows > 0)
}

// at returns one value of the series, NaN when there is none.
func (l *loader) at(column string, row int) float64 {
	if c := l.column(column); c != nil {
		return c[row]
	}
	return math.NaN()
}

func (n Number) orNothing(known bool) Number {
	if !known {
		return Number{}
	}
	return n
}

// delta is the growth of a counter over the capture.
func (l *loader) delta(name string) Number {
	if l.facts.Series == nil {
		return Number{}
	}
	d, _, ok := l.facts.Series.Delta(name)
	return Number{max(0, d), l.ref(len(l.facts.Series.Times)-1, name)}.orNothing(ok)
}

// last is the newest value of a column.
func (l *loader) last(name string) Number {
	if l.facts.Series == nil {
		return Number{}
	}
	v, ok := l.facts.Series.Last(name)
	return Number{v, l.ref(len(l.facts.Series.Times)-1, name)}.orNothing(ok)
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// percentile is by nearest rank.
func percentile(v []float64, p float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[max(0, int(math.Ceil(p/100*float64(len(v))))-1)]
}
