package report

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
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

// excerptLine is a line of an entry; Number 0 stands for Left lines left out, which may stand in the excerpt above.
type excerptLine struct {
	Number int
	Text   string
	Left   int
	Above  bool
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

// excerpt collects the cited lines of an entry, at most so many; of more the middle is left out and counted.
type excerpt struct {
	ranges []lineRange
	most   int
	head   []excerptLine
	tail   []excerptLine
	n      int // cited lines that were there
}

func newExcerpt(cited string, most int) (*excerpt, error) {
	ranges, err := parseLines(cited)
	return &excerpt{ranges: ranges, most: most}, err
}

// end is the last line that is wanted.
func (x *excerpt) end() int {
	if len(x.ranges) == 0 {
		return maxLineNo
	}
	end := 0
	for _, r := range x.ranges {
		end = max(end, r.to)
	}
	return end
}

func (x *excerpt) take(number int, line []byte) {
	if !covers(x.ranges, number) {
		return
	}
	x.n++
	keep := x.most - x.most/2
	e := excerptLine{Number: number, Text: cut(clean(strings.ReplaceAll(string(line), "\t", "    ")), excerptWidth)}
	switch {
	case len(x.head) < keep:
		x.head = append(x.head, e)
	case len(x.tail) < x.most-keep:
		x.tail = append(x.tail, e)
	case x.most > keep:
		copy(x.tail, x.tail[1:])
		x.tail[len(x.tail)-1] = e
	}
}

// lines gives at most so many of what was collected.
func (x *excerpt) lines(most int) []excerptLine {
	all := append(slices.Clone(x.head), x.tail...)
	if len(all) <= most && x.n == len(all) {
		return all
	}
	most = min(most, len(all))
	keep := most - most/2
	out := append(slices.Clone(all[:keep]), excerptLine{Left: x.n - most})
	return append(out, all[len(all)-(most-keep):]...)
}

// maxLine is how much of a line is looked at, in bytes.
const maxLine = 64 << 10

// numbered gives the lines of a text with their numbers from 1, without line ends. It stops when yield says so.
func numbered(in *bufio.Reader, yield func(int, []byte) bool) error {
	for n := 1; ; n++ {
		line, err := in.ReadSlice('\n')
		kept := line
		if errors.Is(err, bufio.ErrBufferFull) {
			kept = bytes.Clone(line)
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = in.ReadSlice('\n')
			}
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if len(kept) > 0 && !yield(n, bytes.TrimRight(kept, "\r\n")) || err != nil {
			return nil
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

// binary tells what is no text by its beginning.
func binary(head []byte) bool {
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
