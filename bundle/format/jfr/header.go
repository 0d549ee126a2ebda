package jfr

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// HeaderSize is the size of a chunk's header. A chunk that has no more was opened and not yet written to.
const HeaderSize = 68

const magic = "FLR\x00"

// Errors a caller may decide on.
var (
	// ErrNotJFR means that the input does not begin with a chunk.
	ErrNotJFR = errors.New("not a JFR recording")
	// ErrVersion means a chunk of a format that this package does not read.
	ErrVersion = errors.New("JFR format not supported")
)

// VersionError is a chunk of another version; it is ErrVersion.
type VersionError struct {
	Offset       int64 // in the input
	Major, Minor uint16
}

func (e *VersionError) Error() string {
	hint := ""
	if e.Major < 2 {
		hint = ": recorded by Oracle's JDK 7 or 8 (before 8u262); Java Mission Control opens it"
	}
	return fmt.Sprintf("JFR chunk at byte %d has format %d.%d, only 2.x is read%s", e.Offset, e.Major, e.Minor, hint)
}

// Is makes errors.Is(err, ErrVersion) hold.
func (e *VersionError) Is(target error) bool { return target == ErrVersion }

// Header is the header of a chunk. Offsets are from its start.
type Header struct {
	Major, Minor   uint16
	Size           int64 // as stated; an open chunk has what was flushed
	ConstantPool   int64
	Metadata       int64
	Start          time.Time
	Duration       time.Duration // 0 while the chunk is open
	StartTicks     int64
	TicksPerSecond int64
	State          byte
	Compressed     bool // integers are
	Final          bool // the JVM's last chunk
}

// Finished reports whether the chunk was closed.
func (h *Header) Finished() bool { return h.State == 0 && h.Size >= HeaderSize }

// parseHeader reads the first 68 bytes of b.
func parseHeader(b []byte, offset int64) (Header, error) {
	be := binary.BigEndian
	if string(b[:4]) != magic {
		return Header{}, fmt.Errorf("%w: byte %d holds % x", ErrNotJFR, offset, b[:4])
	}
	h := Header{
		Major: be.Uint16(b[4:]), Minor: be.Uint16(b[6:]),
		Size: int64(be.Uint64(b[8:])), ConstantPool: int64(be.Uint64(b[16:])), Metadata: int64(be.Uint64(b[24:])),
		Start: time.Unix(0, int64(be.Uint64(b[32:]))), Duration: time.Duration(be.Uint64(b[40:])),
		StartTicks: int64(be.Uint64(b[48:])), TicksPerSecond: int64(be.Uint64(b[56:])),
		State: b[64], Compressed: b[67]&1 != 0, Final: b[67]&2 != 0,
	}
	if h.Major != 2 {
		return h, &VersionError{offset, h.Major, h.Minor}
	}
	if h.TicksPerSecond <= 0 || h.TicksPerSecond > 1e11 {
		h.TicksPerSecond = 1e9
	}
	return h, nil
}

// isHeader tells a header from an event that happens to begin alike.
func isHeader(b []byte) bool {
	if len(b) < HeaderSize || string(b[:4]) != magic {
		return false
	}
	const latest = int64(4e18) // the year 2096, in nanoseconds since 1970
	be := binary.BigEndian
	start := int64(be.Uint64(b[32:]))
	return be.Uint16(b[4:]) <= 2 && be.Uint16(b[6:]) <= 9 && int64(be.Uint64(b[8:])) >= 0 && start >= 0 && start < latest && int64(be.Uint64(b[56:])) > 0
}

// ticks converts a number of ticks.
func (h *Header) ticks(n int64) time.Duration {
	const longest = int64(100*365*24) * int64(time.Hour) // what is longer is broken
	tps := h.TicksPerSecond
	if tps == 1e9 {
		return time.Duration(min(max(n, -longest), longest))
	}
	whole := min(max(n/tps, -longest/1e9), longest/1e9)
	return time.Duration(whole*1e9 + int64(float64(n%tps)*1e9/float64(tps)))
}

// time converts a stamp in ticks.
func (h *Header) time(stamp int64) time.Time { return h.Start.Add(h.ticks(stamp - h.StartTicks)) }
