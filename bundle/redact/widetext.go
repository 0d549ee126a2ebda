package redact

import (
	"bytes"

	"casefile/bundle/format/charset"
)

// wideText stands in front of a Writer of text: it gives every run of one encoding to the Writer as an entry of its
// own, in UTF-8, and turns what the Writer emits back.
type wideText struct {
	split charset.Splitter
	enc   charset.Encoder
	out   []byte
}

// encoded says that entries of the kind may be kept in UTF-16. What /proc gives never is, and separates with NUL.
func (k Kind) encoded() bool { return k <= YAML }

func newWideText(w *Writer, kind Kind) *wideText {
	t := &wideText{}
	t.split = charset.Splitter{
		Run: func(e charset.Encoding, mark []byte) {
			if len(w.buf) > 0 {
				w.finish()
			}
			w.write(t.enc.Flush(nil))
			w.nextRun(kind)
			w.write(mark)
			t.enc = charset.Encoder{Encoding: e}
		},
		Text: func(text []byte) { w.take(text) },
	}
	return t
}

// encode returns b as it is to be written, valid until the next call.
func (t *wideText) encode(b []byte) []byte {
	if t.enc.Encoding == charset.Narrow {
		return b
	}
	t.out = t.enc.Append(t.out[:0], b)
	return t.out
}

// nextRun makes the Writer ready for another text behind the one that is finished.
func (w *Writer) nextRun(kind Kind) {
	w.kind = kind // a document too large was taken for text
	w.lines += bytes.Count(w.buf, newline)
	w.start += len(w.buf)
	w.e.base = w.start
	w.buf, w.done, w.swallow = w.buf[:0], 0, false
}
