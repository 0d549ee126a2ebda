package threads

import (
	"bytes"
	"strings"
	"time"

	"casefile/analyze/say"
)

var fullThreadDump = []byte("Full thread dump")

func isHotSpot(b []byte) bool { return bytes.HasPrefix(b, fullThreadDump) }

// isPrefixedHotSpot recognises the title behind what a log framework put before it.
func isPrefixedHotSpot(b []byte) bool {
	if len(b) > 400 || b[0] == '\t' || b[0] == ' ' || b[0] == '"' {
		return false
	}
	if bytes.HasPrefix(b, []byte("Thread dump from ")) {
		return true
	}
	i := bytes.Index(b, fullThreadDump)
	return i > 0 && i < 120 && endsTitle(b) && bytes.Contains(b[i:], []byte(" VM ("))
}

// endsTitle tells whether a line can be a whole title. Until JDK 21 it ends in "):"; later ones, and late updates of 21, go on in a line
// of the JDK's version instead of the colon.
func endsTitle(b []byte) bool {
	b = bytes.TrimRight(b, " ")
	if bare, ok := bytes.CutSuffix(b, []byte{':'}); ok {
		return bytes.HasSuffix(bare, []byte{')'})
	}
	return bytes.HasSuffix(b, []byte{')'}) && bytes.Contains(b, []byte(" mode")) // "mixed mode, sharing"
}

func isHeader(b []byte) bool {
	h, ok := parseHeader(b)
	return ok && h.known
}

type phase uint8

const (
	preamble  phase = iota // rest of the title, SMR block
	inThreads              // thread blocks
	inDeadlock
	inHeap
	inTail // behind the JNI references
)

// hotspot reads the text of HotSpot and its kin: a title, a block a thread, then JNI references, deadlocks, heap, class histogram.
type hotspot struct {
	block
	phase   phase
	carrier *Thread // of the mounted virtual thread that t is
	owned   bool    // in "Locked ownable synchronizers"
	gap     bool    // a blank line since the last frame
	foreign bool    // the frames that follow are those of a logged exception
	said    said    // by the open block
	at      int     // line of its header, where body may be kept
	dirty   bool    // lines stand in it that are none of it
	body    *body   // that the thread had last
	states  int     // blocks that have one
	bare    int     // blocks of Java threads with frames and no state

	name     partial
	waiter   string         // of the deadlock section
	headless bool           // the dump has no title
	seen     map[int64]bool // threads of such a dump, by their numbers
}

func openHotSpot(s *scan, b []byte) format {
	d := s.begin(FormatHotSpot)
	if i := bytes.Index(b, fullThreadDump); i >= 0 {
		d.VM = titleVM(d, string(b[i+len(fullThreadDump):]))
	}
	return &hotspot{}
}

// titleVM takes the VM out of the title; HP-UX puts the date there too.
func titleVM(d *Dump, title string) string {
	title = strings.TrimSuffix(strings.TrimSpace(title), ":")
	if date, vm, found := strings.Cut(title, "]"); found && strings.HasPrefix(date, "[") {
		if t, err := time.Parse(time.UnixDate, date[1:]); err == nil && d.Time.IsZero() {
			d.Time = t.In(say.NoZone) // the name of a zone tells no offset
		}
		title = strings.TrimSpace(vm)
		if strings.HasPrefix(title, "(") && strings.HasSuffix(title, ")") {
			title = title[1 : len(title)-1]
		}
	}
	return strings.ToValidUTF8(title, "\uFFFD")
}

// openHeaderless begins a dump that lost its title, as in a rotated log.
func openHeaderless(s *scan, b []byte) format {
	s.begin(FormatHotSpot)
	h := &hotspot{headless: true}
	h.line(s, b)
	return h
}

func (h *hotspot) line(s *scan, b []byte) verdict {
	trimmed := trimFront(b)
	if len(trimmed) == 0 {
		h.gap = true
		return unknown
	}
	if h.phase <= inThreads {
		if v := h.threadLine(s, b, trimmed); v != unknown {
			return v
		}
	}
	return h.sectionLine(s, b, trimmed)
}

// blockLines are how lines within a thread's block begin, and those of the deadlocks below.
var blockLines = []string{"at ", "- ", "java.lang.Thread.State: ", "Locked ownable synchronizers:", "Number of locked synchronizers =",
	"Locked synchronizers: count =", "No compile task", "Compiling:", "Carrying virtual thread #", "Mounted virtual thread #", "JavaThread state: ",
	"waiting to lock", "waiting for ownable", "which is held by", "in JNI, which is held by"}

// stripped recognises lines of a block whose indentation was lost on the way.
func stripped(b []byte) bool {
	for _, begin := range blockLines {
		if b[0] == begin[0] && bytes.HasPrefix(b, []byte(begin)) {
			return true
		}
	}
	return string(b) == "..."
}

// threadLine reads a line of a thread's block. Most lines of a dump are frames: they come first.
func (h *hotspot) threadLine(s *scan, b, trimmed []byte) verdict {
	indented := len(trimmed) < len(b)
	if !indented && stripped(b) {
		indented, h.dirty = true, true
	}
	switch c := trimmed[0]; {
	case c == 'a' && indented && h.t != nil:
		if text, ok := bytes.CutPrefix(trimmed, []byte("at ")); ok {
			return h.frame(s, text)
		}
	case c == '-' && indented && h.t != nil:
		if text, ok := bytes.CutPrefix(trimmed, []byte("- ")); ok && bytes.Contains(text, []byte(" @bci=")) { // jhsdb jstack
			h.push(s, s.intern.frameBy(text, parseSAFrame))
			h.owned = false
			return taken
		}
		return h.lock(s, trimmed)
	case !indented:
		if v := h.header(s, b); v != unknown {
			return v
		}
	}
	if h.t != nil && indented {
		return h.note(s, trimmed)
	}
	return unknown
}

func (h *hotspot) takesFrames() bool {
	return h.t != nil && h.phase <= inThreads && !h.gap && !h.foreign && !h.kept
}

func (h *hotspot) frame(s *scan, text []byte) verdict {
	if !h.takesFrames() {
		return unknown
	}
	h.push(s, s.intern.frame(trimEnd(text)))
	h.owned = false
	return taken
}

func (h *hotspot) header(s *scan, b []byte) verdict {
	if s.bare {
		if k, c := s.intern.expected(b); k != nil {
			h.reopen(s, k, c)
			return taken
		}
	}
	hd, ok := parseHeader(b)
	line := s.in.n
	if !ok && h.name.more(b) {
		if hd, ok = parseHeader(h.name.text); ok {
			line = h.name.line
			s.unhold(h.name.n - 1)
		}
	}
	if !ok {
		if h.name.line == 0 && unclosed(b) {
			h.name.open(b, line)
		}
		return unknown
	}
	if h.headless && h.again(&hd) {
		return over
	}
	h.finish(s)
	h.phase = inThreads
	h.open(s, &hd)
	h.t.Line = int32(line)
	h.name.line = 0
	if s.bare && line == s.in.n && hd.format == FormatHotSpot && hd.lock.Class == "" {
		h.headed(s, b)
	}
	return taken
}

// again reports whether a thread was read before: then this is the next dump, of those that have no titles.
func (h *hotspot) again(hd *header) bool {
	if hd.num == 0 || hd.format != FormatJMX {
		return false
	}
	if h.seen == nil {
		h.seen = map[int64]bool{}
	}
	before := h.seen[hd.num]
	h.seen[hd.num] = true
	return before
}

// unhold takes the last n held lines back: they turned out to belong to a thread's name.
func (s *scan) unhold(n int) {
	n = min(n, s.pending.n)
	if kept := s.pending.n - n; kept < len(s.pending.sample) {
		s.pending.sample = s.pending.sample[:kept]
	}
	s.pending.n -= n
}

func (h *hotspot) open(s *scan, hd *header) {
	t := s.newThread()
	in := s.intern
	t.Name, t.Num, t.NID, t.TID = in.str(hd.name), hd.num, hd.nid, hd.tid
	t.CPU, t.Elapsed, t.Allocated = hd.cpu, hd.elapsed, hd.alloc
	t.Prio, t.OSPrio, t.Daemon, t.Virtual, t.VMInternal = hd.prio, hd.osPrio, hd.daemon, hd.virtual, hd.internal
	t.State, t.StateText, t.StateDetail = hd.state, in.str(hd.words), in.str(hd.detail)
	if t.State == StateUnknown {
		t.State, _ = stateOfWords(hd.words)
	}
	if hd.format != FormatHotSpot && s.dump.Format == FormatHotSpot {
		s.dump.Format = hd.format
	}
	h.t = t
	h.identify(s)
	if hd.lock.Class != "" {
		h.locks = append(h.locks, hd.lock)
	}
}

// finish closes the open thread.
func (h *hotspot) finish(s *scan) {
	if t := h.t; t != nil && !h.kept {
		if h.said.stated {
			h.states++
		} else if t.Num > 0 && !t.VMInternal && !t.Virtual && t.Mounted == 0 && len(h.frames) > 0 {
			h.bare++
		}
		h.keepBody(s)
	}
	h.said, h.at = said{}, 0
	h.block.finish(s)
	h.carrier, h.owned, h.gap, h.foreign = nil, false, false, false
}

// note reads the other indented lines of a thread's block.
func (h *hotspot) note(s *scan, b []byte) verdict {
	t := h.t
	h.replayed = nil
	switch b[0] {
	case 'J':
		if bytes.HasPrefix(b, []byte("JavaThread state: ")) { // jhsdb jstack
			return h.extend(s)
		}
	case 'j':
		if st, ok := bytes.CutPrefix(b, []byte("java.lang.Thread.State: ")); ok {
			if h.said.stated { // of a thread whose header is missing
				s.dump.Gaps++
				h.dirty = true
			}
			h.said.stated = true
			h.state(s, st)
			return h.extend(s)
		}
	case 'L', 'N':
		if bytes.HasPrefix(b, []byte("Locked ownable synchronizers:")) || bytes.HasPrefix(b, []byte("Locked synchronizers: count =")) ||
			bytes.HasPrefix(b, []byte("Number of locked synchronizers =")) {
			h.ownedSection(s)
			return h.extend(s)
		}
		if bytes.HasPrefix(b, []byte("No compile task")) {
			return h.extend(s)
		}
	case 'C':
		if id, ok := bytes.CutPrefix(b, []byte("Carrying virtual thread #")); ok {
			t.Mounted, _ = atoi(bytes.TrimSpace(id))
			return h.extend(s)
		}
		if bytes.HasPrefix(b, []byte("Compiling:")) {
			return h.extend(s)
		}
	case 'M':
		if id, ok := bytes.CutPrefix(b, []byte("Mounted virtual thread #")); ok {
			h.mounted(s, id)
			return taken
		}
	case 'o':
		if owner, ok := bytes.CutPrefix(b, []byte("owned by ")); ok && len(h.frames) == 0 && len(h.locks) > 0 { // Jenkins
			owner, _, _ = bytes.Cut(owner, []byte(" id="))
			h.locks[0].Owner = strings.ToValidUTF8(strings.Trim(string(owner), `"`), "\uFFFD")
			return h.extend(s)
		}
	case '.':
		if string(bytes.TrimSpace(b)) == "..." { // ThreadInfo.toString prints eight frames
			return taken
		}
	}
	h.foreign = h.foreign || loggedException(b)
	return unknown
}

func (h *hotspot) extend(s *scan) verdict {
	h.t.EndLine = int32(s.in.n)
	return taken
}

func loggedException(b []byte) bool {
	return bytes.Contains(b, []byte("Exception")) || bytes.Contains(b, []byte("Error")) || bytes.Contains(b, []byte("Caused by:"))
}

// state reads "WAITING (parking)" and VisualVM's "WAITING on java.util.TaskQueue@7311acb7 owned by: main".
func (h *hotspot) state(s *scan, b []byte) {
	b = bytes.TrimSpace(b)
	word, rest, _ := bytes.Cut(b, []byte{' '})
	if st := parseState(word); st != StateUnknown {
		h.t.State, h.said.state = st, st
	}
	if on, ok := bytes.CutPrefix(rest, []byte("on ")); ok {
		on, owner, _ := bytes.Cut(on, []byte(" owned by"))
		l := Lock{Kind: waitKind(h.t.State)}
		l.Class, l.Addr = classAtHash(on)
		l.Owner = strings.Trim(string(owner), `: "`)
		h.locks = append(h.locks, l)
		return
	}
	h.t.StateDetail = s.intern.str(bytes.Trim(rest, "()"))
	h.said.detail, h.said.detailed = h.t.StateDetail, true
}

// mounted begins the virtual thread that the open carrier runs.
func (h *hotspot) mounted(s *scan, id []byte) {
	carrier := h.t
	num, _ := atoi(bytes.TrimSpace(id))
	if carrier.Mounted == 0 {
		carrier.Mounted = num
	}
	h.finish(s)
	t := s.newThread()
	t.Name, t.Num, t.Virtual, t.Carrier = virtualName(num), num, true, carrier
	h.t, h.carrier = t, carrier
}

// ownedSection begins the owned synchronizers. They are the carrier's when a mounted virtual thread stands between.
func (h *hotspot) ownedSection(s *scan) {
	if carrier := h.carrier; carrier != nil {
		h.finish(s)
		h.t, h.kept = carrier, true
		h.locks = append(h.locks[:0], carrier.Locks...)
	}
	h.owned = true
}

func (h *hotspot) lock(s *scan, b []byte) verdict {
	h.replayed = nil
	l, ok := parseLock(b, h.owned, s.intern)
	if !ok || h.gap && !h.owned || h.foreign {
		return unknown
	}
	if again := len(h.frames) == 0 && len(h.locks) > 0 && l.Kind == Locked && h.locks[0].Kind == WaitingOn && h.locks[0].Addr == l.Addr; again {
		return taken // Jenkins says of what a thread waits on that it is locked, too
	}
	if l.Class != "" || l.Addr != 0 {
		h.addLock(s, l)
	}
	h.t.EndLine = int32(s.in.n)
	return taken
}

// close marks a dump that stops among the Java threads as truncated. The VM's own threads come last, and not every version prints more.
func (h *hotspot) close(s *scan) {
	s.in.record(false)
	h.finish(s)
	d := s.dump
	n := len(d.Threads)
	d.Truncated = h.phase <= inThreads && d.Format == FormatHotSpot && (n == 0 || !d.Threads[n-1].VMInternal)
	if d.Format == FormatHotSpot && h.states > 0 { // JDK 5 prints no states
		d.Gaps += h.bare
		if h.headless {
			d.Gaps++
		}
	}
	linkCarriers(d)
}
