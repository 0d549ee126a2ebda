package gc

import (
	"strings"
	"time"
)

// FullHeap is a row of collections of the whole heap that could free next to nothing.
type FullHeap struct {
	Count       int // of them, one after another
	First, Last Cycle
	Limit       int64 // bytes: of the heap, or with Old of the old generation
	Old         bool  // the old generation is full, not the whole heap
}

// Left is what is in use after the last of them.
func (f *FullHeap) Left() int64 {
	if f.Old {
		return f.Last.OldAfter
	}
	return f.Last.After
}

// Shares from which a heap is full.
const (
	fullLeft  = 0.90 // of the limit is in use after a collection
	fullFreed = 0.10 // of the limit is all that it freed
	fullOld   = 0.97 // of the old generation's size
)

// fullApart is what may lie between two collections of one row: a heap that took longer to fill again had room.
const fullApart = 10 * time.Minute

// fullUnproven are the collections in a row that prove an old generation to be full of which nobody knows whether it can grow: it would have.
const fullUnproven = 4

// askedCauses are of collections that came because somebody asked: they need not mean that memory was short.
var askedCauses = []string{"System.gc", "Diagnostic Command", "Heap Inspection", "Heap Dump", "JvmtiEnv", "Metadata", "Ergonomics (proactive)",
	"Proactive", "Timer", "Warmup", "runtime.GC", "WhiteBox", "system gc"}

// Asked reports whether a collection of this cause came for another reason than want of room in the heap.
func Asked(cause string) bool {
	for _, c := range askedCauses {
		if strings.Contains(cause, c) {
			return true
		}
	}
	return false
}

// FullHeap finds the longest row of collections between two times, each of which left the heap, or the old generation, as good as full and
// freed next to nothing: at least two, of no other cause than want of room. After a concurrent collection the heap holds what was allocated
// meanwhile, so that its size tells nothing. ok is false when there is none, or when the size of the heap is
// not known.
func (l *Log) FullHeap(from, to time.Duration) (best FullHeap, ok bool) {
	var row FullHeap
	for i := range l.Cycles {
		c := &l.Cycles[i]
		if c.Concurrent || c.Time < from || c.Time > to || c.After == 0 || Asked(l.CauseOf(c)) {
			continue
		}
		limit, old, least := l.fullAt(c)
		if limit == 0 {
			row = FullHeap{}
			continue
		}
		if row.Count == 0 || row.Old != old || row.Limit != limit || c.Time-row.Last.Time > fullApart {
			row = FullHeap{First: *c, Old: old, Limit: limit}
		}
		row.Count++
		row.Last = *c
		if row.Count >= max(least, best.Count) {
			best, ok = row, true
		}
	}
	return best, ok
}

// fullAt gives the limit that a collection left full, zero when it left none; and how many of its kind in a row prove it.
func (l *Log) fullAt(c *Cycle) (limit int64, old bool, least int) {
	most := l.Heap.Max
	if c.Committed > 0 && !l.Heap.MaxStated {
		most = max(most, c.Committed)
	}
	if most > 0 && float64(c.After) >= fullLeft*float64(most) && float64(c.Before-c.After) <= fullFreed*float64(most) {
		return most, false, 2
	}
	if c.OldCommitted == 0 || c.OldCommitted != l.Heap.OldPeak || float64(c.OldAfter) < fullOld*float64(c.OldCommitted) {
		return 0, false, 0
	}
	switch {
	case !l.Heap.MaxStated || c.Committed == 0 || float64(c.Committed) >= 0.95*float64(most): // the heap has no room to grow
		return c.OldCommitted, true, 2
	case float64(c.Before-c.After) <= fullFreed*float64(most): // survivor spaces that do not count among what is committed hide it
		return c.OldCommitted, true, fullUnproven
	}
	return 0, false, 0
}
