package load

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"casefile/analyze/jfr"
	"casefile/analyze/profile"
	"casefile/analyze/profile/fromjfr"
	"casefile/analyze/say"
	"casefile/analyze/threads"
	"casefile/bundle"
	"casefile/bundle/format/budget"
	format "casefile/bundle/format/jfr"
)

// jfrFile is one file of chunks.
type jfrFile struct {
	name string
	open func() (io.ReadCloser, error)
	// start is that of the first chunk, in nanoseconds since 1970.
	start int64
	size  int64
}

// keepJFR keeps a file: chunks of one JVM are read in the order of time.
func (t *target) keepJFR(b *builder, e bundle.Entry, body io.Reader) error {
	if t.jvm == nil {
		return nil
	}
	in, err := b.room.Unpack(body)
	if err != nil {
		return err
	}
	head := bufio.NewReaderSize(in, format.HeaderSize)
	start := int64(0)
	if h, err := head.Peek(format.HeaderSize); err == nil {
		start = int64(binary.BigEndian.Uint64(h[32:]))
	}
	kept, err := b.stash.keep(head)
	if err != nil && !cutShort(err) {
		return err
	}
	t.jfr = append(t.jfr, jfrFile{e.Path, kept.open, start, kept.size})
	return err
}

// cutShort tells an input that ends too early, of which what is there counts.
func cutShort(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || budget.IsOver(err) || errors.Is(err, gzip.ErrChecksum)
}

// recorded is the one recording of all files of a JVM: a dump, chunks copied from its repository, or both. A chunk that is in
// several files counts once, the most complete one.
type recorded struct {
	source   string
	limits   jfr.Limits
	rec      *jfr.Recording // once it is read, and the profiles of it
	profiles []*profile.Profile
	errs     []error // of reading
	unmade   error   // why there are no profiles
}

// read makes the recording. What the making takes of memory is free again before the next one is read.
func (r *recorded) read(files []jfrFile) {
	build := jfr.NewBuilder(r.source, r.limits)
	for _, f := range files {
		if err := addJFR(build, f); err != nil {
			r.errs = append(r.errs, fmt.Errorf("%s: %w", f.name, err))
		}
	}
	if r.rec = build.Recording(); !r.empty() {
		r.profiles, r.unmade = fromjfr.Profiles(r.rec)
	}
}

func (r *recorded) empty() bool { return r.rec.Chunks == 0 && !r.rec.Truncated }

// recordedJFR puts the files in order; nil without any.
func (t *target) recordedJFR(limits jfr.Limits) *recorded {
	if len(t.jfr) == 0 {
		return nil
	}
	slices.SortStableFunc(t.jfr, func(x, y jfrFile) int { return cmp.Or(cmp.Compare(x.start, y.start), cmp.Compare(y.size, x.size)) })
	source := t.jfr[0].name
	if len(t.jfr) > 1 {
		source = path.Dir(source)
	}
	return &recorded{source: source, limits: limits}
}

func (t *target) finishJFR(b *builder) {
	if t.rec == nil {
		return
	}
	source := t.rec.source
	for _, err := range t.rec.errs {
		b.problem("%v", err)
	}
	rec := t.rec.rec
	for _, f := range t.jfr {
		rec.Files = append(rec.Files, f.name)
	}
	for _, cut := range rec.Cuts {
		b.problem("%s: %s: what was before is analysed", source, cut)
	}
	for _, what := range slices.Sorted(maps.Keys(rec.Lost)) {
		b.problem("%s: %d %s had no room", source, rec.Lost[what], what)
	}
	if t.rec.empty() {
		return
	}
	if len(rec.PIDs) > 1 {
		b.problem("%s: chunks of %d JVMs are in it (process ids %s): what is said is of all of them together. Give the recording of each by itself (jfr "+
			"disassemble)", source, len(rec.PIDs), strings.Trim(fmt.Sprint(rec.PIDs), "[]"))
	}
	t.recordedDumps(b, rec)
	t.jvm.Recordings = append(t.jvm.Recordings, rec)
	if t.rec.unmade != nil {
		b.problem("%s: %v", source, t.rec.unmade)
	}
	t.jvm.Profiles = append(t.jvm.Profiles, t.rec.profiles...)
	t.fillFrom(rec)
}

// recordedDumps takes the thread dumps within a recording, where there are no others.
func (t *target) recordedDumps(b *builder, rec *jfr.Recording) {
	if t.jvm.Dumps != nil || len(rec.Dumps) == 0 {
		return
	}
	var all []*threads.Dump
	var infos []threads.Summary
	for _, d := range rec.Dumps {
		dumps, info, err := b.parseDumps(rec.Source, strings.NewReader(d.Text))
		if err != nil {
			b.problem("%s: thread dump of %s: %v", rec.Source, say.UTC(d.Time, time.DateTime), err)
		}
		for _, one := range dumps {
			one.Time, one.ZoneKnown = d.Time, true
			for _, th := range one.Threads { // lines of a text that nobody can open
				th.Line, th.EndLine = 0, 0
			}
		}
		all, infos = append(all, dumps...), append(infos, info)
	}
	if len(all) > 0 {
		t.jvm.Dumps, t.jvm.DumpInfo = threads.NewSeries(all, nil), []threads.Summary{total(rec.Source, infos)}
	}
}

func addJFR(build *jfr.Builder, f jfrFile) error {
	r, err := f.open()
	if err != nil {
		return err
	}
	defer r.Close()
	return build.Add(r)
}

// fillFrom takes from a recording what nothing else has told about the JVM.
func (t *target) fillFrom(rec *jfr.Recording) {
	j := t.jvm
	if j.PID == 0 {
		j.PID = int(rec.JVM.PID)
	}
	if j.Version == "" {
		j.Version = parseVersion(rec.JVM.Version)
	}
}

// repositoryFile is how a JVM names the chunks in its repository.
var repositoryFile = regexp.MustCompile(`^\d{4}_\d\d_\d\d_\d\d_\d\d_\d\d(_\d+)?\.jfr`)

// looseJFR reads a recording: a JVM by itself, unless it is a chunk of a repository, whose other chunks lie next to it.
func (b *builder) looseJFR(name string, in io.Reader) error {
	key := name
	if repositoryFile.MatchString(path.Base(name)) {
		key = path.Join(path.Dir(name), "repository")
	}
	return b.looseTargetOf(key, name).keepJFR(b, bundle.Entry{Path: name}, in)
}

// isJFR tells a recording by the head of its file, packed or not.
func (b *builder) isJFR(head []byte) bool {
	in, err := b.room.Unpack(bytes.NewReader(head))
	if err != nil {
		return false
	}
	var magic [4]byte
	_, err = io.ReadFull(in, magic[:])
	return err == nil && string(magic[:]) == "FLR\x00"
}
