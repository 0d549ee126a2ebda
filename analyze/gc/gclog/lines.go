package gclog

import (
	"bytes"
	"io"

	"casefile/bundle/format/envelope"
)

// lineReader gives one line at a time without copying. Lines longer than its buffer are cut: the rest is skipped.
type lineReader struct {
	r          io.Reader
	buf        []byte
	start, end int
	err        error
	left       int64 // bytes that may still be read
	cut        int64 // lines cut
	over       bool  // the byte limit was reached
	coloured   bool  // what is held may have escape sequences of terminals
}

func newLineReader(r io.Reader, maxLine int, maxBytes int64) *lineReader {
	return &lineReader{r: r, buf: make([]byte, max(4*maxLine, 1<<18)), left: maxBytes}
}

// next gives a line without its end; nil, io.EOF at the end. The bytes are valid until the next call.
func (l *lineReader) next() ([]byte, error) {
	scanned := l.start
	for {
		if i := bytes.IndexByte(l.buf[scanned:l.end], '\n'); i >= 0 {
			line := l.buf[l.start : scanned+i]
			l.start = scanned + i + 1
			return trimEnds(line), nil
		}
		if l.err != nil {
			if l.start < l.end {
				line := l.buf[l.start:l.end]
				l.start = l.end
				return trimEnds(line), nil
			}
			return nil, l.err
		}
		if l.start > 0 {
			l.end = copy(l.buf, l.buf[l.start:l.end])
			l.start = 0
		}
		scanned = l.end
		if l.end == len(l.buf) {
			return l.cutLine()
		}
		l.fill()
	}
}

// piece is how much is read at once: it stays in the caches of a CPU until its lines are read.
const piece = 32 << 10

func (l *lineReader) fill() {
	room := l.buf[l.end:]
	room = room[:min(len(room), piece)]
	if l.left < int64(len(room)) {
		room = room[:l.left]
	}
	if len(room) == 0 {
		l.err, l.over = io.EOF, true
		return
	}
	n, err := l.r.Read(room)
	l.coloured = l.coloured && l.end > 0 || envelope.Coloured(room[:n])
	l.end += n
	l.left -= int64(n)
	l.err = err
}

// cutLine gives the full buffer as a line and drops what follows up to the line's end.
func (l *lineReader) cutLine() ([]byte, error) {
	l.cut++
	keep := bytes.Clone(l.buf[:min(l.end, 1<<12)])
	for l.err == nil {
		l.start, l.end = 0, 0
		l.fill()
		if i := bytes.IndexByte(l.buf[:l.end], '\n'); i >= 0 {
			l.start = i + 1
			break
		}
	}
	return trimEnds(keep), nil
}

// trimEnds takes off trailing blanks and the NUL bytes that a log truncated while it is written begins with.
func trimEnds(b []byte) []byte {
	b = trimRight(b)
	if len(b) > 0 && b[0] == 0 {
		b = bytes.TrimLeft(b, "\x00")
	}
	return b
}
