package jfr

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// FuzzChunks reads anything as chunks: every event of every type, every constant that is referred to. Whatever comes, it ends, without a panic,
// with a typed error, and counts no more events than there is room for.
func FuzzChunks(f *testing.F) {
	for _, raw := range []bool{false, true} {
		f.Add(sampleChunk(raw))
		f.Add(append(sampleChunk(raw), sampleChunk(raw)...))
	}
	f.Add(sampleChunk(false)[:HeaderSize])
	f.Add(sampleChunk(false)[:200])
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReader(bytes.NewReader(b), Limits{ChunkBytes: 1 << 20, Constants: 1 << 12})
		for {
			c, err := r.Next()
			if err != nil {
				if !errors.Is(err, io.EOF) && !errors.Is(err, ErrNotJFR) && !errors.Is(err, ErrVersion) {
					t.Fatalf("untyped error %v", err)
				}
				return
			}
			exercise(t, c)
		}
	})
}

// exercise reads all that a chunk has.
func exercise(t *testing.T, c *Chunk) {
	var events int64
	for _, n := range c.Counts() {
		events += n
	}
	if events > int64(c.Bytes()/2) {
		t.Fatalf("%d events in %d bytes", events, c.Bytes())
	}
	var all []*Selection
	for typ := range c.Types().All() {
		var names []string
		for _, f := range typ.Fields {
			names = append(names, f.Name)
			if f.Type != nil && !f.Constant && !f.Array {
				for _, g := range f.Type.Fields {
					names = append(names, f.Name+"."+g.Name)
				}
			}
		}
		if s := typ.Select(names...); c.Count(typ) > 0 {
			all = append(all, s)
		}
	}
	var inner Row
	read := int64(0)
	c.Read(func(row *Row) {
		const enough = 10_000
		if read++; read > enough {
			return
		}
		for i := range row.Selection.names {
			_, _, _, _ = row.Int(i), row.Float(i), row.Time(i), row.Duration(i)
			_, _, _ = row.Text(i), row.Word(i), row.RawText(i)
			f := row.Selection.Field(i)
			if f == nil || f.Type == nil {
				continue
			}
			names := make([]string, len(f.Type.Fields))
			for j := range f.Type.Fields {
				names[j] = f.Type.Fields[j].Name
			}
			s := f.Type.Select(names...)
			items := row.Array(i)
			for n := 0; n < 100 && items.Next(s, &inner); n++ {
				_ = inner.Int
			}
			if f.Constant {
				c.Constant(s, row.Int(i), &inner)
			}
		}
	}, all...)
}
