package shelf

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Head is what a bundle says of itself. Bundles of one case that are of different nodes at the same time are one capture
// in several files, as when each node is captured by itself.
type Head struct {
	Case, Cluster string
	Nodes         []string
	From, To      time.Time
}

// apart is how long after one node the next may be captured, for both to be of one moment.
const apart = 5 * time.Minute

// Join has [Shelf.Cases] offer the bundles of one case as one capture. head reads what a bundle says of itself.
func (s *Shelf) Join(head func(context.Context, string) (Head, error)) {
	s.head, s.heads = head, map[string]knownHead{}
}

type knownHead struct {
	Item
	Head
}

// Cases lists the captures as List does, and before the newest bundle of each case in several files the whole of it.
func (s *Shelf) Cases(ctx context.Context) ([]Item, error) {
	list, err := s.List()
	if err != nil || s.head == nil || len(list) < 2 {
		return list, err
	}
	if err := s.take(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	var known []knownHead
	for _, it := range list {
		k, ok := s.heads[it.ID]
		if !ok || !same(k.Item, it) {
			k = knownHead{Item: it}
			k.Head, err = s.head(ctx, it.Path)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil { // it may be a capture still, but of no case that is known
				k.Head = Head{}
			}
			s.heads[it.ID] = k
		}
		if k.Case != "" && len(k.Nodes) > 0 {
			known = append(known, k)
		}
	}
	for _, parts := range together(known) {
		at := slices.IndexFunc(list, func(it Item) bool {
			return slices.ContainsFunc(parts, func(k knownHead) bool { return k.ID == it.ID })
		})
		list = slices.Insert(list, at, whole(parts))
	}
	return list, nil
}

// together puts the bundles of one case, of different nodes and one moment, together; what stands alone is left out.
func together(list []knownHead) (groups [][]knownHead) {
	slices.SortStableFunc(list, func(a, b knownHead) int {
		return cmp.Or(cmp.Compare(a.Case, b.Case), cmp.Compare(a.Cluster, b.Cluster), a.From.Compare(b.From))
	})
	var group []knownHead
	var end time.Time
	for _, k := range list {
		if len(group) > 0 {
			first := group[0]
			again := slices.ContainsFunc(group, func(o knownHead) bool {
				return slices.ContainsFunc(o.Nodes, func(n string) bool { return slices.Contains(k.Nodes, n) })
			})
			if again || k.Case != first.Case || k.Cluster != first.Cluster || k.From.Sub(end) > apart {
				groups, group, end = append(groups, group), nil, time.Time{}
			}
		}
		group = append(group, k)
		if k.To.After(end) {
			end = k.To
		}
	}
	groups = append(groups, group)
	return slices.DeleteFunc(groups, func(g []knownHead) bool { return len(g) < 2 })
}

// whole is the capture that several bundles are.
func whole(parts []knownHead) Item {
	it := Item{}
	var nodes []string
	hash := sha256.New()
	for _, k := range parts {
		fmt.Fprintf(hash, "%s\x00", k.ID)
		it.Parts = append(it.Parts, k.Item)
		it.Size += k.Size
		it.Sealed = it.Sealed || k.Sealed
		if k.ModTime.After(it.ModTime) {
			it.ModTime = k.ModTime
		}
		nodes = append(nodes, k.Nodes...)
	}
	slices.Sort(nodes)
	it.ID = hex.EncodeToString(hash.Sum(nil)[:8])
	it.Name = fmt.Sprintf("%s: %d bundles of %s", parts[0].Case, len(parts), strings.Join(nodes, ", "))
	return it
}

// paths are the files of a capture.
func (it *Item) paths() []string {
	if len(it.Parts) == 0 {
		return []string{it.Path}
	}
	var list []string
	for _, p := range it.Parts {
		list = append(list, p.Path)
	}
	return list
}
