package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"sort"

	"casefile/analyze/gc/gclog"
	"casefile/analyze/threads"
	"casefile/bundle"
)

// labelling is a way in which the name of a process stands before each line of a stream.
type labelling struct {
	name   string
	before *regexp.Regexp // its first group, or its groups joined by "/", name the process
	known  bool           // parsers take it off themselves where the stream is of one process
	keep   bool           // the name is a part of the line
}

var labellings = []labelling{
	{"kubectl logs --prefix", regexp.MustCompile(`^\[pod/([^\]\s]+)\] ?`), true, false},
	{"docker compose", regexp.MustCompile(`^([A-Za-z0-9][\w.-]*) *\|(?: |$)`), true, false},
	{"syslog, journalctl", regexp.MustCompile(`^(?:[A-Z][a-z]{2} [ \d]\d [\d:.]+|\d{4}-\d\d-\d\dT\S+|\[ *[\d.]+\]) (\S+) ([\w.-]+\[\d+\]):(?: |$)`), true, false},
	{"the decorator hostname", regexp.MustCompile(`^(?:\[[\d.,:TZ+-]+(?:ms|ns|s)?\])*\[([A-Za-z][\w.-]*\d[\w.-]*|[A-Za-z][\w-]*\.[\w.-]+)\](?:\[\d+\])*\[(?:trace|debug|info|warning|error)`), false, true},
	{"the decorator pid", regexp.MustCompile(`^(?:\[[\d.,:TZ+-]+(?:ms|ns|s)\]|\[\d{4}-[^\]]+\])*\[(\d{1,7})\](?:\[\d+\])?\[(?:trace|debug|info|warning|error)`), false, true},
	{"stern", regexp.MustCompile(`^([a-z0-9][a-z0-9.]*-[a-z0-9.-]*) ([a-z][a-z0-9-]*)(?: |$)`), false, false},
	{"a name in brackets", regexp.MustCompile(`^\[([A-Za-z][\w./-]*)\](?: |$)`), false, false},
	{"a name and a colon", regexp.MustCompile(`^([A-Za-z][\w./-]*):(?: |$)`), false, false},
	{"a pid", regexp.MustCompile(`^\[?(\d{1,7})[\]:](?: |$)`), false, false},
}

// Bounds of what is taken for names before lines.
const (
	mostLabels  = 64
	leastLines  = 3    // of each name, on average
	namedShare  = 0.95 // of the lines have one
	othersLabel = "others"
)

// label gives the name before a line, and the line without it.
func (l *labelling) label(b []byte) (name string, rest []byte, ok bool) {
	m := l.before.FindSubmatchIndex(b)
	if m == nil {
		return "", b, false
	}
	for g := 2; g+1 < len(m); g += 2 {
		if name != "" {
			name += "/"
		}
		name += string(b[m[g]:m[g+1]])
	}
	if l.keep {
		return name, b, true
	}
	return name, b[m[1]:], true
}

// labellingOf learns from the first lines whether there are names before them; nil where there are none, or parsers know what to do.
func labellingOf(head []byte) *labelling {
	if i := bytes.LastIndexByte(head, '\n'); i > 0 {
		head = head[:i]
	}
	lines := bytes.Split(head, []byte{'\n'})
	lines = lines[:min(len(lines), 2000)]
	for i := range labellings {
		l := &labellings[i]
		texts := map[string]*bytes.Buffer{}
		all, named := 0, 0
		for _, line := range lines {
			line = bytes.TrimSuffix(line, []byte{'\r'})
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			all++
			name, rest, ok := l.label(line)
			if !ok {
				if all > 40 && float64(named) < namedShare*float64(all)/2 {
					break
				}
				continue
			}
			named++
			if texts[name] == nil {
				texts[name] = &bytes.Buffer{}
			}
			texts[name].Write(rest)
			texts[name].WriteByte('\n')
		}
		if l.holds(texts, all, named) {
			return l
		}
	}
	return nil
}

// holds reports whether names are names: few, before nearly all lines, and what follows them is a dump or a log.
func (l *labelling) holds(texts map[string]*bytes.Buffer, all, named int) bool {
	if len(texts) == 0 || len(texts) > mostLabels || named < leastLines*len(texts) || float64(named) < namedShare*float64(all) ||
		len(texts) == 1 && (l.known || l.keep) {
		return false
	}
	evident := 0
	for _, text := range texts {
		if l.keep && !bytes.Contains(text.Bytes(), []byte("Pause ")) {
			continue // a thread's number, not a process's
		}
		if gclog.Sniff(text.Bytes()) || threads.Sniff(text.Bytes()) {
			evident++
		}
	}
	return evident > 1 || evident == 1 && !l.keep
}

// numbering maps the lines of a part of a stream to those of the stream.
type numbering struct{ part, whole []int }

func (n *numbering) add(part, whole int) {
	if k := len(n.part); k > 0 && whole-part == n.whole[k-1]-n.part[k-1] {
		return
	}
	n.part, n.whole = append(n.part, part), append(n.whole, whole)
}

// line gives the number of a line in the stream.
func (n *numbering) line(part int) int {
	if part <= 0 {
		return part
	}
	i := sort.SearchInts(n.part, part+1) - 1
	if i < 0 {
		return part
	}
	return n.whole[i] + part - n.part[i]
}

// lineOf gives the number that a line of a text has in the file it came from; nil: the same.
type lineOf func(int) int

func (n lineOf) line(at int) int {
	if n == nil || at <= 0 {
		return at
	}
	return n(at)
}

// stream is the lines of one name, in a temporary file.
type stream struct {
	file  *os.File
	out   *bufio.Writer
	lines int
	size  int64
	numbering
}

// looseStreams reads a file that holds the lines of several processes, each by itself.
func (b *builder) looseStreams(ctx context.Context, name string, in *bufio.Reader, l *labelling) error {
	streams, err := b.splitStreams(in, l)
	var names []string
	for label := range streams {
		names = append(names, label)
	}
	slices.Sort(names)
	errs := []error{err}
	for _, label := range names {
		s := streams[label]
		if err := s.out.Flush(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		outer := b.lineOf
		b.label, b.lineOf = label, func(n int) int { return outer.line(s.numbering.line(n)) }
		err := b.looseEntry(ctx, name, io.NewSectionReader(s.file, 0, s.size), false)
		b.label, b.lineOf = "", outer
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", label, err))
		}
	}
	return errors.Join(errs...)
}

func (b *builder) splitStreams(in *bufio.Reader, l *labelling) (map[string]*stream, error) {
	streams := map[string]*stream{}
	current, whole, within := othersLabel, 0, false
	for {
		line, err := in.ReadSlice('\n')
		if len(line) > 0 {
			rest := line
			if !within {
				whole++
				ending := bytes.TrimRight(line, "\r\n")
				if label, inner, ok := l.label(ending); ok {
					current, rest = label, append(slices.Clone(inner), line[len(ending):]...)
				}
			}
			if streams[current] == nil && len(streams) >= mostLabels {
				current = othersLabel
			}
			if err := b.toStream(streams, current, rest, whole, !within); err != nil {
				return streams, err
			}
		}
		within = errors.Is(err, bufio.ErrBufferFull)
		if err != nil && !within {
			if errors.Is(err, io.EOF) {
				return streams, nil
			}
			return streams, err
		}
	}
}

func (b *builder) toStream(streams map[string]*stream, label string, text []byte, whole int, begins bool) error {
	s := streams[label]
	if s == nil {
		tmp, err := os.CreateTemp("", "casefile-analyze-*")
		if err != nil {
			return err
		}
		_ = os.Remove(tmp.Name()) // Windows keeps it until it is closed
		s = &stream{file: tmp, out: bufio.NewWriterSize(tmp, 64<<10)}
		streams[label] = s
		b.stash.files = append(b.stash.files, &stashed{file: tmp})
	}
	if begins {
		s.lines++
		s.add(s.lines, whole)
	}
	s.size += int64(len(text))
	if b.stash.taken += int64(len(text)); b.stash.taken > stashDisk {
		return fmt.Errorf("more of it than fits into temporary files")
	}
	_, err := s.out.Write(text)
	return err
}

// renumber gives the dumps that were read of a part of a stream the lines of the stream.
func (n lineOf) renumber(dumps []*threads.Dump) {
	if n == nil {
		return
	}
	for _, d := range dumps {
		d.Line, d.EndLine = n.line(d.Line), n.line(d.EndLine)
		for _, t := range d.Threads {
			t.Line, t.EndLine = int32(n.line(int(t.Line))), int32(n.line(int(t.EndLine)))
		}
		for i := range d.Unparsed {
			d.Unparsed[i].Line = n.line(d.Unparsed[i].Line)
		}
		for i := range d.Reported {
			d.Reported[i].Line = n.line(d.Reported[i].Line)
		}
	}
}

// gcFile is a kept GC log with the lines of its stream.
func (b *builder) gcFile(e bundle.Entry, kept *stashed) gclog.File {
	f := gclog.File{Name: e.Path, Open: kept.open}
	if b.lineOf != nil {
		f.Number = b.lineOf
	}
	return f
}
