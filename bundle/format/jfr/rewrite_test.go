package jfr

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
)

// textsOf are all strings of a chunk, those of events first.
func textsOf(c *Chunk) (all []string, edits func(func(string) string) []Edit) {
	var found []Text
	note := func(list []Text) {
		for _, t := range list {
			if t.Key == 0 {
				found, all = append(found, t), append(all, t.String())
			}
		}
	}
	c.Texts(func(_ *Type, list []Text) { note(list) }, func(_ *Type, _ int64, list []Text) { note(list) })
	return all, func(change func(string) string) []Edit {
		var edits []Edit
		for _, t := range found {
			edits = append(edits, t.Edit(change(t.String())))
		}
		return edits
	}
}

func countsOf(c *Chunk) map[string]int64 {
	counts := map[string]int64{}
	for t, n := range c.Counts() {
		if t != nil {
			counts[t.Name] += n
		}
	}
	return counts
}

func only(t *testing.T, b []byte) *Chunk {
	t.Helper()
	c, err := NewReader(bytes.NewReader(b), Limits{}).Next()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A chunk with strings of other lengths has the events, the constants and the offsets that it had, in both writings.
func TestRewrite(t *testing.T) {
	for _, raw := range []bool{false, true} {
		b := sampleChunk(raw)
		for _, change := range []func(string) string{
			func(s string) string { return s },
			func(s string) string { return s + strings.Repeat(" and much more of it é", 40) },
			func(s string) string { return s[:min(1, len(s))] },
			func(string) string { return "" },
		} {
			before := only(t, b)
			was, edits := textsOf(before)
			if len(was) == 0 {
				t.Fatal("no strings: the test proves nothing")
			}
			out := before.Rewrite(edits(change))
			after := only(t, out)
			is, _ := textsOf(after)
			for i := range was {
				was[i] = change(was[i])
			}
			was = slices.DeleteFunc(was, func(s string) bool { return s == "" })
			is = slices.DeleteFunc(is, func(s string) bool { return s == "" })
			if !slices.Equal(was, is) {
				t.Errorf("raw %v: strings are %q, want %q", raw, is, was)
			}
			if !maps.Equal(countsOf(only(t, b)), countsOf(after)) || (after.Cut == nil) != (before.Cut == nil) ||
				after.LostConstants != before.LostConstants {
				t.Errorf("raw %v: %v, cut %v, %d constants lost", raw, countsOf(after), after.Cut, after.LostConstants)
			}
			if after.Cut == nil && len(out) != after.Bytes() {
				t.Errorf("raw %v: %d bytes of %d", raw, after.Bytes(), len(out))
			}
			checkOffsets(t, after)
		}
	}
}

// checkOffsets follows the header to the last checkpoint, and from one to the one before it, as the JDK's reader does.
func checkOffsets(t *testing.T, c *Chunk) {
	t.Helper()
	if _, id, _ := c.frame(int(readOffset(c.data[24:]))); id != metadataID {
		t.Errorf("at the offset of the metadata is an event of type %d", id)
	}
	seen := 0
	for at := int(readOffset(c.data[16:])); ; seen++ {
		_, id, next := c.frame(at)
		if id != checkpointID {
			t.Errorf("checkpoint %d from the end: at its offset is an event of type %d", seen, id)
			return
		}
		d := decoder{b: c.data, at: next, raw: !c.Compressed}
		d.int64()
		d.int64()
		distance := d.int64()
		if distance == 0 {
			break
		}
		at += int(distance)
	}
	if seen+1 != len(c.checkpoints) {
		t.Errorf("%d checkpoints are reached, there are %d", seen+1, len(c.checkpoints))
	}
}

func readOffset(b []byte) uint64 {
	var v uint64
	for _, c := range b[:8] {
		v = v<<8 | uint64(c)
	}
	return v
}

// FuzzRewrite writes whatever is read as a chunk anew with longer strings: that is read with as many events.
func FuzzRewrite(f *testing.F) {
	for _, raw := range []bool{false, true} {
		f.Add(sampleChunk(raw))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := NewReader(bytes.NewReader(b), Limits{ChunkBytes: 1 << 20, Constants: 1 << 12}).Next()
		if err != nil {
			return
		}
		_, edits := textsOf(c)
		out := c.Rewrite(edits(func(s string) string { return s + "-longer" }))
		again, err := NewReader(bytes.NewReader(out), Limits{Constants: 1 << 12}).Next()
		if err != nil {
			t.Fatalf("what was a chunk is none: %v", err)
		}
		if c.Cut == nil && !maps.Equal(countsOf(c), countsOf(again)) {
			t.Fatalf("%v became %v", countsOf(c), countsOf(again))
		}
	})
}
