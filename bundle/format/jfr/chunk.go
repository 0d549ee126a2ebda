package jfr

import (
	"encoding/binary"
	"fmt"
	"iter"
	"maps"
	"slices"
)

// Ids of the events that carry the format itself.
const (
	metadataID   = 0
	checkpointID = 1
)

// Chunk is one chunk of a recording.
type Chunk struct {
	Header
	// Offset is where the chunk starts in the input.
	Offset int64
	// Cut is nil for a chunk that is whole.
	Cut *Cut
	// LostConstants is how many pools could not be read: of an unknown type, broken, or over the limit.
	LostConstants int

	r           *Reader
	data        []byte
	end         int             // of the last complete event
	counts      []int64         // events by type id, for small ids
	far         map[int64]int64 // and for large ones
	metadata    int             // offset of the last event of type 0
	checkpoints []int32         // offsets of the events of type 1
	types       *Types
	pools       *pools
	poolsReady  bool
}

// Cut says that a chunk is not whole.
type Cut struct {
	// Offset is where in the input reading ended: after the last complete event.
	Offset int64
	// Open: the chunk was never closed. The JVM still ran, or died.
	Open bool
	// Lost is how many bytes of the chunk were not read, as far as that is known.
	Lost   int64
	Reason string
}

// StillOpen is the reason of a chunk that ends with a whole event and was not closed.
const StillOpen = "the chunk is still open"

func (c *Cut) String() string {
	return fmt.Sprintf("cut at byte %d: %s", c.Offset, c.Reason)
}

func (c *Chunk) cut(at int, reason string) {
	if c.Cut == nil {
		c.Cut = &Cut{Offset: c.Offset + int64(at), Reason: reason}
	}
}

// denseIDs is how many type ids are counted in a slice; HotSpot's are below 2,000. farIDs bounds the others.
const (
	denseIDs       = 1 << 13
	farIDs         = 1 << 16
	maxCheckpoints = 1 << 20
)

// walk steps through the events: it counts them by type, and notes where metadata and checkpoints are. more, if not nil,
// is asked for data when an event goes beyond it; the chunk then ends at the next header.
func (c *Chunk) walk(more func(int) []byte) {
	if c.counts == nil {
		c.counts, c.far = make([]int64, denseIDs), map[int64]int64{}
	}
	clear(c.counts)
	clear(c.far)
	c.metadata, c.checkpoints = -1, c.checkpoints[:0]
	at := HeaderSize
	for {
		if more != nil && at+HeaderSize > len(c.data) {
			c.data = more(at + HeaderSize)
		}
		if at >= len(c.data) {
			break
		}
		if more != nil && c.data[at] == magic[0] && isHeader(c.data[at:]) {
			break
		}
		size, id, next := c.frame(at)
		if more != nil && next > 0 && at+size > len(c.data) {
			c.data = more(at + size)
		}
		if next < 0 || size < next-at || at+size > len(c.data) {
			if size != 0 && next > 0 && size >= next-at {
				c.cut(at, fmt.Sprintf("an event of %d bytes, %d are left", size, len(c.data)-at))
			} else {
				c.cut(at, "what follows is no event")
			}
			break
		}
		switch {
		case uint64(id) < denseIDs:
			c.counts[id]++
			if id <= checkpointID {
				c.note(id, at)
			}
		case len(c.far) < farIDs || c.far[id] > 0:
			c.far[id]++
		}
		at += size
	}
	c.end = min(at, len(c.data))
	c.data = c.data[:c.end]
}

func (c *Chunk) note(id int64, at int) {
	switch {
	case id == metadataID:
		c.metadata = at
	case len(c.checkpoints) < maxCheckpoints:
		c.checkpoints = append(c.checkpoints, int32(at))
	default:
		c.LostConstants++
	}
}

// frame reads the size and the type of the event at an offset; next is where its fields begin, -1 when it is cut.
func (c *Chunk) frame(at int) (size int, id int64, next int) {
	if !c.Compressed || at+16 > len(c.data) {
		return c.anyFrame(at)
	}
	x := binary.LittleEndian.Uint64(c.data[at:])
	switch { // of one byte, or padded to four
	case x&0x80 == 0:
		size, at, x = int(x&0x7f), at+1, x>>8
	case x&highBits&0xffffffff == 0x808080:
		size, at, x = int(x&0x7f|x>>1&0x3f80|x>>2&0x1fc000|x>>3&0xfe00000), at+4, x>>32
	default:
		return c.anyFrame(at)
	}
	switch {
	case x&0x80 == 0:
		return size, int64(x & 0x7f), at + 1
	case x&0x8000 == 0:
		return size, int64(x&0x7f | x>>1&0x3f80), at + 2
	}
	v, next := longVarint(c.data, at)
	return size, int64(v), next
}

func (c *Chunk) anyFrame(at int) (size int, id int64, next int) {
	if !c.Compressed {
		d := decoder{b: c.data, at: at, raw: true}
		n := d.int32()
		id = d.int64()
		if d.bad {
			return 0, 0, -1
		}
		return int(uint32(n)), id, d.at
	}
	n, at := uvarint(c.data, at)
	if at < 0 {
		return 0, 0, -1
	}
	v, at := uvarint(c.data, at)
	if at < 0 {
		return 0, 0, -1
	}
	return int(uint32(n)), int64(v), at
}

// Types are the types that the chunk's metadata describes; nil when there is no metadata: no event can be read then.
func (c *Chunk) Types() *Types { return c.types }

// TypeByName returns a type, nil when the chunk has none of that name.
func (c *Chunk) TypeByName(name string) *Type {
	if c.types == nil {
		return nil
	}
	return c.types.byName[name]
}

// Count is the number of events of a type.
func (c *Chunk) Count(t *Type) int64 {
	if t == nil {
		return 0
	}
	if uint64(t.ID) < denseIDs {
		return c.counts[t.ID]
	}
	return c.far[t.ID]
}

// The events of the format itself, as the JDK's tools name them; some writers give their ids to other types.
var (
	metadataType   = &Type{ID: metadataID, Name: "jdk.Metadata"}
	checkpointType = &Type{ID: checkpointID, Name: "jdk.Checkpoint"}
)

// Counts gives the number of events of each type id that occurs, those of the format included. The type is nil for an id
// that the metadata lacks.
func (c *Chunk) Counts() iter.Seq2[*Type, int64] {
	return func(yield func(*Type, int64) bool) {
		for id, n := range c.counts {
			t := c.types.ByID(int64(id))
			switch id {
			case metadataID:
				t = metadataType
			case checkpointID:
				t = checkpointType
			}
			if n > 0 && !yield(t, n) {
				return
			}
		}
		for _, id := range slices.Sorted(maps.Keys(c.far)) {
			if !yield(c.types.ByID(id), c.far[id]) {
				return
			}
		}
	}
}

// Bytes is the size of what was read of the chunk.
func (c *Chunk) Bytes() int { return c.end }

// Read calls fn for each event of the selected types, in the order of the file. Of one type only the first selection
// counts; nil ones, of types that the chunk does not have, are ignored. The row is valid during the call. It returns how many events of
// these types are broken.
func (c *Chunk) Read(fn func(*Row), selections ...*Selection) (broken int64) {
	dense := make([]*Row, denseIDs)
	far := map[int64]*Row{}
	any := false
	for _, s := range selections {
		switch {
		case s == nil || c.Count(s.Type) == 0:
			continue
		case uint64(s.Type.ID) >= denseIDs:
			far[s.Type.ID] = newRow(c, s)
		case dense[s.Type.ID] == nil:
			dense[s.Type.ID] = newRow(c, s)
		}
		any = true
	}
	if !any {
		return 0
	}
	for at := HeaderSize; at < c.end; {
		size, id, next := c.frame(at)
		var row *Row
		if uint64(id) < denseIDs {
			row = dense[id]
		} else {
			row = far[id]
		}
		if row != nil {
			if row.load(row.Selection, next, at+size) {
				fn(row)
			} else {
				broken++
			}
		}
		at += size
	}
	return broken
}
