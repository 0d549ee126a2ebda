package gclog

import (
	"bytes"
	"time"
)

// tags are the parts of a unified log line's tag set that decide how its message is read.
type tags uint32

const (
	tagGC tags = 1 << iota
	tagSafepoint
	tagStart
	tagStats
	tagPhases
	tagInit
	tagHeap
	tagExit
	tagOther // a tag set without gc or safepoint
	tagSub   // gc with a further tag whose lines are known to be detail where they are not read
	tagNone  // no tags among the decorators
)

var tagBits = map[string]tags{
	"gc": tagGC, "safepoint": tagSafepoint, "start": tagStart, "stats": tagStats, "phases": tagPhases,
	"init": tagInit, "heap": tagHeap, "exit": tagExit,
}

// subTags come with gc. Their lines at any level are detail unless a reader knows the message.
var subTags = set(
	"age", "alloc", "annotation", "barrier", "bot", "breakpoint", "classhisto", "codecache", "compaction", "coops",
	"cpu", "cset", "director", "ergo", "exit", "fragmentation", "free", "freelist", "heap", "humongous", "ihop", "init",
	"ioc", "jni", "liveness", "load", "marking", "metaspace", "methodcomp", "mmu", "monitor", "nmethod", "numa", "oops",
	"oopmap", "os", "page", "pagesize", "perf", "phases", "plab", "pool", "preorder", "preview", "promotion", "ref",
	"refine", "region", "reloc", "remset", "restart", "scavenge", "start", "stats", "steal", "stringdedup",
	"stringtable", "survivor", "sweep", "symboltable", "task", "thread", "time", "tlab", "tracking", "unload", "verify",
	"verification", "vmthread", "whitebox", "workgang", "periodic", "map", "nmt", "cds", "aot", "arguments",
	"stackbarrier", "state", "refcount", "workers", "reserve", "cleanup",
)

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// levels by their name in the log; the padding is trimmed before the look-up.
const (
	levelNone = iota
	levelTrace
	levelDebug
	levelInfo
	levelWarning
	levelError
)

var levels = map[string]int{
	"trace": levelTrace, "debug": levelDebug, "info": levelInfo, "warning": levelWarning, "error": levelError,
}

// decoration is what stands in brackets before a unified log message.
type decoration struct {
	uptime time.Duration
	wall   wallClock
	tags   tags
	level  int
	timed  bool // uptime is set
	kept   bool // the stamps are those that decorators.before has
	sure   bool // by a decorator that can be nothing else
}

// decorators reads the bracketed fields. Their order and choice are free (-Xlog decorators); what is neither a time, a
// number, a level nor a known tag set is a host name. ok needs at least one stamp, level or tag set.
type decorators struct {
	cache  map[string]*field
	recent [64]*field // of the cache, by what is seen of one at a glance
	before stamps     // of the line before: most lines have them too
	fronts fronts
	lead   lead
}

// stamps are the times that a line begins with.
type stamps struct {
	text           []byte
	d              decoration
	isoAt, isoEnds int // in text; 0: none
}

// from reads the stamps of a line that are those of the line before; what remains is the rest of the line.
func (s *stamps) from(line []byte) (d decoration, rest []byte) {
	n := len(s.text)
	if n == 0 || len(line) <= n || string(line[:n]) != string(s.text) {
		return d, line
	}
	if d = s.d; s.isoEnds > 0 {
		d.wall.iso = line[s.isoAt:s.isoEnds]
	}
	return d, line[n:]
}

// stamps reads those that a line begins with and keeps them.
func (ds *decorators) stamps(d *decoration, line []byte) (rest []byte) {
	rest = line
	for len(rest) > 1 && rest[0] == '[' && isDigit(rest[1]) {
		end := bytes.IndexByte(rest, ']')
		if end < 0 {
			break
		}
		ds.field(d, rest[1:end])
		rest = rest[end+1:]
	}
	if n := len(line) - len(rest); n > 0 {
		d.kept = true
		ds.before.keep(line, n, *d)
		ds.lead.front = nil
	}
	return rest
}

// keep takes the stamps that a line begins with, n bytes in all.
func (s *stamps) keep(line []byte, n int, d decoration) {
	s.text, s.d, s.isoAt, s.isoEnds = append(s.text[:0], line[:n]...), d, 0, 0
	if iso := d.wall.iso; iso != nil {
		s.isoAt = bytes.Index(line[:n], iso)
		s.isoEnds = s.isoAt + len(iso)
		s.d.wall.iso = nil
	}
}

// field is the text of one that is no number, and what it means.
type field struct {
	text string
	tags tags
}

// tagsOf gives what a field means. A log has few of them, and each line two.
func (ds *decorators) tagsOf(text []byte) tags {
	n := len(text)
	glance := &ds.recent[(n*5+int(text[0])*3+int(text[n-1])+int(text[n/2]))%len(ds.recent)]
	if *glance != nil && (*glance).text == string(text) {
		return (*glance).tags
	}
	f := ds.cache[string(text)]
	if f == nil {
		f = &field{string(text), classify(text)}
		if len(ds.cache) < 4096 {
			ds.cache[f.text] = f
		}
	}
	*glance = f
	return f.tags
}

func (ds *decorators) read(line []byte) (_ decoration, msg []byte, ok bool) {
	d, b := ds.before.from(line)
	if len(b) == len(line) {
		b = ds.stamps(&d, line)
	}
	if h := ds.fronts.of(b); h != nil {
		d.tags, d.level = h.tags, h.level
		return d, b[len(h.text):], true
	}
	fields, numbers := b, false
	for len(b) > 0 && b[0] == '[' {
		end := bytes.IndexByte(b, ']')
		if end < 2 || !ds.field(&d, b[1:end]) {
			break
		}
		numbers = numbers || isDigit(b[1])
		b = b[end+1:]
	}
	if len(b) == len(line) || (len(b) > 0 && b[0] != ' ') {
		return d, nil, false
	}
	if !d.timed && !d.wall.given() && d.level == levelNone && d.tags&^tagOther == 0 {
		switch numbered := len(b) > 0 && numberedGC(b[1:]); {
		case numbered:
			d.tags = tagNone // a host name alone, which may look like a tag, or numbers
		case d.tags == 0:
			return d, nil, false
		}
	}
	if d.tags == 0 {
		d.tags = tagNone
	}
	if len(b) > 0 {
		b = b[1:]
		if !numbers && (d.level != levelNone || d.tags&^(tagOther|tagNone) != 0) {
			ds.fronts.keep(fields[:len(fields)-len(b)], d)
		}
	}
	return d, b, true
}

var decoratedGC = []byte("][gc")

// readBehind reads a line like read, also when output of the application without a line end, or the prefix of a log
// shipper, stands before the decorators.
func (ds *decorators) readBehind(line []byte) (d decoration, msg []byte, ok bool) {
	if d, msg, ok = ds.read(line); ok {
		return d, msg, ok
	}
	i := bytes.Index(line, decoratedGC)
	if i < 0 {
		return d, msg, false
	}
	at := i
	for { // back over the fields before the tags; their padding holds blanks
		open := bytes.LastIndexByte(line[:i], '[')
		if open < 0 { // the first field was cut
			break
		}
		at = open
		if open == 0 || line[open-1] != ']' {
			break
		}
		i = open - 1
	}
	if at == 0 || line[at] != '[' {
		return d, msg, false
	}
	return ds.read(line[at:])
}

// field takes one bracketed field; false when it cannot be a decorator.
func (ds *decorators) field(d *decoration, f []byte) bool {
	if isDigit(f[0]) {
		if looksISO(f) {
			d.wall.iso = f
			return true
		}
		ds.number(d, f)
		return true
	}
	if c := f[0]; c < 'a' || c > 'z' {
		return !bytes.ContainsAny(f, " :=,(") // a host name may begin with a capital
	}
	t := ds.tagsOf(f)
	if t >= tagLevel {
		d.level = int(t - tagLevel)
	} else if t != 0 && (t != tagOther || d.tags == 0) { // a host name looks like a tag of something else
		d.tags = t
	}
	return true
}

// tagLevel marks levels in the cache of fields.
const tagLevel tags = 1 << 16

func classify(f []byte) tags {
	name := string(trimRight(f))
	if l, ok := levels[name]; ok {
		return tagLevel + tags(l)
	}
	var t tags
	sub, unknown := false, false
	for part := range bytes.SplitSeq([]byte(name), []byte(",")) {
		bit, ok := tagBits[string(part)]
		t |= bit
		if subTags[string(part)] {
			sub = true
		} else if !ok {
			unknown = true
		}
		for _, c := range part {
			if (c < 'a' || c > 'z') && c != '_' && !isDigit(c) {
				return 0 // a host name
			}
		}
	}
	switch {
	case t&(tagGC|tagSafepoint) == 0:
		return tagOther
	case sub && !unknown:
		return t | tagSub
	}
	return t
}

func (ds *decorators) number(d *decoration, f []byte) {
	const epochMillis, epochNanos = 1e11, 1e17 // larger ones count from 1970 (1973 and later), smaller ones from JVM start
	switch n := len(f); {
	case hasSuffix(f, "ms"):
		if v, _, ok := digits(f[:n-2]); ok && v >= epochMillis {
			d.wall.epoch = time.Duration(v) * time.Millisecond
		} else if ok && !d.timed {
			d.uptime, d.timed, d.sure = time.Duration(v)*time.Millisecond, true, true
		}
	case hasSuffix(f, "ns"):
		if v, _, ok := digits(f[:n-2]); ok && v >= epochNanos {
			d.wall.epoch = time.Duration(v)
		} else if up := time.Duration(v); ok && (!d.sure || (up-d.uptime).Abs() < time.Second) {
			d.uptime, d.timed = up, true // finer than the others; timenanos looks alike and comes before uptimenanos
		}
	case f[n-1] == 's':
		if v, _, ok := nanos(f, second); ok && !d.timed {
			d.uptime, d.timed, d.sure = v, true, true
		}
	}
}
