package gclog

import (
	"casefile/analyze/gc"
	"slices"
)

// Formats of a log besides those that the model names.
const (
	formatJ9        gc.Format = "openj9"
	formatJRockit   gc.Format = "jrockit"
	formatIBM       gc.Format = "ibm"
	formatHP        gc.Format = "hp-ux"
	formatSun12     gc.Format = "sun-1.2"
	formatNative    gc.Format = "native-image"
	formatGo        gc.Format = "go-gctrace"
	formatJstat     gc.Format = "jstat"
	formatHsErr     gc.Format = "hs_err"
	formatElastic   gc.Format = "elasticsearch"
	formatCassandra gc.Format = "cassandra"
	formatMonitor   gc.Format = "jvm-pause-monitor"
)

// format is one way in which collections are logged: a file of its readers and a row of formats.
type format struct {
	name gc.Format
	// begins reports whether a line is of this format and hardly of anything else: by it a file is known for a GC log.
	begins func(ds *decorators, line []byte) bool
	// read takes a line; foreign when it is none of this format.
	read func(p *parser, line []byte) class
	// with are formats whose lines may stand in a log of this one; they are asked before it.
	with []gc.Format
	// retold: an application tells of its collections. What it told counts as long as the JVM does not tell itself.
	retold bool
}

// formats in the order in which a line is offered to them. Once a line was taken, a log has the one format (and those of with).
var formats = []*format{
	{name: formatJRockit, begins: beginsJRockit, read: (*parser).jrockitLine},
	{name: formatSun12, begins: anyOf("<GC: "), read: (*parser).sun12Line},
	{name: formatHP, begins: anyOf("<GC: "), read: (*parser).hpLine},
	{name: formatIBM, begins: anyOf("<GC(", "<GC[", "<AF["), read: (*parser).ibmLine},
	{name: formatJ9, begins: anyOf("<verbosegc "), read: (*parser).j9Line},
	{name: formatGo, begins: beginsGo, read: (*parser).goLine},
	{name: formatJstat, begins: beginsJstat, read: (*parser).jstatLine},
	{name: formatHsErr, begins: beginsHsErr, read: (*parser).hsErrLine},
	{name: formatNative, begins: beginsNative, read: (*parser).nativeLine},
	{name: formatElastic, begins: beginsElastic, read: (*parser).elasticLine, retold: true},
	{name: formatCassandra, begins: beginsCassandra, read: (*parser).cassandraLine, retold: true},
	{name: formatMonitor, begins: beginsMonitor, read: (*parser).monitorLine, retold: true},
	{name: gc.FormatUnified, begins: beginsUnifiedLog, read: (*parser).unifiedLine},
	{name: gc.FormatPreUnified, begins: beginsLegacy, read: (*parser).legacyLine, with: []gc.Format{gc.FormatUnified}},
}

// anyOf makes a test of how a line begins, without its blanks.
func anyOf(words ...string) func(*decorators, []byte) bool {
	return func(_ *decorators, line []byte) bool {
		t := trimLeft(line)
		return slices.ContainsFunc(words, func(w string) bool { return has(t, w) })
	}
}

// company are the formats that a line is offered to.
type company struct {
	of      gc.Format // the format of the log; empty: not known yet
	formats []*format
}

// asked gives the formats to ask, in order. As long as only an application has told, all are: the JVM's own lines may come.
func (p *parser) asked() []*format {
	if p.company.of == p.format && p.company.formats != nil {
		return p.company.formats
	}
	p.company = company{of: p.format, formats: p.formats}
	i := slices.IndexFunc(p.formats, func(f *format) bool { return f.name == p.format })
	if i < 0 || p.formats[i].retold {
		return p.formats
	}
	own := p.formats[i]
	p.company.formats = nil
	for _, f := range p.formats {
		if f == own || slices.Contains(own.with, f.name) {
			p.company.formats = append(p.company.formats, f)
		}
	}
	return p.company.formats
}

// retold reports whether lines of a format are an application's own.
func (p *parser) retold(name gc.Format) bool {
	i := slices.IndexFunc(p.formats, func(f *format) bool { return f.name == name })
	return i >= 0 && p.formats[i].retold
}
