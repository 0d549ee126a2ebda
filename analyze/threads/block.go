package threads

import (
	"bytes"
	"strings"
)

// block is the thread being read: its frames and locks are gathered in scratch space and shared when it is finished.
type block struct {
	t      *Thread
	frames []*sharedFrame
	locks  []Lock
	kept   bool // t's stack is set already: only locks may follow

	known    *known // t, once its header is read
	replayed *body  // of which frames and locks are those, unchanged
}

func (b *block) push(s *scan, f *sharedFrame) {
	if len(b.frames) >= s.opt.MaxDepth {
		s.sum.CutStacks++
		return
	}
	b.replayed = nil
	b.frames = append(b.frames, f)
	b.t.EndLine = int32(s.in.n)
}

// addLock notes a lock at the last frame.
func (b *block) addLock(s *scan, l Lock) {
	l.Depth = int32(len(b.frames)) - 1
	if l.Kind == OwnsSynchronizer {
		l.Depth = -1
	}
	if len(b.locks) > 0 && b.locks[0].Kind == l.Kind && l.Kind != Locked && b.locks[0].Addr == l.Addr && b.locks[0].Class == l.Class && l.Kind != OwnsSynchronizer {
		b.locks[0].Depth = l.Depth // ThreadInfo says it in the header too
		return
	}
	if len(b.locks) < s.opt.MaxDepth {
		b.locks = append(b.locks, l)
	}
	b.t.EndLine = int32(s.in.n)
}

// finish gives the open thread its stack and locks.
func (b *block) finish(s *scan) {
	t := b.t
	if t == nil {
		return
	}
	if !b.kept {
		b.share(s)
	}
	if b.replayed != nil && b.replayed.settle(t, s.dump.Format) {
		b.drop()
		return
	}
	before := settled{format: s.dump.Format, state: t.State, detail: t.StateDetail}
	for i := range b.locks {
		l := &b.locks[i]
		if l.Kind != OwnsSynchronizer {
			l.Depth = max(l.Depth, 0)
		}
		if l.Kind == WaitingOn && s.dump.Format != FormatHotSpot && strings.HasSuffix(t.Stack.Top(), "Unsafe.park") {
			l.Kind = Parking
		}
	}
	if s.dump.Format == FormatSA {
		b.awaitFirst()
	}
	b.nameAwaited()
	t.Locks = s.intern.lockList(b.locks)
	deriveState(t)
	if b.replayed != nil && t.Mounted == 0 && !t.Virtual {
		before.known, before.to, before.toSay, before.locks = true, t.State, t.StateDetail, t.Locks
		b.replayed.settled = before
	}
	b.drop()
}

// share gives the open thread what it has in common with others.
func (b *block) share(s *scan) {
	if b.replayed != nil {
		b.t.Stack = b.replayed.stack
	} else {
		b.t.Stack = s.intern.stack(b.frames)
	}
	b.identify(s)
}

func (b *block) identify(s *scan) {
	if b.t.Identity == &s.scratch {
		b.known = s.intern.identity(&s.scratch)
		b.t.Identity = &b.known.Identity
	}
}

func (b *block) drop() {
	b.t, b.kept, b.replayed = nil, false, nil
	b.frames, b.locks = b.frames[:0], b.locks[:0]
}

// nameAwaited gives Object.wait its monitor where the JVM has lost it ("<no object reference available>", or no line at all, as in compiled
// code): it is the one entered last. Without this the thread would seem to hold a monitor that it has let go.
func (b *block) nameAwaited() {
	t := b.t
	if !strings.HasPrefix(t.Stack.Top(), "java.lang.Object.wait") {
		return
	}
	entered := -1
	for i := range b.locks {
		switch b.locks[i].Kind {
		case WaitingOn, WaitingToLock, WaitingToRelock, ClassInit:
			return
		case Locked:
			if entered < 0 {
				entered = i
			}
		}
	}
	if entered < 0 {
		return
	}
	l := b.locks[entered]
	l.Kind, l.Depth = WaitingOn, 0
	if t.State == Blocked {
		l.Kind = WaitingToRelock
	}
	b.locks = append([]Lock{l}, b.locks...)
}

// awaitFirst corrects jhsdb of JDK 17, which calls the monitor "locked" that a blocked thread waits for: it is the first at
// the top frame, for a thread that had it would not be blocked.
func (b *block) awaitFirst() {
	if b.t.State != Blocked || len(b.locks) == 0 {
		return
	}
	if l := &b.locks[0]; l.Kind == Locked && l.Depth <= 0 && !strings.HasPrefix(b.t.Stack.Top(), "java.lang.Object.wait") {
		l.Kind = WaitingToLock
	}
}

// deriveState settles the state where the dump prints none, or only a vague one.
func deriveState(t *Thread) {
	top := t.Stack.Top()
	switch {
	case (t.State == Waiting && t.StateDetail == "" || t.State == StateUnknown) && strings.HasPrefix(top, "java.lang.Thread.sleep"):
		t.State, t.StateDetail = TimedWaiting, "sleeping"
	case t.State != StateUnknown:
	case len(t.Locks) > 0 && t.Locks[0].Kind == WaitingToLock:
		t.State = Blocked
	case strings.HasSuffix(top, "Unsafe.park"), strings.HasPrefix(top, "java.lang.Object.wait"), strings.HasPrefix(top, "java.lang.VirtualThread.park"):
		t.State = Waiting
	case t.Mounted != 0 || t.Virtual:
		t.State = Runnable
	}
}

// partial gathers the lines of a thread's name that holds line breaks, until they read as a header.
type partial struct {
	text []byte
	line int // of its first line; 0 none is open
	n    int
}

// open begins a name that the line does not end.
func (p *partial) open(b []byte, line int) { p.text, p.line, p.n = append(p.text[:0], b...), line, 1 }

// more adds a line and says whether it is still worth trying.
func (p *partial) more(b []byte) bool {
	if p.line == 0 {
		return false
	}
	p.text = append(append(p.text, '\n'), b...)
	if p.n++; p.n > 6 || len(p.text) > 4096 {
		p.line = 0
	}
	return p.line > 0
}

// unclosed says that a name begins in the line and does not end in it.
func unclosed(b []byte) bool { return len(b) > 0 && b[0] == '"' && bytes.IndexByte(b[1:], '"') < 0 }

// linkCarriers points virtual threads that the dump lists by themselves to their carriers.
func linkCarriers(d *Dump) {
	var carriers map[int64]*Thread
	for _, t := range d.Threads {
		if t.Mounted != 0 {
			if carriers == nil {
				carriers = make(map[int64]*Thread)
			}
			carriers[t.Mounted] = t
		}
	}
	for _, t := range d.Threads {
		if c := carriers[t.Num]; c != nil && c != t && t.Virtual && t.Carrier == nil {
			t.Carrier = c
		}
	}
}
