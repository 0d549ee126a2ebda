package threads

// trimEnd cuts blanks and CR at the end of a line off. Those of package bytes take sets of runes, and cost as much as reading a line.
func trimEnd(b []byte) []byte {
	for n := len(b); n > 0; n-- {
		if c := b[n-1]; c != ' ' && c != '\t' && c != '\r' {
			return b[:n]
		}
	}
	return b[:0]
}

// trimFront cuts blanks at its front off.
func trimFront(b []byte) []byte {
	for i, c := range b {
		if c != ' ' && c != '\t' {
			return b[i:]
		}
	}
	return b[len(b):]
}
