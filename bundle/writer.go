package bundle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"casefile/bundle/format/plan"
	"casefile/bundle/newfile"
	"casefile/bundle/redact"
	"casefile/bundle/redact/names"
	"casefile/bundle/seal"
)

// Writer writes a bundle. Its methods may be called from many goroutines;
// entries are scrubbed and compressed side by side and appended whole.
type Writer struct {
	path    string
	secrets *redact.Secrets
	names   *names.Set // nil: names stay
	level   plan.Level // empty: plan.Secrets
	keys    *seal.Keys // nil: it is not sealed

	mu       sync.Mutex
	c        container
	sealed   *seal.File
	signer   *seal.Signer // nil: it is not signed
	manifest Manifest
	paths    map[string]bool
	rules    map[string]int
	// ruleEntries is in how many entries each rule replaced something.
	ruleEntries map[string]int
	closed      bool
	// lost are entries that were taken from a node and never came into the file, and why.
	lost    map[string]bool
	lostWhy error
	// knownElsewhere is how many secret values the nodes knew whose bundles were joined.
	knownElsewhere int
	tools          []*joinTools // that are not in use
}

// Create starts a bundle at path with what is known of the capture so far. The
// file appears under its name only once its first entry, plan.json, is whole;
// an older file of that name is replaced then.
func Create(path string, format Format, opening Manifest, secrets *redact.Secrets) (*Writer, error) {
	return CreateSealed(nil, path, format, opening, secrets)
}

// CreateSealed is Create for a bundle that is sealed with keys; nil: it is not.
func CreateSealed(keys *seal.Keys, path string, format Format, opening Manifest, secrets *redact.Secrets) (*Writer, error) {
	return createNaming(keys, path, format, opening, secrets, nil)
}

func createNaming(keys *seal.Keys, path string, format Format, opening Manifest, secrets *redact.Secrets, set *names.Set) (*Writer, error) {
	opening.FormatVersion = FormatVersion
	w := &Writer{path: path, keys: keys, secrets: secrets, names: set, manifest: opening, paths: map[string]bool{}, rules: map[string]int{}, ruleEntries: map[string]int{}, lost: map[string]bool{}}
	publish, err := w.open(format)
	if err != nil {
		return nil, fmt.Errorf("create bundle: %w", err)
	}
	err = w.addJSON(PlanFile, opening)
	if err == nil {
		err = publish()
	}
	if err != nil {
		_ = w.c.close() // it is given up
		os.Remove(path + newfile.Suffix)
		return nil, fmt.Errorf("create bundle: %w", err)
	}
	return w, nil
}

// open creates the container under a temporary name; publish gives it its own.
func (w *Writer) open(format Format) (publish func() error, err error) {
	name := w.path + newfile.Suffix
	var root *os.Root
	if format == Dir {
		if err := os.MkdirAll(w.path, 0o700); err != nil {
			return nil, err
		}
		if left, err := os.ReadDir(w.path); err != nil || len(left) > 0 {
			return nil, errors.Join(fmt.Errorf("folder %s is not empty", w.path), err)
		}
		if root, err = os.OpenRoot(w.path); err != nil {
			return nil, err
		}
	}
	f, err := createFile(root, name)
	if err != nil {
		return nil, err
	}
	publish = func() error { return newfile.Publish(f, w.path) }
	out := appendFile{f: f}
	if w.keys.Sealing() {
		if format == Dir {
			return nil, errors.Join(errors.New("a folder cannot be sealed: choose tar.zst or zip"), f.Close())
		}
		if w.sealed, err = w.keys.Create(f); err != nil {
			return nil, errors.Join(err, f.Close(), os.Remove(name))
		}
		out.f = w.sealed
	}
	switch format {
	case Dir:
		publish = func() error { return nil }
		w.c = newDir(root, out)
	case Zip:
		w.c = newZip(out)
	default:
		w.c, err = newTar(out)
	}
	return publish, err
}

// createFile makes the file of a container, or the journal of a folder.
func createFile(root *os.Root, name string) (*os.File, error) {
	if root == nil {
		return newfile.Create(name)
	}
	return root.OpenFile(journalFile, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
}

// Hurry compresses as fast as can be from now on, for a machine whose CPUs are wanted by others.
func (w *Writer) Hurry() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t, is := w.c.(*tarContainer); is {
		_ = w.settle(t.setLevel(zstd.SpeedFastest)) // the one before goes on
	}
}

// ForJoin keeps what concerns this bundle alone apart from its evidence, so that Join can copy that as it is. It is called
// before the first entry.
func (w *Writer) ForJoin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t, is := w.c.(*tarContainer); is {
		t.forJoin = true
		_ = w.settle(t.endFrame())
	}
}

// ForNodes compresses what is added as what is joined, from now on, so that all of it shares a window.
func (w *Writer) ForNodes() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t, is := w.c.(*tarContainer); is {
		_ = w.settle(t.joining()) // the level before goes on
	}
}

// Compression tells the level, and how long entries that share a frame took so far; empty for formats without levels.
func (w *Writer) Compression() (level string, took time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t, is := w.c.(*tarContainer)
	if !is {
		return "", 0
	}
	return "zstd " + t.level.String(), t.took
}

// Keys are what the bundle is sealed with; nil: it is not.
func (w *Writer) Keys() *seal.Keys { return w.keys }

// Reading lets the bundle be read under this context, as it is written.
func (w *Writer) Reading(ctx context.Context) context.Context {
	if w.keys == nil {
		return ctx
	}
	return seal.With(ctx, w.keys)
}

// Sealed is the file of a sealed bundle, which can be read while it is open; nil: it is not sealed.
func (w *Writer) Sealed() *seal.File { return w.sealed }

// Secrets are the values that entries are searched for.
func (w *Writer) Secrets() *redact.Secrets { return w.secrets }

// Path is where the bundle lies.
func (w *Writer) Path() string { return w.path }

// EntryWriter takes the content of one entry. Nothing of it is in the bundle
// before Close has returned nil.
type EntryWriter struct {
	w     *Writer
	entry Entry
	scrub *redact.Writer
	meter *meter
	codec codec
	spool *overflow
	err   error
	done  bool
}

// Entry starts an entry; e names path, node, collector, target and times, the
// writer fills in size, checksum and redactions. Ended is set by Close if zero.
func (w *Writer) Entry(e Entry, kind redact.Kind) (*EntryWriter, error) {
	if !fs.ValidPath(e.Path) {
		return nil, fmt.Errorf("entry path %q is not valid", e.Path)
	}
	ew := &EntryWriter{w: w, entry: e, spool: &overflow{dir: os.TempDir()}}
	w.mu.Lock()
	taken := w.paths[e.Path]
	w.paths[e.Path] = true
	c, err := w.c.codec(ew.spool)
	w.mu.Unlock()
	if taken {
		return nil, fmt.Errorf("entry %s exists already", e.Path)
	}
	if err != nil {
		return nil, err
	}
	ew.codec = c
	ew.meter = newMeter(c)
	scrub := redact.New(w.secrets)
	if mayName(e.Path) {
		scrub = scrub.Names(w.names)
	}
	ew.scrub = scrub.Writer(ew.meter, kind)
	return ew, nil
}

// Write adds content.
func (e *EntryWriter) Write(p []byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	n, err := e.scrub.Write(p)
	e.err = err
	return n, err
}

// Note lets the caller complete the record (how much was cut, when it ended)
// before Close.
func (e *EntryWriter) Note(change func(*Entry)) { change(&e.entry) }

// Abort drops the entry.
func (e *EntryWriter) Abort() {
	if e.done {
		return
	}
	e.done = true
	e.spool.close()
	e.w.mu.Lock()
	delete(e.w.paths, e.entry.Path)
	e.w.mu.Unlock()
}

// Close commits the entry. After an error nothing of it is in the bundle.
func (e *EntryWriter) Close() error {
	if e.done {
		return nil
	}
	if e.err == nil {
		e.err = firstError(e.scrub.Close())
	}
	if e.err == nil {
		e.err = e.codec.finish(e.meter.n)
	}
	if e.err != nil {
		e.Abort()
		return fmt.Errorf("entry %s: %w", e.entry.Path, e.err)
	}
	defer e.spool.close()
	e.done = true
	return e.w.commit(e)
}

func (w *Writer) commit(e *EntryWriter) error {
	counts := e.scrub.Counts()
	for _, n := range counts {
		e.entry.Redactions += n
	}
	e.entry.Bytes, e.entry.SHA256 = e.meter.n, e.meter.sum()
	if e.entry.Ended.IsZero() {
		e.entry.Ended = time.Now()
	}
	e.entry.Started, e.entry.Ended = e.entry.Started.Truncate(precision), e.entry.Ended.Truncate(precision)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return fmt.Errorf("entry %s: bundle is closed", e.entry.Path)
	}
	if err := w.settle(w.c.add(e.entry, e.meter.crc.Sum32(), e.spool)); err != nil {
		delete(w.paths, e.entry.Path)
		return fmt.Errorf("entry %s: %w", e.entry.Path, err)
	}
	w.manifest.Entries = append(w.manifest.Entries, e.entry)
	for rule, n := range counts {
		w.rules[rule] += n
		w.ruleEntries[rule]++
	}
	return nil
}

// Add writes a whole entry.
func (w *Writer) Add(e Entry, kind redact.Kind, content []byte) error {
	ew, err := w.Entry(e, kind)
	if err != nil {
		return err
	}
	if _, err := ew.Write(content); err != nil {
		ew.Abort()
		return fmt.Errorf("entry %s: %w", e.Path, err)
	}
	return ew.Close()
}

// AddReader copies r into an entry.
func (w *Writer) AddReader(e Entry, kind redact.Kind, r io.Reader) error {
	ew, err := w.Entry(e, kind)
	if err != nil {
		return err
	}
	if _, err := io.Copy(ew, r); err != nil {
		ew.Abort()
		return fmt.Errorf("entry %s: %w", e.Path, err)
	}
	return ew.Close()
}

func (w *Writer) addJSON(path string, v any) error { return w.addJSONAlso(path, v, nil) }

// addJSONAlso also gives what stands in the bundle then to another writer, unless that is nil.
func (w *Writer) addJSONAlso(path string, v any, also io.Writer) error {
	text, err := inLines(v)
	if err != nil {
		return err
	}
	ew, err := w.Entry(Entry{Path: path}, redact.JSON)
	if err != nil {
		return err
	}
	if also != nil {
		ew.meter.dst = io.MultiWriter(ew.meter.dst, also)
	}
	if _, err := ew.Write(text); err != nil {
		ew.Abort()
		return fmt.Errorf("entry %s: %w", path, err)
	}
	return ew.Close()
}

// Cover adds a line to the ledger.
func (w *Writer) Cover(c Coverage) {
	if c.At.IsZero() {
		c.At = time.Now()
	}
	c.At = c.At.Truncate(precision)
	if w.names != nil {
		texts := w.names.Rewriter()
		c.Node = w.names.NodeName(c.Node)
		c.Target, c.Item, c.Reason, c.Fix = texts.String(c.Target), texts.String(c.Item), texts.String(c.Reason), texts.String(c.Fix)
	}
	w.mu.Lock()
	w.manifest.Coverage = append(w.manifest.Coverage, c)
	w.mu.Unlock()
}

// Update changes the manifest that Close will write.
func (w *Writer) Update(change func(*Manifest)) {
	w.mu.Lock()
	change(&w.manifest)
	w.mu.Unlock()
}

// Manifest returns a copy of the manifest as it stands.
func (w *Writer) Manifest() Manifest {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.manifest
	m.Entries = slices.Clone(m.Entries)
	m.Coverage = slices.Clone(m.Coverage)
	m.Nodes = slices.Clone(m.Nodes)
	m.Overhead = slices.Clone(m.Overhead)
	r := Redaction{Level: w.level, Rules: maps.Clone(w.rules), KnownValues: w.secrets.Count() + w.knownElsewhere}
	if r.Level == "" {
		r.Level = plan.Secrets
	}
	if w.names != nil {
		r.Names = w.replacedNames()
	}
	if m.Redaction != nil {
		r.LeakCheck = m.Redaction.LeakCheck
	}
	for _, n := range w.rules {
		r.Total += n
	}
	m.Redaction = &r
	return m
}

// replacedNames sums up by kind what the rules of names did.
func (w *Writer) replacedNames() []ReplacedNames {
	var list []ReplacedNames
	for _, kind := range names.KindNames() {
		if w.rules[kind] > 0 {
			list = append(list, ReplacedNames{Kind: kind, Places: w.rules[kind], Entries: w.ruleEntries[kind]})
		}
	}
	return list
}

// Close writes the manifest and ends the bundle. Even when the disk is full,
// the file is closed at the end of its last whole entry.
func (w *Writer) Close() (Manifest, error) {
	w.Update(func(m *Manifest) {
		if m.Ended.IsZero() {
			m.Ended = time.Now()
		}
	})
	m := w.Manifest()
	var content bytes.Buffer
	err := w.addJSONAlso(ManifestFile, m, &content)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return m, errors.New("bundle is closed already")
	}
	if err == nil && w.signer != nil {
		err = w.addSignature(content.Bytes())
	}
	w.closed, w.tools = true, nil
	return m, firstError(err, w.c.close())
}

// SignWith lets Close sign the manifest.
func (w *Writer) SignWith(s *seal.Signer) { w.signer = s }

// addSignature appends the signature of the manifest, as it is: nothing in it is for the scrubber. The caller holds w.mu.
func (w *Writer) addSignature(manifest []byte) error {
	text, err := w.signer.Sign(manifest)
	if err != nil {
		return err
	}
	spool := &overflow{dir: os.TempDir()}
	defer spool.close()
	c, err := w.c.codec(spool)
	if err != nil {
		return err
	}
	m := newMeter(c)
	if _, err := m.Write(text); err != nil {
		return err
	}
	if err := c.finish(m.n); err != nil {
		return err
	}
	return w.c.add(Entry{Path: SignatureFile, Bytes: m.n, SHA256: m.sum(), Ended: time.Now().Truncate(precision)}, m.crc.Sum32(), spool)
}
