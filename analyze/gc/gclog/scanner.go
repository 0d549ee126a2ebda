package gclog

import (
	"bytes"
	"slices"

	"casefile/analyze/gc"
	"casefile/bundle/format/envelope"
)

// Scanner reads a GC log that is written to it, as it passes on its way to others: in the output of an application it may begin anywhere.
type Scanner struct {
	p      *parser
	source string
	open   []byte // the line that has no end yet
	colour bool   // what is held may have escape sequences of terminals
	skip   bool   // the rest of a line that was too long
}

// NewScanner starts a log.
func NewScanner(source string, opts Options) *Scanner {
	s := &Scanner{p: newParser(source, opts), source: source}
	s.p.b.SetFile(source)
	return s
}

// Write takes a piece of the text. It never fails.
func (s *Scanner) Write(b []byte) (int, error) {
	n := len(b)
	s.colour = s.colour && len(s.open) > 0 || envelope.Coloured(b)
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			s.keep(b)
			return n, nil
		}
		switch {
		case s.skip:
			s.skip = false
		case len(s.open) > 0:
			s.keep(b[:i])
			s.end()
		default:
			s.line(b[:i])
		}
		s.open = s.open[:0]
		b = b[i+1:]
	}
}

// keep holds the beginning of a line, up to its limit.
func (s *Scanner) keep(b []byte) {
	if s.skip {
		return
	}
	room := s.p.opts.MaxLine - len(s.open)
	s.open = append(s.open, b[:min(len(b), room)]...)
	if len(b) > room {
		s.p.log.CutLines++
		s.end()
		s.open, s.skip = s.open[:0], true
	}
}

func (s *Scanner) end() { s.line(s.open) }

// line takes a whole line. Most lines of an application are told from GC logging at a glance.
func (s *Scanner) line(b []byte) {
	if s.p.format == "" && s.p.legacy.depth == 0 && !slices.ContainsFunc(glance, func(w []byte) bool { return bytes.Contains(b, w) }) {
		s.p.line++
		s.p.log.Lines++
		s.p.log.OtherLines.Count++
		return
	}
	s.p.raw(trimEnds(b), s.colour)
}

// glance are words of which one is in the first line of any GC log.
var glance = [][]byte{[]byte("GC"), []byte("gc"), []byte("[Pause "), []byte("stopped: "), []byte("pause of approximately")}

// Finish gives the log; ErrNotGCLog when no line was of one.
func (s *Scanner) Finish() (*gc.Log, error) {
	if len(s.open) > 0 && !s.skip {
		s.end()
	}
	return s.p.finish(s.source, nil)
}
