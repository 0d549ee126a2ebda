package redact

import (
	"bytes"
	"encoding/binary"
	"strings"

	"casefile/bundle/format/jfr"
)

// MaxChunk is the largest chunk of a recording that is taken apart, in bytes; in a larger one, and in what
// is no chunk, known values are overwritten.
const MaxChunk = 96 << 20

// environmentEvent has a variable each. Of the environment no value is kept here: the
// variables that configure the JVM stand in vm/environ.
const environmentEvent = "jdk.InitialEnvironmentVariable"

// noText are pools of names out of class files: no place for a secret, and most of a chunk's strings.
var noText = wordSet("jdk.types.Symbol jdk.types.Package jdk.types.Module jdk.types.FrameType jdk.types.Bytecode")

// jfr scrubs the chunks of a recording in place, so that every offset stays: the strings of events and of
// constants by the rules, then whatever value is known, anywhere.
func (e *engine) jfr(b []byte) {
	e.inDocument = true
	defer func() { e.inDocument = false }()
	r := jfr.NewReader(bytes.NewReader(b), jfr.Limits{})
	for {
		c, err := r.Next()
		if err != nil { // the end, or what is no chunk: known values are looked for all the same
			break
		}
		e.base += int(c.Offset)
		e.chunk(c)
		e.base -= int(c.Offset)
		copy(b[c.Offset:], c.Data())
	}
	e.publish()
	e.overwrite(b)
}

// chunk scrubs one. A secret may stand in a constant that an event only refers to.
func (e *engine) chunk(c *jfr.Chunk) {
	secret := map[int64]string{} // rules by the keys of constants that are secrets as a whole
	c.Texts(func(t *jfr.Type, texts []jfr.Text) {
		key := nameOfPair(c, texts)
		for i := range texts {
			text := &texts[i]
			switch {
			case key == "" || text.Field != "value":
				e.starJFR(text, "")
			case t.Name == environmentEvent:
				e.starWhole(text, "environment", false, secret)
			case IsSecretKey(key):
				e.starWhole(text, "password", true, secret)
			default:
				e.starJFR(text, key)
			}
		}
	}, func(t *jfr.Type, key int64, texts []jfr.Text) {
		if noText[t.Name] {
			return
		}
		for i := range texts {
			if rule := secret[key]; rule != "" && t.Name == "java.lang.String" {
				e.starWhole(&texts[i], rule, rule == "password", secret)
				continue
			}
			e.starJFR(&texts[i], "")
		}
	})
}

// nameOfPair is the key of an event that is a name with its value: a property, a variable, a flag, a setting.
func nameOfPair(c *jfr.Chunk, texts []jfr.Text) string {
	for i := range texts {
		if f := texts[i].Field; f == "key" || f == "name" {
			if texts[i].Key != 0 {
				return c.Word(c.TypeByName("java.lang.String"), texts[i].Key)
			}
			return texts[i].String()
		}
	}
	return ""
}

// starWhole overwrites a text that is a secret, or notes the constant that is.
func (e *engine) starWhole(text *jfr.Text, rule string, learn bool, constants map[int64]string) {
	if text.Key != 0 {
		if constants[text.Key] != "password" {
			constants[text.Key] = rule
		}
		return
	}
	s := text.String()
	if strings.Trim(s, "*") == "" || learn && isPlaceholder([]byte(s)) {
		return
	}
	if e.learn && learn {
		e.learnValue(s, rule)
	}
	e.count(rule, 0)
	text.Overwrite(0, len(s))
}

// starJFR overwrites what the rules find in a text; a name before it helps them.
func (e *engine) starJFR(text *jfr.Text, name string) {
	const least = 6 // shorter than any secret that is looked for
	if text.Len() < least {
		return
	}
	s := text.String()
	line, skip := []byte(s), 0
	if name != "" {
		skip = len(name) + 1
		line = append([]byte(name+"="), s...)
	}
	for pass := 0; pass < maxPasses; pass++ {
		spans := e.find(line)
		e.inPEM, e.opened = false, opening{}
		again := false
		for _, f := range spans {
			if f.end <= skip {
				continue
			}
			from := max(f.start, skip)
			text.Overwrite(from-skip, f.end-skip)
			stars(line[from:f.end])
			e.count(f.rule, 0)
			again = true
		}
		if !again {
			return
		}
	}
}

// jfrBlock scrubs the chunk at the start of the buffer once it is there as a whole. What is no chunk, or a
// chunk that is too large, is treated as binary data up to the end.
func (w *Writer) jfrBlock(last bool) {
	for w.err == nil && len(w.buf) > 0 {
		size, open := chunkSize(w.buf)
		switch {
		case len(w.buf) < jfr.HeaderSize && !last:
			return
		case size < 0 || size > MaxChunk || open && len(w.buf) >= MaxChunk:
			if w.names != nil && size < 0 && w.start > 0 { // after the last chunk
				w.keep(len(w.buf), 0)
				return
			}
			w.kind = Binary
			w.binaryBlock(last)
			return
		case !last && (open || int64(len(w.buf)) < size):
			return
		case open || size > int64(len(w.buf)):
			size = int64(len(w.buf)) // the last one, which the JVM had not closed
		}
		w.e.jfr(w.buf[:size])
		w.emit(w.buf[:size])
		w.keep(int(size), 0)
	}
}

// chunkSize is the length of the chunk that begins b: -1 when none does; open: it is not known, because the chunk was not closed.
func chunkSize(b []byte) (size int64, open bool) {
	if len(b) < jfr.HeaderSize {
		if bytes.HasPrefix([]byte("FLR\x00"), b[:min(len(b), 4)]) {
			return int64(len(b)), false
		}
		return -1, false
	}
	if string(b[:4]) != "FLR\x00" || binary.BigEndian.Uint16(b[4:]) != 2 {
		return -1, false
	}
	size = int64(binary.BigEndian.Uint64(b[8:]))
	if size < jfr.HeaderSize || b[64] != 0 {
		return 0, true
	}
	return size, false
}
