package gclog

import (
	"bytes"
	"time"

	"casefile/analyze/gc"
)

// unifiedState is what is remembered between lines of a unified log.
type unifiedState struct {
	ds           decorators
	d            decoration // of the current line
	settled      bool       // a line of the stamps that ds.before has would change no time
	cycles       [32]cycle  // by GC number
	generational bool
	kinds        map[gc.Kind]bool // kinds that tell a collector apart
	perRun       map[gc.Kind]int  // pauses since the JVM's start, for the footer
	stopping     bool             // the JVM said that it ends
	late         map[gc.Kind]int  // of perRun, those after it said so
	seenCMS      bool
	seenParallel bool
	seenSerial   bool
	seenNative   bool // names that only native images have
	region       int64
	operation    string // of the safepoint that is being entered (JDK 9-12)
	seenG1       bool
	shen         shenandoahState
	requested    uint16    // cause of the cycle that comes next
	shenChecks   []gc.Kind // kinds of the entries of gc.Log.Checks
	z            zState
}

// cycle gathers the lines of one GC number until its pause ends.
type cycle struct {
	id         uint32
	used       bool
	flags      gc.Flags
	cause      uint16
	start      time.Duration // ZGC: of the whole collection
	old        change        // old generation in bytes
	hasOld     bool
	oldRegions change // G1, in regions
	hasRegions bool
	youngLive  int64   // ZGC
	owesCPU    bool    // a pause of this cycle waits for its gc,cpu line
	kind       gc.Kind // of that pause
	took       time.Duration
}

func (u *unifiedState) init() {
	u.ds.cache = map[string]*field{}
	u.kinds = map[gc.Kind]bool{}
	u.perRun, u.late = map[gc.Kind]int{}, map[gc.Kind]int{}
}

func (u *unifiedState) close(p *parser) {
	u.shen.flush(p)
	p.checkFooter()
	u.cycles = [32]cycle{}
	u.z.young = youngTable{}
	u.operation = ""
}

func (u *unifiedState) cycle(id uint32) *cycle {
	c := &u.cycles[id%uint32(len(u.cycles))]
	if c.id != id || !c.used {
		*c = cycle{id: id, used: true, cause: u.requested}
		u.requested = 0
	}
	return c
}

// looksUnified is a cheap test for "[...][..." and for "[12.345s] GC(" at the front of a line.
func looksUnified(line []byte) bool {
	if len(line) < 8 || line[0] != '[' {
		return false
	}
	i := bytes.IndexByte(line, ']')
	return i > 1 && i+1 < len(line) && (line[i+1] == '[' || (isDigit(line[1]) && line[i-1] == 's' && has(line[i+1:], " GC(")))
}

// unifiedLine reads a line of -Xlog output. In a log of JDK 8 a line has to look like one: other things stand in brackets there too.
func (p *parser) unifiedLine(line []byte) class {
	if p.format == gc.FormatPreUnified && !looksUnified(line) {
		return foreign
	}
	c := p.unifiedRecord(line)
	if c == foreign && p.format == gc.FormatUnified && line[0] == ' ' && knownTable(line) { // what the JVM prints past its log
		return detail
	}
	return c
}

func (p *parser) unifiedRecord(line []byte) class {
	u := &p.unified
	d, msg, ok := u.ds.readBehind(line)
	if !ok {
		u.settled = false // its stamps may have been kept, and count for nothing
		return p.undecorated(line)
	}
	if d.tags&(tagGC|tagSafepoint) != 0 {
		p.format = gc.FormatUnified
	} else if d.tags&tagNone != 0 && p.format == "" && beginsUnified(msg) {
		p.format = gc.FormatUnified
	}
	if p.format != gc.FormatUnified && (p.format != "" || d.tags&tagOther == 0) {
		return foreign
	}
	u.d = d
	if p.part.name != "" {
		p.followParts(&d, msg)
	}
	p.unifiedStamp(&d)
	if d.tags&tagOther != 0 {
		return p.otherTag(msg)
	}
	return p.message(msg)
}

// beginsUnified tells what is of a log of the JVM where no tags say so.
func beginsUnified(msg []byte) bool {
	return has(msg, "GC(") || has(msg, "Using ") || has(msg, "Initializing The Z") || anySafepoint(msg)
}

// undecorated reads a line of -Xlog:gc::none, whose messages stand alone.
func (p *parser) undecorated(line []byte) class {
	if p.format == gc.FormatUnified && has(line, "[  ") { // JDK 22 and later: a further line of one message
		if i := bytes.IndexByte(line, ']'); i > 0 && len(bytes.TrimLeft(line[1:i], " ")) == 0 {
			return detail
		}
	}
	if !has(line, "GC(") && !(p.format == "" && has(line, "Using ")) {
		return foreign
	}
	if p.format == "" {
		p.format = gc.FormatUnified
	}
	p.unified.d = decoration{tags: tagNone}
	return p.message(line)
}

// followParts looks for the number of a collection, in a series of parts.
func (p *parser) followParts(d *decoration, msg []byte) {
	if id, _, ok := collectionOf(msg); ok {
		p.collection(id, d.uptime, d.timed)
	}
}

func (p *parser) unifiedStamp(d *decoration) {
	switch {
	case d.timed:
		p.stamp(d.uptime, d.wall)
	case d.wall.given():
		p.wallStamp(d.wall)
	}
	p.unified.settled = d.kept
}

// message reads what follows the decorators.
func (p *parser) message(msg []byte) class {
	id, m, numbered := collectionOf(msg)
	return p.messageOf(id, numbered, m)
}

// messageOf reads a message after its number.
func (p *parser) messageOf(id uint32, numbered bool, m []byte) class {
	c := p.dispatch(id, numbered, m)
	if c == foreign || (c == unparsed && p.unified.d.level < levelInfo && p.unified.d.level != levelNone) {
		c = p.unknown(m)
	}
	if c == other && numbered {
		return detail
	}
	return c
}

// dispatch hands a message to its reader; foreign when no reader knows it.
func (p *parser) dispatch(id uint32, numbered bool, m []byte) class {
	if len(m) == 0 {
		return detail
	}
	if g := generationOf(m); numbered && g != 0 {
		return p.zGeneration(id, g, m[3:])
	}
	t := p.unified.d.tags
	if t&tagStats != 0 {
		return p.statsLine(m)
	}
	if t&tagSafepoint != 0 && t&tagGC == 0 {
		return p.safepointLine(m)
	}
	if t&tagNone != 0 && !numbered {
		if c := p.safepointLine(m); c != foreign {
			return c
		}
	}
	if m[0] == ' ' {
		return p.indented(id, numbered, m)
	}
	if r := p.readerOf(m); r != nil {
		return r.read(p, id, numbered, m)
	}
	return p.setting(m)
}

// readerOf gives the reader of a message; nil when there is none.
func (p *parser) readerOf(m []byte) *messageReader {
	for i := range p.messages[m[0]] {
		r := &p.messages[m[0]][i]
		if len(m) > 1 && m[1] == r.begins[1] && has(m, r.begins) && (!r.whole || len(m) == len(r.begins)) {
			return r
		}
	}
	return nil
}

// generationOf is the letter of generational ZGC in front of a message, "Y: "; 0: there is none.
func generationOf(m []byte) byte {
	if len(m) > 3 && m[1] == ':' && m[2] == ' ' && (m[0]|0x20 == 'y' || m[0]|0x20 == 'o') {
		return m[0]
	}
	return 0
}

// What CMS says at debug level, and at info under gc+promotion, before the pause in which it happened (JDK 9 to 13).
const (
	modeFailure     = "Concurrent mode failure"
	modeInterrupted = "Concurrent mode interrupted"
	promotionFailed = "Promotion failed"
)

// failedInCycle notes a failure for the pause of the cycle that goes on.
func (p *parser) failedInCycle(id uint32, f gc.Flags, ms *gc.Mentions, m []byte) class {
	p.unified.cycle(id).flags |= f
	p.mention(ms, m)
	return fact
}

// knownPlain are beginnings of messages under the plain gc tag that carry no fact of the model.
var knownPlain = []string{
	"Trigger", "Cancel", "Heuristics ergonomically", "Soft Max Heap Size", "Failed to allocate", "TLAB", "Using TLAB", "Elastic TLABs", "Terminating",
	"Uncommitted", "Clearing All SoftReferences", "GC request for", "Periodic", "Initialize ", "Resizeable heap", "Min heap equals",
	"Attempting", "Relocation", "Bad progress", "Good progress", "ConcGCThreads", "ParallelGCThreads",
	"Large Page Support", "Compressed Oops", "Alignments", "Pacer for", "Reference processing", "Pre-touch", "Address Space", "Free: ",
	"Whole heap stats", "External fragmentation", "Mutator freeset", "Global GC moves", "Preempting", "Resuming old", "Completed GC", "At end of",
	"Ignoring Trigger", "Old ", "Old-", "Promotion potential", "Starting ", "Suspending", "Remaining", "Abandon", "Choose old", "All candidate",
	"No regions", "Augmenting", "Not starting", "Expansion failure", "Planning", "Time since last GC", "Cycle ", "Reject request", "Cannot start",
	"Wanted ", "Preselected", "Shrinking", "Adaptive CSet", "Forced", "Transfer", "All times are",
	"PSYoung ", "PSOld gen", "ParOld gen", "New generation size",
	"Full GC", "CDS", "Degenerated", "Immediate", "Failed to", "Consider", "Note:", "Shenandoah", "NUMA", "Heap", "Evacuation", "Bootstrap",
}

// unknown classes a message that no reader knows.
func (p *parser) unknown(m []byte) class {
	d := &p.unified.d
	switch {
	case d.tags&tagSub != 0, d.level == levelDebug, d.level == levelTrace:
		return detail
	case d.level == levelWarning, d.level == levelError:
		return detail
	case d.tags&(tagInit|tagExit|tagHeap|tagPhases|tagStart) != 0:
		return detail
	case d.tags&tagNone != 0 && p.format != gc.FormatUnified:
		return foreign
	}
	for _, k := range knownPlain {
		if has(m, k) {
			return detail
		}
	}
	switch {
	case d.tags&tagNone != 0:
		return other
	case d.level == levelNone && !eventful(m): // trace output without its level among the decorators
		return detail
	}
	return unparsed
}

// eventful reports whether a message of unknown form may be of a pause or a collection.
func eventful(m []byte) bool {
	return bytes.Contains(m, arrow) || bytes.Contains(m, []byte("Pause"))
}

// otherTag reads the few messages of other tags that matter here.
func (p *parser) otherTag(m []byte) class {
	if has(m, "Command Line:") || has(m, "Command line:") {
		if p.log.Settings.CommandLine == "" {
			p.log.Settings.CommandLineAt = p.line
			p.log.Settings.CommandLine = clip(trimLeft(m[len("Command Line:"):]), 1<<14)
		}
		return fact
	}
	return other
}

func clip(b []byte, n int) string { return string(bytes.ToValidUTF8(b[:min(len(b), n)], []byte("?"))) }
