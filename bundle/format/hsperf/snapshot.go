package hsperf

import (
	"encoding/binary"
	"iter"
)

// Units says what a number counts.
type Units byte

// The units that HotSpot uses (PerfData::Units).
const (
	UnitNone   Units = 1
	UnitBytes  Units = 2
	UnitTicks  Units = 3 // divide by sun.os.hrt.frequency for seconds
	UnitEvents Units = 4
	UnitString Units = 5
	UnitHertz  Units = 6
)

var unitNames = [...]string{1: "none", 2: "bytes", 3: "ticks", 4: "events", 5: "string", 6: "hertz"}

func (u Units) String() string {
	if int(u) < len(unitNames) && unitNames[u] != "" {
		return unitNames[u]
	}
	return "unknown"
}

// Variability says how a value may change.
type Variability byte

// The variabilities that HotSpot uses (PerfData::Variability).
const (
	Constant  Variability = 1
	Monotonic Variability = 2
	Variable  Variability = 3
)

var variabilityNames = [...]string{1: "constant", 2: "monotonic", 3: "variable"}

func (v Variability) String() string {
	if int(v) < len(variabilityNames) && variabilityNames[v] != "" {
		return variabilityNames[v]
	}
	return "unknown"
}

// Entry is one counter.
type Entry struct {
	Name        string
	Type        byte // field descriptor: 'J' or 'B'; others have no value here
	Flags       byte
	Units       Units
	Variability Variability
	Offset      int // of the data, in bytes from the start of the file
	VectorLen   int // bytes reserved for a text, its NUL included; 0 for a number
	Int         int64
	Str         string // up to the first NUL
	IsString    bool
}

// IsInt reports whether the entry is a single int64.
func (e *Entry) IsInt() bool { return e.Type == 'J' && e.VectorLen == 0 }

// Snapshot is the content of one hsperfdata file.
type Snapshot struct {
	Order      binary.ByteOrder
	Major      byte
	Minor      byte
	Accessible bool  // false while the JVM is starting: counters may be missing
	Used       int   // bytes
	Overflow   int   // bytes of counters that found no room (-XX:PerfDataMemorySize)
	ModTime    int64 // ticks; moves when a counter is added
	Entries    []Entry

	prologue    [prologueSize]byte
	entryOffset int
	count       int
	index       map[string]int
}

// Lookup finds an entry by its name.
func (s *Snapshot) Lookup(name string) (*Entry, bool) {
	i, ok := s.index[name]
	if !ok {
		return nil, false
	}
	return &s.Entries[i], true
}

// Int returns the number of that name; false when there is none or it is a text.
func (s *Snapshot) Int(name string) (int64, bool) {
	if e, ok := s.Lookup(name); ok && e.IsInt() {
		return e.Int, true
	}
	return 0, false
}

// Str returns the text of that name; false when there is none or it is a number.
func (s *Snapshot) Str(name string) (string, bool) {
	if e, ok := s.Lookup(name); ok && e.IsString {
		return e.Str, true
	}
	return "", false
}

// All yields the entries in file order.
func (s *Snapshot) All() iter.Seq[*Entry] {
	return s.where(func(*Entry) bool { return true })
}

// Strings yields the texts in file order. Bytes Offset to Offset+VectorLen of
// the file are theirs alone: writing there changes nothing else.
func (s *Snapshot) Strings() iter.Seq[*Entry] {
	return s.where(func(e *Entry) bool { return e.IsString })
}

func (s *Snapshot) where(keep func(*Entry) bool) iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		for i := range s.Entries {
			if keep(&s.Entries[i]) && !yield(&s.Entries[i]) {
				return
			}
		}
	}
}
