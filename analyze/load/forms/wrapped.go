package forms

import (
	"bytes"
	"io"
	"regexp"

	"casefile/analyze/gc/gclog"
)

// begins is how lines of dumps and logs begin; a line that does not may be the end of the one before it.
var begins = regexp.MustCompile(`^(\s*$|"|\s+at |\s+- |\s+java\.lang\.Thread\.State|Full thread dump|goroutine \d|\[|\d{4}[-/]\d\d[-/]\d\d[T ]|\d+\.\d{3}: |\d[A-Z]{2}[A-Z0-9]+ |NULL |created by |[\w/*()\[\]-]+\.[\w.*()\[\]-]+\(.*\)\s*$)`)

var dated = regexp.MustCompile(`^\d{4}[-/]\d\d[-/]\d\d[T ]`)

// beginner reports whether a line after another begins anew.
type beginner func(before, line []byte) bool

// beginInText: in a log of the JVM all lines begin with a bracket.
func beginInText(before, line []byte) bool {
	if len(before) > 0 && before[0] == '[' {
		return len(line) > 0 && line[0] == '[' || dated.Match(line)
	}
	return begins.Match(line)
}

// beginInJSON: all lines of a dump are indented, or a brace alone.
func beginInJSON(_, line []byte) bool {
	return len(line) == 0 || bytes.IndexByte([]byte(" \t{}"), line[0]) >= 0
}

// inWrapped is what was copied from a terminal, which breaks lines at its width.
func inWrapped(head []byte) start {
	head = wholeLines(head)
	begin, least := beginInText, 3 // the same line over and over has the same length
	if bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")) {
		if begin, least = beginInJSON, 1; !bytes.Contains(head, []byte(dumpKey)) {
			return nil
		}
	}
	width := widthOf(head, begin, least)
	if width == 0 {
		return nil
	}
	return ifNoWorse(head, always(func(p *puller) error { return joinWrapped(p, width, begin) }))
}

// widthOf gives the number of columns at which lines are broken: no line is longer, and what follows lines of this length begins as no line
// does; 0: lines are not broken.
func widthOf(head []byte, begin beginner, least int) int {
	lines := bytes.Split(head, []byte{'\n'})
	longest := 0
	for _, line := range lines {
		longest = max(longest, len(bytes.TrimRight(line, " \r")))
	}
	const narrow, wide = 40, 300
	if longest < narrow || longest > wide {
		return 0
	}
	full, goOn, strays := 0, 0, 0
	texts := map[string]bool{}
	for i, line := range lines[:len(lines)-1] {
		if len(bytes.TrimRight(line, " \r")) == longest {
			if full++; !begin(line, lines[i+1]) {
				goOn++
				texts[string(line)] = true
			}
		} else if i > 0 && len(bytes.TrimRight(lines[i-1], " \r")) < longest && !begin(lines[i-1], line) {
			strays++ // goes on, though the line before it is not full
		}
	}
	if strays > goOn && gclog.Sniff(head) || len(texts) < least || 4*goOn < 3*full || 2*full > len(lines) {
		return 0
	}
	return longest
}

func joinWrapped(p *puller, width int, begin beginner) error {
	b, err := p.readLine()
	if err != nil {
		return err
	}
	first := p.read
	whole := bytes.Clone(bytes.TrimRight(b, "\r\n"))
	for last := len(whole); last == width && len(whole) < longest; {
		next, err := p.in.Peek(4 << 10)
		if len(next) == 0 || err != nil && err != io.EOF {
			break
		}
		if i := bytes.IndexByte(next, '\n'); i >= 0 {
			next = next[:i]
		}
		if begin(whole, next) {
			break
		}
		if b, err = p.readLine(); err != nil {
			break
		}
		b = bytes.TrimRight(b, "\r\n")
		whole, last = append(whole, b...), len(b)
	}
	p.write(append(whole, '\n'), first)
	return nil
}
