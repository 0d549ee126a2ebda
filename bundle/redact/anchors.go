package redact

import (
	"bytes"
	"regexp"
)

// aliasRE is a key whose value is the one of an anchor, in YAML that a log wrote.
var aliasRE = regexp.MustCompile(`["']?([\p{L}\d_.-]+)["']?\s*:\s+\*([\w.-]+)\s*,?$`)

const (
	// maxAnchor bounds how far the anchor of an alias is looked for, in bytes.
	maxAnchor = 64 << 10
	// maxAliases bounds how many different ones are looked for in a block.
	maxAliases = 64
)

// aliases are those of a block that were looked for, and up to where.
type aliases map[string]int

// anchored finds the value of the anchor that a secret key in the line from start to end refers to: it stands before.
func (e *engine) anchored(block []byte, start, end int, done aliases, spans []found) []found {
	line := bytes.TrimRight(block[start:end], " \t\r")
	if bytes.IndexByte(line, '*') < 0 {
		return spans
	}
	m := aliasRE.FindSubmatch(line)
	if m == nil {
		return spans
	}
	c := classify(m[1])
	from, known := done[string(m[2])]
	if c == nil || c.strength == nameKey || !known && len(done) >= maxAliases {
		return spans
	}
	done[string(m[2])] = start
	mention := append([]byte{'&'}, m[2]...)
	for at := max(from, start-maxAnchor); at < start; {
		n := bytes.Index(block[at:start], mention)
		if n < 0 {
			break
		}
		at += n + len(mention)
		stop := at + max(0, bytes.IndexByte(block[at:end], '\n'))
		v := bytes.Trim(block[at:stop], " \t\r\"'")
		if len(v) == 0 || !isSpace(block[at]) {
			continue
		}
		begin := at + bytes.Index(block[at:stop], v)
		spans = e.open(block, begin, begin+len(v), c.rule, spans)
	}
	return spans
}
