package calls

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"casefile/bundle/format/waits"
)

const (
	// resolveEvery is how often the tables of sockets are read at most, and mostPatience how long a socket that is in
	// none of them is not looked for again.
	resolveEvery = time.Second
	mostPatience = time.Minute
	// foldAfter is how long nobody must have been seen at a connection before its row may go into that of its peer.
	foldAfter = 10 * time.Second
)

// tally counts what was found. It can be read while a round hangs.
type tally struct {
	mu      sync.Mutex
	out     waits.Samples
	rows    map[rowKey]*row
	objects map[string]*object // by the link of a descriptor
	folded  time.Time
	peers   peers
}

// rowKey is a thread in a call for an object.
type rowKey struct {
	tid    int
	call   string
	events waits.Events
	link   string
	peer   netip.AddrPort // of what is folded, in place of link
}

type row struct {
	waits.Sample
	object *object
	round  int // that saw it last
}

// object is what a link leads to; a socket is known once a table shows it.
type object struct {
	waits.Object
	inode string // of a socket that is not known yet
	due   time.Time
	wait  time.Duration
}

func newTally() *tally {
	return &tally{rows: map[rowKey]*row{}, objects: map[string]*object{}, peers: newPeers()}
}

// begin counts a round.
func (t *tally) begin(now time.Time) {
	if t.out.Rounds == 0 {
		t.out.First = now
	}
	t.out.Rounds++
	t.out.Last = now
}

// see counts a finding for as many rounds.
func (t *tally) see(r *row, rounds int) {
	now := t.out.Last
	if r.Count == 0 {
		r.First = now
	}
	r.Count += rounds
	r.Last, r.round = now, t.out.Rounds
}

// sampled are the kinds of objects that are counted.
var sampled = map[waits.Kind]bool{waits.TCP: true, waits.UDP: true, waits.Unix: true, waits.Socket: true,
	waits.File: true}

// at gives the row of what was found of a thread; nil where there is no room for it.
func (t *tally) at(f *thread) *row {
	k := rowKey{tid: f.tid, call: f.name, events: f.events, link: f.link}
	if r := t.rows[k]; r != nil {
		r.FD = f.fd
		return r
	}
	o := t.object(f.link)
	if len(t.rows) >= waits.MaxSamples && !t.fold() {
		t.out.LeftOut++
		return nil
	}
	t.objects[f.link] = o
	w := waits.Wait{TID: int64(f.tid), NID: f.nid, Call: f.name, FD: f.fd, Events: f.events}
	r := &row{Sample: waits.Sample{Wait: w}, object: o}
	t.rows[k] = r
	return r
}

func (t *tally) object(link string) *object {
	if o := t.objects[link]; o != nil {
		return o
	}
	o := &object{}
	var known bool
	if o.Object, known = objectOf(link, nil); !known {
		o.inode, _ = inodeOf(link)
	}
	return o
}

// due are the inodes of sockets that are to be looked up.
func (t *tally) due(now time.Time) map[string]bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	missing := map[string]bool{}
	for _, o := range t.objects {
		if o.inode != "" && !now.Before(o.due) {
			missing[o.inode] = true
		}
	}
	return missing
}

// learn takes what the tables said of those that were due.
func (t *tally) learn(known Sockets, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, o := range t.objects {
		if o.inode == "" || now.Before(o.due) {
			continue
		}
		if found, ok := known[o.inode]; ok {
			o.Object, o.inode = found, ""
			continue
		}
		o.wait = min(max(2*o.wait, resolveEvery), mostPatience)
		o.due = now.Add(o.wait)
	}
}

// fold makes room: rows of connections at which nobody was seen for a while become one of their thread, call and peer.
func (t *tally) fold() bool {
	now := t.out.Last
	if !t.folded.IsZero() && now.Sub(t.folded) < foldAfter {
		return false
	}
	t.folded = now
	t.objects = map[string]*object{}
	for k, r := range maps.Clone(t.rows) {
		if k.link == "" { // folded before
			continue
		}
		if r.object.Kind != waits.TCP && r.object.Kind != waits.Socket || t.recent(r) {
			t.objects[k.link] = r.object
			continue
		}
		delete(t.rows, k)
		t.merge(rowKey{tid: k.tid, call: k.call, events: k.events, peer: r.object.Remote}, r)
	}
	return len(t.rows) < waits.MaxSamples
}

// recent reports whether somebody may still be there: who does not move is not looked at in every round.
func (t *tally) recent(r *row) bool {
	if r.round+mostSkipped+1 >= t.out.Rounds {
		return true
	}
	return t.out.Last.Sub(r.Last) < foldAfter
}

// merge adds a row to that of its peer.
func (t *tally) merge(peer rowKey, r *row) {
	into := t.rows[peer]
	if into == nil {
		into = &row{Sample: r.Sample, object: &object{Object: waits.Object{Kind: r.object.Kind, Remote: r.object.Remote}}}
		into.FD = waits.NoFD
		t.rows[peer] = into
		return
	}
	into.Count += r.Count
	if r.First.Before(into.First) {
		into.First = r.First
	}
	if r.Last.After(into.Last) {
		into.Last = r.Last
	}
}

// Samples gives what was counted so far.
func (t *tally) Samples(pid int) *waits.Samples {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.out
	s.PID, s.Samples = pid, make([]waits.Sample, 0, len(t.rows))
	for _, r := range t.rows {
		if r.Count == 0 {
			continue
		}
		k, o := r.Sample, r.object
		k.Kind, k.Local, k.Remote, k.Path = o.Kind, o.Local, o.Remote, o.Path
		s.Samples = append(s.Samples, k)
	}
	slices.SortFunc(s.Samples, func(a, b waits.Sample) int {
		return cmp.Or(cmp.Compare(a.TID, b.TID), -cmp.Compare(a.Count, b.Count), a.First.Compare(b.First),
			cmp.Compare(a.Call, b.Call), a.Local.Compare(b.Local), cmp.Compare(a.Path, b.Path))
	})
	return &s
}
