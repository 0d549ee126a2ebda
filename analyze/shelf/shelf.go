package shelf

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"casefile/analyze/answer"
)

// Shelf is the captures at some paths. It is safe for concurrent use; one capture is read at a time.
type Shelf struct {
	paths []string
	open  func(context.Context, ...string) (*answer.Capture, error)
	cache *Cache // nil: nothing is remembered

	turn chan struct{} // who holds it reads, and may change kept
	kept []kept        // last used first

	head  func(context.Context, string) (Head, error) // nil: bundles are not joined
	heads map[string]knownHead                        // by id; changed by who holds the turn
}

type kept struct {
	item Item
	*answer.Capture
}

const mostKept = 2 // captures in memory: as many as a comparison needs

// New makes a shelf; open reads the capture that lies at some paths.
func New(paths []string, cache *Cache, open func(context.Context, ...string) (*answer.Capture, error)) *Shelf {
	return &Shelf{paths: paths, open: open, cache: cache, turn: make(chan struct{}, 1)}
}

// List finds the captures anew.
func (s *Shelf) List() ([]Item, error) { return Find(s.paths) }

// Pick names a capture: by its id, its name or a part of the name that no other has; "" the newest.
func Pick(list []Item, which string) (Item, error) {
	if which == "" && len(list) > 0 {
		return list[0], nil
	}
	var parts []Item
	for _, it := range list {
		if it.ID == which || it.Name == which || it.Path == which {
			return it, nil
		}
		if strings.Contains(it.Name, which) {
			parts = append(parts, it)
		}
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return Item{}, fmt.Errorf("capture %q: %d of %d have that name", answer.Text(which, 100), len(parts), len(list))
}

// Open reads a capture, or gives the one that was read when it has not changed since.
func (s *Shelf) Open(ctx context.Context, it Item) (*answer.Capture, error) {
	if err := s.take(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	if i := slices.IndexFunc(s.kept, func(k kept) bool { return same(k.item, it) }); i >= 0 {
		k := s.kept[i]
		s.kept = append([]kept{k}, slices.Delete(s.kept, i, i+1)...)
		return k.Capture, nil
	}
	if len(s.kept) >= mostKept { // its memory is free before more is taken
		s.kept = slices.Delete(s.kept, mostKept-1, len(s.kept))
	}
	c, err := s.read(ctx, it)
	if err != nil {
		return nil, err
	}
	s.kept = append([]kept{{it, c}}, s.kept...)
	return c, nil
}

func (s *Shelf) take(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Shelf) leave() { <-s.turn }

func (s *Shelf) read(ctx context.Context, it Item) (c *answer.Capture, err error) {
	c, err = s.open(ctx, it.paths()...)
	if err != nil {
		return nil, err
	}
	c.Name = it.Name
	return c, nil
}

func same(a, b Item) bool { return a.ID == b.ID && a.Size == b.Size && a.ModTime.Equal(b.ModTime) }

// Summary is what was found in a capture, from memory where it is known. known is false when it has to be read first: see
// [Shelf.Learn].
func (s *Shelf) Summary(it Item) (sum Summary, known bool) { return s.cache.get(it) }

// Learn reads a capture and remembers what was found in it. That a capture cannot be read is remembered too.
func (s *Shelf) Learn(ctx context.Context, it Item) error {
	if err := s.take(ctx); err != nil {
		return err
	}
	defer s.leave()
	if _, known := s.cache.get(it); known {
		return nil
	}
	sum := Summary{}
	c, err := s.read(ctx, it)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		sum.Failed = answer.Text(err.Error(), 400)
	default:
		sum = summaryOf(c)
	}
	return s.cache.put(it, sum)
}
