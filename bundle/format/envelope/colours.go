package envelope

import "bytes"

const escape = 0x1b

// withoutColours takes the escape sequences of terminals out of a line: CSI "ESC [ 1;32 m", OSC "ESC ] 0;title BEL", and those of two bytes.
func withoutColours(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != escape {
			out = append(out, b[i])
			continue
		}
		i = sequenceEnd(b, i)
	}
	if i := bytes.LastIndexByte(bytes.TrimRight(out, "\r"), '\r'); i >= 0 { // what stands before it was written over
		out = out[i+1:]
	}
	return out
}

// sequenceEnd gives the last byte of the sequence that begins at i.
func sequenceEnd(b []byte, i int) int {
	if i+1 >= len(b) {
		return i
	}
	switch b[i+1] {
	case '[':
		for i += 2; i < len(b) && (b[i] < 0x40 || b[i] > 0x7e); i++ {
		}
		return i
	case ']':
		for i += 2; i < len(b) && b[i] != 0x07 && b[i] != escape; i++ {
		}
		if i+1 < len(b) && b[i] == escape { // "ESC \" ends it too
			i++
		}
		return i
	case '(', ')':
		return i + 2
	}
	return i + 1
}
