package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path"

	"casefile/analyze"
	"casefile/analyze/load"
	"casefile/analyze/report"
	"casefile/bundle"
	"casefile/bundle/format/budget"
)

// readCited reads the lines that findings cite, by one walk over each archive; what is in none is a file.
func readCited(ctx context.Context, paths []string, findings []analyze.Finding) *report.Cited {
	cited := report.NewCited(findings)
	room := budget.NewRoom(ctx, budget.MaxUnpacked)
	for _, p := range paths {
		if load.IsStream(p) { // to open a pipe again is to wait for a writer
			cited.Fail(p, errors.New("it came through a pipe, and can be read once only"))
			continue
		}
		for _, file := range append([]string{p}, bundle.Parts(p)...) {
			r, err := bundle.Open(ctx, file)
			if err != nil {
				continue
			}
			_ = r.Walk(ctx, func(e bundle.Entry, body io.Reader) error { // what is missing is told where its lines would stand
				name := e.Path
				if r.Foreign {
					name = path.Join(p, e.Path)
				}
				if cited.Wants(name) {
					take(cited, name, room, body)
				}
				return ctx.Err()
			})
		}
	}
	for _, name := range cited.Missing() {
		f, err := os.Open(name)
		if err != nil {
			cited.Fail(name, err)
			continue
		}
		take(cited, name, room, room.Part(budget.MaxUnpacked).Reader(f))
		f.Close()
	}
	return cited
}

// take reads the lines of an entry, compressed or not.
func take(cited *report.Cited, name string, room *budget.Room, r io.Reader) {
	plain, err := room.Unpack(r)
	if err != nil {
		cited.Fail(name, err)
		return
	}
	cited.Take(name, plain)
}
