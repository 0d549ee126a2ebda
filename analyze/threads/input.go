package threads

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"sync"

	"casefile/bundle/format/charset"
)

// lines cuts a stream into lines of bounded length. It is decoded (see charset); CR at the ends of lines are removed.
type lines struct {
	r       *bufio.Reader
	max     int
	maxJSON int // the same of a line that is JSON
	n       int // number of the line last returned
	long    int // lines that were cut at max
	buf     []byte

	recording bool
	taken     []byte // the text since recording began
	lineAt    int    // where the line last returned begins in it
}

func newLines(r io.Reader, max, maxJSON int) *lines {
	in := buffers.Get().(*bufio.Reader)
	in.Reset(charset.NewReader(r))
	return &lines{r: in, max: max, maxJSON: maxJSON}
}

// buffers are used again: an archive may have many small files.
var buffers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 256<<10) }}

// release gives back the buffer; no line is valid after it.
func (l *lines) release() {
	l.r.Reset(nil)
	buffers.Put(l.r)
	l.r = nil
}

// next gives the next line without its end; it is valid until the next call. The error is io.EOF at the end of the stream.
func (l *lines) next() ([]byte, error) {
	b, err := l.r.ReadSlice('\n')
	if err != nil && errors.Is(err, bufio.ErrBufferFull) {
		b, err = l.longLine(b)
	}
	if l.recording {
		l.lineAt = len(l.taken)
		l.taken = append(l.taken, b...)
		l.recording = len(l.taken) <= longestBody+l.max
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("line %d: %w", l.n+1, err)
	}
	if len(b) == 0 {
		return nil, io.EOF
	}
	l.n++
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == '\r') {
		b = b[:len(b)-1]
	}
	if limit := l.limit(b); len(b) > limit {
		l.long++
		b = b[:limit]
	}
	return b, nil
}

// record begins to keep the text of lines, or stops.
func (l *lines) record(on bool) { l.recording, l.taken, l.lineAt = on, l.taken[:0], 0 }

// recorded is what was kept before the line last returned.
func (l *lines) recorded() []byte {
	if !l.recording {
		return nil
	}
	return l.taken[:l.lineAt]
}

// buffered is what follows the line last returned, as far as it is at hand.
func (l *lines) buffered() []byte {
	b, _ := l.r.Peek(l.r.Buffered()) //nolint:errcheck // no more than there is
	return b
}

// skip passes over so many bytes of what is buffered, which are so many lines.
func (l *lines) skip(bytes, lines int) {
	_, _ = l.r.Discard(bytes) //nolint:errcheck // it is at hand
	l.n += lines
}

// limit is how much of a line is looked at. A log in JSON keeps a whole dump in one.
func (l *lines) limit(line []byte) int {
	if len(line) > 0 && line[0] == '{' {
		return max(l.max, l.maxJSON)
	}
	return l.max
}

func (l *lines) longLine(b []byte) ([]byte, error) {
	l.buf = append(l.buf[:0], b...)
	for {
		part, err := l.r.ReadSlice('\n')
		if len(l.buf) <= l.limit(l.buf) {
			l.buf = append(l.buf, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return l.buf, err
		}
	}
}
