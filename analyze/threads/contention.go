package threads

import (
	"cmp"
	"slices"
	"time"
)

// Contention is one lock over the series. The collector moves objects, so that a lock is found again in the next dump by its address, or
// else by its class and the method in which threads wait for it.
type Contention struct {
	Class string
	Kind  LockKind // Locked for a monitor, OwnsSynchronizer, ClassInit
	Addrs []uint64 // seen, in order

	States  []*LockState // parallel to Series.Dumps; nil where nobody waits
	Waiters []int        // blocked threads per dump
	Total   int          // their sum
	Max     int
	Dumps   int    // dumps with waiters
	Site    *Frame // where most threads wait; nil unknown

	Holder      *Track        // the one that kept it over most successive dumps; nil unknown
	HolderDumps int           // how many
	HolderSpan  time.Duration // at least so long; 0 for one dump, or unknown
	HolderFrame *Frame        // in which it took the lock; nil unknown
	HolderWait  Wait          // what the holder itself waits for, in the last of those dumps
	Holders     int           // different holders seen

	Pool      string  // the pool most waiters belong to; "" none
	PoolShare float64 // waiters in that pool / its threads, over all dumps
}

// Contention gives the locks that threads were blocked on, those with most waiters over the series first.
func (s *Series) Contention() []*Contention {
	f := contentionFinder{s: s, byAddr: map[lockKey]*Contention{}, bySite: map[siteKey][]*Contention{}}
	for i := range s.Dumps {
		var rest []*LockState
		for _, st := range s.Graph(i).Locks() {
			if len(st.Waiters) == 0 {
				continue
			}
			if c := f.byAddr[lockKey{st.Addr, st.Class}]; c != nil && c.States[i] == nil && (st.Addr != 0 || st.Kind == ClassInit) {
				f.meet(c, st, i)
			} else {
				rest = append(rest, st)
			}
		}
		for _, st := range rest {
			f.meet(f.moved(st, i), st, i)
		}
	}
	trackOf := s.ownerTracks(f.all)
	sizes := s.poolSizes()
	for _, c := range f.all {
		s.judgeHolder(c, trackOf)
		s.judgePool(c, sizes)
	}
	slices.SortStableFunc(f.all, func(a, b *Contention) int { return cmp.Compare(b.Total, a.Total) })
	return f.all
}

type siteKey struct{ class, fn string }

// contentionFinder joins the locks of successive dumps.
type contentionFinder struct {
	s      *Series
	all    []*Contention
	byAddr map[lockKey]*Contention
	bySite map[siteKey][]*Contention // by the method in which most wait
}

// moved finds the lock that stood elsewhere in an earlier dump, or begins a new one.
func (f *contentionFinder) moved(st *LockState, dump int) *Contention {
	if at := waitSite(st); at != nil {
		for _, c := range f.bySite[siteKey{st.Class, at.Func}] {
			if c.States[dump] == nil {
				return c
			}
		}
	}
	c := &Contention{Class: st.Class, Kind: st.Kind, States: make([]*LockState, len(f.s.Dumps)), Waiters: make([]int, len(f.s.Dumps))}
	f.all = append(f.all, c)
	if at := waitSite(st); at != nil {
		k := siteKey{st.Class, at.Func}
		if len(f.bySite[k]) < 64 { // striped locks: beyond these nothing tells one from another
			f.bySite[k] = append(f.bySite[k], c)
		}
	}
	return c
}

func (f *contentionFinder) meet(c *Contention, st *LockState, dump int) {
	c.States[dump] = st
	n := len(st.Waiters)
	c.Waiters[dump] = n
	c.Total += n
	c.Dumps++
	if n > c.Max {
		c.Max = n
		c.Site = waitSite(st)
	}
	if c.Kind == Locked {
		c.Kind = st.Kind
	}
	if k := (lockKey{st.Addr, st.Class}); f.byAddr[k] != c {
		f.byAddr[k] = c
		c.Addrs = append(c.Addrs, st.Addr)
	}
}

// waitSite is the frame in which most threads wait: the one with the lock line for monitors, the program's own call for parks.
func waitSite(st *LockState) *Frame {
	counts := map[*Frame]int{}
	var best *Frame
	for _, t := range st.Waiters {
		f := waitFrame(t)
		if f == nil {
			continue
		}
		counts[f]++
		if best == nil || counts[f] > counts[best] {
			best = f
		}
	}
	return best
}

func waitFrame(t *Thread) *Frame {
	l := t.Waiting()
	if l == nil {
		return nil
	}
	d := int(l.Depth)
	if d < 0 || d >= len(t.Stack.Frames) {
		return nil
	}
	if l.Kind == Parking {
		return site(t.Stack.Frames)
	}
	return t.Stack.Frames[d]
}

// ownerTracks finds the tracks of the threads that own a contended lock.
func (s *Series) ownerTracks(all []*Contention) map[*Thread]*Track {
	of := map[*Thread]*Track{}
	for _, c := range all {
		for _, st := range c.States {
			if st != nil && st.Owner != nil {
				of[st.Owner] = nil
			}
		}
	}
	if len(of) == 0 {
		return of
	}
	for _, tr := range s.tracks {
		for _, t := range tr.Obs {
			if _, owns := of[t]; owns && t != nil {
				of[t] = tr
			}
		}
	}
	return of
}

func (s *Series) judgeHolder(c *Contention, trackOf map[*Thread]*Track) {
	seen := map[*Track]bool{}
	var run *Track
	start := 0
	for i, st := range c.States {
		var tr *Track
		if st != nil && st.Owner != nil {
			tr = trackOf[st.Owner]
			seen[tr] = true
		}
		if tr == nil {
			run = nil
			continue
		}
		if tr != run {
			run, start = tr, i
		}
		if n := i - start + 1; n > c.HolderDumps {
			c.Holder, c.HolderDumps, c.HolderSpan = tr, n, s.Span(start, i)
			c.HolderWait = s.Wait(st.Owner)
			c.HolderFrame = nil
			if d := st.OwnerDepth; d >= 0 && d < len(st.Owner.Stack.Frames) {
				c.HolderFrame = st.Owner.Stack.Frames[d]
			}
		}
	}
	c.Holders = len(seen)
}

func (s *Series) judgePool(c *Contention, sizes map[string]int) {
	waiting := map[string]int{}
	for _, st := range c.States {
		if st == nil {
			continue
		}
		for _, t := range st.Waiters {
			name, _ := s.PoolOf(t)
			if name == "" {
				continue
			}
			waiting[name]++
			if n := waiting[name]; n > waiting[c.Pool] || n == waiting[c.Pool] && name < c.Pool {
				c.Pool = name
			}
		}
	}
	if c.Pool != "" {
		c.PoolShare = float64(waiting[c.Pool]) / float64(sizes[c.Pool])
	}
}

// poolSizes counts threads times dumps by pool.
func (s *Series) poolSizes() map[string]int {
	sizes := map[string]int{}
	for _, d := range s.Dumps {
		for _, t := range d.Threads {
			if name, _ := s.PoolOf(t); name != "" {
				sizes[name]++
			}
		}
	}
	return sizes
}
