package redact

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"casefile/bundle/redact/names"
)

// Limits of what is held in memory for one entry, in bytes.
const (
	// BlockSize is how much text is looked at in one go. A line up to this length is seen whole; a
	// longer one in windows of this size.
	BlockSize = 256 << 10
	// MaxDocument is the largest XML, JSON, YAML, .properties or environment that is treated by its structure.
	MaxDocument = 8 << 20
	// MaxProfile is the largest pprof profile, packed and unpacked.
	MaxProfile = 256 << 20

	overlap = 16 << 10 // of two windows of one line
	context = 4 << 10  // bytes before a window's start, in which keys are still seen
)

// ErrUnreadable means that an entry could not be made safe, and that nothing of it was written.
var ErrUnreadable = errors.New("cannot be scrubbed, so it is left out")

// Scrubber makes writers that share one set of secrets. It is safe for concurrent use.
type Scrubber struct {
	secrets *Secrets
	block   int // BlockSize, smaller in tests
	names   *names.Set
}

// New makes a Scrubber. A nil set is an empty one.
func New(s *Secrets) *Scrubber {
	if s == nil {
		s = NewSecrets()
	}
	return &Scrubber{secrets: s, block: BlockSize}
}

// Writer scrubs what is written to it. Close must be called: the end of the text, and all of a
// document, is written then. It is for one goroutine.
type Writer struct {
	dst     io.Writer
	kind    Kind
	wide    *wideText // nil for what is no text
	names   *naming   // nil at the level of secrets
	onName  func(offset, line int, kind names.Kind)
	e       *engine
	block   int
	buf     []byte
	start   int  // offset of buf in the entry
	lines   int  // newlines before buf
	done    int  // bytes of buf that were written before and are context now
	swallow bool // inside a secret longer than a window
	closed  bool
	err     error
}

// Writer returns a writer that scrubs an entry of that kind on its way to dst.
// Secrets found on the way are learned.
func (s *Scrubber) Writer(dst io.Writer, kind Kind) *Writer {
	e := newEngine(s.secrets)
	e.learn = true
	w := &Writer{dst: dst, kind: kind, e: e, block: max(s.block, 2*(overlapOf(s.block)))}
	if kind.encoded() {
		w.wide = newWideText(w, kind)
	}
	w.nameWith(s.names)
	return w
}

func overlapOf(block int) int { return min(overlap, block/8) }
func contextOf(block int) int { return min(context, block/16) }

// Bytes scrubs a whole entry. The error is ErrUnreadable or nil.
func (s *Scrubber) Bytes(kind Kind, b []byte) ([]byte, error) {
	var out bytes.Buffer
	w := s.Writer(&out, kind)
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Counts returns how often each rule replaced something, by the rule's name, and how often names of each kind were.
func (w *Writer) Counts() map[string]int { return mergeCounts(w.e.counts, w.names.counts()) }

// Total is the sum of Counts.
func (w *Writer) Total() int {
	n := 0
	for _, c := range w.Counts() {
		n += c
	}
	return n
}

// Write takes the next bytes of the entry. How they are cut into writes makes no difference to the output.
func (w *Writer) Write(p []byte) (int, error) {
	if w.closed {
		return 0, errors.New("redact: write after close")
	}
	if w.err == nil && w.wide != nil {
		n, _ := w.wide.split.Write(p)
		return n, w.err
	}
	n := len(p)
	left := w.take(p)
	return n - left, w.err
}

// take gathers the text and scrubs what is enough of it. It returns how many bytes were not taken, for an error.
func (w *Writer) take(p []byte) int {
	for len(p) > 0 && w.err == nil {
		room := w.limit() - len(w.buf)
		if room <= 0 {
			w.full()
			continue
		}
		take := min(room, len(p))
		w.buf = append(w.buf, p[:take]...)
		p = p[take:]
		if w.kind == JFR {
			w.jfrBlock(false)
		}
	}
	return len(p)
}

// limit is the number of bytes to gather before something must happen.
func (w *Writer) limit() int {
	switch w.kind {
	case Text, Binary:
		return w.block
	case Pprof:
		return MaxProfile
	case JFR:
		return MaxChunk
	}
	return MaxDocument
}

// full makes room in a full buffer.
func (w *Writer) full() {
	switch w.kind {
	case Text:
		w.textBlock(false)
	case Binary:
		w.binaryBlock(false)
	case JFR:
		w.jfrBlock(false)
	case Pprof, Hsperf:
		w.err = fmt.Errorf("redact: %v of more than %d bytes %w", w.kind, w.limit(), ErrUnreadable)
	default: // a document too large to hold
		w.kind = Text
		held := w.buf
		w.buf = make([]byte, 0, w.block)
		w.take(held)
	}
}

// Close writes what is left. It does not close dst.
func (w *Writer) Close() error {
	if w.closed {
		return w.err
	}
	w.closed = true
	if w.err != nil {
		return w.err
	}
	if w.wide != nil {
		w.wide.split.Close()
	}
	w.finish()
	w.buf = nil
	return w.err
}

// finish scrubs what is left in the buffer.
func (w *Writer) finish() {
	if w.err != nil {
		return
	}
	switch w.kind {
	case Text:
		w.textBlock(true)
	case Binary:
		w.binaryBlock(true)
	case JFR:
		w.jfrBlock(true)
	default:
		var out []byte
		if out, w.err = w.e.document(w.kind, w.buf); w.err == nil {
			w.emit(out)
		}
	}
	if w.err == nil && w.names != nil && w.kind.textual() {
		w.give(w.rename(nil, true))
	}
	if w.wide != nil {
		w.write(w.wide.enc.Flush(nil))
	}
}

// emit gives on what has no secrets.
func (w *Writer) emit(b []byte) {
	switch {
	case w.names == nil:
	case w.kind.textual():
		b = w.rename(b, false)
	case w.kind == Binary:
		w.err = fmt.Errorf("redact: names in a binary entry: %w", ErrUnreadable)
		return
	default:
		if b, w.err = w.names.renamed(w.kind, b); w.err != nil {
			return
		}
	}
	w.give(b)
}

func (w *Writer) give(b []byte) {
	if w.wide != nil {
		b = w.wide.encode(b)
	}
	w.write(b)
}

func (w *Writer) write(b []byte) {
	if len(b) == 0 || w.err != nil {
		return
	}
	if _, err := w.dst.Write(b); err != nil {
		w.err = fmt.Errorf("redact: %w", err)
	}
}

// textBlock scrubs the whole lines in the buffer and keeps the rest.
func (w *Writer) textBlock(last bool) {
	if w.swallow {
		w.skipSecret()
	}
	end := len(w.buf)
	if !last {
		end = bytes.LastIndexByte(w.buf, '\n') + 1
		if end <= w.done {
			w.window()
			return
		}
	}
	w.emit(w.e.textBlock(w.buf[:end], w.done))
	w.keep(end, 0)
}

// window scrubs the larger part of a line that is longer than the buffer. The next window sees
// some of it again, so that a secret at the cut is found with its key.
func (w *Writer) window() {
	line := w.buf
	if len(line) < w.block {
		return
	}
	spans := w.e.find(line)
	cut := len(line) - overlapOf(w.block)
	for _, s := range spans {
		if s.start >= cut || s.end <= cut {
			continue
		}
		switch {
		case s.end < len(line):
			cut = s.end
		case s.start > w.done:
			cut = s.start
		default:
			cut, w.swallow = len(line), true
		}
	}
	out := make([]byte, 0, cut-w.done)
	at := w.done
	for _, s := range spans {
		if s.end <= at || s.start >= cut {
			continue
		}
		s.start = max(s.start, at)
		out = append(append(out, line[at:s.start]...), marker(s.rule)...)
		w.e.count(s.rule, s.start)
		at = s.end
	}
	w.emit(append(out, line[at:cut]...))
	w.keep(cut, contextOf(w.block))
}

// skipSecret drops bytes up to where the secret that filled a window ends.
func (w *Writer) skipSecret() {
	n := bytes.IndexAny(w.buf[w.done:], " \t\r\n\"'<\x00")
	if n < 0 {
		w.start += len(w.buf) - w.done
		w.e.base = w.start
		w.buf = w.buf[:w.done]
		return
	}
	w.swallow = false
	w.buf = append(w.buf[:w.done], w.buf[w.done+n:]...)
	w.start += n
	w.e.base = w.start
}

// keep drops what comes before from, less some bytes of context that were written already.
func (w *Writer) keep(from, context int) {
	context = min(context, from)
	w.lines += bytes.Count(w.buf[:from-context], newline)
	w.start += from - context
	w.e.base = w.start
	n := copy(w.buf, w.buf[from-context:])
	w.buf = w.buf[:n]
	w.done = context
}

var newline = []byte{'\n'}

// lineOf returns the line, from 1, of an offset in the entry that lies in the buffer.
func (w *Writer) lineOf(offset int) int {
	at := min(max(offset-w.start, 0), len(w.buf))
	return w.lines + bytes.Count(w.buf[:at], newline) + 1
}
