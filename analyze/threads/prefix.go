package threads

import "bytes"

// prefix is what a log framework puts before every line of a dump that went through it:
//
//	12:00:01,123 INFO  [stdout] (Thread-7) Full thread dump OpenJDK 64-Bit Server VM (17.0.1+12 mixed mode):
//	12:00:01,123 INFO  [stdout] (Thread-7) "main" #1 prio=5 ...
//
// It is learnt at the title and taken off as long as lines have it; a digit in it stands for any.
type prefix struct{ shape []byte }

// cut takes the prefix off, or learns a new one.
func (p *prefix) cut(b []byte) []byte {
	if len(p.shape) > 0 {
		if len(b) >= len(p.shape) && p.fits(b) {
			return b[len(p.shape):]
		}
		if bare := bytes.TrimRight(p.shape, " "); len(b) == len(bare) && (&prefix{bare}).fits(b) { // a blank line whose end was cut off
			return nil
		}
	}
	if n := len(b); n > 0 && (b[n-1] == ':' || b[n-1] == ')') && b[0] != ' ' && b[0] != '\t' && b[0] != 'F' && isPrefixedHotSpot(b) {
		if i := bytes.Index(b, fullThreadDump); i > 0 {
			p.shape = digitsAlike(b[:i])
		}
	}
	return b
}

func (p *prefix) fits(b []byte) bool {
	for i, c := range p.shape {
		if c != b[i] && (c != '0' || !isDigit(b[i])) {
			return false
		}
	}
	return true
}

// digitsAlike copies a short text with all its digits zero.
func digitsAlike(b []byte) []byte {
	out := bytes.Clone(b[:min(len(b), 160)])
	for i, c := range out {
		if isDigit(c) {
			out[i] = '0'
		}
	}
	return out
}
