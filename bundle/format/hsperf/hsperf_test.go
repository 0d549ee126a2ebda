package hsperf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// counter describes one entry of a hand-built file.
type counter struct {
	name string
	num  int64
	text string
	room int // vector length of a text; 0 makes it a number
}

var sample = []counter{
	{name: "sun.os.hrt.frequency", num: 1_000_000_000},
	{name: "sun.gc.collector.0.name", text: "G1 young collection pauses", room: 32},
	{name: "sun.gc.collector.0.time", num: -2},
	{name: "sun.gc.cause", text: "No GC", room: 80},
	{name: "java.threads.live", num: 17},
}

// build lays a file out as HotSpot does: name first, then the data, aligned to 8.
func build(order binary.ByteOrder, counters []counter) []byte {
	b := make([]byte, prologueSize)
	binary.BigEndian.PutUint32(b, magic)
	if order == binary.ByteOrder(binary.LittleEndian) {
		b[4] = 1
	}
	b[5], b[7] = majorVersion, 1
	for _, c := range counters {
		data := (entrySize + len(c.name) + 1 + 7) &^ 7
		size, kind := 8, byte('J')
		if c.room > 0 {
			size, kind = c.room, 'B'
		}
		e := make([]byte, (data+size+7)&^7)
		order.PutUint32(e, uint32(len(e)))
		order.PutUint32(e[4:], entrySize)
		order.PutUint32(e[8:], uint32(c.room))
		e[12], e[14], e[15] = kind, byte(UnitEvents), byte(Variable)
		order.PutUint32(e[16:], uint32(data))
		copy(e[entrySize:], c.name)
		if c.room > 0 {
			copy(e[data:], c.text)
		} else {
			order.PutUint64(e[data:], uint64(c.num))
		}
		b = append(b, e...)
	}
	order.PutUint32(b[8:], uint32(len(b)))
	order.PutUint64(b[16:], 4711)
	order.PutUint32(b[24:], prologueSize)
	order.PutUint32(b[28:], uint32(len(counters)))
	return append(b, make([]byte, 100)...) // the file is larger than what is in use
}

var orders = []binary.ByteOrder{binary.LittleEndian, binary.BigEndian}

func TestParse(t *testing.T) {
	for _, order := range orders {
		t.Run(order.String(), func(t *testing.T) {
			b := build(order, sample)
			s, err := Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			var got []counter
			for e := range s.All() {
				got = append(got, counter{e.Name, e.Int, e.Str, e.VectorLen})
			}
			if d := cmp.Diff(sample, got, cmp.AllowUnexported(counter{})); d != "" {
				t.Error(d)
			}
			if s.ModTime != 4711 || !s.Accessible || s.Order != order {
				t.Errorf("prologue: %+v", s)
			}
			if n, ok := s.Int("java.threads.live"); !ok || n != 17 {
				t.Errorf("Int = %d, %v", n, ok)
			}
			if _, ok := s.Int("sun.gc.cause"); ok {
				t.Error("a text was returned as a number")
			}
			if _, ok := s.Str("java.threads.live"); ok {
				t.Error("a number was returned as a text")
			}
			for e := range s.Strings() {
				if place := b[e.Offset : e.Offset+e.VectorLen]; !strings.HasPrefix(string(place), e.Str) {
					t.Errorf("%s: %q is not at its offset", e.Name, e.Str)
				}
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	le := binary.LittleEndian
	put := func(at int, v int32) func([]byte) []byte {
		return func(b []byte) []byte { le.PutUint32(b[at:], uint32(v)); return b }
	}
	const entry = prologueSize
	tests := []struct {
		name   string
		damage func([]byte) []byte
		want   string
		kept   int // entries that survive; -1: no snapshot
	}{
		{"empty", func([]byte) []byte { return nil }, "offset 0: ends inside", -1},
		{"short", func(b []byte) []byte { return b[:31] }, "offset 31: ends inside", -1},
		{"huge", func([]byte) []byte { return make([]byte, MaxSize+1) }, "more than the limit", -1},
		{"magic", put(0, 7), "offset 0: magic 07000000", -1},
		{"byte order", func(b []byte) []byte { b[4] = 9; return b }, "offset 4: byte order 9", -1},
		{"version", func(b []byte) []byte { b[5] = 1; return b }, "offset 5: version 1.0", -1},
		{"used beyond file", put(8, 1<<30), "offset 8: 1073741824 bytes in use", -1},
		{"used negative", put(8, -1), "offset 8: -1 bytes in use", -1},
		{"overflow negative", put(12, -1), "offset 12: overflow", -1},
		{"first entry outside", put(24, 1<<20), "offset 24: first entry", -1},
		{"count negative", put(28, -5), "offset 28: number of entries is negative", -1},
		{"count too large", put(28, 1<<30), "offset", len(sample)},
		{"entry too long", put(entry, 1<<30), "offset 32: entry of 1073741824 bytes", 0},
		{"entry too short", put(entry, 3), "offset 32: entry of 3 bytes", 0},
		{"name outside", put(entry+4, 5000), "offset 36: name at 5000", 0},
		{"vector negative", put(entry+8, -1), "vector length is negative", 0},
		{"data outside", put(entry+16, 5000), "data at 5000", 0},
		{"data in name", put(entry+16, entrySize+2), "lies in the name", 0},
		{"int64 cut", put(entry+16, 52), "4 bytes for an int64", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Parse(tt.damage(build(le, sample)))
			if err == nil || !strings.Contains(err.Error(), tt.want) || !errors.Is(err, ErrFormat) {
				t.Fatalf("error %v, want %q", err, tt.want)
			}
			if kept := entries(s); kept != tt.kept {
				t.Errorf("%d entries kept, want %d", kept, tt.kept)
			}
		})
	}
}

func entries(s *Snapshot) int {
	if s == nil {
		return -1
	}
	return len(s.Entries)
}

func TestUnknownTypeIsKeptByName(t *testing.T) {
	b := build(binary.LittleEndian, sample[:1])
	b[prologueSize+12] = 'D'
	s, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Lookup(sample[0].name); !ok {
		t.Error("entry lost")
	}
	if _, ok := s.Int(sample[0].name); ok {
		t.Error("a double was read as int64")
	}
}

func TestLayout(t *testing.T) {
	for _, order := range orders {
		s, err := Parse(build(order, sample))
		if err != nil {
			t.Fatal(err)
		}
		l, err := s.Layout()
		if err != nil {
			t.Fatal(err)
		}
		later := append([]counter(nil), sample...)
		later[4].num = 99
		dst := make([]int64, l.Len())
		b := build(order, later)
		b[accessibleAt] = 0 // may change without a change of layout
		if err := l.Read(b, dst); err != nil {
			t.Fatal(err)
		}
		if want := []int64{1_000_000_000, -2, 99}; !cmp.Equal(dst, want) {
			t.Errorf("%v: %v, want %v", order, dst, want)
		}
		if n := testing.AllocsPerRun(100, func() { _ = l.Read(b, dst) }); n != 0 {
			t.Errorf("%v allocations a read", n)
		}
	}
}

func TestLayoutByName(t *testing.T) {
	b := build(binary.LittleEndian, sample)
	s, _ := Parse(b)
	l, err := s.Layout("java.threads.live", "sun.os.hrt.frequency")
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]int64, 2)
	if err := l.Read(b, dst); err != nil || dst[0] != 17 || l.Name(1) != "sun.os.hrt.frequency" {
		t.Errorf("%v %v", dst, err)
	}
	for _, name := range []string{"no.such", "sun.gc.cause"} {
		if _, err := s.Layout(name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestLayoutNotices(t *testing.T) {
	b := build(binary.LittleEndian, sample)
	s, _ := Parse(b)
	l, _ := s.Layout()
	dst := make([]int64, l.Len())
	more := build(binary.LittleEndian, append(sample[:len(sample):len(sample)], counter{name: "new", num: 1}))
	moved := append([]byte(nil), b...)
	moved[16]++
	for name, changed := range map[string][]byte{"added": more, "mod time": moved, "short": b[:40], "other": make([]byte, len(b))} {
		if err := l.Read(changed, dst); !errors.Is(err, ErrLayout) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if err := l.Read(b, dst[:1]); err == nil {
		t.Error("too small a destination was accepted")
	}
}

func FuzzParse(f *testing.F) {
	for _, order := range orders {
		f.Add(build(order, sample))
	}
	f.Add([]byte{0xca, 0xfe, 0xc0, 0xc0, 1, 2, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Parse(b)
		if err != nil && !errors.Is(err, ErrFormat) {
			t.Fatalf("untyped error %v", err)
		}
		if s == nil {
			return
		}
		for e := range s.Strings() {
			if e.Offset < 0 || e.Offset+e.VectorLen > len(b) || len(e.Str) > e.VectorLen {
				t.Fatalf("text outside the file: %+v", e)
			}
		}
		if err != nil {
			return
		}
		l, err := s.Layout()
		if err != nil {
			t.Fatal(err)
		}
		dst := make([]int64, l.Len())
		if err := l.Read(b, dst); err != nil {
			t.Fatal(err)
		}
		for i, v := range dst {
			if n, _ := s.Int(l.Name(i)); n != v && utf8.ValidString(l.Name(i)) && unique(s, l.Name(i)) {
				t.Fatalf("%s: %d by layout, %d by parse", l.Name(i), v, n)
			}
		}
	})
}

func unique(s *Snapshot, name string) bool {
	n := 0
	for e := range s.All() {
		if e.Name == name {
			n++
		}
	}
	return n == 1
}

func benchFile() []byte {
	var cs []counter
	for i := range 250 {
		cs = append(cs, counter{name: fmt.Sprintf("sun.gc.generation.0.space.%d.used", i), num: int64(i)})
	}
	return build(binary.LittleEndian, cs)
}

func BenchmarkParse(b *testing.B) {
	file := benchFile()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(file); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLayoutRead(b *testing.B) {
	file := benchFile()
	s, _ := Parse(file)
	l, _ := s.Layout()
	dst := make([]int64, l.Len())
	b.ReportAllocs()
	for b.Loop() {
		if err := l.Read(file, dst); err != nil {
			b.Fatal(err)
		}
	}
}
