package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"casefile/analyze"
	"casefile/bundle"
)

// Bounds of what is read to print lines of it.
const (
	maxCitedEntry = 64 << 20
	maxCited      = 256 << 20
)

// citedReader gives the content of the entries that findings cite. One walk over
// the bundle reads all of them.
func citedReader(ctx context.Context, path string, findings []analyze.Finding) func(string) ([]byte, error) {
	wanted := map[string]bool{}
	for _, f := range findings {
		for _, e := range f.Evidence {
			wanted[e.Entry] = true
		}
	}
	content := map[string][]byte{}
	room := int64(maxCited)
	for _, file := range append([]string{path}, bundle.Parts(path)...) {
		r, err := bundle.Open(file)
		if err != nil {
			continue
		}
		_ = r.Walk(ctx, func(e bundle.Entry, body io.Reader) error {
			name := e.Path
			if r.Foreign { // loose files are cited by their whole path
				name = strings.TrimSuffix(path, "/") + "/" + e.Path
			}
			if _, read := content[name]; read || !wanted[name] || room <= 0 {
				return nil
			}
			b, err := io.ReadAll(io.LimitReader(body, min(maxCitedEntry, room)))
			content[name] = b
			room -= int64(len(b))
			return err
		})
	}
	return func(entry string) ([]byte, error) {
		if b, ok := content[entry]; ok {
			return b, nil
		}
		if !wanted[entry] {
			return nil, fmt.Errorf("%s: %w", entry, fs.ErrNotExist)
		}
		return readLoose(entry)
	}
}

func readLoose(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxCitedEntry))
}
