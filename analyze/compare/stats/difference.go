package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Confidence of all intervals.
const Confidence = 0.95

const (
	leastBlocks = 5  // of a side, below which its spread is not known
	leastTail   = 5  // events beyond a quantile
	rareCount   = 30 // events of a side below which they are compared as counts
	// priorRuns is for how many runs the allowance for differences between runs counts next to several; alone it is worth
	// what onlyPrior says.
	priorRuns = 3
	onlyPrior = 20
)

// Estimate is a measure of one side.
type Estimate struct {
	Value, Low, High float64
	Runs             int
	N                int     // windows or events, of all runs
	Seconds          float64 // of all runs

	variance float64 // of the logarithm or of the value, with that of runs
	within   float64 // the part of it that more time would lessen
	df       float64
	blocks   float64 // of the run with the fewest
}

// Difference is how a measure differs.
type Difference struct {
	Before, After Estimate
	// Relative: Change, Low and High are after/before - 1; else after - before, where one side is zero.
	Relative          bool
	Change, Low, High float64
	P                 float64 // that there is no difference, by both tails
	// Enough: there are as many blocks, and events beyond a quantile, as it takes to know the spread.
	Enough bool
	// Lacks is by how many times the time should be longer for the sides to be enough; 1: they are.
	Lacks float64
	// Half is half the width of the interval: of the logarithm where Relative.
	Half float64

	within, fixed float64
}

// Compare compares the runs of two sides. Between is how much the measure is allowed to differ between runs of one
// program, as a standard deviation of its logarithm.
func Compare(before, after []Sample, between float64) Difference {
	d := Difference{Relative: positive(before) && positive(after)}
	d.Before, d.After = estimate(before, d.Relative, between), estimate(after, d.Relative, between)
	d.Enough, d.Lacks = enough(before, d.Before), 1
	for _, side := range []struct {
		runs []Sample
		e    Estimate
	}{{before, d.Before}, {after, d.After}} {
		d.Enough = d.Enough && enough(side.runs, side.e)
		d.Lacks = max(d.Lacks, lacks(side.runs, side.e))
	}
	if few(before) && few(after) && len(before) == 1 && len(after) == 1 {
		d.rates(&before[0], &after[0])
		return d
	}
	d.judge()
	return d
}

// judge makes interval and p of the two estimates.
func (d *Difference) judge() {
	a, b := &d.Before, &d.After
	variance := a.variance + b.variance
	d.within, d.fixed = a.within+b.within, variance-a.within-b.within
	se := math.Sqrt(variance)
	change := b.Value - a.Value
	if d.Relative {
		change = math.Log(b.Value / a.Value)
	}
	t := distuv.StudentsT{Sigma: 1, Nu: welch(a, b)}
	d.Half = t.Quantile(1-(1-Confidence)/2) * se
	d.setInterval(change, change-d.Half, change+d.Half)
	d.P = 1
	if se > 0 && !math.IsInf(se, 0) && !math.IsNaN(change) {
		d.P = 2 * t.CDF(-math.Abs(change)/se)
	}
}

func (d *Difference) setInterval(change, low, high float64) {
	d.Change, d.Low, d.High = change, low, high
	if d.Relative {
		d.Change, d.Low, d.High = math.Expm1(change), math.Expm1(low), math.Expm1(high)
	}
}

// welch is the degrees of freedom of a difference (Welch 1947).
func welch(a, b *Estimate) float64 {
	square := func(e *Estimate) float64 { return e.variance * e.variance / max(e.df, 1) }
	both := a.variance + b.variance
	if both <= 0 || math.IsInf(both, 0) || square(a)+square(b) == 0 {
		return max(1, a.df+b.df)
	}
	return min(max(both*both/(square(a)+square(b)), 1), 1e4)
}

// More is by how many times the time should be longer for an interval of half the given width; +Inf: only more runs
// make it so narrow.
func (d *Difference) More(half float64) float64 {
	if d.Half <= half || d.Half <= 0 {
		return 1
	}
	scale := half / d.Half
	want := (d.within+d.fixed)*scale*scale - d.fixed
	if want <= 0 || math.IsInf(d.within, 0) || math.IsNaN(want) {
		return math.Inf(1)
	}
	return max(1, d.within/want)
}

func positive(runs []Sample) bool {
	for i := range runs {
		if !(runs[i].Value() > 0) {
			return false
		}
	}
	return len(runs) > 0
}

// estimate sums up the runs of a side.
func estimate(runs []Sample, logarithm bool, between float64) Estimate {
	e := Estimate{Runs: len(runs), blocks: math.Inf(1)}
	var values []float64
	within, degrees := 0.0, 0.0
	for i := range runs {
		v := runs[i].Value()
		se, blocks := errorOf(&runs[i], logarithm)
		if logarithm {
			v = math.Log(v)
		}
		values = append(values, v)
		within, degrees, e.blocks = within+se*se, degrees+max(blocks-1, 1), min(e.blocks, blocks)
		e.N, e.Seconds = e.N+runs[i].Len(), e.Seconds+runs[i].Seconds
	}
	k := float64(len(runs))
	mean := sum(values) / k
	e.within = within / k / k
	allowed := between * between
	if !logarithm {
		allowed *= mean * mean
	}
	seen := 0.0 // squares of the runs' differences, beyond what their noise makes
	for _, v := range values {
		seen += (v - mean) * (v - mean)
	}
	seen = max(0, seen-(k-1)*within/k)
	apart, apartDegrees := allowed, float64(onlyPrior)
	if k > 1 {
		apartDegrees = priorRuns + k - 1
		apart = (priorRuns*allowed + seen) / apartDegrees / k
	}
	e.variance = e.within + apart
	e.df = 1e4
	if parts := e.within*e.within/degrees + apart*apart/apartDegrees; parts > 0 && !math.IsInf(e.variance, 0) {
		e.df = e.variance * e.variance / parts
	}
	half := distuv.StudentsT{Sigma: 1, Nu: max(e.df, 1)}.Quantile(1-(1-Confidence)/2) * math.Sqrt(e.variance)
	e.Value, e.Low, e.High = mean, mean-half, mean+half
	if logarithm {
		e.Value, e.Low, e.High = math.Exp(e.Value), math.Exp(e.Low), math.Exp(e.High)
	}
	return e
}

func enough(runs []Sample, e Estimate) bool { return lacks(runs, e) <= 1 }

func lacks(runs []Sample, e Estimate) float64 {
	if len(runs) == 0 || e.N == 0 {
		return math.Inf(1)
	}
	more := 1.0
	if len(runs) == 1 {
		more = max(more, leastBlocks/e.blocks)
	}
	if q := runs[0].Quantile; q > 0 {
		more = max(more, leastTail/(float64(e.N)*min(q, 1-q)))
	}
	return more
}

// few reports whether a sample is a count of few events over time.
func few(runs []Sample) bool {
	for i := range runs {
		s := &runs[i]
		if s.Given != nil || s.Quantile > 0 || s.Den == nil || sum(s.Num) >= rareCount {
			return false
		}
		for _, v := range s.Num {
			if v != math.Trunc(v) || v < 0 {
				return false
			}
		}
	}
	return len(runs) > 0
}

// rates compares two counts of events: given their sum, the later one is binomial (Przyborowski and Wilenski 1940); the
// interval of its share is that of Clopper and Pearson.
func (d *Difference) rates(before, after *Sample) {
	a, b := sum(before.Num), sum(after.Num)
	n, share := a+b, after.total()/(before.total()+after.total())
	if n == 0 {
		d.setInterval(0, 0, 0)
		d.Relative, d.P = false, 1
		return
	}
	tail := (1 - Confidence) / 2
	low, high := 0.0, 1.0
	if b > 0 {
		low = distuv.Beta{Alpha: b, Beta: a + 1}.Quantile(tail)
	}
	if a > 0 {
		high = distuv.Beta{Alpha: b + 1, Beta: a}.Quantile(1 - tail)
	}
	odds := func(p float64) float64 { return p / (1 - p) * (1 - share) / share }
	binomial := distuv.Binomial{N: n, P: share}
	d.P = min(1, 2*min(binomial.CDF(b), 1-binomial.CDF(b-1)))
	d.Enough = d.Before.N >= 2 && d.After.N >= 2
	if d.Relative {
		d.Change, d.Low, d.High = d.After.Value/d.Before.Value-1, odds(low)-1, odds(high)-1
		d.Half = (math.Log(odds(high)) - math.Log(max(odds(low), 1e-9))) / 2
		d.within = d.Half * d.Half
		return
	}
	d.Change = d.After.Value - d.Before.Value
	// With none on one side only the bound of the other's rate is known.
	most := max(d.Before.Value, d.After.Value)
	d.Half = 2 * most / math.Sqrt(n)
	d.Low, d.High, d.within = d.Change-d.Half, d.Change+d.Half, d.Half*d.Half
}
