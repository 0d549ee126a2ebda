package jfr

import (
	"encoding/binary"
	"math/bits"
	"strings"
)

// program is what it takes to read one value of a type: steps that load a field into a slot or go past fields. It is made
// once a type, so that reading an event is a loop over a few steps.
type program struct {
	steps []step
	least int  // bytes that a value takes at least
	bad   bool // the type cannot be read: it lacks a part, or contains itself
}

type step struct {
	code  code
	after int      // compressed integers to skip before what is loaded
	n     int      // varints or bytes to skip; width of an integer when not compressed
	slot  int      // of what is loaded
	kind  kind     // of what is loaded
	zero  bool     // an integer is unsigned
	items *program // of an array
}

type code uint8

const (
	skipVars code = iota
	skipBytes
	skipString
	skipArray
	loadLong  // a compressed integer of 64 bits
	loadInt   // a shorter one
	loadFixed // one that is not compressed
	loadByte
	loadFloat
	loadDouble
	loadString // its offset
	loadArray  // its offset
)

// maxSteps bounds a program: structures within structures multiply.
const maxSteps = 2048

// skipping is the program that steps over a value.
func (t *Type) skipping() *program {
	if t.skip == nil {
		t.skip = &program{bad: true} // found when the type contains itself
		p := &program{}
		t.compile(p, "", nil)
		t.skip = p
	}
	return t.skip
}

// compile appends the steps for a value of the type. prefix is the path of the value, wanted the slots by path.
func (t *Type) compile(p *program, prefix string, wanted map[string]int) {
	if t.kind != kindStruct {
		p.value(t, false, false, -1, t.types.raw)
		return
	}
	for i := range t.Fields {
		f := &t.Fields[i]
		path := prefix + f.Name
		slot, load := wanted[path]
		switch {
		case load && (f.Array || f.Constant || f.Type != nil && f.Type.kind != kindStruct):
		case f.Type != nil && !f.Array && !f.Constant && f.Type.kind == kindStruct && wantsBelow(wanted, path) && !f.Type.skipping().bad:
			f.Type.compile(p, path+".", wanted)
			continue
		default:
			slot = -1
		}
		if f.Array {
			p.array(f, slot, t.types.raw)
		} else {
			p.value(f.Type, f.Constant, f.Unsigned, slot, t.types.raw)
		}
		if len(p.steps) > maxSteps {
			p.bad = true
		}
		if p.bad {
			return
		}
	}
}

func wantsBelow(wanted map[string]int, path string) bool {
	for w := range wanted {
		if len(w) > len(path) && w[len(path)] == '.' && strings.HasPrefix(w, path) {
			return true
		}
	}
	return false
}

var widths = [...]int{kindChar: 2, kindShort: 2, kindInt: 4, kindLong: 8}

func (p *program) value(t *Type, constant, unsigned bool, slot int, raw bool) {
	if t == nil && !constant {
		p.bad = true
		return
	}
	k := kindLong
	if !constant {
		k = t.kind
	}
	switch k {
	case kindChar, kindShort, kindInt, kindLong:
		p.integer(k, unsigned, slot, raw)
	case kindByte, kindBoolean:
		p.fixed(loadByte, k, unsigned, 1, slot)
	case kindFloat:
		p.fixed(loadFloat, k, false, 4, slot)
	case kindDouble:
		p.fixed(loadDouble, k, false, 8, slot)
	case kindString:
		if slot < 0 {
			p.add(step{code: skipString}, 1)
		} else {
			p.add(step{code: loadString, slot: slot}, 1)
		}
	default:
		inner := t.skipping()
		if inner.bad {
			p.bad = true
			return
		}
		for _, s := range inner.steps {
			p.add(s, 0)
			if len(p.steps) > maxSteps {
				p.bad = true
				return
			}
		}
		p.least += inner.least
	}
}

func (p *program) integer(k kind, unsigned bool, slot int, raw bool) {
	least := 1
	if raw {
		least = widths[k]
	}
	load := loadInt
	switch {
	case raw:
		load = loadFixed
	case k == kindLong:
		load = loadLong
	}
	switch {
	case slot >= 0:
		p.add(step{code: load, n: widths[k], kind: k, zero: unsigned, slot: slot}, least)
	case raw:
		p.add(step{code: skipBytes, n: widths[k]}, least)
	default:
		p.add(step{code: skipVars, n: 1}, least)
	}
}

func (p *program) fixed(load code, k kind, unsigned bool, width, slot int) {
	if slot < 0 {
		p.add(step{code: skipBytes, n: width}, width)
		return
	}
	p.add(step{code: load, n: width, kind: k, zero: unsigned, slot: slot}, width)
}

func (p *program) array(f *Field, slot int, raw bool) {
	items := &program{}
	items.value(f.Type, f.Constant, f.Unsigned, -1, raw)
	if items.bad {
		p.bad = true
		return
	}
	s := step{code: skipArray, items: items}
	if slot >= 0 {
		s.code, s.slot = loadArray, slot
	}
	p.add(s, 1)
}

// add appends a step, joined to the one before where that only skips.
func (p *program) add(s step, least int) {
	p.least += least
	if n := len(p.steps); n > 0 {
		switch last := &p.steps[n-1]; {
		case (s.code == skipVars || s.code == skipBytes) && s.after == 0 && last.code == s.code:
			last.n += s.n
			return
		case s.code != skipVars && last.code == skipVars:
			s.after += last.n
			*last = s
			return
		}
	}
	p.steps = append(p.steps, s)
}

// run reads one value at an offset of b, which is to end at end, into slots and returns where it ends; -1 when it goes beyond. The upper half
// of slots is for the places of strings and arrays, so that none of them passes for a number.
func (p *program) run(b []byte, at, end int, raw bool, slots []uint64) int {
	for i := range p.steps {
		s := &p.steps[i]
		switch s.after {
		case 0:
		case 1:
			if at+8 > len(b) {
				at = skipVarints(b, at, 1)
			} else if ends := ^binary.LittleEndian.Uint64(b[at:]) & highBits; ends != 0 {
				at += bits.TrailingZeros64(ends)/8 + 1
			} else {
				at += 9
			}
		default:
			at = skipVarints(b, at, s.after)
		}
		if uint(at) > uint(end) {
			return -1
		}
		switch s.code {
		case skipVars:
			at = skipVarints(b, at, s.n)
		case skipBytes:
			at += s.n
		case loadLong, loadInt:
			var v uint64
			if at+8 <= len(b) { // of what follows too
				x := binary.LittleEndian.Uint64(b[at:])
				if ends := ^x & highBits; ends != 0 {
					n := bits.TrailingZeros64(ends) + 1
					v, at = joined(x&(1<<n-1)), at+n/8
				} else {
					v, at = longVarint(b, at)
				}
			} else {
				v, at = uvarint(b, at)
			}
			if at < 0 {
				return -1
			}
			if s.code == loadInt {
				v = extend(v, s.kind, s.zero)
			}
			slots[s.slot] = v
		case loadFixed:
			if slots[s.slot], at = fixedInt(b, at, s.n); at < 0 {
				return -1
			}
			slots[s.slot] = extend(slots[s.slot], s.kind, s.zero)
		case loadByte:
			if at < end {
				slots[s.slot] = uint64(b[at])
				if s.kind == kindByte && !s.zero {
					slots[s.slot] = uint64(int8(b[at]))
				}
			}
			at++
		case loadFloat:
			if at+4 <= end {
				slots[s.slot] = uint64(binary.BigEndian.Uint32(b[at:]))
			}
			at += 4
		case loadDouble:
			if at+8 <= end {
				slots[s.slot] = binary.BigEndian.Uint64(b[at:])
			}
			at += 8
		case loadString:
			next := skipTextAt(b[:end], at, raw)
			slots[s.slot+len(slots)/2] = textSlot(at, next)
			at = next
		case skipString:
			at = skipTextAt(b[:end], at, raw)
		case loadArray:
			slots[s.slot+len(slots)/2] = uint64(at)
			at = s.items.skipArray(b[:end], at, raw)
		case skipArray:
			at = s.items.skipArray(b[:end], at, raw)
		}
		if uint(at) > uint(end) {
			return -1
		}
	}
	return at
}

// textSlot says where a string is: its start, and its end in the upper half.
func textSlot(at, end int) uint64 { return uint64(uint32(at)) | uint64(uint32(end))<<32 }

func textAt(slot uint64) int { return int(uint32(slot)) }

func fixedInt(b []byte, at, width int) (uint64, int) {
	d := decoder{b: b, at: at, raw: true}
	v := d.varint(width)
	if d.bad {
		return 0, -1
	}
	return v, d.at
}

// extend gives an integer the sign of its width.
func extend(v uint64, k kind, unsigned bool) uint64 {
	switch {
	case k == kindInt && unsigned:
		return uint64(uint32(v))
	case k == kindInt:
		return uint64(int32(v))
	case k == kindChar || k == kindShort && unsigned:
		return uint64(uint16(v))
	case k == kindShort:
		return uint64(int16(v))
	}
	return v
}

func skipTextAt(b []byte, at int, raw bool) int {
	if !raw && at+2 <= len(b) && b[at+1] < 0x80 { // most are short
		switch n := int(b[at+1]); b[at] {
		case stringPool:
			return at + 2
		case stringChars:
			return skipVarints(b, at+2, n)
		case stringUTF8, stringLatin1:
			if at += 2 + n; at > len(b) {
				return -1
			}
			return at
		}
	}
	d := decoder{b: b, at: at, raw: raw}
	d.skipText()
	if d.bad {
		return -1
	}
	return d.at
}

// length reads the number of items of an array; -1 when there cannot be as many.
func (p *program) length(b []byte, at int, raw bool) (n, next int) {
	d := decoder{b: b, at: at, raw: raw}
	n = int(d.int32())
	if d.bad || n < 0 || p.least > 0 && n > (len(b)-d.at)/p.least {
		return 0, -1
	}
	return n, d.at
}

// skipArray steps over an array of values that p reads.
func (p *program) skipArray(b []byte, at int, raw bool) int {
	n, at := p.length(b, at, raw)
	if at < 0 || len(p.steps) == 0 {
		return at
	}
	if len(p.steps) == 1 {
		switch s := p.steps[0]; {
		case s.code == skipVars:
			return skipVarints(b, at, n*s.n)
		case s.code == skipBytes && s.after == 0:
			return at + n*s.n
		}
	}
	for ; n > 0 && at >= 0; n-- {
		at = p.run(b, at, len(b), raw, nil)
	}
	return at
}
