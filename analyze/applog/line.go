package applog

import (
	"bytes"
)

// Entry is one entry of an application log: its first line.
type Entry struct {
	Stamp
	Level  string // as written: "WARN", "SEVERE"; empty when the line gives none
	Thread string // empty when the line gives none
	Logger string // as written, mostly shortened by the layout
	Source string
	Line   int    // 1-based
	Text   string // the whole line, bounded
}

var levels = map[string]bool{
	"TRACE": true, "DEBUG": true, "INFO": true, "WARN": true, "ERROR": true, "FATAL": true, // log4j, logback
	"FINEST": true, "FINER": true, "FINE": true, "CONFIG": true, "INFORMATION": true, "WARNING": true, "SEVERE": true, // java.util.logging
}

// header is the front of a line that begins an entry.
type header struct {
	stamp  Stamp
	level  string
	thread []byte
	logger []byte
}

// maxHeader is how far level, thread and logger are looked for: a thread may bear the URL that it serves.
const maxHeader = 600

// readHeader takes a line apart; ok is false when it does not begin with a stamp, as the further lines of an entry.
func readHeader(line []byte) (header, bool) {
	stamp, rest, ok := readStamp(line)
	if !ok {
		return header{}, false
	}
	h := header{stamp: stamp}
	rest = rest[:min(len(rest), maxHeader)]
	before := rest // between stamp and level
	for len(rest) > 0 {
		rest = bytes.TrimLeft(rest, " \t")
		if len(rest) == 0 {
			break
		}
		if rest[0] == '[' {
			inner, after, ok := bracket(rest)
			if !ok {
				break
			}
			switch inner = bytes.TrimSpace(inner); {
			case levels[string(inner)] && h.level == "":
				h.level = string(inner)
			case h.thread == nil:
				h.thread = inner
			case h.logger == nil:
				h.logger = inner
			}
			if rest = after; h.logger != nil && h.level != "" {
				return h, true
			}
			continue
		}
		word, after, _ := bytes.Cut(rest, []byte(" "))
		switch {
		case h.level == "" && levels[string(word)]:
			h.level = string(word)
			if name := bytes.TrimSpace(before[:len(before)-len(rest)]); h.thread == nil && len(name) > 0 {
				h.thread = name // Jira's layout writes the thread bare, before the level
			}
		case h.level != "" && h.thread != nil && h.logger == nil && bytes.IndexByte(word, '.') > 0:
			h.logger = word
			return h, true
		case h.level != "" && !filler(word):
			return h, true // the text has begun
		}
		rest = after
	}
	if h.level == "" {
		h.thread, h.logger = nil, nil // brackets of a text
	}
	return h, true
}

// filler is what layouts write between level and thread: a process id, dashes.
func filler(word []byte) bool {
	return len(bytes.TrimLeft(word, "0123456789-")) == 0
}

// bracket reads "[...]", which may hold brackets.
func bracket(b []byte) (inner, rest []byte, ok bool) {
	depth := 0
	for i, c := range b {
		switch c {
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				return b[1:i], b[i+1:], true
			}
		}
	}
	return nil, nil, false
}
