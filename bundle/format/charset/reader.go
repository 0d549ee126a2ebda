package charset

import (
	"bytes"
	"io"
)

// NewReader gives the text of r as UTF-8, without byte order marks. It is the one way in which readers of
// text that people hand over decode it; see Encoding for what is passed as it is.
func NewReader(r io.Reader) io.Reader {
	t := &reader{r: r, in: make([]byte, firstRead)}
	t.split = Splitter{Run: func(Encoding, []byte) {}, Text: func(text []byte) { t.out = append(t.out, text...) }}
	return t
}

// A reader of a small text does not take the room of a large one.
const firstRead, laterReads = 4 << 10, 32 << 10

type reader struct {
	r     io.Reader
	in    []byte
	buf   []byte // what out is a part of
	out   []byte // decoded and not yet read
	split Splitter
	err   error
}

func (t *reader) Read(p []byte) (int, error) {
	for len(t.out) == 0 {
		if t.err != nil {
			return 0, t.err
		}
		if n := t.readNarrow(p); n > 0 {
			return n, nil
		}
		if t.err != nil {
			continue
		}
		n, err := t.r.Read(t.in)
		t.take(t.in[:n], err)
		if n == len(t.in) && n < laterReads {
			t.in = make([]byte, laterReads)
		}
	}
	n := copy(p, t.out)
	t.out = t.out[n:]
	return n, nil
}

// readNarrow reads straight into p where narrow text goes on, as nearly all text does. Where it does not, the splitter gets what was read.
func (t *reader) readNarrow(p []byte) (n int) {
	held, narrow := t.split.held()
	if !narrow || len(p) < laterReads {
		return 0
	}
	kept := copy(p, held)
	got, err := t.r.Read(p[kept:])
	text := p[:kept+got]
	if err == nil && bytes.IndexByte(text, 0) < 0 {
		end := max(0, len(text)-backBytes)
		t.split.hold(text[end:])
		return end
	}
	t.take(text[kept:], err)
	n = copy(p, t.out)
	t.out = t.out[n:]
	return n
}

// take decodes what was read.
func (t *reader) take(text []byte, err error) {
	t.out = t.buf[:0]
	t.split.Write(text) //nolint:errcheck // never fails
	if err != nil {
		t.err = err
		t.split.Close()
	}
	t.buf = t.out
}

// Text gives a text at hand as UTF-8.
func Text(b []byte) []byte {
	var out []byte
	s := Splitter{Run: func(Encoding, []byte) {}, Text: func(text []byte) { out = append(out, text...) }}
	s.Write(b) //nolint:errcheck // never fails
	s.Close()
	return out
}
