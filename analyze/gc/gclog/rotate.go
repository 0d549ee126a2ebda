package gclog

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"casefile/analyze/gc"
)

// File is one part of a rotated series. Open is called twice: for the time of the first line, and for reading.
type File struct {
	Name string
	Open func() (io.ReadCloser, error)
	// Number gives the line of a stream, of which the file is the lines of one process, for a line of the file; nil: they are the same.
	Number func(line int) int
}

// ParseFiles reads the parts of a rotated log as one log, in time order. The order comes from the first time stamp of each
// part, wall clock before uptime; where parts have none in common, from their names (gc.log.0, gc.log.1.current, ...).
// Parts that cannot be opened or read are left out of the order or end early; their errors are joined, the Log holds the
// rest.
func ParseFiles(source string, files []File, opts Options) (*gc.Log, error) {
	var errs []error
	parts := make([]part, 0, len(files))
	for i, f := range files {
		p, err := firstStamp(f, opts)
		p.given = i
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", f.Name, err))
			continue
		}
		parts = append(parts, p)
	}
	order(parts)
	p := newParser(source, opts)
	for _, part := range parts {
		if len(parts) > 1 {
			p.nextPart(part)
		}
		if err := p.readPart(part); err != nil {
			errs = append(errs, err)
		}
	}
	return p.finish(source, errors.Join(errs...))
}

func (p *parser) readPart(f part) error {
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	defer r.Close()
	p.number = f.Number
	return p.readAll(f.Name, r, f.prelook)
}

// partState follows the parts of a series, to notice one that is missing.
type partState struct {
	name  string // of the part that was read last
	first bool   // the next number of a collection is the first of its part
	id    uint32 // the last number of a collection
	ids   bool
}

// news reports whether the number of a collection changes what is known of the parts.
func (s *partState) news(id uint32) bool { return s.first || !s.ids || id > s.id }

// nextPart notes that another part begins.
func (p *parser) nextPart(f part) {
	s := &p.part
	s.first = s.name != ""
	s.name = f.Name
}

// collection follows the numbers of collections over the parts: where they jump from one part to the next, a part is missing. The time
// between counts for neither side.
func (p *parser) collection(id uint32, at time.Duration, timed bool) {
	const slack = 8 // concurrent collections are told when they end
	s := &p.part
	if s.first && s.ids && timed && id > s.id+slack && at >= p.last {
		p.b.Note(fmt.Sprintf("a part is missing before %s: GC(%d) to GC(%d) are in none of the files", s.name, s.id+1, id-1))
		p.legacy.close(p)
		p.unified.close(p)
		p.b.Resume(at, p.line)
		p.log = p.b.Log()
	}
	s.first = false
	if !s.ids || id > s.id {
		s.id, s.ids = id, true
	}
}

// part is a file and what its first lines say about its place.
type part struct {
	File
	prelook
	given int
}

// firstStamp looks at the first lines of a part.
func firstStamp(f File, opts Options) (part, error) {
	r, err := f.Open()
	if err != nil {
		return part{File: f}, err
	}
	defer r.Close()
	plain, err := plainText(bufio.NewReader(r))
	if err != nil {
		return part{File: f}, err
	}
	return part{File: f, prelook: lookAhead(plain, opts)}, nil
}

// order sorts the parts. A wall clock on all of them decides. Else the uptime does, when only one JVM start is among
// them, and the names when there are several: HotSpot writes 0, 1, 2, ... in turn.
func order(parts []part) {
	allWall, allTimed := true, true
	for _, p := range parts {
		allWall = allWall && p.hasWall
		allTimed = allTimed && p.timed
	}
	slices.SortStableFunc(parts, func(a, b part) int {
		switch {
		case allWall:
			return cmp.Or(a.wall.Compare(b.wall), cmp.Compare(a.uptime, b.uptime))
		case allTimed && starts(parts) <= 1:
			return cmp.Compare(a.uptime, b.uptime)
		}
		return cmp.Or(cmp.Compare(rotation(a.Name), rotation(b.Name)), cmp.Compare(a.given, b.given))
	})
}

// starts counts the parts that begin with a JVM's start.
func starts(parts []part) (n int) {
	for _, p := range parts {
		if p.timed && p.uptime < 5*time.Second {
			n++
		}
	}
	return n
}

// rotation is the number of a part by its name. The file without a number is the one being written by unified logging: the
// last. The part marked ".current" (JDK 8) is the last too.
func rotation(name string) int {
	base := filepath.Base(name)
	for _, ext := range []string{".gz", ".zst", ".zip"} {
		base = strings.TrimSuffix(base, ext)
	}
	if strings.HasSuffix(base, ".current") {
		return 1 << 30
	}
	i := strings.LastIndexByte(base, '.')
	n, err := strconv.Atoi(base[i+1:])
	if i < 0 || err != nil || n < 0 || n > 1<<20 {
		return 1 << 30
	}
	return n
}

// SeriesOf gives the name of the series a file belongs to: its path without the rotation number. Files of one series are
// to be joined with ParseFiles.
func SeriesOf(path string) string {
	dir, base := filepath.Split(path)
	for _, ext := range []string{".gz", ".zst", ".zip"} {
		base = strings.TrimSuffix(base, ext)
	}
	base = strings.TrimSuffix(base, ".current")
	if i := strings.LastIndexByte(base, '.'); i > 0 {
		if _, err := strconv.ParseUint(base[i+1:], 10, 16); err == nil {
			base = base[:i]
		}
	}
	return dir + base
}
