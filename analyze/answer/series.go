package answer

import (
	"fmt"
	"math"
	"slices"
	"time"

	"casefile/analyze/say"
	"casefile/bundle/format/series"
)

// SeriesQuery names a column of a counter series, and a window of time.
type SeriesQuery struct {
	Of
	Column string `json:"column,omitempty" jsonschema:"columns whose name contains this; empty lists the names"`
	From   string `json:"from,omitempty" jsonschema:"RFC 3339; default: the beginning"`
	To     string `json:"to,omitempty" jsonschema:"RFC 3339; default: the end"`
	Points int    `json:"points,omitempty" jsonschema:"at most so many points a column, up to 100; default 40"`
}

// SeriesAnswer is columns over time.
type SeriesAnswer struct {
	Capture string          `json:"capture"`
	Columns []Column        `json:"columns"`
	More    int             `json:"more"`
	Names   []SeriesColumns `json:"names,omitempty"`
}

// SeriesColumns names what a series has.
type SeriesColumns struct {
	Node    string   `json:"node"`
	Process string   `json:"process"` // "" the host
	Samples int      `json:"samples"`
	Names   []string `json:"names"`
	Place
}

// Column is one counter or gauge; of several samples that make a point, the least, the mean and the most are given. Times are
// those of the node's clock.
type Column struct {
	Node    string  `json:"node"`
	Process string  `json:"process"` // "" the host
	Name    string  `json:"name"`
	Unit    string  `json:"unit,omitempty"`
	Points  []Point `json:"points"`
	Place
}

// Point is some successive samples.
type Point struct {
	At      string  `json:"at"`
	Samples int     `json:"samples"`
	Min     float64 `json:"min"`
	Mean    float64 `json:"mean"`
	Max     float64 `json:"max"`
}

const mostColumns = 6 // of one answer

// held is a series with what it is of.
type held struct {
	node, process, entry string
	*series.Series
}

// allSeries are those of the nodes and processes of a question.
func (c *Capture) allSeries(of Of) (out []held) {
	add := func(node, process, entry string, s *series.Series) {
		if s != nil && len(s.Times) > 0 {
			out = append(out, held{node, process, entry, s})
		}
	}
	for _, n := range c.Case.Nodes {
		if !of.node(n) {
			continue
		}
		if n.Host != nil && of.Process == "" {
			entry := ""
			if len(n.Host.Parts) > 0 {
				entry = n.Host.Parts[0]
			}
			add(n.Name, "", entry, n.Host.Series)
		}
		for _, j := range n.JVMs {
			if of.process(j.Target) {
				add(n.Name, j.Target, j.CountersSource, j.Counters)
				add(n.Name, j.Target, j.ProcessSource, j.Process)
			}
		}
		for _, s := range n.Services {
			if of.process(s.Target) {
				add(n.Name, s.Target, s.ProcessSource, s.Process)
			}
		}
	}
	return out
}

// Series gives the columns of a query, or the names of what there is.
func (c *Capture) Series(q SeriesQuery) (*SeriesAnswer, error) {
	from, to, err := q.window()
	if err != nil {
		return nil, err
	}
	points := q.Points
	if points <= 0 || points > maxList {
		points = 40
	}
	out := &SeriesAnswer{Capture: c.Name, Columns: []Column{}}
	var have []string
	for _, s := range c.allSeries(q.Of) {
		names := s.Names()
		have = append(have, names...)
		if q.Column == "" {
			out.Names = append(out.Names, SeriesColumns{s.node, s.process, len(s.Times), names, Place{Entry: s.entry}})
			continue
		}
		for _, name := range names {
			switch {
			case !has(name, q.Column):
			case len(out.Columns) == mostColumns:
				out.More++
			default:
				out.Columns = append(out.Columns, Column{s.node, s.process, name, s.Header.Units[name],
					thin(s.Times, s.Values(name), from, to, points), Place{Entry: s.entry}})
			}
		}
	}
	if len(out.Columns)+len(out.Names) == 0 {
		return nil, notThere("column "+q.Column, have)
	}
	return out, nil
}

func (q *SeriesQuery) window() (from, to time.Time, err error) {
	for _, x := range []struct {
		text string
		at   *time.Time
	}{{q.From, &from}, {q.To, &to}} {
		if x.text == "" {
			continue
		}
		if *x.at, err = time.Parse(time.RFC3339, x.text); err != nil {
			return from, to, fmt.Errorf("time %q: want RFC 3339, like 2026-01-31T08:30:00Z", Text(x.text, 40))
		}
	}
	return from, to, nil
}

// thin makes at most so many points of the samples of a window.
func thin(times []time.Time, values []float64, from, to time.Time, most int) []Point {
	var at []int
	for i, t := range times {
		if !math.IsNaN(values[i]) && (from.IsZero() || !t.Before(from)) && (to.IsZero() || !t.After(to)) {
			at = append(at, i)
		}
	}
	out := []Point{}
	for part := range slices.Chunk(at, max(1, (len(at)+most-1)/most)) {
		p := Point{At: say.Instant(times[part[0]].UTC()), Samples: len(part), Min: math.Inf(1), Max: math.Inf(-1)}
		for _, i := range part {
			p.Min, p.Max, p.Mean = min(p.Min, values[i]), max(p.Max, values[i]), p.Mean+values[i]/float64(len(part))
		}
		out = append(out, p)
	}
	return out
}
