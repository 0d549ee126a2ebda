package redact

import (
	"bytes"
	"regexp"
)

// opening tells that a line ends where a secret begins: the next lines hold it.
type opening struct {
	rule  string // of the key; "" when nothing is open
	until opened
}

type opened uint8

const (
	atWordEnd    opened = iota // the first word of the next line, behind a backslash
	atTag                      // the next line, in an element that holds it alone
	atApostrophe               // up to the closing quote, within maxQuoted lines
	atQuote
)

// maxQuoted bounds a value in quotes, in lines: an apostrophe may never be closed.
const maxQuoted = 20

var (
	backslashRE = regexp.MustCompile(`(?:([A-Za-z0-9_.-]+)\s*[=:]|\s(--?[A-Za-z][A-Za-z0-9_.-]+))\s*\\\s*$`)
	elementRE   = regexp.MustCompile(`^\s*<([A-Za-z0-9_:.-]+)(?:\s[^<>]*)?>\s*$`)
	nameAttrRE  = regexp.MustCompile(`\s(?:name|key)\s*=\s*["']([^"']+)["']`)
	assignedRE  = regexp.MustCompile(`^\s*(?:(?:export|set|local|declare -x)\s+)?([A-Za-z_][A-Za-z0-9_]*)=(["'])(.*)$`)
)

// opens tells what a line leaves open.
func opens(line []byte) opening {
	end := trimEnd(line, 0, len(line))
	if end == 0 {
		return opening{}
	}
	switch last := line[end-1]; {
	case last == '\\':
		if m := backslashRE.FindSubmatch(line); m != nil {
			return openedBy(append(m[1], m[2]...), atWordEnd)
		}
	case last == '>':
		return opensElement(line)
	}
	if m := assignedRE.FindSubmatch(line); m != nil && closingQuote(m[3], 0, m[2][0], 0) < 0 {
		if m[2][0] == '"' {
			return openedBy(m[1], atQuote)
		}
		return openedBy(m[1], atApostrophe)
	}
	return opening{}
}

func opensElement(line []byte) opening {
	if m := elementRE.FindSubmatch(line); m != nil {
		if o := openedBy(localName(m[1]), atTag); o.rule != "" {
			return o
		}
		if m := nameAttrRE.FindSubmatch(line); m != nil {
			return openedBy(m[1], atTag)
		}
	}
	return opening{}
}

func openedBy(key []byte, until opened) opening {
	if c := classify(key); c != nil && c.strength != nameKey {
		return opening{c.rule, until}
	}
	return opening{}
}

// goesOn finds what the lines at at hold of the secret that is open, and returns where to look on.
func (e *engine) goesOn(block []byte, at int, spans []found) ([]found, int) {
	o := e.opened
	if o.rule == "" || at >= len(block) {
		return spans, at
	}
	e.opened = opening{}
	_, end := lineAround(block, at)
	line := block[at:end]
	start := len(line) - len(bytes.TrimLeft(line, " \t\""))
	stop := trimEnd(line, start, len(line))
	switch o.until {
	case atWordEnd:
		if n := bytes.IndexAny(line[start:stop], " \t\""); n >= 0 {
			stop = start + n
		}
	case atTag:
		if start < stop && line[start] == '<' {
			return spans, at
		}
	default:
		return e.quotedLines(block, at, o, spans), at
	}
	if start < stop && !isPlaceholder(line[start:stop]) {
		f := secretAt(at+start, at+stop, o.rule, true)
		e.note(block, f)
		return append(spans, f), at
	}
	return spans, at
}

// quotedLines finds the lines of a value in quotes whose first line was handled by the rules.
func (e *engine) quotedLines(block []byte, at int, o opening, spans []found) []found {
	quote := byte('"')
	if o.until == atApostrophe {
		quote = '\''
	}
	first := len(spans)
	for range maxQuoted {
		if at >= len(block) {
			break
		}
		_, end := lineAround(block, at)
		line := block[at:end]
		close := closingQuote(line, 0, quote, 0)
		stop := trimEnd(line, 0, len(line))
		if close >= 0 {
			stop = close
		}
		if stop > 0 && !isPlaceholder(line[:stop]) {
			spans = append(spans, secretAt(at, at+stop, o.rule, false))
		}
		if close >= 0 {
			return spans
		}
		at = end + 1
	}
	return spans[:first] // never closed: an apostrophe
}
