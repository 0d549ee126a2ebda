package jfr

import (
	"unicode/utf16"
	"unicode/utf8"
)

// Text is one string of a chunk where it stands, in an event or in a pool.
type Text struct {
	// Field is the top-level field of the event or constant that holds it; empty for a constant that is a string itself.
	Field string
	// Key is the key of the constant that stands for the string; such a Text has no characters of its own. 0: none.
	Key int64

	c        *Chunk
	start    int // of the string in the chunk: its encoding
	at, end  int // of its characters
	encoding byte
}

// String is the text in UTF-8; empty for a reference, and for null.
func (t *Text) String() string {
	var out []byte
	t.each(func(r rune, _, _ int) { out = utf8.AppendRune(out, r) })
	return string(out)
}

// Len is the length of String in bytes, at least: 0 only when it is empty.
func (t *Text) Len() int { return t.end - t.at }

// each calls fn for every character with its place in the chunk.
func (t *Text) each(fn func(r rune, start, end int)) {
	b := t.c.data
	d := decoder{b: b[:t.end], at: t.at, raw: !t.c.Compressed}
	for d.at < t.end && !d.bad {
		start := d.at
		switch t.encoding {
		case stringUTF8:
			r, n := utf8.DecodeRune(b[d.at:t.end])
			d.at += n
			fn(r, start, d.at)
		case stringLatin1:
			d.at++
			fn(rune(b[start]), start, d.at)
		default:
			r := rune(uint16(d.varint(2)))
			if next := d; utf16.IsSurrogate(r) {
				if joined := utf16.DecodeRune(r, rune(uint16(next.varint(2)))); joined != utf8.RuneError && !next.bad {
					r, d = joined, next
				}
			}
			fn(r, start, d.at)
		}
	}
}

// Overwrite puts a star in the place of every character of String()[from:to]. No byte moves: the chunk stays as readable as it was.
func (t *Text) Overwrite(from, to int) {
	at := 0
	t.each(func(r rune, start, end int) {
		if at < to && at+utf8.RuneLen(max(r, 0)) > from {
			t.star(start, end)
		}
		if n := utf8.RuneLen(r); n > 0 {
			at += n
		} else {
			at += utf8.RuneLen(utf8.RuneError)
		}
	})
}

const star = '*'

func (t *Text) star(start, end int) {
	b := t.c.data[start:end]
	switch {
	case t.encoding != stringChars:
		for i := range b {
			b[i] = star
		}
	case t.c.Compressed: // integers may be longer than they need be
		for len(b) > 0 {
			n := 1
			for n < len(b) && b[n-1] >= 0x80 {
				n++
			}
			for i := range b[:n] {
				b[i] = 0x80
			}
			b[0] |= star
			b[n-1] &^= 0x80
			b = b[n:]
		}
	default:
		for i := range b {
			b[i] = star * byte(i&1)
		}
	}
}

// Data is what was read of the chunk, from its first byte on. Texts write to it.
func (c *Chunk) Data() []byte { return c.data }

// Texts calls events with all texts of each event that has any, and constants with those of each constant, its type and
// key. What a function overwrites is overwritten in Data. The slices are valid during the call. It returns how many events
// and pools could not be read.
func (c *Chunk) Texts(events func(t *Type, texts []Text), constants func(t *Type, key int64, texts []Text)) (broken int64) {
	w := textWalker{c: c, programs: map[*Type][]fieldTexts{}}
	for at := HeaderSize; at < c.end; {
		size, id, next := c.frame(at)
		if t := c.types.ByID(id); t != nil && id > checkpointID {
			if fields := w.fields(t); fields != nil {
				if w.read(t, fields, next, at+size) < 0 {
					broken++
				}
				if len(w.texts) > 0 {
					events(t, w.texts)
				}
			}
		}
		at += size
	}
	for _, at := range c.checkpoints {
		if !w.checkpoint(int(at), constants) {
			broken++
		}
	}
	return broken
}

// textWalker finds the strings of values.
type textWalker struct {
	c        *Chunk
	texts    []Text
	programs map[*Type][]fieldTexts
}

// fieldTexts is how to read one field.
type fieldTexts struct {
	name string
	p    *program
	text bool // it holds strings
}

// fields are the programs of a type by field; nil when no value of it holds a string, or it cannot be read.
func (w *textWalker) fields(t *Type) []fieldTexts {
	list, known := w.programs[t]
	if known {
		return list
	}
	any := false
	add := func(name string, p *program) {
		f := fieldTexts{name, p, p.holdsText()}
		any = any || f.text
		list = append(list, f)
	}
	switch {
	case t.skipping().bad:
		list = nil
	case t.kind != kindStruct:
		add("", t.skipping())
	default:
		for i := range t.Fields {
			f, p := &t.Fields[i], &program{}
			if f.Array {
				p.array(f, -1, t.types.raw)
			} else {
				p.value(f.Type, f.Constant, f.Unsigned, -1, t.types.raw)
			}
			add(f.Name, p)
		}
	}
	if !any {
		list = nil
	}
	w.programs[t] = list
	return list
}

func (p *program) holdsText() bool {
	for i := range p.steps {
		if s := &p.steps[i]; s.code == skipString || s.code == skipArray && s.items.holdsText() {
			return true
		}
	}
	return false
}

// read gathers the texts of one value and returns where it ends; -1 when it goes beyond end.
func (w *textWalker) read(_ *Type, fields []fieldTexts, at, end int) int {
	w.texts = w.texts[:0]
	b := w.c.data[:end]
	for _, f := range fields {
		if f.text {
			at = w.walk(f.name, f.p, b, at)
		} else {
			at = f.p.run(b, at, end, !w.c.Compressed, nil)
		}
		if at < 0 {
			return -1
		}
	}
	return at
}

// walk steps over a value and notes its strings.
func (w *textWalker) walk(field string, p *program, b []byte, at int) int {
	raw := !w.c.Compressed
	for i := range p.steps {
		switch s := &p.steps[i]; {
		case s.code == skipString:
			at = w.note(field, b, skipVarints(b, at, s.after))
		case s.code == skipArray && s.items.holdsText():
			n, next := s.items.length(b, skipVarints(b, at, s.after), raw)
			at = next
			for ; n > 0 && at >= 0; n-- {
				at = w.walk(field, s.items, b, at)
			}
		default:
			at = (&program{steps: p.steps[i : i+1]}).run(b, at, len(b), raw, nil)
		}
		if uint(at) > uint(len(b)) {
			return -1
		}
	}
	return at
}

// note keeps the string at an offset and returns where it ends.
func (w *textWalker) note(field string, b []byte, at int) int {
	d := decoder{b: b, at: at, raw: !w.c.Compressed}
	t := Text{Field: field, c: w.c, start: at, encoding: d.byte()}
	switch t.encoding {
	case stringPool:
		t.Key = d.int64()
		t.at, t.end = d.at, d.at
	case stringUTF8, stringLatin1, stringChars:
		n := int(d.int32())
		t.at = d.at
		if t.encoding != stringChars {
			d.take(n)
			t.end = d.at
			break
		}
		t.end = skipTextAt(b, at, d.raw)
		d.at = t.end
		d.bad = d.bad || t.end < 0
	default:
		return skipTextAt(b, at, d.raw)
	}
	if d.bad {
		return -1
	}
	w.texts = append(w.texts, t)
	return d.at
}

// checkpoint reads the pools of one checkpoint; false when it cannot be read to its end.
func (w *textWalker) checkpoint(at int, constants func(*Type, int64, []Text)) bool {
	c := w.c
	size, _, next := c.frame(at)
	d := decoder{b: c.data[:at+size], at: next, raw: !c.Compressed}
	for range 3 { // start, duration, distance
		d.int64()
	}
	d.byte()
	for n := d.int32(); n > 0; n-- {
		t, count := c.types.ByID(d.int64()), int(d.int32())
		if d.bad || t == nil || t.skipping().bad || count < 0 || count > len(d.b)-d.at {
			return false
		}
		fields := w.fields(t)
		for range count {
			key := d.int64()
			if d.bad {
				return false
			}
			if fields == nil {
				d.at = t.skipping().run(d.b, d.at, len(d.b), d.raw, nil)
			} else if d.at = w.read(t, fields, d.at, len(d.b)); d.at >= 0 && len(w.texts) > 0 {
				constants(t, key, w.texts)
			}
			if d.at < 0 {
				return false
			}
		}
	}
	return !d.bad
}
