package jfr

import (
	"encoding/binary"
	"math"
	"math/bits"
	"unicode/utf16"
)

// uvarint reads a compressed integer; next is -1 when b ends before it does.
func uvarint(b []byte, at int) (v uint64, next int) {
	if uint(at) >= uint(len(b)) {
		return 0, -1
	}
	if c := b[at]; c < 0x80 {
		return uint64(c), at + 1
	}
	return longVarint(b, at)
}

func longVarint(b []byte, at int) (v uint64, next int) {
	if at+9 <= len(b) {
		x := binary.LittleEndian.Uint64(b[at:])
		ends := ^x & highBits
		if ends == 0 {
			return joined(x) | uint64(b[at+8])<<56, at + 9
		}
		n := bits.TrailingZeros64(ends) + 1
		return joined(x & (1<<n - 1)), at + n/8
	}
	b = b[at:]
	for i, c := range b {
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			return v, at + i + 1
		}
	}
	return 0, -1
}

// highBits says of each byte of eight whether another one of the same integer follows.
const highBits = 0x8080808080808080

// joined puts the seven low bits of each byte next to one another.
func joined(x uint64) uint64 {
	x &^= highBits
	x = x&0x007f007f007f007f | x&0x7f007f007f007f00>>1
	x = x&0x00003fff00003fff | x&0x3fff00003fff0000>>2
	return x&0x000000000fffffff | x&0x0fffffff00000000>>4
}

// skipVarints steps over n compressed integers; -1 when b ends before.
func skipVarints(b []byte, at, n int) int {
	for n > 0 && at+8 <= len(b) {
		ends := ^binary.LittleEndian.Uint64(b[at:]) & highBits
		if ends == 0 { // the ninth byte has no such bit
			at, n = at+9, n-1
			continue
		}
		if whole := bits.OnesCount64(ends); whole <= n {
			at, n = at+8-bits.LeadingZeros64(ends)/8, n-whole
			continue
		}
		for ; n > 1; n-- {
			ends &= ends - 1
		}
		return at + bits.TrailingZeros64(ends)/8 + 1
	}
	for ; n > 0; n-- {
		if _, at = uvarint(b, at); at < 0 {
			return -1
		}
	}
	if at > len(b) {
		return -1
	}
	return at
}

// decoder reads values one after another; bad stays set once it ran over the end.
type decoder struct {
	b   []byte
	at  int
	raw bool // integers are not compressed
	bad bool
}

func (d *decoder) take(n int) []byte {
	if n < 0 || d.bad || n > len(d.b)-d.at {
		d.bad = true
		return nil
	}
	d.at += n
	return d.b[d.at-n : d.at]
}

func (d *decoder) varint(width int) uint64 {
	if d.raw {
		b := d.take(width)
		if b == nil {
			return 0
		}
		switch width {
		case 2:
			return uint64(binary.BigEndian.Uint16(b))
		case 4:
			return uint64(binary.BigEndian.Uint32(b))
		}
		return binary.BigEndian.Uint64(b)
	}
	if d.bad {
		return 0
	}
	v, next := uvarint(d.b, d.at)
	if next < 0 {
		d.bad = true
		return 0
	}
	d.at = next
	return v
}

func (d *decoder) int32() int32 { return int32(d.varint(4)) }
func (d *decoder) int64() int64 { return int64(d.varint(8)) }

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

// Encodings of strings.
const (
	stringNull = iota
	stringEmpty
	stringPool
	stringUTF8
	stringChars
	stringLatin1
)

// text reads a string. ref is set when it is the key of a constant.
func (d *decoder) text() (s string, ref int64, encoding byte) {
	encoding = d.byte()
	switch encoding {
	case stringNull, stringEmpty:
	case stringPool:
		ref = d.int64()
	case stringUTF8:
		s = string(d.take(int(d.int32())))
	case stringLatin1:
		s = latin1(d.take(int(d.int32())))
	case stringChars:
		s = d.chars()
	default:
		d.bad = true
	}
	return s, ref, encoding
}

func (d *decoder) chars() string {
	n := int(d.int32())
	if n < 0 || n > len(d.b)-d.at { // a char takes a byte at least
		d.bad = true
		return ""
	}
	if b := d.b[d.at : d.at+n]; !d.raw && isASCII(b) {
		d.at += n
		return string(b)
	}
	units := make([]uint16, 0, n)
	for range n {
		units = append(units, uint16(d.varint(2)))
	}
	return string(utf16.Decode(units))
}

func latin1(b []byte) string {
	if isASCII(b) {
		return string(b)
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

func isASCII(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		if binary.LittleEndian.Uint64(b)&highBits != 0 {
			return false
		}
	}
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// skipText steps over a string.
func (d *decoder) skipText() {
	switch d.byte() {
	case stringNull, stringEmpty:
	case stringPool:
		d.int64()
	case stringUTF8, stringLatin1:
		d.take(int(d.int32()))
	case stringChars:
		n := int(d.int32())
		switch {
		case d.bad:
		case n < 0:
			d.bad = true
		case d.raw:
			if n > len(d.b)/2 {
				d.bad = true
			} else {
				d.take(2 * n)
			}
		default:
			if d.at = skipVarints(d.b, d.at, n); d.at < 0 {
				d.at, d.bad = len(d.b), true
			}
		}
	default:
		d.bad = true
	}
}

func float32of(v uint64) float64 { return float64(math.Float32frombits(uint32(v))) }
