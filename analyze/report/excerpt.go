package report

import (
	"bufio"
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of an excerpt.
const (
	excerptLines = 40
	excerptWidth = 400 // characters of a line
	maxLineNo    = 1 << 40
)

// excerptLine is a line of an entry; Number 0 stands for Left lines left out.
type excerptLine struct {
	Number int
	Text   string
	Left   int
}

// lineRange is from one line to another, both included.
type lineRange struct{ from, to int }

// parseLines reads "12", "120-164" and lists of them; empty means all lines.
func parseLines(s string) ([]lineRange, error) {
	var out []lineRange
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		from, to, isRange := strings.Cut(part, "-")
		a, err := strconv.Atoi(from)
		b := a
		if err == nil && isRange {
			b, err = strconv.Atoi(to)
		}
		if err != nil || a < 1 || b < a || b > maxLineNo {
			return nil, fmt.Errorf("lines %q: want 12 or 12-40", cut(clean(s), 40))
		}
		out = append(out, lineRange{a, b})
	}
	return out, nil
}

// excerpt takes the cited lines of an entry, at most so many; of more the middle
// is left out and counted.
func excerpt(content []byte, cited string, most int) ([]excerptLine, error) {
	ranges, err := parseLines(cited)
	if err != nil {
		return nil, err
	}
	if binary(content) {
		return nil, fmt.Errorf("binary, %s", size(float64(len(content))))
	}
	head, tail, n := make([]excerptLine, 0, most), []excerptLine(nil), 0
	keep := most - most/2
	last := 0
	for number, line := range numbered(content) {
		last = number
		if !covers(ranges, number) {
			continue
		}
		n++
		e := excerptLine{Number: number, Text: cut(clean(strings.ReplaceAll(string(line), "\t", "    ")), excerptWidth)}
		switch {
		case len(head) < keep:
			head = append(head, e)
		case len(tail) < most-keep:
			tail = append(tail, e)
		case most > keep:
			copy(tail, tail[1:])
			tail[len(tail)-1] = e
		}
	}
	if n == 0 && len(ranges) > 0 {
		return nil, fmt.Errorf("lines %s are not there: the entry has %s", cited, count(last, "line"))
	}
	if left := n - len(head) - len(tail); left > 0 {
		head = append(head, excerptLine{Left: left})
	}
	return append(head, tail...), nil
}

// numbered gives the lines of a text with their numbers from 1, without line ends.
func numbered(content []byte) func(yield func(int, []byte) bool) {
	return func(yield func(int, []byte) bool) {
		n := 0
		for line := range bytes.Lines(content) {
			n++
			if !yield(n, bytes.TrimRight(line, "\r\n")) {
				return
			}
		}
	}
}

func covers(ranges []lineRange, n int) bool {
	for _, r := range ranges {
		if n >= r.from && n <= r.to {
			return true
		}
	}
	return len(ranges) == 0
}

// binary tells content that is no text by its beginning.
func binary(content []byte) bool {
	head := content[:min(len(content), bufio.MaxScanTokenSize)]
	if bytes.IndexByte(head, 0) >= 0 {
		return true
	}
	bad := 0
	for b := head; len(b) > 0; {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			bad++
		}
		b = b[n:]
	}
	return bad > len(head)/10
}
