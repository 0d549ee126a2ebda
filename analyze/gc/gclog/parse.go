package gclog

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"casefile/analyze/gc"
	"casefile/bundle/format/envelope"
)

// Options bound a parse. Zero fields take the defaults.
type Options struct {
	Limits   gc.Limits
	MaxLine  int   // bytes of a line that are looked at; 64 KiB
	MaxBytes int64 // bytes after decompression; 64 GiB
	// MaxReversed is how many bytes of a log whose newest line comes first are turned round in memory; 128 MiB.
	MaxReversed int64
	// Other, if given, takes the text without its GC logging: what an application writes to the same stream. Lines of GC logging are left
	// blank, so that the others keep their numbers.
	Other io.Writer
	// Through, if given, passes on the text of each file once it is unpacked: it bounds what is read.
	Through func(io.Reader) io.Reader
}

func (o Options) withDefaults() Options {
	if o.MaxLine <= 0 {
		o.MaxLine = 1 << 16
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 64 << 30
	}
	if o.MaxReversed <= 0 {
		o.MaxReversed = 128 << 20
	}
	return o
}

// ErrNotGCLog says that no line of the input was GC or safepoint logging.
var ErrNotGCLog = errors.New("no GC log lines")

// Parse reads a GC log. With an error that is not ErrNotGCLog the Log holds what was read before it.
func Parse(source string, r io.Reader, opts Options) (*gc.Log, error) {
	p := newParser(source, opts)
	const head = 256 << 10
	start, err := io.ReadAll(io.LimitReader(r, head))
	if err == nil {
		var look prelook
		if plain, err := plainText(bufio.NewReader(bytes.NewReader(start))); err == nil {
			look = lookAhead(plain, opts)
		}
		err = p.readAll(source, io.MultiReader(bytes.NewReader(start), r), look)
		return p.finish(source, err)
	}
	return p.finish(source, errors.Join(p.readAll(source, bytes.NewReader(start), prelook{}), fmt.Errorf("%s: %w", source, err)))
}

// class is what became of a line.
type class uint8

const (
	fact     class = iota
	detail         // known, nothing to keep
	other          // not GC logging
	unparsed       // GC logging that was not understood
	foreign        // not a line of the format that was asked; the next one is asked
)

type parser struct {
	opts Options
	b    *gc.Builder
	log  *gc.Log

	line    int       // in the current file, from 1
	format  gc.Format // empty: not known yet
	formats []*format
	company company
	part    partState // of a series
	// messages are the readers of unified messages by their first byte.
	messages *[256][]messageReader
	cut      time.Duration // to be added to the stamp of the file's first line
	last     time.Duration // last stamp seen in the current run
	stamped  bool
	walled   bool      // the wall clock of the current run is known
	began    bool      // the current run has events
	epoch    time.Time // wall clock of stamp zero when only the wall clock is logged

	number func(int) int // of a line in the stream that the file is a part of; nil: it is whole
	read   int           // lines of that part

	kept   int    // lines since the last that was passed on
	passed []byte // room for the next one

	unified unifiedState
	legacy  legacyState
	j9      j9State
	native  nativeState
	jstat   jstatState
	hsErr   hsErrState
	gogc    goState
	goNext  int64 // MB: live heap of the collection that is read
	monitor monitorState
}

func newParser(source string, opts Options) *parser {
	opts = opts.withDefaults()
	p := &parser{opts: opts, b: gc.NewBuilder(source, "", opts.Limits), formats: formats, messages: &messagesBy}
	p.log = p.b.Log()
	p.unified.init()
	return p
}

// readAll reads one file, compressed or not, in the way that a look at its first lines asks for.
func (p *parser) readAll(name string, r io.Reader, look prelook) error {
	p.b.SetFile(name)
	p.line, p.read, p.cut = 0, 0, look.cut
	if look.cut > 0 {
		p.b.Note(fmt.Sprintf("%s: the first stamp has lost its front: %.3f s is read as %.3f s",
			name, look.uptime.Seconds(), (look.uptime + look.cut).Seconds()))
	}
	plain, err := plainText(bufio.NewReaderSize(r, piece/2))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if p.opts.Through != nil {
		plain = p.opts.Through(plain)
	}
	if look.newestFirst {
		if plain, err = reversed(plain, p.opts.MaxReversed); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		p.b.Note(name + ": the newest line comes first; the lines are read from the end")
	}
	lines := newLineReader(plain, p.opts.MaxLine, p.opts.MaxBytes)
	defer func() { p.log.CutLines += lines.cut }()
	for {
		line, err := lines.next()
		if err != nil {
			return p.ended(name, err, lines.over)
		}
		p.raw(line, lines.coloured)
	}
}

// raw takes a line as it stands in the file. coloured: it may have escape sequences of terminals.
func (p *parser) raw(line []byte, coloured bool) {
	if p.line++; p.number != nil {
		p.read++
		p.line = p.number(p.read)
	}
	p.log.Lines++
	if !coloured {
		if c, ok := p.glanced(line); ok {
			p.count(c, line)
			return
		}
	}
	inner := p.opened(line, coloured)
	if len(line) > 0 && line[0] == '{' && len(inner) != len(line) { // JSON may hold several
		for part := range bytes.SplitSeq(inner, []byte{'\n'}) {
			p.take(trimEnds(part))
		}
		return
	}
	p.take(inner)
}

func (p *parser) opened(line []byte, coloured bool) []byte {
	if coloured {
		return envelope.Open(line)
	}
	return envelope.OpenUncoloured(line)
}

func (p *parser) ended(name string, err error, over bool) error {
	switch {
	case over:
		return fmt.Errorf("%s: line %d: stopped after %d bytes", name, p.line, p.opts.MaxBytes)
	case errors.Is(err, io.EOF):
		return nil
	}
	return fmt.Errorf("%s: after line %d: %w", name, p.line, err)
}

func (p *parser) finish(source string, err error) (*gc.Log, error) {
	p.passEmpty()
	p.legacy.close(p)
	p.unified.close(p)
	p.monitorEnds()
	p.log.Format = p.format
	p.nameCollector()
	l := p.b.Finish()
	if err == nil && l.Total.Count == 0 && p.format == "" {
		err = fmt.Errorf("%s: %w", source, ErrNotGCLog)
	}
	return l, err
}

// take reads one line and counts its class.
func (p *parser) take(line []byte) { p.count(p.classify(line), line) }

func (p *parser) count(c class, line []byte) {
	switch c {
	case fact:
		p.kept++
	case detail:
		p.kept++
		p.log.DetailLines++
	case other, foreign:
		p.passOn(line)
		p.mention(&p.log.OtherLines, line)
		if bytes.Contains(line, []byte("java.lang.OutOfMemoryError")) {
			p.mention(&p.log.OutOfMemory, line)
		}
	case unparsed:
		p.kept++
		p.mention(&p.log.Unparsed, line)
	}
}

// passOn gives a line to whoever reads what is no GC logging, with an empty one for each that was kept since the last.
func (p *parser) passOn(line []byte) {
	p.passEmpty()
	if p.opts.Other != nil {
		p.passed = append(append(p.passed[:0], line...), '\n')
		p.write(p.passed)
	}
}

var emptyLines = bytes.Repeat([]byte{'\n'}, 1<<10)

func (p *parser) passEmpty() {
	for p.opts.Other != nil && p.kept > 0 {
		n := min(p.kept, len(emptyLines))
		p.write(emptyLines[:n])
		p.kept -= n
	}
}

func (p *parser) write(text []byte) {
	if _, err := p.opts.Other.Write(text); err != nil {
		p.opts.Other = nil
	}
}

func (p *parser) classify(line []byte) class {
	if len(line) == 0 {
		return detail
	}
	was := p.format
	for _, f := range p.asked() {
		c := f.read(p, line)
		if c == foreign {
			continue
		}
		if p.format != was && p.retold(was) && !f.retold {
			return p.again(line)
		}
		return c
	}
	return other
}

// again drops what an application told of the collections, as the JVM's own lines begin, of which the given one is the first.
func (p *parser) again(line []byte) class {
	p.b.Forget()
	p.stamped, p.walled, p.began, p.last, p.epoch = false, false, false, 0, time.Time{}
	p.legacy, p.unified = legacyState{}, unifiedState{}
	p.unified.init()
	for _, f := range p.asked() {
		if c := f.read(p, line); c != foreign {
			return c
		}
	}
	return other
}

func (p *parser) mention(ms *gc.Mentions, line []byte) {
	m := gc.Mention{Line: p.line, Time: p.last}
	if !p.b.Full(ms) {
		m.Text = string(bytes.ToValidUTF8(line[:min(len(line), 200)], []byte("?")))
	}
	p.b.Mention(ms, m)
}

// nameCollector fills in the collector from what was seen when the log does not name it.
func (p *parser) nameCollector() {
	l := p.log
	if l.Collector == "" {
		l.Collector = p.unified.inferred()
	}
	if l.Collector == "" {
		l.Collector = p.legacy.collector()
	}
	if l.Collector == "" && p.format == formatJ9 { // before R26 the policy is not told
		l.Collector = gc.OpenJ9
	}
	if g := generational[l.Collector]; g != "" && p.unified.generational {
		l.Collector = g
	}
}

var generational = map[gc.Collector]gc.Collector{gc.ZGC: gc.GenerationalZGC, gc.Shenandoah: gc.GenerationalShenandoah}
