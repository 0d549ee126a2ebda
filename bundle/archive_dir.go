package bundle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
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
	unread  []Unread
}

// Unread is what a folder holds and nothing is read of.
type Unread struct {
	Path   string // below the folder
	Reason string
}

// whyUnread are the kinds of things in a folder that are no files. To open a pipe may wait for ever, and a link may lead
// anywhere.
var whyUnread = []struct {
	mode   fs.FileMode
	reason string
}{
	{fs.ModeNamedPipe, "named pipe"}, {fs.ModeSocket, "socket"}, {fs.ModeSymlink, "symbolic link"}, {fs.ModeDevice, "device"}, {fs.ModeIrregular, "no regular file"},
}

func (d *dirArchive) skip(name string, mode fs.FileMode) {
	for _, kind := range whyUnread {
		if mode&kind.mode != 0 {
			d.unread = append(d.unread, Unread{name, kind.reason})
			return
		}
	}
}

func openDir(ctx context.Context, root string) (archive, error) {
	d := &dirArchive{root: root, room: budget.NewRoom(ctx, budget.MaxUnpacked), records: map[string][]byte{}}
	if err := d.readJournal(); err != nil {
		return nil, err
	}
	most := mostEntries(ctx)
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		rel, relErr := filepath.Rel(root, p)
		switch {
		case err != nil && p != root && relErr == nil: // a folder that may not be read
			d.unread = append(d.unread, Unread{filepath.ToSlash(rel), reasonOf(err)})
			return nil
		case err != nil || relErr != nil:
			return errors.Join(err, relErr)
		case len(d.names)+len(d.unread) > most:
			return fs.SkipAll // one more than may be read: who reads is told
		case e.Type().IsRegular() && rel != journalFile && !strings.HasSuffix(rel, ".part"):
			d.names = append(d.names, filepath.ToSlash(rel))
		default:
			d.skip(filepath.ToSlash(rel), e.Type())
		}
		return nil
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
	for len(d.names) > 0 {
		name := d.names[0]
		d.names = d.names[1:]
		f, err := os.Open(filepath.Join(d.root, filepath.FromSlash(name)))
		if err != nil {
			d.unread = append(d.unread, Unread{name, reasonOf(err)})
			continue
		}
		d.open = f
		st, err := f.Stat()
		if err != nil {
			return "", nil, nil, 0, err
		}
		return name, d.records[name], d.room.Reader(f), st.Size(), nil
	}
	return "", nil, nil, 0, io.EOF
}

// reasonOf is why something cannot be opened, without its path.
func reasonOf(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}

func (d *dirArchive) Close() error {
	if d.open != nil {
		return d.open.Close()
	}
	return nil
}
