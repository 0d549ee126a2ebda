package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"casefile/analyze"
	"casefile/bundle/format/charset"
)

// Cited holds the lines that findings cite, and nothing else of the entries they stand in: those may be of any size.
type Cited struct{ entries map[string]*citedEntry }

type citedEntry struct {
	excerpts map[string]*excerpt // by what is cited
	taken    bool
	read     int // lines
	err      error
}

// NewCited says what to look for. Take gives it.
func NewCited(findings []analyze.Finding) *Cited {
	c := &Cited{map[string]*citedEntry{}}
	for _, f := range findings {
		for _, e := range f.Evidence {
			if e.Entry == "" {
				continue
			}
			entry := c.entries[e.Entry]
			if entry == nil {
				entry = &citedEntry{excerpts: map[string]*excerpt{}}
				c.entries[e.Entry] = entry
			}
			if x, err := newExcerpt(e.Lines, excerptLines); err == nil {
				entry.excerpts[e.Lines] = x
			}
		}
	}
	return c
}

// Missing are the entries that are cited and were not taken.
func (c *Cited) Missing() []string {
	var list []string
	for name, e := range c.entries {
		if !e.taken {
			list = append(list, name)
		}
	}
	return list
}

// Wants reports whether an entry is cited and was not taken yet.
func (c *Cited) Wants(entry string) bool {
	e := c.entries[entry]
	return e != nil && !e.taken
}

// Take reads an entry up to the last line that is cited. An error of the entry is kept for the place where its lines would stand.
func (c *Cited) Take(entry string, r io.Reader) {
	e := c.entries[entry]
	e.taken = true
	in := bufio.NewReaderSize(charset.NewReader(r), maxLine)
	head, err := in.Peek(maxLine)
	switch {
	case err != nil && !errors.Is(err, io.EOF) && len(head) == 0:
		e.err = err
		return
	case binary(head):
		e.err = errors.New("binary")
		return
	}
	end := 0
	for _, x := range e.excerpts {
		end = max(end, x.end())
	}
	e.err = numbered(in, func(number int, line []byte) bool {
		e.read = number
		for _, x := range e.excerpts {
			x.take(number, line)
		}
		return number < end
	})
}

// Fail keeps why an entry could not be opened.
func (c *Cited) Fail(entry string, err error) {
	if e := c.entries[entry]; e != nil {
		e.taken, e.err = true, err
	}
}

// lines gives the lines of one piece of evidence.
func (c *Cited) lines(e *analyze.Evidence, most int) ([]excerptLine, error) {
	if e.Entry == "" {
		return nil, nil
	}
	if _, err := parseLines(e.Lines); err != nil {
		return nil, err
	}
	entry := c.entries[e.Entry]
	if entry == nil || !entry.taken {
		return nil, fmt.Errorf("%s: %w", e.Entry, fs.ErrNotExist)
	}
	x := entry.excerpts[e.Lines]
	if x == nil || x.n == 0 && entry.err != nil {
		return nil, entry.err
	}
	if x.n == 0 && len(x.ranges) > 0 {
		return nil, fmt.Errorf("lines %s are not there: the entry has %s", e.Lines, count(entry.read, "line"))
	}
	return x.lines(most), nil
}

// CitedLine is a line of an entry; Number 0 stands for Left lines left out.
type CitedLine struct {
	Number int
	Text   string
	Left   int
}

// Lines gives at most so many lines of one piece of evidence, or why they are not there.
func (c *Cited) Lines(e analyze.Evidence, most int) ([]CitedLine, error) {
	lines, err := c.lines(&e, most)
	out := make([]CitedLine, 0, len(lines))
	for _, l := range lines {
		out = append(out, CitedLine{l.Number, l.Text, l.Left})
	}
	return out, err
}
