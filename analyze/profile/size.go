package profile

import (
	"encoding/binary"
	"fmt"
)

// Decoded cost of one record and of one byte of its body, by field number of
// the Profile message: what google/pprof's structs take, with a margin. A body
// byte may be a location id (8 bytes, then a pointer), a label or a line.
var costs = map[uint64]struct{ record, body int64 }{
	2: {240, 24}, // sample
	3: {200, 2},  // mapping
	4: {160, 24}, // location
	5: {120, 2},  // function
	6: {16, 1},   // string
}

// checkSize walks the top level of a Profile message and adds up what decoding
// would take, so that a small file cannot make a large heap.
func checkSize(data []byte, limit int64) error {
	var total int64
	for at := 0; at < len(data); {
		key, n := binary.Uvarint(data[at:])
		if n <= 0 {
			return fmt.Errorf("%w: bad field at byte %d", ErrNotProfile, at)
		}
		size, err := fieldSize(data[at+n:], key&7)
		if err != nil {
			return fmt.Errorf("%w at byte %d", err, at)
		}
		total += 16
		if c, known := costs[key>>3]; known {
			total += c.record + c.body*int64(size)
		}
		if total > limit {
			return fmt.Errorf("%w: decoding it takes more than %d bytes", ErrTooLarge, limit)
		}
		at += n + size
	}
	return nil
}

// fieldSize returns the length of a field's value, its length prefix included.
func fieldSize(b []byte, wire uint64) (int, error) {
	size := 0
	switch wire {
	case 0:
		_, n := binary.Uvarint(b)
		if n <= 0 {
			return 0, ErrNotProfile
		}
		return n, nil
	case 1:
		size = 8
	case 5:
		size = 4
	case 2:
		length, n := binary.Uvarint(b)
		if n <= 0 {
			return 0, ErrNotProfile
		}
		if length > uint64(len(b)-n) {
			return 0, ErrCut
		}
		return n + int(length), nil
	default:
		return 0, ErrNotProfile
	}
	if size > len(b) {
		return 0, ErrCut
	}
	return size, nil
}
