package database

import "time"

// onePercent is the part of a backend's time that all looks at a server may take together.
const onePercent = 0.01

// share is the time that one node's looks may take.
type share struct {
	part     float64
	start    time.Time
	interval time.Duration // between two looks
	sharers  int           // nodes that look at the same server
	spent    time.Duration
	last     time.Duration // of the look before
}

// admits reports whether one more look at a time, as dear as the one before, stays within the share. The first is
// always admitted: what it costs is not known before.
func (s *share) admits(at time.Time) bool {
	if s.last == 0 {
		return true
	}
	elapsed := at.Sub(s.start) + s.interval
	return float64(s.spent+s.last) <= s.part*float64(elapsed)/float64(max(1, s.sharers))
}

// took counts a look.
func (s *share) took(d time.Duration) {
	s.spent += d
	s.last = d
}
