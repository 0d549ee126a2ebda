package budget

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/metrics"
	"sync"
)

// Room counts what is read of one input. Its readers, and those of its parts, may be used side by side.
type Room struct {
	ctx    context.Context
	mu     *sync.Mutex // one of the whole
	whole  *Room       // of what this is a part, or nil
	limits Limits
	packed int64 // bytes of the input; while it is a stream, those read so far
	out    int64 // bytes that came out of it
	looked int64 // value of out at the last look at the memory
	live   []metrics.Sample
	over   *Over
}

// NewRoom makes the room for one reading of an input; packed is its size in
// bytes, 0 for a stream, which is then read through [Room.Source].
func NewRoom(ctx context.Context, packed int64) *Room {
	return &Room{ctx: ctx, mu: &sync.Mutex{}, limits: From(ctx), packed: packed, live: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}}
}

// Part makes the room for one packed file within the input. It counts for the
// whole too; a file that is over its budget costs only itself.
func (m *Room) Part(packed int64) *Room {
	part := NewRoom(m.ctx, packed)
	part.whole, part.mu = m, m.mu
	return part
}

// Source counts the bytes of a stream as they come.
func (m *Room) Source(r io.Reader) io.Reader { return &source{m, r} }

type source struct {
	room *Room
	r    io.Reader
}

func (s *source) Read(p []byte) (int, error) {
	if err := s.room.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := s.r.Read(p)
	s.room.mu.Lock()
	s.room.packed += int64(n)
	s.room.mu.Unlock()
	return n, err
}

// Reader passes on what r gives as long as there is room. Its errors are those of
// r, of the context, and [*Over].
func (m *Room) Reader(r io.Reader) io.Reader { return &reader{m, r} }

type reader struct {
	room *Room
	r    io.Reader
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.room.allowed(); err != nil {
		return 0, err
	}
	n, err := r.r.Read(p)
	r.room.count(int64(n))
	return n, err
}

// lookEvery is how many bytes are read between two looks at the memory.
const lookEvery = 1 << 20

func (m *Room) count(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for ; m != nil; m = m.whole {
		m.out += n
	}
}

func (m *Room) allowed() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.check()
}

// check reports what forbids to read on.
func (m *Room) check() error {
	if err := m.ctx.Err(); err != nil {
		return err
	}
	if m.over == nil {
		if most, what := m.most(); most >= 0 && m.out > most {
			m.over = &Over{What: "more than " + what, Flag: "--max-unpacked"}
		} else if m.out-m.looked > lookEvery {
			m.looked = m.out
			m.lookAtMemory()
		}
	}
	if m.over != nil {
		return m.over
	}
	if m.whole != nil {
		return m.whole.check()
	}
	return nil
}

func (m *Room) most() (bytes int64, what string) {
	switch {
	case m.limits.Unpacked != 0:
		return m.limits.Unpacked, Size(m.limits.Unpacked) + " unpacked"
	case m.packed*MaxRatio >= MaxUnpacked:
		return MaxUnpacked, Size(MaxUnpacked) + " unpacked"
	case m.packed*MaxRatio <= FreeUnpacked:
		return FreeUnpacked, fmt.Sprintf("%s unpacked, from %s", Size(FreeUnpacked), Size(m.packed))
	}
	return m.packed * MaxRatio, fmt.Sprintf("%s unpacked, %d times its size", Size(m.packed*MaxRatio), MaxRatio)
}

func (m *Room) lookAtMemory() {
	if m.limits.Memory <= 0 {
		return
	}
	inUse := m.liveBytes()
	if inUse > m.limits.Memory { // as of the last collection: what was in use then may be garbage by now
		runtime.GC()
		inUse = m.liveBytes()
	}
	if inUse > m.limits.Memory {
		m.over = &Over{What: fmt.Sprintf("what is known so far takes %s of memory", Size(inUse)), Flag: "--max-memory"}
	}
}

func (m *Room) liveBytes() int64 {
	metrics.Read(m.live)
	return int64(m.live[0].Value.Uint64())
}

// Size prints bytes for people, "337 kB".
func Size(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GB", n>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MB", n>>20)
	case n >= 10<<10:
		return fmt.Sprintf("%d kB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
