package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"sync"

	"casefile/analyze"
	"casefile/analyze/appconf"
	"casefile/analyze/applog"
	"casefile/analyze/gc/gclog"
	"casefile/analyze/load/forms"
	"casefile/analyze/profile"
	"casefile/analyze/threads"
	"casefile/bundle"
	"casefile/bundle/format/budget"
	"casefile/bundle/format/charset"
)

// sniffLen is how much of a file is looked at to tell what it is.
const sniffLen = 256 << 10

// sniffers are used again: an archive may have many small files.
var sniffers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, sniffLen) }}

// looseEntry reads one file of unknown kind: thread dumps, a GC log, both in one
// log, a JFR recording, a pprof profile. disk says that its name is its path.
func (b *builder) looseEntry(ctx context.Context, name string, body io.Reader, disk bool) error {
	in := sniffers.Get().(*bufio.Reader)
	in.Reset(body)
	plain := in
	defer func() {
		plain.Reset(nil)
		sniffers.Put(plain)
	}()
	head, err := in.Peek(sniffLen)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", name, err)
	}
	switch {
	case len(head) == 0:
		return fmt.Errorf("%s: empty", name)
	case b.isJFR(head):
		return b.looseJFR(name, in)
	}
	if err := unreadable(head); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if in, head, err = b.unpacked(name, in, head); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if isNested(head) {
		return b.nested(ctx, name, in)
	}
	if in, head = decoded(name, in, head); len(head) == 0 {
		return fmt.Errorf("%s: empty", name)
	}
	if looksLikeProfile(name, head) {
		return b.looseText(name, in, head, in == plain && disk)
	}
	for depth := 0; ; depth++ {
		if l := labellingOf(head); l != nil && b.label == "" {
			return b.looseStreams(ctx, name, in, l)
		}
		f := forms.Open(in, head)
		if f == nil || depth == mostForms {
			break
		}
		in, head = f.In, f.Head
		defer b.inForm(name, f)()
	}
	return b.looseText(name, in, head, in == plain && disk)
}

// mostForms is how many forms may be around one text: a quoted page with numbered lines.
const mostForms = 4

// inForm counts lines as those of the input that they stand in, until what it gives is called; then it tells what is not read.
func (b *builder) inForm(name string, f *forms.Opened) func() {
	outer := b.lineOf
	b.lineOf = func(n int) int { return outer.line(f.Line(n)) }
	return func() {
		b.lineOf = outer
		for _, word := range f.Words() {
			b.problem("%s: %s: %s", name, f.Name, word)
		}
	}
}

// looseText reads a text that is in no form any more; disk says that it is the file of its name, as it lies there.
func (b *builder) looseText(name string, in *bufio.Reader, head []byte, disk bool) error {
	isGC, isDump := gclog.Sniff(head), threads.Sniff(head)
	if isGC && !isDump && interleavedClocks(head) {
		b.refuseInterleaved(name)
		return nil
	}
	switch {
	case isGC || isDump:
	case threads.SniffUtilisation(head):
		return b.looseShares(name, in)
	case threads.SniffTop(head):
		return b.looseTop(name, in)
	case looksLikeProfile(name, head):
		return b.looseProfile(name, in)
	case appconf.Sniff(name, head):
		return b.looseConf(name, in)
	case applog.LooksLikeAccess(head):
		kept, err := b.stash.keep(in)
		b.access = append(b.access, keptLog{name, kept.open})
		return err
	default:
		return b.looseUnknown(name, in)
	}
	t := b.looseTarget(name)
	switch {
	case isGC && !isDump && disk:
		return t.keepGC(b, bundle.Entry{Path: name}, rereadable(in, name))
	case isGC && isDump:
		kept, err := b.stash.keep(in)
		if err != nil {
			return err
		}
		t.gc = append(t.gc, b.gcFile(bundle.Entry{Path: name}, kept))
		t.gcBytes += kept.size
		r, err := kept.open()
		if err != nil {
			return err
		}
		defer r.Close()
		return b.looseDump(t, name, r)
	case isGC:
		return t.keepGC(b, bundle.Entry{Path: name}, in)
	}
	return b.looseDump(t, name, in)
}

// packed tells what is no text by its first bytes: gzip, zstd, bzip2, zip, a profile.
func packed(name string, head []byte) bool {
	for _, magic := range []string{"\x1f\x8b", "\x28\xb5\x2f\xfd", "PK\x03\x04"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return budget.IsXZ(head) || budget.IsBzip2(head) || looksLikeProfile(name, head)
}

// unpacked gives what is in gzip, zstd or bzip2, unless that is a profile, whose reader unpacks it itself.
func (b *builder) unpacked(name string, in *bufio.Reader, head []byte) (*bufio.Reader, []byte, error) {
	if !packed(name, head) || strings.HasSuffix(name, ".pb.gz") || bytes.HasPrefix(head, []byte("PK")) {
		return in, head, nil
	}
	start, err := b.room.Unpack(bytes.NewReader(head))
	if err != nil {
		return in, head, err
	}
	plain := bufio.NewReaderSize(start, sniffLen)
	text, _ := plain.Peek(sniffLen) // the head is cut, of course
	if enc, _ := charset.Sniff(text); enc == charset.Narrow && bytes.IndexByte(text, 0) >= 0 && !isNested(text) {
		return in, head, nil // no text: pprof
	}
	all, err := b.room.Unpack(in)
	if err != nil {
		return in, head, err
	}
	in = bufio.NewReaderSize(all, sniffLen)
	head, err = in.Peek(sniffLen)
	if len(head) > 0 || errors.Is(err, io.EOF) { // else an error is told by who reads on
		err = nil
	}
	return in, head, err
}

// decoded gives text that is in UTF-16, or has a byte order mark, as UTF-8.
func decoded(name string, in *bufio.Reader, head []byte) (*bufio.Reader, []byte) {
	_, mark := charset.Sniff(head)
	if mark == 0 && bytes.IndexByte(head, 0) < 0 || packed(name, head) {
		return in, head
	}
	in = bufio.NewReaderSize(charset.NewReader(in), sniffLen)
	head, _ = in.Peek(sniffLen) // an error is told by who reads on
	return in, head
}

// looksLikeProfile goes by the name, and by gzip, in which pprof travels.
func looksLikeProfile(name string, head []byte) bool {
	return strings.HasSuffix(name, ".pprof") || strings.HasSuffix(name, ".pb.gz") || strings.HasPrefix(string(head), "\x1f\x8b")
}

// looseDump reads thread dumps, and the log lines between them where they stand in a catalina.out.
func (b *builder) looseDump(t *target, name string, in io.Reader) error {
	log := applog.NewScanner(name, b.logMarks())
	side := newAside(log)
	err := t.readDump(b, bundle.Entry{Path: name}, io.TeeReader(charset.NewReader(in), side))
	side.Close()
	if !b.looseLog(log.Finish()) {
		b.straysAround(name, t)
	}
	return err
}

// straysAround notes the lines around the dumps of a file that is no application's log, nor a GC log.
func (b *builder) straysAround(name string, t *target) {
	if n := len(t.info); n > 0 && len(t.gc) == 0 {
		info := t.info[n-1]
		b.stray(name, int64(info.OtherLines), info.Other)
	}
}

// stray notes lines that are of no process.
func (b *builder) stray(name string, lines int64, sample []threads.UnparsedLine) {
	if lines == 0 {
		return
	}
	for i := range sample {
		sample[i].Line = b.lineOf.line(sample[i].Line)
	}
	b.c.Strays = append(b.c.Strays, analyze.Stray{Source: name, Lines: lines, Sample: sample})
}

// looseShares reads the CPU of threads that a support zip holds next to each dump, and joins it to the dumps of its folder.
func (b *builder) looseShares(name string, in io.Reader) error {
	u, err := threads.ReadUtilisation(path.Base(name), in)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	b.skipped(name, u.Skipped)
	b.shares = append(b.shares, looseShares{strings.Replace(name, "_thread_cpu_utilisation", "", 1), u})
	return nil
}

// looseShares is the CPU of threads next to a dump, by the name that the dump has.
type looseShares struct {
	file string
	*threads.Utilisation
}

// topFile is the output of top that was taken next to dumps.
type topFile struct {
	name   string
	tables []threads.Top
}

func (b *builder) looseTop(name string, in io.Reader) error {
	tables, skipped, err := threads.ReadTop(in)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	b.skipped(name, skipped)
	b.tops = append(b.tops, topFile{name, tables})
	return nil
}

func (b *builder) skipped(name string, lines int) {
	if lines > 0 {
		b.problem("%s: CPU of threads: %d lines are not understood", name, lines)
	}
}

// joinTops gives the tables to the processes whose threads they have: those of the same folder first.
func (b *builder) joinTops() {
	for _, f := range b.tops {
		var owner *target
		var most int
		for i := range f.tables {
			for _, t := range b.targets {
				known, half := f.tables[i].KnownBy(t.dumps), 1
				for _, d := range t.dumps {
					half = max(half, len(d.Threads)/2)
				}
				if known < half {
					continue
				}
				if path.Dir(t.dir) == path.Dir(f.name) {
					known += 1 << 30
				}
				if known > most {
					owner, most = t, known
				}
			}
		}
		if owner == nil {
			b.problem("%s: no thread dump has the threads of this output of top", f.name)
			continue
		}
		owner.cpu = append(owner.cpu, threads.TopSamples(f.tables, owner.dumps)...)
	}
}

// cpus is how many CPUs the machine of loose files has, as one of their GC logs states; 1, the least, when none does.
func (b *builder) cpus() float64 {
	n := 1
	for _, node := range b.nodes {
		for _, j := range node.JVMs {
			for _, l := range j.GC {
				n = max(n, l.Settings.CPUs)
			}
		}
	}
	return float64(n)
}

// looseUnknown gives a file whose head says nothing a full reading: the dump may
// stand a gigabyte into a catalina.out, or the file may be a log and no more.
func (b *builder) looseUnknown(name string, in io.Reader) error {
	log, collections := applog.NewScanner(name, b.logMarks()), gclog.NewScanner(name, gclog.Options{})
	side := newAside(io.MultiWriter(log, collections))
	dumps, info, err := b.parseDumps(name, io.TeeReader(charset.NewReader(in), side))
	side.Close()
	isLog := b.looseLog(log.Finish())
	isGC := b.looseCollections(name, collections)
	if len(dumps) == 0 {
		if (isLog || isGC) && err == nil {
			return nil
		}
		return errors.Join(fmt.Errorf("%s: neither thread dumps nor a GC log nor a log nor a recording nor a profile", name), err)
	}
	t := b.looseTarget(name)
	b.lineOf.renumber(dumps)
	t.dumps = append(t.dumps, dumps...)
	t.info = append(t.info, info)
	return err
}

// looseCollections takes the collections that stand somewhere in the output of an application.
func (b *builder) looseCollections(name string, s *gclog.Scanner) bool {
	log, err := s.Finish()
	if err != nil || log.Total.Count+log.Stalls.Total.Count+log.Safepoints.Count == 0 {
		return false
	}
	t := b.looseTarget(name)
	t.addGC(b, log)
	return true
}

// looseTarget is what is read of one loose file, or of the lines with one name before them in it. Whose it is shows when all are read.
func (b *builder) looseTarget(name string) *target {
	return b.looseTargetOf(name, name)
}

func (b *builder) looseTargetOf(key, name string) *target {
	key = path.Join(key, "label", b.label)
	t := b.find(key)
	if t == nil {
		t = &target{dir: key, file: name, label: b.label, jvm: &analyze.JVM{Target: name}}
		if !b.roomForTarget(key) {
			return t // what it gets is left out
		}
		b.add(t)
	}
	return t
}

func (b *builder) looseProfile(name string, in io.Reader) error {
	p, err := profile.Read(in, name, b.bounds.profile)
	if err != nil {
		return err
	}
	b.add(&target{dir: name, file: name, label: b.label, service: &analyze.Service{Target: name, Name: path.Base(name), Profiles: []*profile.Profile{p}}})
	return nil
}
