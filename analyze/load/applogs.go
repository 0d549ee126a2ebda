package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"casefile/analyze"
	"casefile/analyze/appconf"
	"casefile/analyze/applog"
	"casefile/analyze/signatures"
	"casefile/bundle"
	"casefile/bundle/format/charset"
)

// clusterWords tell lines about members that come and go, in small letters.
//
//	2022-07-12 01:09:31,204 WARN [hz.confluence.InvocationMonitorThread] ... Removing Member [10.0.0.2]:5801 ...
//	2022-07-12 01:09:40,017 ERROR [...] Received a panic event: Clustered Confluence: Database is being updated by another ...
var clusterWords = []clusterWord{
	{"panic", []string{"received a panic event", "cluster panic"}},
	{"removal", []string{"removing member", "removed member", "members removed", "master confirmation",
		"is suspected to be dead", "has left the cluster"}},
}

type clusterWord struct {
	kind  string
	words []string
}

// dumpInLog marks the first lines of dumps that are not read where they stand.
const dumpInLog = "dump-in-log"

// logMarks are the lines of application logs that rules ask for.
func logMarks() []applog.Mark {
	var marks []applog.Mark
	for _, w := range clusterWords {
		marks = append(marks, applog.Mark{Kind: w.kind, Words: w.words, Match: func(line []byte) bool {
			return containsAny(bytes.ToLower(line), w.words)
		}})
	}
	marks = append(marks, applog.Mark{Kind: dumpInLog, Words: []string{`"threaddump": {`}, Match: func(line []byte) bool { return bytes.Contains(line, []byte(`"threadDump": {`)) }})
	marks = append(marks, applog.Mark{Kind: analyze.TomcatStarts, Words: []string{"apache tomcat/"}, Match: analyze.NamesTomcat})
	known, err := signatures.All()
	if err != nil {
		return marks // the rule that uses them tells
	}
	for _, s := range known {
		if s.InLogs() {
			marks = append(marks, applog.Mark{Kind: s.ID, Words: s.LogWords(), Match: s.MatchLog})
		}
	}
	return marks
}

func containsAny(text []byte, words []string) bool {
	for _, w := range words {
		if bytes.Contains(text, []byte(w)) {
			return true
		}
	}
	return false
}

// keptLog is an access log that waits for its pattern.
type keptLog struct {
	source string
	open   func() (io.ReadCloser, error)
}

// looseLog is a log whose node shows when all is read.
type looseLog struct {
	*applog.Log
	at place
}

// readLog reads a copied log. Stamps without a zone are local time; how far that is from UTC shows in the log's last line, which is hardly
// older than the copy.
func (t *target) readLog(b *builder, e bundle.Entry, body io.Reader) error {
	if t.jvm == nil {
		return nil
	}
	in := bufio.NewReaderSize(charset.NewReader(body), 32<<10)
	head, err := in.Peek(8 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if applog.LooksLikeAccess(head) {
		kept, err := b.stash.keep(in)
		if err == nil {
			t.access = append(t.access, keptLog{e.Path, kept.open})
		}
		return err
	}
	log, err := applog.Read(e.Path, in, b.logMarks())
	if log.Entries == 0 {
		keepUntimed(log)
	}
	if log.Entries > 0 || len(log.Marked) > 0 {
		if zone, known := zoneOf(log.Last, e); known {
			log.Shift(zone)
		}
		b.longLines(log)
		t.jvm.Logs = append(t.jvm.Logs, log)
	}
	return err
}

// keepUntimed leaves what a log without any stamp tells, as the output of a JVM that only prints: known errors, which need no time.
func keepUntimed(log *applog.Log) {
	log.Marked = slices.DeleteFunc(log.Marked, func(m *applog.Marked) bool {
		return m.Kind == dumpInLog || slices.ContainsFunc(clusterWords, func(w clusterWord) bool { return w.kind == m.Kind })
	})
}

// longLines tells of lines that were not read to their end.
func (b *builder) longLines(log *applog.Log) {
	if log.LongLines > 0 {
		b.problem("%s: of %d long lines only the beginning is read", log.Source, log.LongLines)
	}
}

func (b *builder) logMarks() []applog.Mark {
	if b.marks == nil {
		b.marks = logMarks()
	}
	return b.marks
}

// readConf reads the pools of a configuration file, and from Tomcat's the patterns of its access logs.
func (t *target) readConf(b *builder, e bundle.Entry, body io.Reader) error {
	conf, found, err := b.readConf(e.Path, body)
	t.patterns = append(t.patterns, found...)
	if conf != nil && t.jvm != nil {
		conf.Origin = e.Source
		t.jvm.Conf = append(t.jvm.Conf, conf)
	}
	return err
}

func (b *builder) readConf(name string, body io.Reader) (conf *appconf.File, patterns []*applog.Pattern, err error) {
	text, err := b.small(name, body)
	if err != nil {
		return nil, nil, err
	}
	text = charset.Text(text)
	if bytes.Contains(text, []byte("<Server")) {
		patterns, err = applog.Patterns(bytes.NewReader(text))
	}
	conf, wrong := appconf.Read(name, bytes.NewReader(text))
	if err == nil && wrong != nil { // the same break is told once
		err = fmt.Errorf("configuration: %w", wrong)
	}
	return conf, patterns, err
}

// readAccess reads access logs, once all configuration has been seen.
func (b *builder) readAccess(kept []keptLog, patterns []*applog.Pattern) []*applog.Access {
	var out []*applog.Access
	for _, k := range kept {
		r, err := k.open()
		if err != nil {
			b.problem("%s: %v", k.source, err)
			continue
		}
		log, err := applog.ReadAccess(k.source, r, append(patterns[:len(patterns):len(patterns)], applog.Known()...))
		err = errors.Join(err, r.Close())
		switch {
		case err != nil:
			b.problem("%s: %v", k.source, err)
		case log.Pattern == nil:
			b.problem("%s: an access log of an unknown pattern; conf/server.xml tells it", k.source)
		case log.Unparsed > 0:
			b.problem("%s: %d of %d lines do not fit the pattern %s", k.source, log.Unparsed, log.Lines, log.Pattern.Text)
		}
		out = append(out, log)
	}
	return out
}

// zoneOf is what local time is ahead of UTC, in quarters of an hour as all zones are, if the log's last line was written within a few
// minutes before it was copied.
func zoneOf(last applog.Stamp, e bundle.Entry) (time.Duration, bool) {
	copied := e.Ended
	if copied.IsZero() {
		copied = e.Started
	}
	if last.Time.IsZero() || last.ZoneKnown || copied.IsZero() {
		return 0, false
	}
	const quarter, quiet = 15 * time.Minute, 5 * time.Minute
	ahead := last.Time.Sub(copied.UTC())
	zone := (ahead + quiet).Round(quarter)
	for _, z := range []time.Duration{zone - quarter, zone, zone + quarter} {
		if late := z - ahead; late >= -2*time.Second && late <= quiet {
			return z, true
		}
	}
	return 0, false
}

// looseLog takes the log that was read next to other things out of one file.
func (b *builder) looseLog(log *applog.Log) bool {
	if log.Entries == 0 {
		if keepUntimed(log); len(log.Marked) == 0 {
			return false
		}
	}
	b.longLines(log)
	if m := log.Of(dumpInLog); m != nil {
		b.problem("%s: line %d: a JSON dump of threads within a log is not read; give it by itself", log.Source, m.Newest[0].Line)
	}
	for _, m := range log.Marked {
		for i := range m.Newest {
			m.Newest[i].Line = b.lineOf.line(m.Newest[i].Line)
		}
	}
	b.logs = append(b.logs, looseLog{log, place{log.Source, b.label}})
	return true
}

// looseConf reads a configuration file that came without its JVM.
func (b *builder) looseConf(name string, in io.Reader) error {
	conf, found, err := b.readConf(name, in)
	b.patterns = append(b.patterns, found...)
	if conf != nil {
		conf.Origin = name
		b.confs = append(b.confs, conf)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
