package profile

import (
	"bytes"
	"strings"
	"testing"

	pprof "github.com/google/pprof/profile"
)

// maker builds profiles by hand: a stack is written root first, "main;serve;hash".
// A frame may have a line, "hash:12"; frames joined by "+" are inlined into one
// location, the caller first.
type maker struct {
	p     *pprof.Profile
	funcs map[string]*pprof.Function
	locs  map[string]*pprof.Location
}

func newMaker(types ...string) *maker {
	m := &maker{p: &pprof.Profile{}, funcs: map[string]*pprof.Function{}, locs: map[string]*pprof.Location{}}
	for _, t := range types {
		name, unit, _ := strings.Cut(t, "/")
		m.p.SampleType = append(m.p.SampleType, &pprof.ValueType{Type: name, Unit: unit})
	}
	m.p.PeriodType = m.p.SampleType[len(m.p.SampleType)-1]
	return m
}

func (m *maker) add(stack string, labels map[string]string, values ...int64) *maker {
	s := &pprof.Sample{Value: values, Label: map[string][]string{}}
	for k, v := range labels {
		s.Label[k] = []string{v}
	}
	if stack != "" {
		frames := strings.Split(stack, ";")
		for i := len(frames) - 1; i >= 0; i-- {
			s.Location = append(s.Location, m.location(frames[i]))
		}
	}
	m.p.Sample = append(m.p.Sample, s)
	return m
}

func (m *maker) location(text string) *pprof.Location {
	if l := m.locs[text]; l != nil {
		return l
	}
	l := &pprof.Location{ID: uint64(len(m.p.Location) + 1), Address: uint64(0x1000 + len(m.p.Location))}
	inlined := strings.Split(text, "+")
	for i := len(inlined) - 1; i >= 0; i-- {
		name, line, _ := strings.Cut(inlined[i], ":")
		l.Line = append(l.Line, pprof.Line{Function: m.function(name), Line: int64(len(line))})
	}
	m.locs[text], m.p.Location = l, append(m.p.Location, l)
	return l
}

func (m *maker) function(name string) *pprof.Function {
	f := m.funcs[name]
	if f == nil {
		f = &pprof.Function{ID: uint64(len(m.p.Function) + 1), Name: name, SystemName: name, Filename: name + ".go"}
		m.funcs[name], m.p.Function = f, append(m.p.Function, f)
	}
	return f
}

func (m *maker) bytes(t testing.TB) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := m.p.Write(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// read sends the profile through its file format, as real ones come.
func (m *maker) read(t testing.TB, name string) *Profile {
	t.Helper()
	p, err := Read(bytes.NewReader(m.bytes(t)), name, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}
