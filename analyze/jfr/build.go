package jfr

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"casefile/bundle/format/budget"
	format "casefile/bundle/format/jfr"
)

// Limits bound what is kept. Zero fields take the defaults.
type Limits struct {
	Chunk       format.Limits
	Samples     int // distinct ones; default 1<<18
	Stacks      int // distinct ones; default 1<<16
	Frames      int // in all stacks; default 4 million
	Functions   int // distinct ones; default 1<<17
	Chunks      int // of all files; default 20,000
	StackDepth  int // frames of one stack; default 2048
	Threads     int // default 1<<16
	Texts       int // distinct ones; default 1<<17
	Collections int // and each other kind of event that is kept as it is; default 1<<17
}

func (l Limits) withDefaults() Limits {
	for _, d := range []struct {
		v   *int
		def int
	}{{&l.Samples, 1 << 18}, {&l.Stacks, 1 << 16}, {&l.Frames, 4 << 20}, {&l.Functions, 1 << 17}, {&l.Chunks, 20_000}, {&l.StackDepth, 2048}, {&l.Threads, 1 << 16}, {&l.Texts, 1 << 17}, {&l.Collections, 1 << 17}} {
		if *d.v <= 0 {
			*d.v = d.def
		}
	}
	return l
}

// Read makes a recording of one file. A recording that is cut is read up to the cut and is no error; see Recording.Truncated.
func Read(r io.Reader, source string, lim Limits) (*Recording, error) {
	b := NewBuilder(source, lim)
	err := b.Add(r)
	return b.Recording(), err
}

// Builder makes a recording of one or more files.
type Builder struct {
	rec *Recording
	lim Limits
	*symbols
	samples sampleIndex
	recent  recents
	allocs  []allocation
	system  systemState
	gc      gcState
	known   map[chunkID]bool // chunks of the files before
	chunks  int              // read, known ones too
	only    []string         // types of events to read; nil: all
}

// chunkID tells a chunk from others of its machine.
type chunkID struct{ nanos, ticks int64 }

// NewBuilder starts a recording without events.
func NewBuilder(source string, lim Limits) *Builder {
	lim = lim.withDefaults()
	rec := &Recording{Source: source, Events: map[string]int64{}, Lost: map[string]int64{}}
	return &Builder{rec: rec, lim: lim, symbols: newSymbols(rec, lim), gc: newGCState(), known: map[chunkID]bool{}}
}

// Recording ends the building.
func (b *Builder) Recording() *Recording {
	b.finishGC()
	b.finishSystem()
	b.estimateAllocs()
	return b.rec
}

// Add reads a file: one chunk or more after each other. What was read before an error is kept. format.ErrNotJFR and format.ErrVersion
// are errors a caller may decide on. A chunk that a file before had is passed over: a dump and a copy of the repository may
// have it both.
func (b *Builder) Add(r io.Reader) error {
	in := format.NewReader(r, b.lim.Chunk)
	here := map[chunkID]bool{}
	defer func() { maps.Copy(b.known, here) }()
	for {
		c, err := in.Next()
		if err != nil {
			if in.Skipped > 0 {
				b.cut(fmt.Sprintf("%d bytes belong to no chunk", in.Skipped))
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if b.chunks >= b.lim.Chunks {
			return &budget.Over{What: fmt.Sprintf("more than %d chunks", b.lim.Chunks)}
		}
		b.chunks++
		id := chunkID{c.Start.UnixNano(), c.StartTicks}
		if here[id] = true; !b.known[id] {
			b.chunk(c)
		}
	}
}

func (b *Builder) cut(what string) {
	const keep = 8
	b.rec.Truncated = true
	if len(b.rec.Cuts) < keep {
		b.rec.Cuts = append(b.rec.Cuts, what)
	}
}

func (b *Builder) chunk(c *format.Chunk) {
	r := b.rec
	if c.Cut != nil {
		if r.Truncated = true; c.Cut.Reason != format.StillOpen {
			b.cut(c.Cut.String())
		}
		if c.Bytes() <= format.HeaderSize {
			return // just opened
		}
	}
	r.Chunks++
	for t, n := range c.Counts() {
		if t != nil {
			r.Events[t.Name] += n
		} else {
			r.Unknown += n
		}
	}
	b.cover(c)
	b.symbols.begin(c)
	on := b.handlers(c)
	selections := make([]*format.Selection, 0, len(on))
	for i, h := range on {
		h.sel.Tag = i
		selections = append(selections, h.sel)
	}
	r.Broken += c.Read(func(row *format.Row) { on[row.Selection.Tag].fn(row) }, selections...)
	b.lose("constants", int64(c.LostConstants))
}

// cover widens the time that the recording covers.
func (b *Builder) cover(c *format.Chunk) {
	r := b.rec
	end := c.Start.Add(c.Duration)
	if r.Start.IsZero() || c.Start.Before(r.Start) {
		r.Start = c.Start
	}
	if end.After(r.End) {
		r.End = end
	}
	const longest = 100 * 365 * 24 * time.Hour
	if c.Duration > 0 && c.Duration < longest {
		r.Covered += c.Duration
	}
}

func (b *Builder) lose(what string, n int64) {
	if n > 0 {
		b.rec.Lost[what] += n
	}
}

// handler reads the events of one type.
type handler struct {
	sel *format.Selection
	fn  func(*format.Row)
}

// handlers makes all handlers for a chunk.
func (b *Builder) handlers(c *format.Chunk) []handler {
	on := make([]handler, 0, len(sampled)+len(plain))
	for i := range sampled {
		s := &sampled[i]
		if t := c.TypeByName(s.event); b.reads(s.event) && c.Count(t) > 0 {
			on = append(on, b.sampleHandler(s, t))
		}
	}
	for _, p := range plain {
		if t := c.TypeByName(p.event); b.reads(p.event) && c.Count(t) > 0 {
			on = append(on, handler{t.Select(p.fields...), func(row *format.Row) { p.read(b, row) }})
		}
	}
	return on
}

func (b *Builder) reads(event string) bool { return b.only == nil || slices.Contains(b.only, event) }

// plain names the events that are read one by one, and the fields that read finds at their places.
var plain = append(append([]plainEvent{}, gcEvents...), systemEvents...)

type plainEvent struct {
	event  string
	fields []string
	read   func(*Builder, *format.Row)
}
