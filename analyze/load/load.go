package load

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/appconf"
	"casefile/analyze/applog"
	"casefile/bundle"
	"casefile/bundle/format/budget"
	"casefile/bundle/format/timing"
)

// Paths reads everything the paths name into one case.
func Paths(ctx context.Context, paths []string) (*analyze.Case, error) {
	if len(paths) == 1 && !IsStream(paths[0]) {
		r, err := bundle.Open(ctx, paths[0])
		switch {
		case err == nil && PackedText(paths[0], r):
		case err == nil && !r.Foreign:
			return Bundle(ctx, r)
		case err == nil:
		case !SingleFile(paths[0], err):
			return nil, err
		}
	}
	b := newBuilder(ctx)
	defer b.close()
	var failed []error
	for _, p := range paths {
		if err := b.foreign(ctx, p); err != nil && !b.over(err) {
			failed = append(failed, err)
			b.problem("%v", err)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	if len(failed) == len(paths) {
		return nil, errors.Join(failed...)
	}
	c, err := b.finish(ctx)
	if err != nil {
		return nil, err
	}
	c.Below = below(paths)
	shorten(c)
	return c, nil
}

// Bundle reads a casefile bundle, and the parts of nodes beside it if whoever joined
// them was killed.
func Bundle(ctx context.Context, r *bundle.Reader) (*analyze.Case, error) {
	b := newBuilder(ctx)
	defer b.close()
	seen := map[string]bool{}
	if err := b.bundle(ctx, r, seen); err != nil {
		return nil, err
	}
	parts := bundle.Parts(r.Path)
	if len(parts) > 0 {
		b.problem("%s: the capture was killed; what nodes had sent by then is read from %s", filepath.Base(r.Path), bundle.PartsDir(filepath.Base(r.Path)))
	}
	for _, p := range parts {
		part, err := bundle.Open(ctx, p)
		if err == nil {
			err = b.bundle(ctx, part, seen)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			b.problem("%s: %v", filepath.Base(p), err)
		}
	}
	return b.finish(ctx)
}

// bundle reads one archive; entries that were seen, in one before it, are passed over.
func (b *builder) bundle(ctx context.Context, r *bundle.Reader, seen map[string]bool) error {
	b.manifest(&r.Manifest)
	if r.Cut != nil && !budget.IsOver(r.Cut) { // else it is told by who reads that far
		b.problem("%s is cut (%v): what was written before is analysed", filepath.Base(r.Path), r.Cut)
	}
	return b.walk(ctx, r, func(e bundle.Entry, body io.Reader) error {
		if seen[e.Path] {
			return nil
		}
		seen[e.Path] = true
		if r.Manifest.Ended.IsZero() && e.Ended.After(b.c.Ended) {
			b.c.Ended = e.Ended // a cut bundle does not say when it ended
		}
		if err := b.entry(e, body); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			b.entryProblem(e.Path, err)
		}
		return nil
	})
}

// walk reads the entries of an archive. One that is larger than its budget is told of, and no error.
func (b *builder) walk(ctx context.Context, r *bundle.Reader, visit func(bundle.Entry, io.Reader) error) error {
	last, read := "", 0
	err := r.Walk(ctx, func(e bundle.Entry, body io.Reader) error {
		last, read = e.Path, read+1
		return visit(e, body)
	})
	b.unread(r)
	if !budget.IsOver(err) {
		return err
	}
	left := "what comes after it"
	if known := len(r.Manifest.Entries); known > read && !budget.IsOver(r.Cut) {
		left = fmt.Sprintf("%d entries after it", known-read)
	}
	b.over(fmt.Errorf("%s: %w; it ends within %s: %s is not read", r.Path, err, orElse(last, "its first entry"), left))
	return nil
}

// unread tells what of a folder was not read, a line for each reason.
func (b *builder) unread(r *bundle.Reader) {
	const named = 5
	byReason := map[string][]string{}
	for _, u := range r.Unread {
		byReason[u.Reason] = append(byReason[u.Reason], u.Path)
	}
	for _, reason := range slices.Sorted(maps.Keys(byReason)) {
		paths := byReason[reason]
		list := strings.Join(paths[:min(named, len(paths))], ", ")
		if more := len(paths) - named; more > 0 {
			list += fmt.Sprintf(" and %d more", more)
		}
		b.problem("%s: not read (%s): %s", r.Path, reason, list)
	}
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// over notes that an input was larger than its budget, once; it reports whether err is that.
func (b *builder) over(err error) bool {
	var over *budget.Over
	if !errors.As(err, &over) {
		return false
	}
	if !b.overs[over] {
		b.overs[over] = true
		b.left = append(b.left, clip(err.Error()))
	}
	return true
}

// entryProblem notes what is wrong with an entry. That its archive is over the budget tells who walks that.
func (b *builder) entryProblem(name string, err error) {
	if budget.IsOver(err) {
		b.within = append(b.within, fmt.Errorf("%s: %w", name, err))
		return
	}
	if strings.HasPrefix(err.Error(), name+": ") {
		b.problem("%v", err)
		return
	}
	b.problem("%s: %v", name, err)
}

// builder collects evidence until all of it is there.
type builder struct {
	pseudonyms bool // nodes have some, in the order of the manifest
	c          *analyze.Case
	nodes      map[string]*nodeParts
	targets    []*target // in the order of the input
	byDir      map[string]*target
	stash      stash

	marks    []applog.Mark // of logs, once asked for
	access   []keptLog     // loose access logs
	tops     []topFile
	patterns []*applog.Pattern
	lineOf   lineOf // of the text that is being read
	depth    int    // of archives within archives
	label    string // the name before the lines that are being read, of a loose file that holds several
	shares   []looseShares
	logs     []looseLog
	confs    []*appconf.File

	bounds  bounds
	threads int // read so far
	without leftOut
	room    *budget.Room // for what is unpacked within archives
	overs   map[*budget.Over]bool
	left    []string // of inputs that are larger than their budget
	within  []error  // the same of entries
	untold  int      // problems beyond maxProblems
}

func newBuilder(ctx context.Context) *builder {
	room := budget.NewRoom(ctx, budget.MaxUnpacked)
	return &builder{c: &analyze.Case{}, nodes: map[string]*nodeParts{}, byDir: map[string]*target{}, bounds: boundsOf(ctx), room: room, stash: stash{room: room}, overs: map[*budget.Over]bool{}}
}

func (b *builder) close() { b.stash.remove() }

// maxProblems bounds the list; the count goes on in its last line.
const maxProblems = 200

func (b *builder) problem(format string, args ...any) {
	if len(b.c.Problems) < maxProblems {
		b.c.Problems = append(b.c.Problems, clip(fmt.Sprintf(format, args...)))
		return
	}
	b.untold++
}

// clip shortens a sentence in which an input has written too much.
func clip(text string) string {
	const most = 1000
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most/2], "") + " ... " + strings.ToValidUTF8(text[len(text)-most/2:], "")
}

// nodeParts is one node while it is read.
type nodeParts struct {
	*analyze.Node
	host  map[string][]byte
	names []string // of host entries, in order
	links []timing.Link

	outputs []output // of its containers
}

func (b *builder) node(name string) *nodeParts {
	n := b.nodes[name]
	if n == nil {
		n = &nodeParts{Node: &analyze.Node{Name: name}, host: map[string][]byte{}}
		b.nodes[name] = n
		b.c.Nodes = append(b.c.Nodes, n.Node)
	}
	return n
}

func (b *builder) manifest(m *bundle.Manifest) {
	b.pseudonyms = b.pseudonyms || m.Plan.Redact.Pseudonyms()
	if b.c.Cluster == "" || b.c.Started.IsZero() { // the first of several archives names the case
		b.c.ID, b.c.Cluster, b.c.Tool, b.c.Started = m.CaseID, m.Cluster, m.Tool.Version, m.Started
	}
	if m.Ended.After(b.c.Ended) {
		b.c.Ended = m.Ended
	}
	for _, n := range m.Nodes {
		if !b.roomForNode(n.Name) {
			continue
		}
		b.node(n.Name).Clock = analyze.Clock{Offset: millis(n.OffsetMS), Error: millis(n.ErrorMS)}
	}
	for _, c := range m.Coverage {
		if !b.roomForNode(c.Node) {
			continue
		}
		n := b.node(c.Node)
		switch {
		case c.Status.Gap():
			n.Failed++
			b.c.Gaps = append(b.c.Gaps, analyze.Gap{Node: c.Node, Target: c.Target, PID: c.PID, Item: c.Item, Cause: c.Cause, Reason: c.Reason, Fix: c.Fix})
		case c.Status == bundle.OK:
			n.Collected++
		}
	}
}

func millis(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

// foreign reads a path that is no bundle of ours: a file, a folder, an archive.
func (b *builder) foreign(ctx context.Context, p string) error {
	if IsStream(p) {
		return b.looseFile(ctx, p)
	}
	r, err := bundle.Open(ctx, p)
	if SingleFile(p, err) || err == nil && PackedText(p, r) {
		return b.looseFile(ctx, p)
	}
	if err != nil {
		return err
	}
	if r.Cut != nil && len(r.Manifest.Entries) == 0 {
		b.problem("%s: empty", p)
		return nil
	}
	if !r.Foreign {
		b.manifest(&r.Manifest)
	}
	return b.walk(ctx, r, func(e bundle.Entry, body io.Reader) error {
		var err error
		if r.Foreign {
			err = b.looseEntry(ctx, path.Join(p, e.Path), body, r.Format == bundle.Dir)
		} else {
			err = b.entry(e, body)
		}
		if err != nil && ctx.Err() == nil {
			b.entryProblem(path.Join(p, e.Path), err)
		}
		return ctx.Err()
	})
}

// SingleFile tells by the name, and by what opening it as an archive gave, that a path is no archive.
func SingleFile(p string, err error) bool {
	return errors.Is(err, bundle.ErrNotArchive) || errors.Is(err, tar.ErrHeader) || compressedFile(p)
}

// PackedText reports whether what was opened as an archive is a short text in gzip, zstd, xz or bzip2: less than a tar begins with.
func PackedText(p string, r *bundle.Reader) bool {
	return r.Cut != nil && len(r.Manifest.Entries) == 0 && !strings.Contains(filepath.Base(p), ".tar") && !strings.HasSuffix(p, ".zip")
}

// compressedFile tells a single compressed file (gc.log.gz) from an archive.
func compressedFile(p string) bool {
	ext := filepath.Ext(p)
	return (ext == ".gz" || ext == ".zst" || ext == ".bz2" || ext == ".xz") && filepath.Ext(p[:len(p)-len(ext)]) != ".tar"
}

// untold says that nothing is known of a JVM.
func untold(j *analyze.JVM) bool {
	return j.Dumps == nil && j.Counters == nil && j.Process == nil && j.Perf == nil && j.CodeCache == nil && j.Flags == nil &&
		len(j.GC)+len(j.Recordings)+len(j.Profiles)+len(j.Logs)+len(j.Access)+len(j.Conf)+len(j.Sockets)+len(j.Looks)+len(j.Options) == 0
}

// Stdin is the path that stands for standard input.
const Stdin = "-"

// IsStream tells what can be read once and from its beginning only: standard input, a pipe.
func IsStream(p string) bool {
	if p == Stdin {
		return true
	}
	info, err := os.Stat(p)
	return err == nil && info.Mode()&(os.ModeNamedPipe|os.ModeCharDevice|os.ModeSocket) != 0
}

func (b *builder) looseFile(ctx context.Context, p string) error {
	in, closeFile, err := openLoose(ctx, p)
	if err != nil {
		return err
	}
	defer closeFile()
	if err := b.looseEntry(ctx, p, in, !IsStream(p)); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !b.over(err) {
			b.problem("%v", err)
		}
	}
	return nil
}

// openLoose opens a file or a stream; to open a pipe is to wait for who writes it, which ends with the context.
func openLoose(ctx context.Context, p string) (in io.Reader, closeFile func(), err error) {
	if p == Stdin {
		return budget.NewRoom(ctx, budget.MaxUnpacked).Reader(budget.Stream(ctx, os.Stdin)), func() {}, nil
	}
	type opened struct {
		f   *os.File
		err error
	}
	done := make(chan opened, 1)
	go func() {
		f, err := os.Open(p)
		done <- opened{f, err}
	}()
	var o opened
	select {
	case o = <-done:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	if o.err != nil {
		return nil, nil, o.err
	}
	in = o.f
	if IsStream(p) {
		in = budget.Stream(ctx, o.f)
	}
	return budget.NewRoom(ctx, budget.MaxUnpacked).Reader(in), func() { o.f.Close() }, nil
}

// finish makes the case out of what was read.
func (b *builder) finish(ctx context.Context) (*analyze.Case, error) {
	b.settle()
	b.joinTops()
	known := b.settleNodes()
	b.readKept()
	for _, t := range b.targets {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		t.finish(b)
	}
	b.settleLogs(known)
	b.dropUntold()
	for _, n := range b.nodes {
		b.finishHost(n)
		b.finishPod(n)
	}
	b.finishTiming()
	for _, err := range b.within {
		b.over(err)
	}
	if b.untold > 0 {
		b.c.Problems = append(b.c.Problems, fmt.Sprintf("and %d more inputs that could not be read", b.untold))
	}
	b.without.tell(b)
	b.c.Problems = append(b.left, b.c.Problems...)
	if b.pseudonyms { // their order is that of the names that they stand for
		return b.c, nil
	}
	slices.SortStableFunc(b.c.Nodes, func(x, y *analyze.Node) int { return bytes.Compare([]byte(x.Name), []byte(y.Name)) })
	return b.c, nil
}
