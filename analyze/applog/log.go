package applog

import (
	"bytes"
	"io"
	"time"

	"casefile/bundle/format/charset"
	"casefile/bundle/format/envelope"
)

// Mark is a kind of lines that are kept.
type Mark struct {
	Kind string
	// Words: every line of the kind holds one of them, in capitals or not. None: any line may be of it, and reading is slow.
	Words []string
	// Match says that a line, without its end, is of the kind.
	Match func(line []byte) bool
}

// Marked is the lines of one kind.
type Marked struct {
	Kind   string
	Count  int64
	Newest []Entry // the newest of them, in the order of the log; a further line of an entry has the entry's stamp, thread and level
}

// Log is what was read of one application log.
type Log struct {
	Source  string
	Lines   int64
	Entries int64            // lines that begin with a stamp
	Levels  map[string]int64 // entries by level, as written
	First   Stamp
	Last    Stamp
	Marked  []*Marked
	Stuck   []Stuck // the newest reports
	Stucks  int64   // all of them
	// Strays are lines before the first entry, of a file without any: all of them; those of the JVM, in brackets, are not among them.
	// StraySample is the first of them.
	Strays      int64
	StraySample []Entry
	// LongLines were longer than is looked at; only their beginning was.
	LongLines int64
}

// Of gives the lines of one kind; nil when there are none.
func (l *Log) Of(kind string) *Marked {
	for _, m := range l.Marked {
		if m.Kind == kind {
			return m
		}
	}
	return nil
}

const (
	maxLine = 16 << 10 // of a line is looked at
	maxText = 300      // of a line is kept
	// maxKept is how many lines of one kind are kept: the newest.
	maxKept = 200
	// maxStrays is how many of the lines of no entry are kept.
	maxStrays = 20
)

// Read reads a log to its end. The error is that of r.
func Read(source string, r io.Reader, marks []Mark) (*Log, error) {
	s := NewScanner(source, marks)
	_, err := io.Copy(s, charset.NewReader(r))
	return s.Finish(), err
}

// Scanner reads a log that is written to it in UTF-8, next to another reader of the same text (io.TeeReader). It never fails.
type Scanner struct {
	log     *Log
	marks   []Mark
	marked  *filter // lines that may be of a mark
	part    []byte  // of a line whose end has not come
	inStack bool    // after a report of a stuck request, whose stack follows

	// The entry that further lines belong to.
	entry          Entry
	thread, logger []byte // of it, not yet in entry: few entries are kept
}

// NewScanner makes a Scanner for a log that is called source.
func NewScanner(source string, marks []Mark) *Scanner {
	return &Scanner{log: &Log{Source: source, Levels: map[string]int64{}}, marks: marks, marked: filterOf(marks)}
}

func filterOf(marks []Mark) *filter {
	var words []string
	for _, m := range marks {
		if len(m.Words) == 0 {
			return newFilter(nil)
		}
		words = append(words, m.Words...)
	}
	return newFilter(words)
}

// Write takes the next piece of the log.
func (s *Scanner) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		end := bytes.IndexByte(p, '\n')
		switch {
		case end < 0:
			s.keep(p)
			return n, nil
		case len(s.part) > 0:
			s.keep(p[:end])
			s.line(s.part)
			s.part = s.part[:0]
		default:
			s.line(p[:end])
		}
		p = p[end+1:]
	}
	return n, nil
}

// keep adds to the unfinished line, up to the limit.
func (s *Scanner) keep(p []byte) {
	room := maxLine + 1 - len(s.part)
	s.part = append(s.part, p[:min(len(p), max(room, 0))]...)
}

// Finish gives what was read. The Scanner must not be used after it.
func (s *Scanner) Finish() *Log {
	if len(s.part) > 0 {
		s.line(s.part)
	}
	return s.log
}

func (s *Scanner) line(b []byte) {
	l := s.log
	l.Lines++
	if len(b) == 0 { // most lines of a GC log, whose own were taken out
		return
	}
	if len(b) > maxLine {
		l.LongLines++
		b = b[:maxLine]
	}
	if b = bytes.TrimSuffix(b, []byte("\r")); len(b) == 0 {
		return
	}
	h, ok := readHeader(b)
	if !ok { // a container's runtime or a service wrapper may have put it into an envelope
		if inner := envelope.Open(b); len(inner) != len(b) {
			b = inner
			h, ok = readHeader(b)
		}
	}
	if ok {
		l.Entries++
		if h.level != "" {
			l.Levels[h.level]++
		}
		if l.First.Time.IsZero() {
			l.First = h.stamp
		}
		l.Last = h.stamp
		s.entry = Entry{Stamp: h.stamp, Level: h.level, Source: l.Source}
		s.thread, s.logger = append(s.thread[:0], h.thread...), append(s.logger[:0], h.logger...)
	}
	if l.Entries == 0 && len(bytes.TrimSpace(b)) > 0 && b[0] != '[' { // an envelope may hold a blank line
		if l.Strays++; len(l.StraySample) < maxStrays {
			l.StraySample = append(l.StraySample, s.here(b))
		}
	}
	if s.inStack = s.inStack && !ok; s.inStack {
		if call, is := stackLine(b); is {
			last := &l.Stuck[len(l.Stuck)-1]
			if len(last.Frames) < maxFrames {
				last.Frames = append(last.Frames, clip(call, maxText))
			}
			return
		}
	}
	if frame(b) {
		return
	}
	if s.marked.may(b) {
		for _, m := range s.marks {
			if m.Match(b) {
				s.mark(m.Kind, b)
			}
		}
	}
	if bytes.Contains(b, stuckID) {
		if stuck, ok := readStuck(b); ok {
			stuck.Entry = s.here(b)
			l.Stucks++
			l.Stuck = newest(l.Stuck, stuck)
			s.inStack = true
		}
	}
}

// frame says that a line is one of a stack, or the head of a thread in a dump, of which a log may hold gigabytes.
func frame(b []byte) bool {
	return bytes.HasPrefix(b, []byte("\tat ")) || bytes.HasPrefix(b, []byte("\t- ")) || len(b) > 0 && b[0] == '"'
}

func (s *Scanner) mark(kind string, line []byte) {
	m := s.log.Of(kind)
	if m == nil {
		m = &Marked{Kind: kind}
		s.log.Marked = append(s.log.Marked, m)
	}
	m.Count++
	m.Newest = newest(m.Newest, s.here(line))
}

// here is the entry of the line that was just read.
func (s *Scanner) here(line []byte) Entry {
	e := s.entry
	e.Thread, e.Logger = clip(s.thread, maxText), clip(s.logger, maxText)
	e.Source, e.Line, e.Text = s.log.Source, int(s.log.Lines), clip(bytes.TrimSpace(line), maxText)
	return e
}

// newest adds to a list that keeps the last ones.
func newest[T any](list []T, v T) []T {
	if len(list) >= 2*maxKept {
		list = append(list[:0], list[maxKept:]...)
	}
	return append(list, v)
}

func clip(b []byte, n int) string {
	return string(bytes.ToValidUTF8(b[:min(len(b), n)], nil))
}

// Shift gives the stamps of a log that have no zone the one of its machine, which is ahead of UTC by zone.
func (l *Log) Shift(zone time.Duration) {
	l.First, l.Last = l.First.At(zone), l.Last.At(zone)
	for _, m := range l.Marked {
		for i := range m.Newest {
			m.Newest[i].Stamp = m.Newest[i].At(zone)
		}
	}
	for i := range l.Stuck {
		l.Stuck[i].Stamp = l.Stuck[i].At(zone)
	}
}
