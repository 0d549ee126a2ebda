package gc

import "time"

// Series is a bounded record of a value over time. When it is full, neighbouring points are joined: the time is that of
// the later, the value their mean, weighted by how many readings each stands for.
type Series struct {
	Points []Point
	limit  int
	each   uint32 // readings per point
	open   uint32 // readings in the last point
}

// Point is a value at a time.
type Point struct {
	Time  time.Duration
	Value float64
}

// Add appends a reading.
func (s *Series) Add(at time.Duration, v float64) {
	if s.limit == 0 {
		s.limit = DefaultLimits().Points
	}
	s.each = max(s.each, 1)
	if n := len(s.Points); n > 0 && s.open < s.each {
		p := &s.Points[n-1]
		p.Value += (v - p.Value) / float64(s.open+1)
		p.Time = at
		s.open++
		return
	}
	if len(s.Points) >= s.limit {
		s.halve()
	}
	s.Points = append(s.Points, Point{at, v})
	s.open = 1
}

func (s *Series) halve() {
	half := len(s.Points) / 2
	for i := range half {
		a, b := s.Points[2*i], s.Points[2*i+1]
		s.Points[i] = Point{b.Time, (a.Value + b.Value) / 2}
	}
	s.Points = s.Points[:half]
	s.each *= 2
}

// append takes the points of a later series; when there are too many, neighbours are joined.
func (s *Series) append(o *Series, limit int) {
	s.limit = limit
	s.each = max(s.each, o.each, 1)
	s.Points = append(s.Points, o.Points...)
	for len(s.Points) > limit {
		s.halve()
	}
	s.open = s.each
}
