package compare

import (
	"slices"
	"time"

	"casefile/analyze/compare/stats"
	"casefile/analyze/say"
)

// Role is what a measure is to a request.
type Role string

const (
	LoadRole Role = "load"    // how much is asked of the service
	Outcome  Role = "outcome" // what its users feel
	Cause    Role = "cause"   // where the time of requests goes
	Resource Role = "resource"
	Machine  Role = "machine"
)

// Direction is which way a measure is better.
type Direction string

const (
	Lower   Direction = "lower"
	Higher  Direction = "higher"
	Neither Direction = "neither"
)

// Unit of a measure, with how its values are written.
type Unit string

// The units.
const (
	Share       Unit = "1"
	Seconds     Unit = "s"
	Bytes       Unit = "bytes"
	BytesPerSec Unit = "bytes/s"
	PerSecond   Unit = "1/s"
	CPUs        Unit = "CPUs"
	Count       Unit = "1 (count)"
	SecondsPer  Unit = "s/request"
	BytesPer    Unit = "bytes/request"
	SecondsMB   Unit = "s/MB"
)

// Text writes a value.
func (u Unit) Text(v float64) string {
	took := func(v float64) string { return say.Took(time.Duration(v * float64(time.Second))) }
	switch u {
	case Share:
		return say.Percent(v)
	case Seconds:
		return took(v)
	case Bytes:
		return say.Bytes(v)
	case BytesPerSec:
		return say.Bytes(v) + "/s"
	case PerSecond:
		return say.Number(v) + "/s"
	case CPUs:
		return say.Number(v) + " CPUs"
	case SecondsPer:
		return took(v) + " a request"
	case BytesPer:
		return say.Bytes(v) + " a request"
	case SecondsMB:
		return took(v) + " a MB allocated"
	}
	return say.Number(v)
}

// Measure is a row of the table of measures.
type Measure struct {
	Name  string
	Title string
	Unit  Unit
	Best  Direction
	Role  Role
	// Source is the evidence, Sampled how it becomes a sample.
	Source, Sampled string
	// PerWork: counted by request, or by MB allocated, so that it can be judged where load differs.
	PerWork bool
	// Grows with load: where load differs, only a move against the load is judged.
	Grows bool
	// Least is the smallest difference that is worth a word, in Unit; smaller values are as good as none.
	Least float64
	// Between is how much it differs between runs of one program, as a share.
	Between float64

	ofPauses bool // the number or the length of pauses, which make up the time in them

	read func(*subject) (stats.Sample, bool)
	// weight is the part of a request's time that it stands for; nil: all of it for outcomes, else nothing.
	weight func(*Pair) float64
}

// betweenRuns is how much a measure is taken to differ between two runs of one program where there is one run a side:
// own judgement, of which docs/compare.md says more.
const (
	betweenMeans = 0.02
	betweenTails = 0.05
	betweenRare  = 0.3 // of what depends on chance meetings: a loop and a safepoint
)

// Measures are all measures: of processes, then of machines.
func Measures() []Measure {
	return slices.Concat(requestMeasures, processMeasures, collectionMeasures, waitMeasures, machineMeasures)
}

// Reading is one measure of one pair.
type Reading struct {
	Measure
	Pair *Pair
	stats.Difference
	// Class is the class of URLs, the kind of pause, the disk; empty: all.
	Class string
	// Adjusted is P, corrected for how many measures were compared.
	Adjusted float64
	Status   Status
	// Effect is by which part of a request's time it changed, about; more is worse.
	Effect float64
	// Goes is which way the measure moved; empty: not at all, or no way is better.
	Goes Way
	// Needs is what it would take to tell, where the status is CannotTell.
	Needs string

	part          float64 // of a request's time that the measure stands for
	before, after []stats.Sample
}

// Samples are the values of both sides, for charts.
func (r *Reading) Samples() (before, after []stats.Sample) { return r.before, r.after }

// Where names what the reading is of.
func (r *Reading) Where() string {
	if r.Class != "" {
		return r.Class + " of " + r.Pair.Where()
	}
	return r.Pair.Where()
}

// Way is where a measure moved.
type Way string

const (
	Worse  Way = "worse"
	Better Way = "better"
)

// Status is what can be said of a reading.
type Status string

const (
	Changed    Status = "changed"
	Unchanged  Status = "unchanged"
	CannotTell Status = "cannot-tell"
	// OfLoad: the load differs, and what the measure shows may be the load's.
	OfLoad Status = "different-load"
)

// read takes all measures of a pair that both sides have.
func (p *Pair) read() {
	p.sampledKinds()
	for _, m := range Measures() {
		if (m.Role == Machine) != (p.Subject == "") {
			continue
		}
		p.take(m, "", m.read)
	}
	for _, part := range parts {
		if (part.measure.Role == Machine) == (p.Subject == "") {
			p.takeParts(part)
		}
	}
}

// take reads one measure of both sides.
func (p *Pair) take(m Measure, class string, read func(*subject) (stats.Sample, bool)) {
	before, after := samplesOf(p.before, read), samplesOf(p.after, read)
	switch {
	case len(before) > 0 && len(after) > 0:
		p.readings = append(p.readings, &Reading{Measure: m, Pair: p, Class: class, before: before, after: after})
	case class == "" && len(before) > 0:
		p.oneSided = append(p.oneSided, m.Title+" of "+p.Where()+": only before")
	case class == "" && len(after) > 0:
		p.oneSided = append(p.oneSided, m.Title+" of "+p.Where()+": only after")
	}
}

func samplesOf(list []*subject, read func(*subject) (stats.Sample, bool)) (out []stats.Sample) {
	for _, s := range list {
		if sample, ok := read(s); ok && sample.Value() == sample.Value() {
			out = append(out, sample)
		}
	}
	return out
}

// part is a measure of each of several things that a subject has: classes of URLs, kinds of pauses, disks.
type partMeasure struct {
	measure Measure
	classes func(*subject) []string // those that count most first
	read    func(s *subject, class string) (stats.Sample, bool)
}

// mostParts bounds the things of one kind.
const mostParts = 8

func (p *Pair) takeParts(part partMeasure) {
	var classes []string
	for _, s := range slices.Concat(p.after, p.before) {
		for _, c := range part.classes(s) {
			if !slices.Contains(classes, c) && len(classes) < mostParts {
				classes = append(classes, c)
			}
		}
	}
	for _, c := range classes {
		p.take(part.measure, c, func(s *subject) (stats.Sample, bool) { return part.read(s, c) })
	}
}

// reading finds a measure of the pair; nil: it has none.
func (p *Pair) reading(name string) *Reading {
	for _, r := range p.readings {
		if r.Name == name && r.Class == "" {
			return r
		}
	}
	return nil
}
