package load

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"casefile/analyze"
	"casefile/analyze/applog"
	"casefile/bundle"
	"casefile/bundle/format/timing"
)

// Paths reads everything the paths name into one case.
func Paths(ctx context.Context, paths []string) (*analyze.Case, error) {
	if len(paths) == 1 && !IsStream(paths[0]) {
		r, err := bundle.Open(paths[0])
		switch {
		case err == nil && !r.Foreign:
			return Bundle(ctx, r)
		case err == nil:
		case !singleFile(paths[0], err):
			return nil, err
		}
	}
	b := newBuilder()
	defer b.close()
	var failed []error
	for _, p := range paths {
		if err := b.foreign(ctx, p); err != nil {
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
	return b.finish(ctx)
}

// Bundle reads a casefile bundle, and the parts of nodes beside it if whoever joined
// them was killed.
func Bundle(ctx context.Context, r *bundle.Reader) (*analyze.Case, error) {
	b := newBuilder()
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
		part, err := bundle.Open(p)
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
	if r.Cut != nil {
		b.problem("%s is cut (%v): what was written before is analysed", filepath.Base(r.Path), r.Cut)
	}
	return r.Walk(ctx, func(e bundle.Entry, body io.Reader) error {
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
			b.problem("%s: %v", e.Path, err)
		}
		return nil
	})
}

// builder collects evidence until all of it is there.
type builder struct {
	c       *analyze.Case
	nodes   map[string]*nodeParts
	targets []*target // in the order of the input
	stash   stash

	marks    []applog.Mark // of logs, once asked for
	access   []keptLog     // loose access logs
	tops     []topFile
	patterns []*applog.Pattern
}

func newBuilder() *builder {
	return &builder{c: &analyze.Case{}, nodes: map[string]*nodeParts{}}
}

func (b *builder) close() { b.stash.remove() }

// maxProblems bounds the list; the count goes on in its last line.
const maxProblems = 200

func (b *builder) problem(format string, args ...any) {
	if len(b.c.Problems) < maxProblems {
		b.c.Problems = append(b.c.Problems, fmt.Sprintf(format, args...))
	}
}

// nodeParts is one node while it is read.
type nodeParts struct {
	*analyze.Node
	host  map[string][]byte
	names []string // of host entries, in order
	links []timing.Link
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
	if b.c.Cluster == "" || b.c.Started.IsZero() { // the first of several archives names the case
		b.c.ID, b.c.Cluster, b.c.Started = m.CaseID, m.Cluster, m.Started
	}
	if m.Ended.After(b.c.Ended) {
		b.c.Ended = m.Ended
	}
	for _, n := range m.Nodes {
		b.node(n.Name).Clock = analyze.Clock{Offset: millis(n.OffsetMS), Error: millis(n.ErrorMS)}
	}
	for _, c := range m.Coverage {
		n := b.node(c.Node)
		switch {
		case c.Status.Gap():
			n.Failed++
			b.c.Gaps = append(b.c.Gaps, analyze.Gap{Node: c.Node, Target: c.Target, Item: c.Item, Reason: c.Reason, Fix: c.Fix})
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
	r, err := bundle.Open(p)
	if singleFile(p, err) {
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
	return r.Walk(ctx, func(e bundle.Entry, body io.Reader) error {
		var err error
		if r.Foreign {
			err = b.looseEntry(ctx, path.Join(p, e.Path), body)
		} else {
			err = b.entry(e, body)
		}
		if err != nil && ctx.Err() == nil {
			b.problem("%s: %v", path.Join(p, e.Path), err)
		}
		return ctx.Err()
	})
}

// singleFile tells by the name, and by what opening it as an archive gave, that a path is no archive.
func singleFile(p string, err error) bool {
	return errors.Is(err, bundle.ErrNotArchive) || errors.Is(err, tar.ErrHeader) || compressedFile(p)
}

// compressedFile tells a single compressed file (gc.log.gz) from an archive.
func compressedFile(p string) bool {
	ext := filepath.Ext(p)
	return (ext == ".gz" || ext == ".zst") && filepath.Ext(p[:len(p)-len(ext)]) != ".tar"
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
	f := os.Stdin
	if p != Stdin {
		var err error
		if f, err = os.Open(p); err != nil {
			return err
		}
		defer f.Close()
	}
	if err := b.looseEntry(ctx, p, f); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		b.problem("%v", err)
	}
	return nil
}

// finish makes the case out of what was read.
func (b *builder) finish(ctx context.Context) (*analyze.Case, error) {
	b.joinTops()
	for _, t := range b.targets {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		t.finish(b)
	}
	if n := b.nodes[looseNode]; n != nil { // files that turned out to hold nothing are no JVMs
		n.JVMs = slices.DeleteFunc(n.JVMs, untold)
	}
	if len(b.access) > 0 {
		n := b.node(looseNode)
		n.LooseAccess = b.readAccess(b.access, b.patterns)
	}
	for _, n := range b.nodes {
		b.finishHost(n)
	}
	b.finishTiming()
	slices.SortStableFunc(b.c.Nodes, func(x, y *analyze.Node) int { return bytes.Compare([]byte(x.Name), []byte(y.Name)) })
	return b.c, nil
}
