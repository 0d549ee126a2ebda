package threads

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"casefile/analyze/say"
	"casefile/bundle/format/envelope"
)

// Options bound what a parser keeps. Zero values mean the defaults.
type Options struct {
	UnparsedSample int   // lines kept of those not understood, per dump; default 20, negative none
	MaxLine        int   // bytes of a line that are looked at; default 64 KiB
	MaxThreads     int   // per dump; default 1,000,000
	MaxDepth       int   // frames of a stack; default 4096
	MaxShared      int64 // bytes of interned text before the parser forgets and starts anew; default 256 MiB
	MaxJSON        int64 // bytes of one thread in a JSON dump, and of a line that is JSON; default 16 MiB
}

func (o Options) withDefaults() Options {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	def(&o.UnparsedSample, 20)
	def(&o.MaxLine, 64<<10)
	def(&o.MaxThreads, 1_000_000)
	def(&o.MaxDepth, 4096)
	if o.MaxShared == 0 {
		o.MaxShared = 256 << 20
	}
	if o.MaxJSON == 0 {
		o.MaxJSON = 16 << 20
	}
	return o
}

// Parser reads thread dumps. It is safe for concurrent use.
type Parser struct{ opt Options }

// NewParser gives a parser with these bounds.
func NewParser(opt Options) *Parser { return &Parser{opt.withDefaults()} }

// Summary counts what one source held.
type Summary struct {
	Source        string
	Dumps         int
	Threads       int
	Lines         int
	OtherLines    int            // outside any dump: log lines around it; blank lines are not counted
	Other         []UnparsedLine // the first of them
	UnparsedLines int            // inside a dump, not understood
	LongLines     int            // cut at Options.MaxLine
	CutStacks     int            // frames of stacks that were cut at Options.MaxDepth
}

// Parse reads the source with default bounds; see [Parser.Parse].
func Parse(source string, r io.Reader, emit func(*Dump) error) (Summary, error) {
	return NewParser(Options{}).Parse(source, r, emit)
}

// ParseAll reads a source with default bounds and gives all its dumps. On an error the dumps read until then are given too.
func ParseAll(source string, r io.Reader) ([]*Dump, Summary, error) {
	var dumps []*Dump
	sum, err := Parse(source, r, func(d *Dump) error { dumps = append(dumps, d); return nil })
	return dumps, sum, err
}

// Parse reads dumps until the end of r and hands each to emit when it is complete; only one is held at a time. A source without any dump
// is no error. Errors are those of r and emit, and syntax errors of a JSON dump.
func (p *Parser) Parse(source string, r io.Reader, emit func(*Dump) error) (Summary, error) {
	s := &scan{
		opt: p.opt, source: source, emit: emit,
		in: newLines(r, p.opt.MaxLine, int(p.opt.MaxJSON)), intern: newInterner(p.opt.MaxShared),
		sum: Summary{Source: source},
	}
	defer s.in.release()
	err := s.run()
	s.sum.Lines = s.in.n
	s.sum.LongLines = s.in.long
	if err != nil {
		return s.sum, fmt.Errorf("thread dumps of %s: %w", source, err)
	}
	return s.sum, nil
}

// Sniff says whether head, the first kilobytes of a file, show a thread dump.
func Sniff(head []byte) bool {
	found := errors.New("found")
	one := NewParser(Options{MaxThreads: 1000})
	_, err := one.Parse("", bytes.NewReader(head), func(d *Dump) error {
		if len(d.Threads) > 0 || d.Format == FormatHotSpot && d.VM != "" || d.Format == FormatOpenJ9 {
			return found
		}
		return nil
	})
	return errors.Is(err, found)
}

// verdict is a format's answer to a line.
type verdict uint8

const (
	taken   verdict = iota // understood
	unknown                // inside the dump, not understood
	last                   // understood, and the dump ends with it
	over                   // the dump ended before this line
)

// A format reads the lines of one open dump.
type format interface {
	line(s *scan, b []byte) verdict
	close(s *scan)
}

// An opener recognises the first line of a dump.
type opener struct {
	first byte // first byte of the line; 0 any but blank
	ends  bool // such a line cannot be part of another dump
	is    func(b []byte) bool
	open  func(s *scan, b []byte) format
}

func openers() []opener {
	return []opener{
		{first: 'F', ends: true, is: isHotSpot, open: openHotSpot},
		{first: '=', ends: true, is: isJRockit, open: openJRockit},
		{first: '0', ends: true, is: isJavacore, open: openJavacore},
		{first: 'g', is: isGoroutines, open: openGoroutines},
		{first: '#', is: isDumpFile, open: openDumpFile},
		{first: 'T', is: isSA, open: openSA},
		{first: 'D', ends: true, is: isSATitle, open: openSATitle},
		{first: '"', is: isHeader, open: openHeaderless},
		{first: 0, ends: true, is: isPrefixedHotSpot, open: openHotSpot},
	}
}

// scan is the state of one Parse.
type scan struct {
	opt     Options
	source  string
	emit    func(*Dump) error
	in      *lines
	intern  *interner
	sum     Summary
	openers []opener

	dump    *Dump
	format  format
	slab    []Thread
	scratch Identity // of the thread being read
	lost    Thread   // stands in for one beyond Options.MaxThreads
	pending held     // lines of the open dump not understood, and nothing understood since
	preface preface
	prefix  prefix
	bare    bool     // the line is one of the source, in no envelope
	fresh   *hotspot // its last line was a header
}

// held are lines whose fate is not yet known.
type held struct {
	n      int
	sample []UnparsedLine
}

// preface is what stands in the lines right before a dump: pid, time.
type preface struct {
	line  int // first line, 0 none
	count int
	pid   int
	time  time.Time
	zone  bool
	vm    string
}

func (s *scan) run() error {
	s.openers = openers()
	if isJSON(s.in.r) {
		return s.runJSON()
	}
	for {
		if s.fresh != nil {
			s.replay()
		}
		b, err := s.in.next()
		if err != nil {
			s.in.record(false)
			if errors.Is(err, io.EOF) {
				return s.end(true)
			}
			return errors.Join(err, s.end(true))
		}
		if s.again(b) {
			continue
		}
		inner := s.prefix.cut(envelope.Open(b))
		if len(b) > 0 && b[0] == '{' && len(inner) != len(b) { // JSON may hold several
			s.bare = false
			s.in.record(false)
			for part := range bytes.SplitSeq(inner, []byte{'\n'}) {
				if err := s.line(trimEnd(part)); err != nil {
					return err
				}
			}
			continue
		}
		s.bare = len(inner) == len(b)
		if err := s.line(trimEnd(inner)); err != nil {
			return err
		}
	}
}

// again takes a frame that comes after the one before it as it did in an earlier stack, as most lines of a series of dumps are.
func (s *scan) again(b []byte) bool {
	h, is := s.format.(*hotspot)
	if !is || s.dump == nil || len(s.prefix.shape) > 0 {
		return false
	}
	text, is := bytes.CutPrefix(b, frameMark)
	if !is || !h.takesFrames() || !s.intern.follows(text) {
		return false
	}
	h.push(s, s.intern.last)
	h.owned = false
	s.understood()
	return true
}

var frameMark = []byte("\tat ")

func (s *scan) line(b []byte) error {
	if s.dump != nil {
		done, err := s.inside(b)
		if done || err != nil {
			return err
		}
	}
	if len(bytes.TrimSpace(b)) == 0 {
		return nil
	}
	if s.keepPreface(b) {
		return nil
	}
	if s.opens(b) {
		return nil
	}
	s.dropPreface()
	if s.sum.OtherLines++; len(s.sum.Other) < s.opt.UnparsedSample {
		s.sum.Other = append(s.sum.Other, UnparsedLine{s.in.n, string(b[:min(len(b), 200)])})
	}
	return nil
}

// inside gives the line to the open dump. done is false when the line is to be looked at as one outside.
func (s *scan) inside(b []byte) (done bool, err error) {
	if s.opensAnother(b) {
		return false, s.end(false)
	}
	switch s.format.line(s, b) {
	case taken:
		s.understood()
		return true, nil
	case last:
		s.understood()
		return true, s.end(true)
	case over:
		return false, s.end(true)
	}
	if len(bytes.TrimSpace(b)) == 0 {
		return true, nil
	}
	if h, is := s.format.(*hotspot); is {
		h.dirty = true
	}
	if s.keepPreface(b) {
		return true, nil
	}
	s.dropPreface()
	s.hold(b)
	if s.pending.n > maxForeignLines {
		s.settle(false)
		return true, s.end(false)
	}
	return true, nil
}

// understood notes that the dump went on in this line. A date before it was none of the next dump's.
func (s *scan) understood() {
	s.pending.n += s.preface.count
	s.preface = preface{}
	s.settle(true)
	s.dump.EndLine = s.in.n
}

// maxForeignLines is how many lines not understood may stand within a dump before it counts as cut off.
const maxForeignLines = 200

func (s *scan) hold(b []byte) {
	s.pending.n++
	if len(s.pending.sample) < s.opt.UnparsedSample {
		s.pending.sample = append(s.pending.sample, UnparsedLine{s.in.n, string(b[:min(len(b), 200)])})
	}
}

// settle decides on the lines held back: inside the dump when it went on after them, else outside.
func (s *scan) settle(in bool) {
	if s.pending.n == 0 {
		return
	}
	if in {
		s.dump.UnparsedLines += s.pending.n
		room := s.opt.UnparsedSample - len(s.dump.Unparsed)
		s.dump.Unparsed = append(s.dump.Unparsed, s.pending.sample[:max(0, min(room, len(s.pending.sample)))]...)
	} else {
		s.sum.OtherLines += s.pending.n
	}
	s.pending = held{}
}

func (s *scan) opensAnother(b []byte) bool {
	if len(b) == 0 || b[0] == '\t' || b[0] == ' ' {
		return false
	}
	for i := range s.openers {
		o := &s.openers[i]
		if o.ends && (o.first == 0 || b[0] == o.first) && o.is(b) {
			return true
		}
	}
	return false
}

// opens begins a dump when the line is the first of one.
func (s *scan) opens(b []byte) bool {
	for i := range s.openers {
		o := &s.openers[i]
		if (o.first == 0 || b[0] == o.first) && o.is(b) {
			s.format = o.open(s, b)
			s.dump.EndLine = s.in.n
			return true
		}
	}
	return false
}

// begin makes the dump that starts with this line, or with the preface right before it.
func (s *scan) begin(f Format) *Dump {
	d := &Dump{Source: s.source, Format: f, Line: s.in.n, EndLine: s.in.n}
	if p := s.preface; p.line > 0 {
		d.Line, d.PID, d.Time, d.ZoneKnown, d.VM = p.line, p.pid, p.time, p.zone, p.vm
		s.preface = preface{}
	}
	s.dump = d
	return d
}

// end closes the open dump and hands it over. complete says that nothing but the end of the source or a line outside ended it.
func (s *scan) end(complete bool) error {
	d := s.dump
	if d == nil {
		s.dropPreface()
		return nil
	}
	s.format.close(s)
	s.settle(complete && s.pending.n <= 50 || s.pending.n <= 3)
	s.dump, s.format, s.slab = nil, nil, nil
	s.sum.Dumps++
	s.sum.Threads += len(d.Threads)
	s.sum.UnparsedLines += d.UnparsedLines
	s.intern.tidy()
	return s.emit(d)
}

// newThread appends a thread to the open dump; the one before must be finished. Beyond the bound it gives a thread that is counted and then
// lost.
func (s *scan) newThread() *Thread {
	s.scratch = Identity{NID: -1}
	if len(s.dump.Threads) >= s.opt.MaxThreads {
		s.dump.DroppedThreads++
		s.lost = Thread{Identity: &s.scratch, Stack: emptyStack}
		return &s.lost
	}
	if len(s.slab) == 0 {
		s.slab = make([]Thread, min(64, max(8, len(s.dump.Threads))))
	}
	t := &s.slab[0]
	s.slab = s.slab[1:]
	*t = Thread{Identity: &s.scratch, CPU: -1, Elapsed: -1, Allocated: -1, Stack: emptyStack}
	t.Line, t.EndLine = int32(s.in.n), int32(s.in.n)
	s.dump.Threads = append(s.dump.Threads, t)
	return t
}

// keepPreface recognises the lines that stand before a dump, "4711:" of jcmd and the date.
func (s *scan) keepPreface(b []byte) bool {
	b = bytes.TrimSpace(b)
	if len(b) < 2 || len(b) > 40 || !isDigit(b[0]) {
		return false
	}
	p := s.preface
	if n, ok := atoi(bytes.TrimSuffix(b, []byte{':'})); ok && n < 1<<31 {
		p.pid = int(n)
	} else if p.pid != 0 && p.zone { // Thread.dump_to_file: pid, time, version
		p.vm = string(b)
	} else if t, zone, ok := parseDate(b); ok {
		p.time, p.zone = t, zone
	} else {
		return false
	}
	if p.line == 0 {
		p.line = s.in.n
	}
	p.count++
	s.preface = p
	return true
}

func (s *scan) dropPreface() {
	s.sum.OtherLines += s.preface.count
	s.preface = preface{}
}

// parseDate reads "2025-12-22 13:19:53" and RFC 3339.
func parseDate(b []byte) (t time.Time, zone, ok bool) {
	if len(b) < 19 || b[4] != '-' || b[7] != '-' {
		return t, false, false
	}
	if len(b) == 19 {
		t, err := time.ParseInLocation(time.DateTime, string(b), say.NoZone)
		return t, false, err == nil
	}
	t, err := time.Parse(time.RFC3339Nano, string(b))
	return t, true, err == nil
}
