package redact

import "bytes"

// stars overwrites b.
func stars(b []byte) {
	for i := range b {
		b[i] = '*'
	}
}

// overwrite puts stars over the known values in b, in place, and returns where the last one ends.
func (e *engine) overwrite(b []byte) int {
	last := 0
	known := e.secrets.inBinary().search(b)
	for {
		m, ok := known.from(last)
		if !ok {
			return last
		}
		stars(b[m.start:m.end])
		e.count("known", m.start)
		last = m.end
	}
}

func (e *engine) binaryAll(b []byte) []byte {
	b = bytes.Clone(b)
	e.overwrite(b)
	return b
}

// binaryBlock overwrites known values in the buffer and keeps as much of its end as could
// be the start of one.
func (w *Writer) binaryBlock(last bool) {
	longest := w.e.secrets.inBinary().longest
	end := w.e.overwrite(w.buf)
	if last {
		w.emit(w.buf[w.done:])
		return
	}
	// One byte more, because a value may depend on the byte before it and behind it.
	cut := max(end, len(w.buf)-longest-1)
	cut = max(1, min(cut, len(w.buf)-1))
	if cut <= w.done {
		cut = len(w.buf) - 1
	}
	w.emit(w.buf[w.done:cut])
	w.keep(cut, 1)
}
