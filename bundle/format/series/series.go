// Package series is the format of counter series in a bundle: what moves is
// written once a period, as JSON lines that a person can read and jq can cut.
//
// The first line is a header; every other line is one sample that holds only
// the values which changed since the line before:
//
//	{"series":1,"source":"hsperfdata","target":"4711-confluence","units":{"x_bytes":"bytes"}}
//	{"t":1732347000123,"v":{"java.threads.live":312,"sun.gc.collector.0.invocations":9}}
//	{"t":1732347001123,"v":{"sun.gc.collector.0.invocations":10}}
//
// t is milliseconds since the Unix epoch on the node's own clock, taken just
// before the values were read. A file of a rotated series starts anew with a
// header and all values, so that each file can be read alone.
package series

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// Version is the format version written in the header.
const Version = 1

// Limits of what Read accepts.
const (
	maxLine  = 4 << 20
	maxCells = 64 << 20 / 8 // 64 MB of values
)

// Header is the first line of a series.
type Header struct {
	Version int               `json:"series"`
	Source  string            `json:"source"`
	Target  string            `json:"target,omitempty"`
	Units   map[string]string `json:"units,omitempty"`
}

// Encoder appends samples to a buffer, dropping values that did not change.
// It is not safe for concurrent use.
type Encoder struct {
	header Header
	buf    bytes.Buffer
	last   map[string]float64
	names  []string
}

// NewEncoder starts a series.
func NewEncoder(h Header) *Encoder {
	h.Version = Version
	e := &Encoder{header: h}
	e.Reset()
	return e
}

// Reset drops what was written and starts a new file of the same series.
func (e *Encoder) Reset() {
	e.buf.Reset()
	e.last = map[string]float64{}
	line, _ := json.Marshal(e.header) // strings only: cannot fail
	e.buf.Write(line)
	e.buf.WriteByte('\n')
}

// Add writes one sample. Values that are NaN or infinite are left out.
func (e *Encoder) Add(t time.Time, values map[string]float64) {
	e.names = e.names[:0]
	for name, v := range values {
		if v != v || v-v != 0 {
			continue
		}
		if old, seen := e.last[name]; !seen || old != v {
			e.names = append(e.names, name)
			e.last[name] = v
		}
	}
	slices.Sort(e.names)
	b := e.buf.AvailableBuffer()
	b = append(b, `{"t":`...)
	b = strconv.AppendInt(b, t.UnixMilli(), 10)
	b = append(b, `,"v":{`...)
	for i, name := range e.names {
		if i > 0 {
			b = append(b, ',')
		}
		quoted, _ := json.Marshal(name)
		b = append(b, quoted...)
		b = append(b, ':')
		b = strconv.AppendFloat(b, values[name], 'f', -1, 64)
	}
	b = append(b, "}}\n"...)
	e.buf.Write(b)
}

// Bytes returns the file so far. It is valid until the next Add or Reset.
func (e *Encoder) Bytes() []byte { return e.buf.Bytes() }

// Series is a decoded file: one column of values for each name.
type Series struct {
	Header Header
	Times  []time.Time
	// Skipped counts lines that were not understood (a cut last line, for one).
	Skipped int

	columns map[string][]float64
}

// Names returns the names of all columns, sorted.
func (s *Series) Names() []string { return slices.Sorted(maps.Keys(s.columns)) }

// Values returns the column of a name, one value for each of Times, carried
// forward where nothing changed and NaN before the first. Nil: no such name.
func (s *Series) Values(name string) []float64 { return s.columns[name] }

// Read decodes a series. It returns what could be read together with an error
// that names the line when the header is missing or the input breaks a limit.
func Read(r io.Reader) (*Series, error) {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, 64<<10), maxLine)
	out := &Series{columns: map[string][]float64{}}
	if !sc.Scan() {
		return out, errors.Join(errors.New("series: no header line"), sc.Err())
	}
	if err := json.Unmarshal(sc.Bytes(), &out.Header); err != nil || out.Header.Version == 0 {
		return out, errors.New("series: line 1 is not a series header")
	}
	if out.Header.Version > Version {
		return out, fmt.Errorf("series: version %d is newer than this casefile reads (%d)", out.Header.Version, Version)
	}
	for n := 2; sc.Scan(); n++ {
		var line struct {
			T *int64             `json:"t"`
			V map[string]float64 `json:"v"`
		}
		if err := json.Unmarshal(sc.Bytes(), &line); err != nil || line.T == nil {
			out.Skipped++
			continue
		}
		if err := out.add(time.UnixMilli(*line.T), line.V); err != nil {
			return out, fmt.Errorf("series: line %d: %w", n, err)
		}
	}
	if err := sc.Err(); err != nil {
		return out, fmt.Errorf("series: %w", err)
	}
	return out, nil
}

func (s *Series) add(t time.Time, values map[string]float64) error {
	row := len(s.Times)
	for name := range values {
		if _, known := s.columns[name]; !known {
			s.columns[name] = unknown(nil, row)
		}
	}
	if len(s.columns)*(row+1) > maxCells {
		return fmt.Errorf("more than %d values", maxCells)
	}
	s.Times = append(s.Times, t)
	for name, col := range s.columns {
		v, changed := values[name]
		if !changed {
			v = math.NaN()
			if row > 0 {
				v = col[row-1]
			}
		}
		s.columns[name] = append(col, v)
	}
	return nil
}

// unknown extends a column to n values.
func unknown(col []float64, n int) []float64 {
	for len(col) < n {
		col = append(col, math.NaN())
	}
	return col
}

// Rename gives a column another name, unless that is taken.
func (s *Series) Rename(old, name string) {
	if col, ok := s.columns[old]; ok && s.columns[name] == nil {
		s.columns[name] = col
		delete(s.columns, old)
	}
}

// Join appends a later file of the same series.
func (s *Series) Join(later *Series) {
	n, total := len(s.Times), len(s.Times)+len(later.Times)
	s.Times = append(s.Times, later.Times...)
	s.Skipped += later.Skipped
	for name, col := range later.columns {
		s.columns[name] = append(unknown(s.columns[name], n), col...)
	}
	for name, col := range s.columns {
		s.columns[name] = unknown(col, total)
	}
}

// Delta returns last minus first of a cumulative counter and the time between
// those two samples; ok is false with fewer than two samples that hold it.
func (s *Series) Delta(name string) (delta float64, over time.Duration, ok bool) {
	first, last := -1, -1
	col := s.columns[name]
	for i, v := range col {
		if math.IsNaN(v) {
			continue
		}
		if first < 0 {
			first = i
		}
		last = i
	}
	if first == last {
		return 0, 0, false
	}
	return col[last] - col[first], s.Times[last].Sub(s.Times[first]), true
}

// Last returns the newest value of a name.
func (s *Series) Last(name string) (float64, bool) {
	for _, v := range slices.Backward(s.columns[name]) {
		if !math.IsNaN(v) {
			return v, true
		}
	}
	return 0, false
}

// Max returns the largest value of a gauge.
func (s *Series) Max(name string) (m float64, ok bool) {
	for _, v := range s.columns[name] {
		if !math.IsNaN(v) && (!ok || v > m) {
			m, ok = v, true
		}
	}
	return m, ok
}
