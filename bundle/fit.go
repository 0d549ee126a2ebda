package bundle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"

	"github.com/klauspost/compress/zstd"

	"casefile/bundle/format/budget"
	"casefile/bundle/format/entries"
)

// Priority is a kind of entries that stay in a bundle of limited size before those after it.
type Priority struct {
	Name string
	// Patterns are those of the ends of paths, as path.Match takes them, folder by folder.
	Patterns []string
}

// Priorities in their order. What none matches comes before the large ones, which are those from Recordings on.
// docs/sending.md has the table.
var Priorities = []Priority{
	{"what the bundle is, and its reports", []string{PlanFile, ReportFile, SummaryFile, FindingsFile, "cluster/*"}},
	{"thread dumps, and CPU and waits of threads", []string{"threads/*"}},
	{"state, flags and counters of JVMs", []string{"vm/*", "hsperf/*", "*.hsperfdata"}},
	{"host figures", []string{"host/*", "host/*/*"}},
	{"collections", []string{"gc/*"}},
	{"profiles of Go services", []string{"*.pb.gz", "go/*/*"}},
	{"databases and errors", []string{"database/*", "database/*/*", "errors/*"}},
	{"configuration, and all else", []string{"config/*", "config/*/*", "*"}},
	{"recordings", []string{"jfr/*", "*.jfr"}},
	{"logs", []string{"logs/*", "logs/*/*", "access/*"}},
}

// rest is the priority of what has no pattern of its own.
const rest = "*"

// priorityOf is the place of an entry in Priorities.
func priorityOf(name string) int {
	other := 0
	for i, p := range Priorities {
		for _, pattern := range p.Patterns {
			if pattern == rest {
				other = i
			} else if endMatches(pattern, name) {
				return i
			}
		}
	}
	return other
}

// endMatches matches the last folders of a path.
func endMatches(pattern, name string) bool {
	depth := 1
	for _, c := range pattern {
		if c == '/' {
			depth++
		}
	}
	end := ""
	for range depth {
		dir, base := path.Split(path.Clean(name))
		end, name = path.Join(base, end), dir
		if dir == "" {
			break
		}
	}
	ok, err := path.Match(pattern, end)
	return err == nil && ok
}

// maxFits bounds how often a bundle is written until it fits.
const maxFits = 4

// ErrTooSmall says that not even the reports fit.
var ErrTooSmall = errors.New("the reports alone are larger")

// Fit writes the bundle anew with what matters most, if it is larger than limit (bytes of the file), and returns the
// writer to go on with, also with an error, and how many entries were left out. Each of them is in the ledger.
func (w *Writer) Fit(ctx context.Context, limit int64) (_ *Writer, left int, err error) {
	ctx = w.Reading(ctx)
	size, err := w.size()
	if err != nil || size+manifestRoom(len(w.Manifest().Entries)) <= limit {
		return w, 0, err
	}
	f := fitting{w: w, limit: limit}
	if err := f.weigh(ctx, size); err != nil {
		return w, 0, err
	}
	target := limit
	for range maxFits {
		out := f.choose(target)
		next, got, err := f.write(ctx, out)
		if err != nil {
			return w, 0, err
		}
		if room := manifestRoom(len(f.list) + len(out)); got+room > limit && len(out) < f.optional {
			_ = next.c.close() // it is given up
			os.RemoveAll(next.path)
			target -= got + room - limit + limit/100
			continue
		} else if got+room > limit {
			_ = next.c.close()
			os.RemoveAll(next.path)
			break
		}
		for _, e := range out {
			next.Cover(Coverage{Node: e.Node, Collector: cmp.Or(e.Collector, "bundle"), Target: e.Target, PID: e.PID, Item: e.Path, Status: Skipped,
				Cause: entries.NoSpace, Reason: fmt.Sprintf("left out, %s, to keep the bundle within %s; it was analysed before", budget.Size(e.Bytes), budget.Size(limit)),
				Fix: "a larger --max-size"})
		}
		return next, len(out), w.replacedBy(next)
	}
	return w, 0, fmt.Errorf("the bundle does not fit into %s: %w", budget.Size(limit), ErrTooSmall)
}

// size is how large the file is now.
func (w *Writer) size() (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var plain int64
	switch c := w.c.(type) {
	case *tarContainer:
		plain = c.out.size + int64(len(c.ending))
	case *zipContainer:
		plain = c.out.size
	default:
		return 0, errors.New("a folder has no size to keep")
	}
	if w.sealed != nil {
		plain = sealedSize(plain)
	}
	return plain, nil
}

// sealedSize is that of a file with so much plain content: 16 bytes for each 64 KiB, and a header.
func sealedSize(plain int64) int64 { return plain + plain/4096 + 4<<10 }

// manifestRoom is what the manifest, a signature and the index take at most: a compressed record of an entry is smaller.
func manifestRoom(entries int) int64 { return 8<<10 + int64(entries)*160 }

// fitting is one search for what fits.
type fitting struct {
	w     *Writer
	limit int64
	list  []weighed
	// optional is how many may be left out.
	optional int
}

// weighed is an entry and what it takes in the file.
type weighed struct {
	Entry
	priority int
	weight   int64
}

// weigh compresses each entry by itself, and scales that to what all take together.
func (f *fitting) weigh(ctx context.Context, size int64) error {
	r, err := Open(ctx, f.w.path)
	if err != nil {
		return err
	}
	var sum int64
	err = r.Walk(ctx, func(e Entry, body io.Reader) error {
		n := &counted{}
		enc, err := zstd.NewWriter(n, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
		if err != nil {
			return err
		}
		_, err = io.Copy(enc, body)
		if err = firstError(err, enc.Close()); err != nil {
			return err
		}
		item := weighed{e, priorityOf(e.Path), n.n}
		if item.priority > 0 {
			f.optional++
		}
		f.list = append(f.list, item)
		sum += n.n
		return nil
	})
	for i := range f.list {
		f.list[i].weight = int64(float64(f.list[i].weight) * min(1, float64(size)/float64(max(sum, 1))))
	}
	return err
}

// Write counts what an encoder puts out.
func (c *counted) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// choose returns what is left out: what does not fit any more when those that matter more have their room.
func (f *fitting) choose(limit int64) (out []Entry) {
	order := slices.Clone(f.list)
	slices.SortStableFunc(order, func(a, b weighed) int {
		return cmp.Or(cmp.Compare(a.priority, b.priority), cmp.Compare(a.weight, b.weight))
	})
	room := limit - manifestRoom(len(f.list))
	for _, e := range order {
		if e.priority > 0 && e.weight > room {
			out = append(out, e.Entry)
			continue
		}
		room -= e.weight
	}
	return out
}

// write makes the bundle without those entries, next to the present one.
func (f *fitting) write(ctx context.Context, out []Entry) (*Writer, int64, error) {
	r, err := Open(ctx, f.w.path)
	if err != nil {
		return nil, 0, err
	}
	next, err := createNaming(f.w.keys, f.w.path+".fitting", r.Format, f.w.opening(), f.w.secrets, f.w.names)
	if err != nil {
		return nil, 0, err
	}
	next.level, next.signer = f.w.level, f.w.signer
	drop := map[string]bool{PlanFile: true}
	for _, e := range out {
		drop[e.Path] = true
	}
	err = r.Walk(ctx, func(e Entry, body io.Reader) error {
		if drop[e.Path] {
			return nil
		}
		return next.AddReader(e, KindOf(e.Path), body)
	})
	var size int64
	if err == nil {
		size, err = next.size()
	}
	if err != nil {
		_ = next.c.close() // it is given up
		os.RemoveAll(next.path)
		return nil, 0, fmt.Errorf("make it smaller: %w", err)
	}
	return next, size, nil
}
