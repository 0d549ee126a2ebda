package forms

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"

	"casefile/bundle/format/envelope"
)

// inText is a JSON dump of threads with something around it, or before each of its lines.
func inText(head []byte) start {
	if !bytes.Contains(head, []byte(dumpKey)) || jsonDumpBegin.Match(head) {
		return nil
	}
	var sample []byte
	found := false
	for line := range bytes.Lines(head) {
		inner := bytes.TrimRight(envelope.Open(bytes.TrimRight(line, "\r\n")), " ")
		if i := bytes.Index(inner, []byte(dumpKey)); i >= 0 {
			if j := bytes.LastIndexByte(inner[:i], '{'); j >= 0 && len(bytes.Trim(inner[j+1:i], ` \"`)) == 0 {
				sample, found = bytes.Clone(inner[:j]), true
			}
			break
		}
		if before, ok := bytes.CutSuffix(inner, []byte{'{'}); ok {
			sample, found = bytes.Clone(before), true
		}
	}
	if !found || len(sample) > longestPrefix || !utf8.Valid(sample) {
		return nil
	}
	strip := without(sample)
	return ifBetter(head, func() step { return (&textDump{strip: strip}).step })
}

const dumpKey = "threadDump"

// textDump takes the dump out of the text.
type textDump struct {
	strip  func([]byte) []byte
	depth  int // of braces that are open
	others int // lines outside
	in     scanState
}

func (t *textDump) step(p *puller) error {
	b, err := p.readLine()
	if err != nil {
		if t.others > 0 && err == io.EOF {
			p.words = append(p.words, fmt.Sprintf("%d lines around a JSON dump of threads are not read", t.others))
			t.others = 0
		}
		return err
	}
	line := t.strip(envelope.Open(bytes.TrimRight(b, "\r\n")))
	if t.depth == 0 {
		i := bytes.IndexByte(line, '{')
		if i < 0 || len(bytes.TrimSpace(line[:i])) > 0 || !t.dumpFollows(p, line) {
			if len(bytes.TrimSpace(line)) > 0 {
				t.others++
			}
			return nil
		}
	}
	t.depth = t.in.braces(line, t.depth)
	p.write(append(bytes.Clone(line), '\n'), p.read)
	return nil
}

// dumpFollows reports whether the next line, or this one, has the key of a dump.
func (t *textDump) dumpFollows(p *puller, line []byte) bool {
	if bytes.Contains(line, []byte(dumpKey)) {
		return true
	}
	next, _ := p.in.Peek(1 << 10) // an error is told by who reads on
	if i := bytes.IndexByte(next, '\n'); i >= 0 {
		next = next[:i]
	}
	return bytes.Contains(next, []byte(dumpKey))
}

// scanState is where in a JSON text a line begins.
type scanState struct{ quoted, escaped bool }

func (s *scanState) braces(line []byte, depth int) int {
	for _, c := range line {
		switch {
		case s.escaped:
			s.escaped = false
		case s.quoted && c == '\\':
			s.escaped = true
		case c == '"':
			s.quoted = !s.quoted
		case s.quoted:
		case c == '{':
			depth++
		case c == '}':
			depth = max(depth-1, 0)
		}
	}
	return depth
}
