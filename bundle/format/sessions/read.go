package sessions

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"casefile/bundle/format/budget"
)

// Bounds of what Read accepts and the collector writes.
const (
	MaxBytes      = 32 << 20
	MaxSessions   = 2000
	MaxStatements = 500
	MaxText       = 4096 // of one statement, in bytes
	maxDatabases  = 1000
	maxHidden     = 100
)

// Read decodes a Snapshot. An error names what is wrong; nothing is returned with it.
func Read(r io.Reader) (*Snapshot, error) {
	s := &Snapshot{}
	text, err := decode(r, s)
	if err == nil {
		err = errors.Join(version(s.Version), atMost("sessions", len(s.Sessions), MaxSessions),
			atMost("databases", len(s.Databases), maxDatabases), atMost("hidden", len(s.Hidden), maxHidden))
	}
	if err != nil {
		return nil, fmt.Errorf("sessions: %w", err)
	}
	for i, line := range lines(text, "sessions", len(s.Sessions)) {
		s.Sessions[i].Line = line
	}
	return s, nil
}

// ReadStatements decodes Statements.
func ReadStatements(r io.Reader) (*Statements, error) {
	s := &Statements{}
	text, err := decode(r, s)
	if err == nil {
		err = errors.Join(version(s.Version), atMost("statements", len(s.Statements), MaxStatements),
			atMost("hidden", len(s.Hidden), maxHidden))
	}
	if err != nil {
		return nil, fmt.Errorf("statements: %w", err)
	}
	for i, line := range lines(text, "statements", len(s.Statements)) {
		s.Statements[i].Line = line
	}
	return s, nil
}

func decode(r io.Reader, v any) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("more than %d bytes", MaxBytes)
	}
	return text, budget.Unmarshal(text, v)
}

func version(v int) error {
	switch {
	case v <= 0:
		return errors.New("no version")
	case v > Version:
		return fmt.Errorf("version %d is newer than this casefile reads (%d)", v, Version)
	}
	return nil
}

func atMost(what string, n, most int) error {
	if n > most {
		return fmt.Errorf("%d %s, at most %d", n, what, most)
	}
	return nil
}

// lines are those on which the elements of a list of the document end; shorter than count where the list is written
// more than once.
func lines(text []byte, list string, count int) []int {
	dec := json.NewDecoder(bytes.NewReader(text))
	if _, err := dec.Token(); err != nil { // the document's brace
		return nil
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil
		}
		if key != list {
			if dec.Decode(&json.RawMessage{}) != nil {
				return nil
			}
			continue
		}
		return elements(dec, text, count)
	}
	return nil
}

func elements(dec *json.Decoder, text []byte, count int) (out []int) {
	if bracket, err := dec.Token(); err != nil || bracket != json.Delim('[') {
		return nil
	}
	line, at := 1, 0
	for dec.More() && len(out) < count {
		if dec.Decode(&json.RawMessage{}) != nil {
			return out
		}
		end := int(dec.InputOffset())
		line, at = line+bytes.Count(text[at:end], []byte{'\n'}), end
		out = append(out, line)
	}
	return out
}
