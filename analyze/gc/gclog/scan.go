package gclog

import (
	"bytes"
	"math"
	"time"

	"casefile/analyze/say"
)

// A scanner of numbers reads from the front of b and returns what is left. None of them allocates.

func isDigit(c byte) bool { return c-'0' < 10 }

// digits reads an unsigned integer below 2^63.
func digits(b []byte) (v int64, rest []byte, ok bool) {
	i := 0
	for i < len(b) && isDigit(b[i]) {
		if v > (math.MaxInt64-9)/10 {
			return 0, b, false
		}
		v = v*10 + int64(b[i]-'0')
		i++
	}
	return v, b[i:], i > 0
}

// pointed reports whether the number that nanos took has a point, or a comma.
func pointed(b, rest []byte) bool {
	n := b[:len(b)-len(rest)]
	return bytes.IndexByte(n, '.') >= 0 || bytes.IndexByte(n, ',') >= 0
}

// nanos reads a decimal number in units of scale and gives it in nanoseconds, exactly as far as the digits go.
// A comma is a decimal point too: JDK 8 and older follow the locale.
func nanos(b []byte, scale int64) (d time.Duration, rest []byte, ok bool) {
	whole, rest, ok := digits(b)
	if !ok || whole > (1<<62)/scale {
		return 0, b, false
	}
	n := whole * scale
	if len(rest) > 1 && (rest[0] == '.' || rest[0] == ',') && isDigit(rest[1]) {
		i := 1
		for ; i < len(rest) && isDigit(rest[i]); i++ {
			scale /= 10
			n += int64(rest[i]-'0') * scale
		}
		rest = rest[i:]
	}
	return time.Duration(n), rest, true
}

const (
	second = int64(time.Second)
	milli  = int64(time.Millisecond)
	micro  = int64(time.Microsecond)
)

// decimal reads a decimal number as thousandths.
func decimal(b []byte) (thousandths int64, rest []byte, ok bool) {
	d, rest, ok := nanos(b, 1000)
	return int64(d), rest, ok
}

// size reads a number with a unit (B, K, M, G, T; bytes without one), as in "1024K" or "13.0M".
func size(b []byte) (bytes int64, rest []byte, ok bool) {
	th, rest, ok := decimal(b)
	if !ok {
		return 0, b, false
	}
	shift := 0
	if len(rest) > 0 {
		switch rest[0] {
		case 'B':
			rest = rest[1:]
		case 'K', 'k':
			shift, rest = 10, rest[1:]
		case 'M', 'm':
			shift, rest = 20, rest[1:]
		case 'G', 'g':
			shift, rest = 30, rest[1:]
		case 'T':
			shift, rest = 40, rest[1:]
		}
	}
	if th > (1<<62)>>shift {
		return 0, b, false
	}
	if th%1000 == 0 {
		return th / 1000 << shift, rest, true
	}
	return int64(float64(th) / 1000 * float64(int64(1)<<shift)), rest, true
}

// change is "before(capacity)->after(capacity)"; the first capacity is optional, and so is the last.
type change struct {
	before, beforeCap, after, cap int64
}

func readChange(b []byte) (c change, rest []byte, ok bool) {
	if c.before, b, ok = size(b); !ok {
		return c, b, false
	}
	if c.beforeCap, b, ok = inParens(b); !ok {
		c.beforeCap = -1
	}
	if !bytes.HasPrefix(b, arrow) {
		return c, b, false
	}
	if c.after, b, ok = size(b[2:]); !ok {
		return c, b, false
	}
	if c.cap, b, ok = inParens(b); !ok {
		c.cap = -1
	}
	return c, b, true
}

var arrow = []byte("->")

// inParens reads "(size)" or, as ZGC writes, "(12%)", whose value is -1.
func inParens(b []byte) (v int64, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '(' {
		return 0, b, false
	}
	v, r, ok := size(b[1:])
	if !ok || len(r) == 0 {
		return 0, b, false
	}
	if r[0] == '%' && len(r) > 1 && r[1] == ')' {
		return -1, r[2:], true
	}
	if r[0] != ')' {
		return 0, b, false
	}
	return v, r[1:], true
}

// group takes a balanced "(...)" from the front: causes hold parentheses themselves, as in "(System.gc())".
func group(b []byte) (inner, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '(' {
		return nil, b, false
	}
	depth := 0
	for i, c := range b {
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return b[1:i], b[i+1:], true
			}
		}
	}
	return nil, b, false
}

// after gives what follows the first occurrence of a key, without leading spaces.
func after(b []byte, key string) ([]byte, bool) {
	if has(b, key) {
		return trimLeft(b[len(key):]), true
	}
	i := bytes.Index(b, []byte(key))
	if i < 0 {
		return nil, false
	}
	return trimLeft(b[i+len(key):]), true
}

func trimLeft(b []byte) []byte {
	for len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	return b
}

// trimBlanks takes tabs off too.
func trimBlanks(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	return b
}

func trim(b []byte) []byte { return trimLeft(trimRight(b)) }

func trimRight(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\r' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

func has(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && string(b[:len(prefix)]) == prefix
}

func hasSuffix(b []byte, suffix string) bool {
	return len(b) >= len(suffix) && string(b[len(b)-len(suffix):]) == suffix
}

// isoTime reads "2022-08-16T11:30:42.834+0800" (fraction optional, zone "+0800", "+08:00" or "Z").
func isoTime(b []byte) (t time.Time, rest []byte, ok bool) {
	if !looksISO(b) {
		return t, b, false
	}
	n := func(from, to int) int {
		v := 0
		for _, c := range b[from:to] {
			if !isDigit(c) {
				ok = false
			}
			v = v*10 + int(c-'0')
		}
		return v
	}
	ok = true
	y, mo, d, h, mi, s := n(0, 4), n(5, 7), n(8, 10), n(11, 13), n(14, 16), n(17, 19)
	if !ok || y < 1990 || y > 2150 || mo < 1 || mo > 12 || d < 1 || d > 31 || h > 23 || mi > 59 || s > 60 {
		return t, b, false
	}
	rest = b[19:]
	var frac int64
	if len(rest) > 1 && (rest[0] == '.' || rest[0] == ',') {
		rest = rest[1:]
		for scale := second / 10; len(rest) > 0 && isDigit(rest[0]); scale /= 10 {
			frac += int64(rest[0]-'0') * scale
			rest = rest[1:]
		}
	}
	loc := say.NoZone
	switch {
	case len(rest) > 0 && rest[0] == 'Z':
		loc, rest = time.UTC, rest[1:]
	case len(rest) >= 5 && (rest[0] == '+' || rest[0] == '-'):
		sign := 1
		if rest[0] == '-' {
			sign = -1
		}
		z := rest[1:]
		hh, z1, ok1 := two(z)
		if len(z1) > 0 && z1[0] == ':' {
			z1 = z1[1:]
		}
		mm, z2, ok2 := two(z1)
		if !ok1 || !ok2 {
			return t, b, false
		}
		if loc = time.UTC; hh+mm != 0 {
			loc = time.FixedZone("", sign*(hh*3600+mm*60))
		}
		rest = z2
	}
	return time.Date(y, time.Month(mo), d, h, mi, s, int(frac), loc), rest, true
}

func looksISO(b []byte) bool {
	return len(b) >= 19 && b[4] == '-' && b[7] == '-' && (b[10] == 'T' || b[10] == ' ') && b[13] == ':' && b[16] == ':'
}

// isoLen is the length of a time that looksISO: fraction and a zone in digits are optional.
func isoLen(b []byte) int {
	i := len("2022-08-16T11:30:42")
	for i < len(b) && (isDigit(b[i]) || (b[i] == '.' || b[i] == ',') && i+1 < len(b) && isDigit(b[i+1])) {
		i++
	}
	if i < len(b) && b[i] == 'Z' {
		return i + 1
	}
	if i+5 <= len(b) && (b[i] == '+' || b[i] == '-') {
		i += 5
	}
	return i
}

func two(b []byte) (v int, rest []byte, ok bool) {
	if len(b) < 2 || !isDigit(b[0]) || !isDigit(b[1]) {
		return 0, b, false
	}
	return int(b[0]-'0')*10 + int(b[1]-'0'), b[2:], true
}
