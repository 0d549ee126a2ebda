package bundle

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"casefile/bundle/format/budget"
)

// dirArchive walks a folder; the journal of a bundle gives the records.
type dirArchive struct {
	root    string
	room    *budget.Room
	names   []string
	records map[string][]byte
	open    *os.File
}

func (*dirArchive) alone() {}

func openDir(ctx context.Context, root string) (archive, error) {
	d := &dirArchive{root: root, room: budget.NewRoom(ctx, budget.MaxUnpacked), records: map[string][]byte{}}
	if err := d.readJournal(); err != nil {
		return nil, err
	}
	most := mostEntries(ctx)
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if len(d.names) > most {
			return fs.SkipAll // one more than may be read: who reads is told
		}
		rel, err := filepath.Rel(root, p)
		if err == nil && e.Type().IsRegular() && rel != journalFile && !strings.HasSuffix(rel, ".part") {
			d.names = append(d.names, filepath.ToSlash(rel))
		}
		return err
	})
	return d, err
}

func (d *dirArchive) readJournal() error {
	name := filepath.Join(d.root, journalFile)
	if st, err := os.Lstat(name); err != nil || !st.Mode().IsRegular() {
		return nil //nolint:nilerr // a folder without a journal is not one of ours
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := io.ReadAll(d.room.Reader(io.LimitReader(f, maxManifest))) // entries beyond are found without a record
	for line := range bytes.Lines(b) {
		var e Entry
		if json.Unmarshal(line, &e) == nil {
			d.records[e.Path] = bytes.TrimSpace(line)
		}
	}
	return err
}

func (d *dirArchive) next() (string, []byte, io.Reader, int64, error) {
	if d.open != nil {
		d.open.Close()
		d.open = nil
	}
	if len(d.names) == 0 {
		return "", nil, nil, 0, io.EOF
	}
	name := d.names[0]
	d.names = d.names[1:]
	f, err := os.Open(filepath.Join(d.root, filepath.FromSlash(name)))
	if err != nil {
		return "", nil, nil, 0, err
	}
	d.open = f
	st, err := f.Stat()
	if err != nil {
		return "", nil, nil, 0, err
	}
	return name, d.records[name], d.room.Reader(f), st.Size(), nil
}

func (d *dirArchive) Close() error {
	if d.open != nil {
		return d.open.Close()
	}
	return nil
}
