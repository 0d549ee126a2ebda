package compare

import (
	"math"
	"slices"
	"time"

	"casefile/analyze/compare/stats"
	"casefile/bundle/format/series"
)

// flow is how much of something had come up to a moment: requests, CPU seconds, bytes. Between two moments it came
// evenly. Moments are seconds.
type flow struct{ at, sum []float64 }

// add appends what came since the last moment.
func (f *flow) add(at, amount float64) {
	if n := len(f.at); n > 0 {
		if at <= f.at[n-1] {
			f.sum[n-1] += amount
			return
		}
		amount += f.sum[n-1]
	}
	f.at, f.sum = append(f.at, at), append(f.sum, amount)
}

func (f *flow) known() bool { return f != nil && len(f.at) > 1 }

func (f *flow) from() float64 { return f.at[0] }
func (f *flow) to() float64   { return f.at[len(f.at)-1] }

// total is what came after the first moment.
func (f *flow) total() float64 { return f.sum[len(f.sum)-1] - f.sum[0] }

// until is what had come at a moment.
func (f *flow) until(at float64) float64 {
	i, found := slices.BinarySearch(f.at, at)
	switch {
	case found:
		return f.sum[i]
	case i == 0:
		return f.sum[0]
	case i == len(f.at):
		return f.sum[i-1]
	}
	part := (at - f.at[i-1]) / (f.at[i] - f.at[i-1])
	return f.sum[i-1] + part*(f.sum[i]-f.sum[i-1])
}

// counterFlow is the growth of counters together; steps back count as none.
func counterFlow(s *series.Series, scale float64, names ...string) *flow {
	if s == nil {
		return nil
	}
	columns := make([][]float64, 0, len(names))
	for _, name := range names {
		if c := s.Values(name); c != nil {
			columns = append(columns, c)
		}
	}
	if len(columns) < len(names) || len(names) == 0 {
		return nil
	}
	f := &flow{}
	last := math.NaN()
	for i, t := range s.Times {
		v := 0.0
		for _, c := range columns {
			v += c[i]
		}
		if math.IsNaN(v) {
			continue
		}
		if math.IsNaN(last) {
			f.add(seconds(t), 0)
		} else {
			f.add(seconds(t), scale*max(0, v-last))
		}
		last = v
	}
	return f
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// window is the least length of a window that a flow is cut into.
const window = 1.0

// mostWindows bounds the windows of a long flow.
const mostWindows = 2048

// grid are the edges of windows between two moments: equal ones no shorter than the flows' own steps, which would only
// repeat one value; of a flow of few moments those moments themselves.
func grid(from, to float64, flows ...*flow) []float64 {
	least, coarsest := window, flows[0]
	for _, f := range flows {
		if step := (f.to() - f.from()) / float64(len(f.at)-1); step > least {
			least, coarsest = step, f
		}
	}
	if len(coarsest.at) < fewMoments {
		return coarsest.within(from, to)
	}
	n := min(int((to-from)/least), mostWindows)
	if n < 1 {
		return nil
	}
	edges := make([]float64, n+1)
	for i := range edges {
		edges[i] = from + (to-from)*float64(i)/float64(n)
	}
	return edges
}

// fewMoments is how many moments a flow has that is not cut anew.
const fewMoments = 20

// within are the moments of a stretch.
func (f *flow) within(from, to float64) (out []float64) {
	for _, at := range f.at {
		if at >= from && at <= to {
			out = append(out, at)
		}
	}
	return out
}

// perSecond is a flow as windows of time.
func perSecond(f *flow) (stats.Sample, bool) {
	if !f.known() {
		return stats.Sample{}, false
	}
	edges := grid(f.from(), f.to(), f)
	s := stats.Sample{Seconds: f.to() - f.from()}
	for i := 1; i < len(edges); i++ {
		s.Num, s.Den = append(s.Num, f.until(edges[i])-f.until(edges[i-1])), append(s.Den, edges[i]-edges[i-1])
	}
	return s, len(s.Num) > 0
}

// per is a flow as a share of another, in windows of the time that both have.
func per(f, of *flow) (stats.Sample, bool) {
	if !f.known() || !of.known() {
		return stats.Sample{}, false
	}
	from, to := max(f.from(), of.from()), min(f.to(), of.to())
	if to <= from {
		return stats.Sample{}, false
	}
	edges := grid(from, to, f, of)
	s := stats.Sample{Seconds: to - from}
	for i := 1; i < len(edges); i++ {
		s.Num = append(s.Num, f.until(edges[i])-f.until(edges[i-1]))
		s.Den = append(s.Den, of.until(edges[i])-of.until(edges[i-1]))
	}
	if len(s.Num) == 0 || s.Value() != s.Value() {
		return stats.Sample{}, false
	}
	return s, true
}

// level is a gauge as samples.
func level(s *series.Series, scale float64, name string) (stats.Sample, bool) {
	if s == nil {
		return stats.Sample{}, false
	}
	out := stats.Sample{}
	for _, v := range s.Values(name) {
		if !math.IsNaN(v) {
			out.Num = append(out.Num, scale*v)
		}
	}
	if n := len(s.Times); n > 1 {
		out.Seconds = s.Times[n-1].Sub(s.Times[0]).Seconds()
	}
	return out, len(out.Num) > 0
}
