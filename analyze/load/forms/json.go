package forms

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"casefile/bundle/format/envelope"
)

// inArray is an export that is one JSON document: an array of objects with a text each (gcloud logging read), or an object that holds one
// somewhere (CloudWatch's events, the hits of Elasticsearch, Loki's streams).
func inArray(head []byte) start {
	first := bytes.TrimLeft(head, " \t\r\n")
	if len(first) == 0 || first[0] != '[' && first[0] != '{' || jsonDumpBegin.Match(first) {
		return nil
	}
	var sample []record
	next := documentReader(bytes.NewReader(head))
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
	return ifEvident(head, recordsStep(sample, documentReader))
}

// documentReader gives the texts of the objects that are elements of arrays.
func documentReader(in io.Reader) func() (record, error) {
	newlines := &newlines{r: in}
	dec := json.NewDecoder(newlines)
	var held []record
	within := false
	return func() (record, error) {
		for len(held) == 0 {
			if !within {
				tok, err := dec.Token()
				if err != nil {
					return record{}, notJSON(err)
				}
				within = tok == json.Delim('[')
				continue
			}
			if !dec.More() {
				within = false
				if _, err := dec.Token(); err != nil {
					return record{}, notJSON(err)
				}
				continue
			}
			var raw json.RawMessage
			if err := dec.Decode(&raw); err != nil {
				return record{}, notJSON(err)
			}
			line := newlines.upTo(dec.InputOffset()-int64(len(raw))) + 1
			held = elementsOf(raw, line)
		}
		r := held[0]
		held = held[1:]
		return r, nil
	}
}

// notJSON makes the end of a document of an error: what stands before it is read, and a word tells.
func notJSON(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the JSON document is cut or broken, what stands before that is read: %w", err)
	}
	return err
}

// elementsOf gives the text of an element; several of Loki's streams.
func elementsOf(raw []byte, line int) []record {
	var stream struct {
		Stream map[string]string   `json:"stream"`
		Values [][]json.RawMessage `json:"values"`
	}
	if bytes.Contains(raw, []byte(`"values"`)) && json.Unmarshal(raw, &stream) == nil && len(stream.Values) > 0 {
		var out []record
		for _, v := range stream.Values {
			var at, text string
			if len(v) < 2 || json.Unmarshal(v[0], &at) != nil || json.Unmarshal(v[1], &text) != nil {
				continue
			}
			out = append(out, record{text: text, time: at, place: firstOf(stream.Stream, "pod", "instance", "host", "container"), line: line})
		}
		return out
	}
	o := envelope.Object(raw)
	if o.Text == nil {
		return nil
	}
	return []record{{text: string(o.Text), time: o.Time, place: o.Place, line: line}}
}

func firstOf(m map[string]string, keys ...string) string {
	for _, k := range keys {
		if m[k] != "" {
			return m[k]
		}
	}
	return ""
}

// newlines knows where the lines of what was read ended, as far as nobody has asked for later ones.
type newlines struct {
	r    io.Reader
	at   int64
	ends []int64
	gone int
}

func (n *newlines) Read(b []byte) (int, error) {
	k, err := n.r.Read(b)
	for i, c := range b[:k] {
		if c == '\n' {
			n.ends = append(n.ends, n.at+int64(i))
		}
	}
	n.at += int64(k)
	return k, err
}

// upTo counts the line ends before a place; places rise from call to call.
func (n *newlines) upTo(at int64) int {
	i, _ := slices.BinarySearch(n.ends, at)
	n.gone += i
	n.ends = n.ends[:copy(n.ends, n.ends[i:])]
	return n.gone
}

// inObjects is a line of JSON for each line of several processes; parsers read those of one themselves.
func inObjects(head []byte) start {
	places := map[string]bool{}
	var sample []record
	for line := range bytes.Lines(wholeLines(head)) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		if line[0] != '{' {
			return nil
		}
		o := envelope.Object(line)
		if o.Text == nil {
			if len(sample) == 0 {
				return nil
			}
			continue
		}
		places[o.Place] = true
		sample = append(sample, record{text: string(o.Text), time: o.Time, place: o.Place})
	}
	if len(sample) == 0 || len(places) < 2 && !newestFirst(sample) {
		return nil
	}
	return ifEvident(head, recordsStep(sample, objectsReader))
}

func objectsReader(in io.Reader) func() (record, error) {
	lines := &puller{in: bufio.NewReaderSize(in, 64<<10)}
	return func() (record, error) {
		for {
			b, err := lines.readLine()
			if err != nil {
				return record{}, err
			}
			if o := envelope.Object(bytes.TrimSpace(b)); o.Text != nil {
				return record{text: string(o.Text), time: o.Time, place: o.Place, line: lines.read}, nil
			}
			if text := bytes.TrimSpace(b); len(text) > 0 {
				return record{text: string(text), line: lines.read}, nil
			}
		}
	}
}

// inJournal is journalctl -o export: fields of a line each, or, where a value is no plain text, with its length (little endian, 8 bytes)
// between its name and it; a blank line ends an entry.
func inJournal(head []byte) start {
	if !bytes.HasPrefix(head, []byte("__CURSOR=")) {
		return nil
	}
	return always(fromJournal)
}

// fromJournal reads an entry.
func fromJournal(p *puller) error {
	var text, host, pid string
	first := 0
	for {
		b, err := p.readLine()
		if err != nil || len(bytes.TrimSpace(b)) == 0 {
			if first > 0 {
				r := record{text: text, place: strings.TrimSuffix(host+"/"+pid, "/"), line: first}
				p.record(r, true)
				return nil
			}
			if err != nil {
				return err
			}
			continue
		}
		name, value, ok := strings.Cut(strings.TrimRight(string(b), "\r\n"), "=")
		at := p.read
		if !ok {
			if value, err = p.binary(); err != nil {
				return err
			}
		}
		switch name {
		case "MESSAGE":
			text, first = value, at
		case "_HOSTNAME":
			host = value
		case "_PID":
			pid = value
		}
	}
}

// binary reads a value that has its length before it.
func (p *puller) binary() (string, error) {
	var size [8]byte
	if _, err := io.ReadFull(p.in, size[:]); err != nil {
		return "", err
	}
	n := binary.LittleEndian.Uint64(size[:])
	if n > 64<<20 {
		return "", fmt.Errorf("line %d: a field of the journal of %d bytes", p.read, n)
	}
	var value strings.Builder
	if _, err := io.CopyN(&value, p.in, int64(n)+1); err != nil { // and the line end after it
		return "", err
	}
	p.read += strings.Count(value.String(), "\n")
	return strings.TrimSuffix(value.String(), "\n"), nil
}
