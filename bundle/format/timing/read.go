package timing

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"casefile/bundle/format/budget"
)

// Bounds of what Read accepts.
const (
	MaxBytes     = 64 << 20
	MaxNodeBytes = 4 << 20
	maxLinks     = 20000
	maxNodes     = 1000
	maxRounds    = 1000
	maxPhases    = 8
	maxPoints    = 4096
	maxProbes    = 64
	maxName      = 4096
)

// Read decodes a Record. An error names the field; nothing is returned with it.
func Read(r io.Reader) (*Record, error) {
	rec := &Record{}
	if err := decode(r, MaxBytes, rec); err != nil {
		return nil, err
	}
	if err := rec.validate(); err != nil {
		return nil, fmt.Errorf("timing: %w", err)
	}
	return rec, nil
}

// ReadNode decodes what one node measured.
func ReadNode(r io.Reader) (*Node, error) {
	n := &Node{}
	if err := decode(r, MaxNodeBytes, n); err != nil {
		return nil, err
	}
	if err := errors.Join(version(n.Version), n.validate()); err != nil {
		return nil, fmt.Errorf("timing: %w", err)
	}
	return n, nil
}

// Write encodes a Record with the current version.
func Write(w io.Writer, rec *Record) error {
	c := *rec
	c.Version = Version
	return encode(w, &c)
}

// WriteNode is Write for one node.
func WriteNode(w io.Writer, n *Node) error {
	c := *n
	c.Version = Version
	return encode(w, &c)
}

func encode(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("timing: %w", err)
	}
	return nil
}

func decode(r io.Reader, limit int64, v any) error {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return fmt.Errorf("timing: %w", err)
	}
	if int64(len(body)) > limit {
		return fmt.Errorf("timing: more than %d bytes", limit)
	}
	if err := budget.Unmarshal(body, v); err != nil {
		return fmt.Errorf("timing: %w", err)
	}
	return nil
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

func (r *Record) validate() error {
	if err := version(r.Version); err != nil {
		return err
	}
	if err := atMost("links", len(r.Links), maxLinks, "nodes", len(r.Nodes), maxNodes, "rounds", len(r.Rounds), maxRounds); err != nil {
		return err
	}
	for i := range r.Links {
		if err := r.Links[i].validate(); err != nil {
			return fmt.Errorf("links[%d]: %w", i, err)
		}
	}
	for i := range r.Nodes {
		if err := r.Nodes[i].validate(); err != nil {
			return fmt.Errorf("nodes[%d]: %w", i, err)
		}
	}
	for i, round := range r.Rounds {
		if err := atMost("starts", len(round.Starts), maxNodes); err != nil {
			return fmt.Errorf("rounds[%d]: %w", i, err)
		}
		for _, s := range round.Starts {
			if s.ErrorMS < 0 {
				return fmt.Errorf("rounds[%d]: negative error_ms", i)
			}
		}
		if round.SkewMS < 0 || round.SkewErrorMS < 0 {
			return fmt.Errorf("rounds[%d]: negative skew", i)
		}
	}
	return nil
}

func (l *Link) validate() error {
	switch {
	case l.From == "" || l.To == "" || len(l.From) > maxName || len(l.To) > maxName:
		return errors.New("from and to must name the parties")
	case l.From == l.To:
		return fmt.Errorf("%q measured itself", l.From)
	}
	if err := atMost("phases", len(l.Phases), maxPhases, "ports", len(l.Ports), maxProbes); err != nil {
		return err
	}
	for i := range l.Ports {
		if err := l.Ports[i].validate(); err != nil {
			return fmt.Errorf("ports[%d]: %w", i, err)
		}
	}
	if p := l.Path; p != nil && (p.Carried < 0 || p.Carried > p.MTU) {
		return fmt.Errorf("path: %d of %d bytes do not fit", p.Carried, p.MTU)
	}
	if err := l.Clock.validate(); err != nil {
		return err
	}
	for i := range l.Phases {
		if err := l.Phases[i].Measured.validate(); err != nil {
			return fmt.Errorf("phases[%d]: %w", i, err)
		}
	}
	return nil
}

func (m *Measured) validate() error {
	switch {
	case m.Count < 0 || m.Lost < 0 || m.Lost > m.Count || m.Refused < 0:
		return fmt.Errorf("count %d, lost %d, refused %d do not fit", m.Count, m.Lost, m.Refused)
	case m.JitterMS < 0:
		return errors.New("negative jitter_ms")
	}
	if err := m.RTT.validate(); err != nil {
		return fmt.Errorf("rtt: %w", err)
	}
	if err := atMost("points", len(m.Points), maxPoints); err != nil {
		return err
	}
	for i, p := range m.Points {
		if p.RTTMS < 0 {
			return fmt.Errorf("points[%d]: negative rtt_ms", i)
		}
	}
	return m.Clock.validate()
}

func (s Spread) validate() error {
	ordered := 0 <= s.Min && s.Min <= s.P50 && s.P50 <= s.P90 && s.P90 <= s.P99 && s.P99 <= s.Max
	if s.Count < 0 || !ordered {
		return errors.New("min, p50, p90, p99, max are not in order")
	}
	return nil
}

func (c *Clock) validate() error {
	switch {
	case c == nil:
		return nil
	case c.ErrorMS < 0 || c.DriftErrorPPM < 0:
		return errors.New("clock: negative error bound")
	case math.Abs(c.OffsetMS) > maxOffsetMS || c.ErrorMS > maxOffsetMS:
		return errors.New("clock: offset of more than a thousand years")
	}
	return atMost("clock: steps", len(c.Steps), maxPoints)
}

const maxOffsetMS = 1000 * 366 * 86400e3

func (n *Node) validate() error {
	if len(n.Name) > maxName {
		return errors.New("name is too long")
	}
	if h := n.Hiccups; h != nil {
		if err := h.Late.validate(); err != nil {
			return fmt.Errorf("hiccups: %w", err)
		}
		if h.StepMS < 0 || h.Stalls < 0 || h.StallMS < 0 {
			return errors.New("hiccups: negative figures")
		}
		if err := atMost("hiccups: worst", len(h.Worst), maxPoints); err != nil {
			return err
		}
	}
	for _, part := range []struct {
		name string
		list []Probe
	}{{"databases", n.Databases}, {"storage", n.Storage}, {"names", n.Names}, {"directories", n.Directories}} {
		if err := atMost(part.name, len(part.list), maxProbes); err != nil {
			return err
		}
		for i := range part.list {
			if err := part.list[i].validate(); err != nil {
				return fmt.Errorf("%s[%d]: %w", part.name, i, err)
			}
		}
	}
	return nil
}

func (p *Probe) validate() error {
	if p.Tries < 0 || p.Failures < 0 || p.Failures > p.Tries || p.Rate < 0 {
		return fmt.Errorf("tries %d, failures %d do not fit", p.Tries, p.Failures)
	}
	if err := atMost("steps", len(p.Steps), maxProbes, "errors", len(p.Errors), maxProbes, "settings", len(p.Settings), maxProbes); err != nil {
		return err
	}
	for i, s := range p.Steps {
		if err := s.Spread.validate(); err != nil {
			return fmt.Errorf("steps[%d]: %w", i, err)
		}
		if s.FirstMS < 0 {
			return fmt.Errorf("steps[%d]: negative first_ms", i)
		}
	}
	return nil
}

// atMost checks triples of name, count and bound.
func atMost(triples ...any) error {
	for i := 0; i+2 < len(triples); i += 3 {
		if triples[i+1].(int) > triples[i+2].(int) {
			return fmt.Errorf("%v: %v, at most %v", triples[i], triples[i+1], triples[i+2])
		}
	}
	return nil
}
