package load

import (
	"context"
	"fmt"
	"io"

	"casefile/analyze/jfr"
	"casefile/analyze/profile"
	"casefile/analyze/threads"
	"casefile/bundle/format/budget"
	format "casefile/bundle/format/jfr"
)

// bounds are what single files may take of the memory, for those parsers that hold one as a whole.
type bounds struct {
	threads int // in all dumps; 0: no limit
	profile profile.Limits
	jfr     jfr.Limits
}

// boundsOf divides the memory of a run; without a limit the parsers have their own.
func boundsOf(ctx context.Context) bounds {
	memory := budget.From(ctx).Memory
	if memory <= 0 {
		return bounds{}
	}
	const (
		constant = 80 // bytes that are allowed for one in the index
		sample   = 400
		thread   = 450 // and as much again is made of it by the rules
	)
	return bounds{
		threads: int(memory / thread),
		profile: profile.Limits{FileBytes: memory / 2, UnpackedBytes: memory / 2, MemoryBytes: memory},
		jfr: jfr.Limits{
			Chunk:   format.Limits{ChunkBytes: int(memory * 3 / 4), Constants: int(memory / constant)},
			Samples: int(min(memory/sample, 1<<18)), Frames: int(min(memory/40, 4<<20)),
		},
	}
}

// Most nodes and processes of a case. Each costs every rule something.
const (
	maxNodes   = 1000
	maxTargets = 2000
)

// leftOut counts what a case had no room for.
type leftOut struct {
	nodes   map[string]bool
	targets map[string]bool
}

// roomForNode reports whether a node is known or may be added.
func (b *builder) roomForNode(name string) bool {
	if b.nodes[name] != nil || len(b.nodes) < maxNodes {
		return true
	}
	if b.without.nodes == nil {
		b.without.nodes = map[string]bool{}
	}
	b.without.nodes[name] = true
	return false
}

// roomForTarget is the same for a process, by the folder of its entries.
func (b *builder) roomForTarget(dir string) bool {
	if b.find(dir) != nil || len(b.targets) < maxTargets {
		return true
	}
	if b.without.targets == nil {
		b.without.targets = map[string]bool{}
	}
	b.without.targets[dir] = true
	return false
}

// tell adds what was left out to the problems of the case.
func (l *leftOut) tell(b *builder) {
	for _, w := range []struct {
		names map[string]bool
		what  string
		most  int
	}{{l.nodes, "nodes", maxNodes}, {l.targets, "processes", maxTargets}} {
		if len(w.names) > 0 {
			b.left = append(b.left, fmt.Sprintf("not read further: more than %d %s: %d others are left out", w.most, w.what, len(w.names)))
		}
	}
}

// parseDumps reads thread dumps as far as there is room for their threads, and tells what of them was cut.
func (b *builder) parseDumps(name string, in io.Reader) (dumps []*threads.Dump, info threads.Summary, err error) {
	left := 0
	if b.bounds.threads > 0 {
		left = max(1, b.bounds.threads-b.threads)
	}
	info, err = threads.NewParser(threads.Options{MaxThreads: left}).Parse(name, in, func(d *threads.Dump) error {
		dumps = append(dumps, d)
		b.threads += len(d.Threads)
		if b.bounds.threads > 0 && b.threads >= b.bounds.threads {
			return &budget.Over{What: fmt.Sprintf("more than %d threads in all dumps", b.bounds.threads), Flag: "--max-memory"}
		}
		return nil
	})
	if info.CutStacks > 0 {
		b.problem("%s: %d frames of deep stacks had no room: the innermost of each are kept", name, info.CutStacks)
	}
	if info.LongLines > 0 {
		b.problem("%s: of %d long lines of thread dumps only the beginning is read", name, info.LongLines)
	}
	return dumps, info, err
}

// small reads a text that is short in earnest.
func (b *builder) small(name string, body io.Reader) ([]byte, error) {
	return b.atMost(maxSmall, name, body)
}

// atMost reads the beginning of a file, and tells when there is more of it.
func (b *builder) atMost(limit int64, name string, body io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(body, limit+1))
	if int64(len(text)) > limit {
		text = text[:limit]
		b.problem("%s: larger than %s: only its beginning is read", name, budget.Size(limit))
	}
	return text, err
}
