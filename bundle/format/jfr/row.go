package jfr

import (
	"math"
	"time"
)

// Selection names fields of a type to be read, each by its place in the list.
type Selection struct {
	Type *Type
	// Tag is the caller's, to tell rows of several selections apart.
	Tag    int
	names  []string
	fields []*Field // nil: the type lacks it
	prog   program
}

// Select makes a selection. "heapSpace.size" is a field within a structure. A field that the type lacks is allowed: rows then
// have zero there, and Has tells. Select of nil, a type that the chunk does not have, is nil, which Read ignores.
func (t *Type) Select(fields ...string) *Selection {
	if t == nil {
		return nil
	}
	s := &Selection{Type: t, names: fields, fields: make([]*Field, len(fields))}
	wanted := map[string]int{}
	for i, name := range fields {
		if s.fields[i] = t.find(name); s.fields[i] != nil {
			wanted[name] = i
		}
	}
	t.compile(&s.prog, "", wanted)
	return s
}

// find looks a path up, through structures that lie within the value.
func (t *Type) find(path string) *Field {
	for i := range t.Fields {
		f := &t.Fields[i]
		inline := f.Type != nil && f.Type.kind == kindStruct && !f.Constant && !f.Array
		switch {
		case f.Name == path && !inline:
			return f
		case inline && len(path) > len(f.Name) && path[len(f.Name)] == '.' && path[:len(f.Name)] == f.Name && !f.Type.skipping().bad:
			return f.Type.find(path[len(f.Name)+1:])
		}
	}
	return nil
}

// Has reports whether the type has field i of the selection. It works on nil.
func (s *Selection) Has(i int) bool { return s != nil && s.fields[i] != nil }

// Field describes field i; nil when the type lacks it.
func (s *Selection) Field(i int) *Field { return s.fields[i] }

// Row is one event or constant, seen through a selection: i is the place of a field in it. It is valid until the next one
// is read into it.
type Row struct {
	// Selection says what is in the row.
	Selection *Selection

	c     *Chunk
	at    int
	slots []uint64 // of the fields, then the places of those that are strings or arrays
}

func newRow(c *Chunk, s *Selection) *Row {
	r := &Row{c: c}
	r.see(s, 0)
	return r
}

// load reads the value at an offset; false when it goes beyond end.
func (r *Row) load(s *Selection, at, end int) bool {
	if at < 0 || end > len(r.c.data) || s.prog.bad {
		return false
	}
	r.see(s, at)
	return s.prog.run(r.c.data, at, end, !r.c.Compressed, r.slots) >= 0
}

// see makes room for the fields of a selection. The program writes the same ones each time: others stay zero.
func (r *Row) see(s *Selection, at int) {
	if r.at = at; r.Selection == s {
		return
	}
	n := 2 * len(s.names)
	if r.Selection = s; cap(r.slots) < n {
		r.slots = make([]uint64, n)
	}
	r.slots = r.slots[:n]
	clear(r.slots)
}

// place is where string or array i is.
func (r *Row) place(i int) uint64 { return r.slots[len(r.slots)/2+i] }

// Chunk is where the row was read from.
func (r *Row) Chunk() *Chunk { return r.c }

// Has reports whether field i exists.
func (r *Row) Has(i int) bool { return r.Selection.fields[i] != nil }

// Int is an integer, or the key of a constant, or 0 or 1 for a boolean.
func (r *Row) Int(i int) int64 { return int64(r.slots[i]) }

// Bool is a boolean.
func (r *Row) Bool(i int) bool { return r.slots[i] != 0 }

// Float is a floating-point number, or an integer as one.
func (r *Row) Float(i int) float64 {
	f := r.Selection.fields[i]
	if f == nil {
		return 0
	}
	switch f.Type.kindOr() {
	case kindFloat:
		return float32of(r.slots[i])
	case kindDouble:
		return math.Float64frombits(r.slots[i])
	}
	return float64(int64(r.slots[i]))
}

func (t *Type) kindOr() kind {
	if t == nil {
		return kindLong
	}
	return t.kind
}

// Time is a stamp. One without a unit is in ticks; what is no number, as other writers have it, is none.
func (r *Row) Time(i int) time.Time {
	v := r.Int(i)
	if f := r.Selection.fields[i]; f != nil {
		switch {
		case f.Array || f.Type.kindOr() == kindString:
			return time.Time{}
		case f.Unit == EpochMillis:
			return time.UnixMilli(v)
		case f.Unit == EpochNanos:
			return time.Unix(0, v)
		}
	}
	return r.c.time(v)
}

// Forever is a Duration without end.
const Forever = time.Duration(math.MaxInt64)

// spans are the lengths of units.
var spans = [Bytes + 1]time.Duration{Nanoseconds: 1, Microseconds: time.Microsecond, Milliseconds: time.Millisecond, Seconds: time.Second}

// Duration is a span. One without a unit is in ticks. What is not available (the least integer) is 0.
func (r *Row) Duration(i int) time.Duration {
	v := r.Int(i)
	switch v {
	case math.MinInt64:
		return 0
	case math.MaxInt64:
		return Forever
	}
	f := r.Selection.fields[i]
	if f == nil {
		return 0
	}
	unit := spans[f.Unit]
	if unit == 0 {
		return r.c.ticks(v)
	}
	if d := time.Duration(v) * unit; d/unit == time.Duration(v) {
		return d
	}
	return Forever
}

// Text is a string. null and empty are the same.
func (r *Row) Text(i int) string {
	f := r.Selection.fields[i]
	if f == nil || f.Array || f.Constant || f.Type.kindOr() != kindString {
		return ""
	}
	return r.c.textDeep(textAt(r.place(i)), 0)
}

// RawText is the bytes of string field i as they stand in the chunk, with their encoding: equal ones are equal strings as long as the
// chunk is the same. It allocates nothing. nil when the field is no string.
func (r *Row) RawText(i int) []byte {
	f := r.Selection.fields[i]
	if f == nil || f.Array || f.Constant || f.Type.kindOr() != kindString {
		return nil
	}
	place := r.place(i)
	return r.c.data[textAt(place) : place>>32]
}

// Word is the text of a string, or of the constant that field i refers to: its name, its only string. Class names have
// slashes, as the format has them.
func (r *Row) Word(i int) string {
	f := r.Selection.fields[i]
	switch {
	case f == nil || f.Array:
		return ""
	case f.Constant:
		return r.c.Word(f.Type, r.Int(i))
	}
	return r.Text(i)
}

// Array is the items of an array field.
type Array struct {
	// Len is how many items there are, those already read included.
	Len int

	c     *Chunk
	at    int
	left  int
	field *Field
}

// Array gives the items of field i; without any when it is no array.
func (r *Row) Array(i int) Array {
	f := r.Selection.fields[i]
	if f == nil || !f.Array {
		return Array{}
	}
	items := program{}
	items.value(f.Type, f.Constant, false, -1, !r.c.Compressed)
	n, at := items.length(r.c.data, int(r.place(i)), !r.c.Compressed)
	if at < 0 {
		return Array{}
	}
	return Array{Len: n, c: r.c, at: at, left: n, field: f}
}

// Next reads the next item into row in the form of s, a selection of the items' type.
func (a *Array) Next(s *Selection, row *Row) bool {
	if a.left <= 0 || a.field.Constant || s == nil || s.Type != a.field.Type {
		return false
	}
	a.left--
	row.c = a.c
	row.see(s, a.at)
	if a.at = s.prog.run(a.c.data, a.at, len(a.c.data), !a.c.Compressed, row.slots); a.at < 0 || s.prog.bad {
		a.left = 0
		return false
	}
	return true
}
