package jfr

import (
	"math/rand/v2"
	"testing"
)

// plainVarint reads a compressed integer byte by byte, by the format's description.
func plainVarint(b []byte, at int) (v uint64, next int) {
	for i := range 9 {
		if at+i >= len(b) {
			return 0, -1
		}
		c := b[at+i]
		if i == 8 {
			return v | uint64(c)<<56, at + 9
		}
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			return v, at + i + 1
		}
	}
	panic("unreachable")
}

// TestVarintsInWords reads integers of all lengths, at all places, up to the end of the bytes and cut there, as reading byte by byte does.
func TestVarintsInWords(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	load := program{}
	load.add(step{code: skipVars, n: 1}, 1)
	load.add(step{code: loadLong}, 1)
	for range 50_000 {
		b := make([]byte, random.IntN(40))
		long := random.IntN(10) // of ten bytes as many say that another one follows
		for i := range b {
			if b[i] = byte(random.Uint32()) & 0x7f; random.IntN(10) < long {
				b[i] |= 0x80
			}
		}
		at, n := random.IntN(len(b)+1), random.IntN(12)
		want := at
		for i := 0; i < n && want >= 0; i++ {
			_, want = plainVarint(b, want)
		}
		if got := skipVarints(b, at, n); got != want {
			t.Fatalf("% x: %d integers from %d end at %d, not %d", b, n, at, want, got)
		}
		v, next := plainVarint(b, at)
		if got, end := uvarint(b, at); end != next || got != v {
			t.Fatalf("% x: at %d is %x up to %d, not %x up to %d", b, at, v, next, got, end)
		}
		end, slots := at+random.IntN(len(b)-at+1), make([]uint64, 1)
		if v, next = plainVarint(b[:end], at); next >= 0 {
			v, next = plainVarint(b[:end], next)
		}
		if got := load.run(b, at, end, false, slots); got != next || next >= 0 && slots[0] != v {
			t.Fatalf("% x: from %d to %d the second is %x up to %d, not %x up to %d", b, at, end, v, next, slots[0], got)
		}
	}
}

// TestFramesInWords reads sizes and types of events of all lengths as reading byte by byte does.
func TestFramesInWords(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 50_000 {
		c := Chunk{Header: Header{Compressed: true}, data: make([]byte, random.IntN(40))}
		for i := range c.data {
			if c.data[i] = byte(random.Uint32()) & 0x7f; random.IntN(2) == 0 {
				c.data[i] |= 0x80
			}
		}
		at := random.IntN(len(c.data) + 1)
		size, next := plainVarint(c.data, at)
		var id uint64
		if next >= 0 {
			id, next = plainVarint(c.data, next)
		}
		if next < 0 {
			size, id = 0, 0
		}
		if gotSize, gotID, got := c.frame(at); got != next || gotSize != int(uint32(size)) || gotID != int64(id) {
			t.Fatalf("% x: at %d is an event of %d bytes of type %d, fields at %d, not %d, %d, %d", c.data, at, uint32(size), id, next, gotSize, gotID, got)
		}
	}
}
