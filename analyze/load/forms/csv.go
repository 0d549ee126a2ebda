package forms

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
)

// What log systems call the columns, in small letters and without anything else, the best first.
var (
	textColumns  = []string{"raw", "message", "msg", "log", "textpayload", "logmessage", "line", "event", "content", "body", "text"}
	timeColumns  = []string{"time", "timestamp", "date", "datetime", "receivetimestamp", "eventtime", "ingestiontime"}
	placeColumns = []string{"kubernetespodname", "podname", "pod", "resourcelabelspodname", "containername", "container", "kubernetescontainername",
		"hostname", "host", "logstreamname", "logstream", "instance", "node"}
)

// columns are where a record has its text, its time and the place it comes from; -1: nowhere.
type columns struct {
	comma             rune
	text, time, place int
}

// inCSV is the export of a search, with a head that names the columns: of Splunk, Kibana, Datadog, CloudWatch, Azure.
func inCSV(head []byte) start {
	first, _, ok := bytes.Cut(head[:min(len(head), 8<<10)], []byte{'\n'})
	if !ok {
		return nil
	}
	for _, comma := range []rune{',', ';', '\t'} {
		r := csv.NewReader(bytes.NewReader(first))
		r.Comma = comma
		names, err := r.Read()
		if err != nil || len(names) > 1000 {
			continue
		}
		c := columns{comma, indexOf(names, textColumns), indexOf(names, timeColumns), indexOf(names, placeColumns)}
		if c.text < 0 || len(names) < 2 && strings.TrimSpace(names[0]) != "_raw" {
			continue
		}
		return c.start(head)
	}
	return nil
}

// indexOf finds the column that has the first of some names.
func indexOf(columns, names []string) int {
	for _, name := range names {
		for i, c := range columns {
			if plainName(c) == name {
				return i
			}
		}
	}
	return -1
}

// plainName has the letters of a name in small.
func plainName(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(s))
}

func (c columns) start(head []byte) start {
	var sample []record
	next := c.reader(bytes.NewReader(head))
	for {
		r, err := next()
		if err != nil {
			break
		}
		sample = append(sample, r)
	}
	if len(sample) == 0 {
		return nil
	}
	return ifEvident(head, recordsStep(sample, c.reader))
}

// reader gives the records of a table.
func (c columns) reader(in io.Reader) func() (record, error) {
	r := csv.NewReader(in)
	r.Comma, r.LazyQuotes, r.FieldsPerRecord, r.ReuseRecord = c.comma, true, -1, true
	named := false
	at := func(row []string, i int) string {
		if i < 0 || i >= len(row) {
			return ""
		}
		return row[i]
	}
	return func() (record, error) {
		for {
			row, err := r.Read()
			if err != nil {
				return record{}, err
			}
			if !named {
				named = true
				continue
			}
			line, _ := r.FieldPos(min(max(c.text, 0), len(row)-1))
			return record{text: at(row, c.text), time: at(row, c.time), place: at(row, c.place), line: line}, nil
		}
	}
}

// record is one element of an export.
type record struct {
	text, time, place string
	line              int // where it stands
}

// recordsStep writes the texts of records: with a name before each where they come from several places, and the other way round where the
// newest comes first.
func recordsStep(sample []record, open func(io.Reader) func() (record, error)) start {
	places := map[string]bool{}
	for _, r := range sample {
		places[r.place] = true
	}
	named, turned := len(places) > 1, newestFirst(sample)
	return func() step {
		var next func() (record, error)
		return func(p *puller) error {
			if next == nil {
				next = open(p.in)
			}
			if turned {
				return turn(p, next, named)
			}
			r, err := next()
			if err != nil {
				return ended(p, err)
			}
			p.record(r, named)
			return nil
		}
	}
}

// turn writes all records, the last one first.
func turn(p *puller, next func() (record, error), named bool) error {
	var held []record
	for size := 0; ; {
		r, err := next()
		if err == nil {
			if size += len(r.text) + len(r.time); size < mostTurned {
				held = append(held, r)
				continue
			}
			p.words = append(p.words, "the export has its newest line first and is too large to be turned round: its newest lines are read; "+
				"export it with the oldest first")
		}
		slices.Reverse(held)
		for _, r := range held {
			p.record(r, named)
		}
		return ended(p, err)
	}
}

// mostTurned is how much of an export is held in memory to be turned round, in bytes.
const mostTurned = 64 << 20

// ended makes a word of an error within an export: what stands before it is read.
func ended(p *puller, err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return io.EOF
	}
	var broken *csv.ParseError
	if errors.As(err, &broken) {
		p.words = append(p.words, "what comes after it is not read: "+err.Error())
		return io.EOF
	}
	return err
}

// record writes one.
func (p *puller) record(r record, named bool) {
	text := strings.TrimRight(r.text, "\r\n")
	if !named {
		p.write([]byte(text), r.line)
		return
	}
	place := strings.Map(func(c rune) rune {
		if c <= ' ' || c == ']' || c == '[' {
			return '_'
		}
		return c
	}, r.place)
	if place == "" {
		place = "unnamed"
	}
	for i, line := range strings.Split(text, "\n") {
		p.write([]byte("[pod/"+place+"] "+line), r.line+i)
	}
}

// newestFirst reports whether the first records are newer than the later ones: by their times, and where those are all the same by the
// lines of dumps, which are the other way round.
func newestFirst(sample []record) bool {
	up, down := 0, 0
	for i := 1; i < len(sample); i++ {
		if a, b := sample[i-1].time, sample[i].time; len(a) == len(b) && a < b {
			up++
		} else if len(a) == len(b) && a > b {
			down++
		}
	}
	const often = 10
	if up+down > 0 {
		return down > often*up
	}
	forth, back := 0, 0
	for i := 1; i < len(sample); i++ {
		if header([]byte(sample[i-1].text)) && stateLine(sample[i].text) {
			forth++
		}
		if header([]byte(sample[i].text)) && stateLine(sample[i-1].text) {
			back++
		}
	}
	return back > 2*forth && back > 1
}

func stateLine(s string) bool {
	return strings.HasPrefix(strings.TrimSpace(s), "java.lang.Thread.State: ")
}
