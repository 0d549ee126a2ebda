package hsperf

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrLayout means that the file no longer has the shape that was parsed: the JVM
// added counters, or another JVM took the name. Parse again.
var ErrLayout = errors.New("hsperfdata has another layout now")

// Layout reads the int64 values of later copies of a file that was parsed once.
// It is safe for concurrent use.
type Layout struct {
	names    []string
	offsets  []int
	order    binary.ByteOrder
	prologue [prologueSize]byte
	used     int
}

// Layout remembers where the int64 values are. With names, those in their order,
// and an error for one that is missing or a text; without, all of them in file order.
func (s *Snapshot) Layout(names ...string) (*Layout, error) {
	l := &Layout{order: s.Order, used: s.Used, prologue: s.prologue}
	if len(names) == 0 {
		for e := range s.All() {
			if e.IsInt() {
				l.names, l.offsets = append(l.names, e.Name), append(l.offsets, e.Offset)
			}
		}
		return l, nil
	}
	for _, name := range names {
		e, ok := s.Lookup(name)
		if !ok || !e.IsInt() {
			return nil, fmt.Errorf("hsperfdata: no number named %q", name)
		}
		l.names, l.offsets = append(l.names, name), append(l.offsets, e.Offset)
	}
	return l, nil
}

// Len is the number of values that Read stores.
func (l *Layout) Len() int { return len(l.names) }

// Name returns the name of value i.
func (l *Layout) Name(i int) string { return l.names[i] }

// Read stores the values of b, a fresh copy of the file, in dst, which must have
// room for Len of them. It allocates nothing. ErrLayout: b has another shape, dst is untouched.
func (l *Layout) Read(b []byte, dst []int64) error {
	if len(dst) < len(l.offsets) {
		return fmt.Errorf("hsperfdata: room for %d values, want %d", len(dst), len(l.offsets))
	}
	if len(b) < l.used {
		return fmt.Errorf("%w: %d bytes, want at least %d", ErrLayout, len(b), l.used)
	}
	for i, want := range l.prologue {
		if b[i] != want && i != accessibleAt {
			return fmt.Errorf("%w: prologue differs at offset %d", ErrLayout, i)
		}
	}
	for i, at := range l.offsets {
		dst[i] = int64(l.order.Uint64(b[at:]))
	}
	return nil
}
