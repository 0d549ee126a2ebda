package hsperf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// MaxSize is the largest file that is read, in bytes. HotSpot's default is 32 KiB
// (-XX:PerfDataMemorySize); 16 MiB is far beyond any setting in use.
const MaxSize = 16 << 20

const (
	magic        = 0xcafec0c0
	prologueSize = 32
	entrySize    = 20
	accessibleAt = 7
	majorVersion = 2
)

// ErrFormat is wrapped by every complaint about the content.
var ErrFormat = errors.New("not readable as hsperfdata")

// FormatError says what is wrong and where.
type FormatError struct {
	Offset int // bytes from the start of the file
	Reason string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("hsperfdata: offset %d: %s", e.Offset, e.Reason)
}

// Unwrap makes errors.Is(err, ErrFormat) true.
func (e *FormatError) Unwrap() error { return ErrFormat }

func bad(offset int, format string, args ...any) error {
	return &FormatError{Offset: offset, Reason: fmt.Sprintf(format, args...)}
}

// Parse reads a whole file. On damage behind the prologue it returns the entries
// before the damage together with the error; both may be non-nil.
// The snapshot does not refer to b afterwards.
func Parse(b []byte) (*Snapshot, error) {
	s, err := parsePrologue(b)
	if err != nil {
		return nil, err
	}
	// count comes from the file; the room it claims to need must exist.
	if room := (s.Used - s.entryOffset) / entrySize; s.count > room {
		err = bad(28, "%d entries do not fit into %d bytes", s.count, s.Used-s.entryOffset)
		s.count = room
	}
	s.Entries = make([]Entry, 0, s.count)
	s.index = make(map[string]int, s.count)
	at := s.entryOffset
	for range s.count {
		e, next, entryErr := parseEntry(b[:s.Used], at, s.Order)
		if entryErr != nil {
			return s, entryErr
		}
		if _, twice := s.index[e.Name]; !twice {
			s.index[e.Name] = len(s.Entries)
		}
		s.Entries = append(s.Entries, e)
		at = next
	}
	return s, err
}

func parsePrologue(b []byte) (*Snapshot, error) {
	if len(b) > MaxSize {
		return nil, bad(0, "%d bytes, more than the limit of %d", len(b), MaxSize)
	}
	if len(b) < prologueSize {
		return nil, bad(len(b), "ends inside the prologue of %d bytes", prologueSize)
	}
	if m := binary.BigEndian.Uint32(b); m != magic {
		return nil, bad(0, "magic %08x, want %08x", m, uint32(magic))
	}
	s := &Snapshot{Major: b[5], Minor: b[6], Accessible: b[accessibleAt] != 0, prologue: [prologueSize]byte(b)}
	switch b[4] {
	case 0:
		s.Order = binary.BigEndian
	case 1:
		s.Order = binary.LittleEndian
	default:
		return nil, bad(4, "byte order %d, want 0 or 1", b[4])
	}
	if s.Major != majorVersion {
		return nil, bad(5, "version %d.%d, only %d is known", s.Major, s.Minor, majorVersion)
	}
	s.Used = int(int32(s.Order.Uint32(b[8:])))
	s.Overflow = int(int32(s.Order.Uint32(b[12:])))
	s.ModTime = int64(s.Order.Uint64(b[16:]))
	s.entryOffset = int(int32(s.Order.Uint32(b[24:])))
	s.count = int(int32(s.Order.Uint32(b[28:])))
	switch {
	case s.Used < prologueSize || s.Used > len(b):
		return nil, bad(8, "%d bytes in use, the file has %d", s.Used, len(b))
	case s.Overflow < 0:
		return nil, bad(12, "overflow is negative: %d", s.Overflow)
	case s.entryOffset < prologueSize || s.entryOffset > s.Used:
		return nil, bad(24, "first entry at %d, outside %d to %d", s.entryOffset, prologueSize, s.Used)
	case s.count < 0:
		return nil, bad(28, "number of entries is negative: %d", s.count)
	}
	return s, nil
}

// parseEntry reads the entry at offset at and returns the offset of the next.
// All sums are of int32 values in int: on 32-bit systems they are checked before adding.
func parseEntry(b []byte, at int, order binary.ByteOrder) (Entry, int, error) {
	if len(b)-at < entrySize {
		return Entry{}, 0, bad(at, "ends inside an entry's head")
	}
	raw := b[at:]
	field := func(i int) int { return int(int32(order.Uint32(raw[i:]))) }
	length, name, vector, data := field(0), field(4), field(8), field(16)
	if length < entrySize || length > len(raw) {
		return Entry{}, 0, bad(at, "entry of %d bytes, %d are left", length, len(raw))
	}
	raw = raw[:length]
	if name < entrySize || name >= length {
		return Entry{}, 0, bad(at+4, "name at %d, the entry has %d bytes", name, length)
	}
	nameLen := bytes.IndexByte(raw[name:], 0)
	if nameLen < 0 {
		return Entry{}, 0, bad(at+name, "name without an end")
	}
	e := Entry{
		Name: string(raw[name : name+nameLen]), Type: raw[12], Flags: raw[13],
		Units: Units(raw[14]), Variability: Variability(raw[15]),
		Offset: at + data, VectorLen: vector,
	}
	if data < entrySize || data > length {
		return Entry{}, 0, bad(at+16, "%s: data at %d, the entry has %d bytes", e.Name, data, length)
	}
	if name <= data && data <= name+nameLen {
		return Entry{}, 0, bad(at+16, "%s: data at %d lies in the name", e.Name, data)
	}
	room := length - data
	switch {
	case vector < 0:
		return Entry{}, 0, bad(at+8, "%s: vector length is negative: %d", e.Name, vector)
	case e.IsInt():
		if room < 8 {
			return Entry{}, 0, bad(e.Offset, "%s: %d bytes for an int64", e.Name, room)
		}
		e.Int = int64(order.Uint64(raw[data:]))
	case e.Type == 'B' && vector > 0:
		if vector > room {
			return Entry{}, 0, bad(e.Offset, "%s: text of %d bytes, %d are left", e.Name, vector, room)
		}
		if data < name && data+vector > name {
			return Entry{}, 0, bad(e.Offset, "%s: text of %d bytes runs into the name", e.Name, vector)
		}
		text := raw[data : data+vector]
		if end := bytes.IndexByte(text, 0); end >= 0 {
			text = text[:end]
		}
		e.Str, e.IsString = string(text), true
	}
	return e, at + length, nil
}
