package gc

import "time"

// Series is a bounded record of a value over time. When it is full, neighbouring points are joined: the time is that of
// the later, the value their mean, each weighted by what it counts for.
type Series struct {
	Points []Point
	limit  int
	each   uint32 // readings per point
	open   uint32 // readings in the last point
}

// Point is a value up to a time.
type Point struct {
	Time  time.Duration
	Value float64
	// Weight is what the value counts for: of a rate the seconds that it is over, else the readings it is of.
	Weight float64
}

// fine is the time under which rates are joined, in seconds: stamps are of milliseconds, so what stands between two
// collections that follow each other at once is no rate.
const fine = 0.1

// Add appends a reading.
func (s *Series) Add(at time.Duration, v float64) { s.add(Point{at, v, 1}, 0) }

// AddRate appends an amount that came in the time before a moment.
func (s *Series) AddRate(at time.Duration, amount float64, over time.Duration) {
	s.add(Point{at, amount / over.Seconds(), over.Seconds()}, fine)
}

func (s *Series) add(next Point, least float64) {
	if s.limit == 0 {
		s.limit = DefaultLimits().Points
	}
	s.each = max(s.each, 1)
	if n := len(s.Points); n > 0 {
		last := &s.Points[n-1]
		switch {
		case s.open < s.each:
			s.open++
			*last = last.joined(next)
			return
		case last.Weight < least:
			*last = last.joined(next)
			return
		}
	}
	if len(s.Points) >= s.limit {
		s.halve()
	}
	s.Points = append(s.Points, next)
	s.open = 1
}

// joined is the point with the one after it.
func (p Point) joined(next Point) Point {
	weight := p.Weight + next.Weight
	if weight > 0 {
		p.Value += (next.Value - p.Value) * next.Weight / weight
	}
	return Point{next.Time, p.Value, weight}
}

func (s *Series) halve() {
	half := 0
	for i := 0; i < len(s.Points); i += 2 {
		s.Points[half] = s.Points[i]
		if i+1 < len(s.Points) {
			s.Points[half] = s.Points[i].joined(s.Points[i+1])
		}
		half++
	}
	s.Points = s.Points[:half]
	s.each *= 2
}

// append takes the points of a later series; when there are too many, neighbours are joined.
func (s *Series) append(o *Series, limit int) {
	s.limit = limit
	s.each = max(s.each, o.each, 1)
	s.Points = append(s.Points, o.Points...)
	for len(s.Points) > max(limit, 1) {
		s.halve()
	}
	s.open = s.each
}
