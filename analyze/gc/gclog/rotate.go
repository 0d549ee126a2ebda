package gclog

import (
	"bufio"
	"bytes"
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
		if err := p.readPart(part.File); err != nil {
			errs = append(errs, err)
		}
	}
	return p.finish(source, errors.Join(errs...))
}

func (p *parser) readPart(f File) error {
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	defer r.Close()
	return p.readAll(f.Name, r)
}

// part is a file and what its first lines say about its place.
type part struct {
	File
	given   int
	wall    time.Time
	uptime  time.Duration
	hasWall bool
	timed   bool
}

// firstStamp reads the first lines of a part.
func firstStamp(f File, opts Options) (part, error) {
	const look = 2000 // lines; the headers of a rotated file are far shorter
	pt := part{File: f}
	r, err := f.Open()
	if err != nil {
		return pt, err
	}
	defer r.Close()
	plain, err := plainText(bufio.NewReader(r))
	if err != nil {
		return pt, err
	}
	lines := newLineReader(plain, opts.withDefaults().MaxLine, 4<<20)
	ds := decorators{cache: map[string]tags{}}
	for range look {
		line, err := lines.next()
		if err != nil {
			break
		}
		if d, _, ok := ds.read(line); ok {
			pt.uptime, pt.timed = d.uptime, d.timed
			pt.wall, pt.hasWall = d.wall.time()
		} else if w, at, timed, rest := lineStamps(line); len(rest) < len(line) {
			pt.uptime, pt.timed = at, timed
			pt.wall, pt.hasWall = w.time()
		} else if ts := attribute(bytes.TrimSpace(line), "timestamp"); ts != nil {
			pt.wall, pt.hasWall = wallClock{iso: ts}.timeIfISO()
		}
		if pt.timed || pt.hasWall {
			return pt, nil
		}
	}
	return pt, nil
}

func (w wallClock) timeIfISO() (time.Time, bool) {
	t, _, ok := isoTime(w.iso)
	return t, ok
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
