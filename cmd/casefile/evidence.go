package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/load"
	"casefile/analyze/report"
	"casefile/bundle"
	"casefile/bundle/format/budget"
	"casefile/bundle/newfile"
)

// readCited reads the lines that findings cite, by one walk over each archive; what is in none is a file.
func readCited(ctx context.Context, paths []string, findings []analyze.Finding) *report.Cited {
	c := &citedReader{ctx: ctx, cited: report.NewCited(findings), room: budget.NewRoom(ctx, budget.MaxUnpacked)}
	for _, p := range paths {
		if load.IsStream(p) { // to open a pipe again is to wait for a writer
			c.cited.Fail(p, errors.New("it came through a pipe, and can be read once only"))
			continue
		}
		for _, file := range append([]string{p}, bundle.Parts(p)...) {
			c.archive(p, file)
		}
	}
	for _, name := range c.cited.Missing() {
		c.file(name)
	}
	return c.cited
}

// readCitedWithin reads lines of what lies at some paths and of nothing else, whatever entry is asked for.
func readCitedWithin(ctx context.Context, names []string, findings []analyze.Finding) *report.Cited {
	c := &citedReader{ctx: ctx, cited: report.NewCited(findings), room: budget.NewRoom(ctx, budget.MaxUnpacked)}
	for _, name := range names {
		for _, file := range append([]string{name}, bundle.Parts(name)...) {
			c.archive(name, file)
		}
	}
	for _, missing := range c.cited.Missing() {
		if slices.Contains(names, missing) {
			c.file(missing)
		}
	}
	return c.cited
}

// file reads what is cited of a file.
func (c *citedReader) file(name string) {
	f, err := os.Open(name)
	if err != nil {
		c.cited.Fail(name, err)
		return
	}
	defer f.Close()
	c.take(name, c.room.Part(budget.MaxUnpacked).Reader(f))
}

// citedReader goes through archives, and through those that lie in them.
type citedReader struct {
	ctx   context.Context
	cited *report.Cited
	room  *budget.Room
}

// archive reads what is cited of the archive in a file; name is what its entries are called by. A file that is no archive is passed over.
func (c *citedReader) archive(name, file string) {
	r, err := bundle.Open(c.ctx, file)
	if err != nil {
		return
	}
	_ = r.Walk(c.ctx, func(e bundle.Entry, body io.Reader) error { // what is missing is told where its lines would stand
		entry := e.Path
		if r.Foreign {
			entry = path.Join(name, e.Path)
		}
		switch {
		case c.cited.Wants(entry):
			c.take(entry, body)
		case c.holds(entry):
			c.nested(entry, body)
		}
		return c.ctx.Err()
	})
}

// holds reports whether lines are cited of what lies in an entry.
func (c *citedReader) holds(entry string) bool {
	return slices.ContainsFunc(c.cited.Missing(), func(name string) bool { return strings.HasPrefix(name, entry+"/") })
}

// nested reads an archive that lies in another.
func (c *citedReader) nested(entry string, body io.Reader) {
	plain, err := c.room.Unpack(body)
	if err != nil {
		return
	}
	tmp, file, remove, err := newfile.Unnamed("casefile-show-*")
	if err != nil {
		return
	}
	defer remove()
	if _, err = io.Copy(tmp, plain); err == nil {
		c.archive(entry, file)
	}
}

// take reads the lines of an entry, compressed or not.
func (c *citedReader) take(name string, r io.Reader) {
	plain, err := c.room.Unpack(r)
	if err != nil {
		c.cited.Fail(name, err)
		return
	}
	c.cited.Take(name, plain)
}
