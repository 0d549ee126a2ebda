package threads

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// lines cuts a stream into lines of bounded length. UTF-16 is decoded, CR and a byte order mark are removed.
type lines struct {
	r       *bufio.Reader
	max     int
	maxJSON int // the same of a line that is JSON
	n       int // number of the line last returned
	long    int // lines that were cut at max
	buf     []byte
}

func newLines(r io.Reader, max, maxJSON int) *lines {
	br := bufio.NewReaderSize(r, 64<<10)
	head, _ := br.Peek(4)
	switch {
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}), len(head) == 4 && head[0] != 0 && head[1] == 0 && head[2] != 0 && head[3] == 0:
		br = bufio.NewReaderSize(&utf16Reader{r: br, little: true}, 64<<10)
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}), len(head) == 4 && head[0] == 0 && head[1] != 0 && head[2] == 0 && head[3] != 0:
		br = bufio.NewReaderSize(&utf16Reader{r: br}, 64<<10)
	}
	if mark, _ := br.Peek(3); string(mark) == "\uFEFF" {
		br.Discard(3) //nolint:errcheck // just peeked
	}
	return &lines{r: br, max: max, maxJSON: maxJSON}
}

// next gives the next line without its end; it is valid until the next call. The error is io.EOF at the end of the stream.
func (l *lines) next() ([]byte, error) {
	b, err := l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		b, err = l.longLine(b)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("line %d: %w", l.n+1, err)
	}
	if len(b) == 0 {
		return nil, io.EOF
	}
	l.n++
	if b[len(b)-1] == '\n' {
		b = b[:len(b)-1]
	}
	if len(b) > 0 && b[len(b)-1] == '\r' {
		b = b[:len(b)-1]
	}
	if limit := l.limit(b); len(b) > limit {
		l.long++
		b = b[:limit]
	}
	return b, nil
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

// utf16Reader turns UTF-16 into UTF-8. An odd last byte is dropped.
type utf16Reader struct {
	r      *bufio.Reader
	little bool
	high   rune // a pending high surrogate
	out    []byte
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.out) == 0 {
		if err := u.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

func (u *utf16Reader) fill() error {
	u.out = make([]byte, 0, 4096)
	for len(u.out) < 4000 {
		var two [2]byte
		if _, err := io.ReadFull(u.r, two[:]); err != nil {
			if len(u.out) > 0 {
				return nil
			}
			if errors.Is(err, io.ErrUnexpectedEOF) {
				return io.EOF
			}
			return err
		}
		c := rune(two[0])<<8 | rune(two[1])
		if u.little {
			c = rune(two[1])<<8 | rune(two[0])
		}
		switch {
		case u.high != 0:
			u.out = utf8.AppendRune(u.out, utf16.DecodeRune(u.high, c))
			u.high = 0
		case utf16.IsSurrogate(c):
			u.high = c
		default:
			u.out = utf8.AppendRune(u.out, c)
		}
	}
	return nil
}
