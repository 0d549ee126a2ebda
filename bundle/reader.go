package bundle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"casefile/bundle/format/budget"
)

// Limits of what a reader accepts from a bundle, besides those of its [budget].
const (
	maxManifest = 64 << 20
	maxNames    = 48 << 20 // of the paths and records of all entries
	entryCost   = 400      // of an entry in memory, besides its texts
)

// Reader reads a bundle, whole or cut, and any other archive or folder.
type Reader struct {
	Path   string
	Format Format
	// Manifest is casefile.json; where that is missing, plan.json and the records
	// of the entries that are there. Entries always lists what the file holds.
	Manifest Manifest
	// Foreign tells that this is not a casefile bundle: entries have a path only.
	Foreign bool
	// Cut says why the file ends early; nil when it is whole. A file that is larger
	// than its budget is cut there, with a [budget.Over].
	Cut error
	// CutEntry names the entry that the cut went through, if any.
	CutEntry string

	// Unread is what a folder holds that is no file, or cannot be opened: there by what was read last.
	Unread []Unread

	declared  []Entry // by casefile.json
	signature *Entry  // at the end; nil: there is none, or there is no index
	// indexed: the list is that of the manifest; whether the file is as it says shows when its entries are read.
	indexed bool
}

// Open reads the list of what a bundle holds. A cut bundle is no error.
func Open(ctx context.Context, path string) (*Reader, error) {
	if r := openByIndex(ctx, path); r != nil {
		return r, nil
	}
	r := &Reader{Path: path}
	var plan, final *Manifest
	var entries []Entry
	var large error // a manifest that is beyond its budget
	cut, err := r.scan(ctx, func(e Entry, body io.Reader) error {
		entries = append(entries, e)
		var err error
		switch e.Path {
		case PlanFile:
			plan, err = readManifest(path, e, body)
		case ManifestFile:
			final, err = readManifest(path, e, body)
		}
		if budget.IsOver(err) { // the manifest, or else its archive: then the next read says so
			large, err = fmt.Errorf("%s: %v", e.Path, err), nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if r.Cut, r.CutEntry = cut.err, cut.entry; r.Cut == nil {
		r.Cut = large
	}
	switch {
	case final != nil:
		r.Manifest, r.declared = *final, final.Entries
	case plan != nil:
		r.Manifest = *plan
		if r.Cut == nil {
			r.Cut = errors.New("ends without " + ManifestFile)
		}
	case large != nil:
	case r.Cut == nil || len(entries) > 0 && entries[0].SHA256 == "":
		r.Foreign = true
	}
	records := r.records()
	for i, e := range entries {
		entries[i] = records.of(e)
	}
	r.Manifest.Entries = entries
	return r, nil
}

// records are those of the manifest, by path. They can say more than an entry knew when it was written.
type records map[string]Entry

func (r *Reader) records() records {
	m := make(records, len(r.declared))
	for _, e := range r.declared {
		m[e.Path] = e
	}
	return m
}

// of is the record of that content.
func (m records) of(e Entry) Entry {
	if d, is := m[e.Path]; is && d.SHA256 == e.SHA256 && d.Bytes == e.Bytes {
		return d
	}
	return e
}

// openByIndex reads the manifest, which is the last entry of a whole bundle; nil where that gives none.
func openByIndex(ctx context.Context, path string) *Reader {
	x, err := openIndexed(ctx, path)
	if err != nil {
		return nil
	}
	defer x.Close()
	r := &Reader{Path: path, Format: TarZstd, indexed: true}
	last := len(x.spots) - 1
	err = x.entry(last, func(e Entry, body io.Reader) error {
		if e.Path == SignatureFile && last > 0 {
			r.signature, last = &e, last-1
			return nil
		}
		return r.take(e, body, last)
	})
	if err == nil && r.signature != nil {
		err = x.entry(last, func(e Entry, body io.Reader) error { return r.take(e, body, last) })
	}
	if err != nil || len(r.declared) > mostEntries(ctx) {
		return nil
	}
	return r
}

func readManifest(path string, e Entry, body io.Reader) (*Manifest, error) {
	var m Manifest
	if err := budget.DecodeJSON(body, maxManifest, &m); err != nil {
		if isCut(err) {
			return nil, err
		}
		return nil, fmt.Errorf("%s: %s: %w", path, e.Path, err)
	}
	if m.FormatVersion == 0 {
		return nil, nil // another tool's plan.json
	}
	if m.FormatVersion > FormatVersion {
		return nil, fmt.Errorf("%s: format version %d is newer than this casefile reads (%d): use a newer casefile", path, m.FormatVersion, FormatVersion)
	}
	return &m, nil
}

// Walk gives every whole entry with its content, in the order of the file. It
// returns the first error of visit, or that of a broken file, or the [budget.Over]
// of one that is larger than its budget; a cut is no error.
func (r *Reader) Walk(ctx context.Context, visit func(Entry, io.Reader) error) error {
	records := r.records()
	cut, err := r.scan(ctx, func(e Entry, body io.Reader) error { return visit(records.of(e), body) })
	if err == nil && budget.IsOver(cut.err) {
		return cut.err
	}
	if err == nil && cut.err != nil && r.indexed {
		return fmt.Errorf("%s: damaged within: %w", r.Path, cut.err)
	}
	return err
}

// take reads the manifest, which lists as many entries as are before it.
func (r *Reader) take(e Entry, body io.Reader, before int) error {
	m, err := readManifest(r.Path, e, body)
	if err != nil || m == nil || e.Path != ManifestFile || len(m.Entries) != before {
		return errors.Join(errNoIndex, err)
	}
	r.Manifest, r.declared = *m, m.Entries
	r.Manifest.Entries = append(slices.Clone(m.Entries), e)
	if r.signature != nil {
		r.Manifest.Entries = append(r.Manifest.Entries, *r.signature)
	}
	return nil
}

// ReadEntry returns the content of one entry, at most limit bytes of it.
func (r *Reader) ReadEntry(ctx context.Context, path string, limit int64) ([]byte, error) {
	var content []byte
	found := errors.New("found")
	take := func(e Entry, body io.Reader) (err error) {
		if e.Path != path {
			return nil
		}
		if content, err = io.ReadAll(io.LimitReader(body, limit)); err != nil {
			return err
		}
		return found
	}
	err := r.at(ctx, path, take)
	if !errors.Is(err, found) && ctx.Err() == nil { // not there by the index
		err = r.Walk(ctx, take)
	}
	switch {
	case err == nil:
		return nil, fmt.Errorf("%s: no entry %s: %w", r.Path, path, fs.ErrNotExist)
	case errors.Is(err, found):
		return content, nil
	}
	return nil, err
}

// at gives the entry of that path by the index, if there is one.
func (r *Reader) at(ctx context.Context, path string, visit func(Entry, io.Reader) error) error {
	i := slices.IndexFunc(r.Manifest.Entries, func(e Entry) bool { return e.Path == path })
	if !r.indexed || i < 0 {
		return nil
	}
	x, err := openIndexed(ctx, r.Path)
	if err != nil {
		return nil //nolint:nilerr // the file has changed: it is read from its beginning
	}
	defer x.Close()
	if i >= len(x.spots) {
		return nil
	}
	return x.entry(i, visit)
}

// cutAt tells where a file ended early.
type cutAt struct {
	err   error
	entry string
}

// scan visits the entries up to the end or the cut. A record that does not fit
// its file, or a path that leads out of the bundle, is an error.
func (r *Reader) scan(ctx context.Context, visit func(Entry, io.Reader) error) (cut cutAt, err error) {
	a, format, err := openArchive(ctx, r.Path)
	if err != nil {
		return cutAt{}, err
	}
	defer a.Close()
	r.Format = format
	if s, is := a.(*sealedArchive); is && s.in.cut != nil {
		defer func() {
			if cut.err != nil {
				cut.err = s.in.cut
			}
		}()
	}
	folder, isFolder := a.(*dirArchive)
	if isFolder {
		defer func() { r.Unread = folder.unread }()
	}
	entries := listed{most: budget.From(ctx).MostEntries()}
	for {
		if err := ctx.Err(); err != nil {
			return cutAt{}, err
		}
		name, record, body, size, err := a.next()
		if err == nil {
			err = entries.add(name, record)
		}
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return cutAt{}, nil
		}
		if isCut(err) {
			return cutAt{err: err}, nil
		}
		if err != nil {
			return cutAt{}, fmt.Errorf("%s: %w", r.Path, err)
		}
		e, err := entryOf(name, record, size)
		if err != nil {
			return cutAt{}, fmt.Errorf("%s: %w", r.Path, err)
		}
		in := &tracked{r: body}
		err = visit(e, in)
		if err == nil && !isFolder {
			_, err = io.Copy(io.Discard, in) // a cut shows at the end of the body; the files of a folder stand alone
		}
		var one *unreadable
		if errors.As(in.err, &one) && (err == nil || errors.As(err, &one)) {
			continue
		}
		if in.err != nil {
			if isCut(in.err) {
				return cutAt{err: in.err, entry: e.Path}, nil
			}
			return cutAt{}, fmt.Errorf("%s: %s: %w", r.Path, e.Path, in.err)
		}
		if err != nil {
			return cutAt{}, err
		}
	}
}

// tracked remembers the error of the archive, so that it is told apart from
// one of whoever reads the entry.
type tracked struct {
	r   io.Reader
	err error
}

func (t *tracked) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		t.err = err
	}
	return n, err
}

// isCut reports whether an error means that what was before it can be used.
func isCut(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) || budget.IsOver(err) }

// listed bounds the list of entries.
type listed struct{ entries, most, bytes int }

func (l *listed) add(name string, record []byte) error {
	l.entries++
	l.bytes += len(name) + len(record) + entryCost
	switch {
	case l.most >= 0 && l.entries > l.most:
		return &budget.Over{What: fmt.Sprintf("more than %d entries", l.most), Flag: "--max-entries"}
	case l.bytes > maxNames+entryCost*min(l.most, l.entries):
		return &budget.Over{What: fmt.Sprintf("the names of %d entries are longer than %s", l.entries, budget.Size(maxNames))}
	}
	return nil
}

// entryOf makes an entry of what the archive says. tar of others writes "./logs/a" and, with -P, "/opt/logs/a".
func entryOf(name string, record []byte, size int64) (Entry, error) {
	inside := path.Clean(strings.TrimLeft(strings.ToValidUTF8(name, "\uFFFD"), "/"))
	if !fs.ValidPath(inside) || strings.Contains("/"+name+"/", "/../") {
		return Entry{}, fmt.Errorf("entry path %q leads out of the bundle", name)
	}
	e := Entry{Path: inside, Bytes: size}
	var own Entry
	if len(record) > 0 && json.Unmarshal(record, &own) == nil && own.Path == name {
		return own, nil
	}
	return e, nil
}
