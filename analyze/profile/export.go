package profile

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Folded writes the view as folded stacks, one a line, root first and sorted:
//
//	main.main;main.serve;main.hash 4210
//
// the input of flamegraph.pl and most flame graph tools.
func (v View) Folded(w io.Writer) error {
	var lines []string
	var b strings.Builder
	for _, s := range v.stacks() {
		b.Reset()
		for i, f := range s.frames {
			if i > 0 {
				b.WriteByte(';')
			}
			b.WriteString(strings.ReplaceAll(v.profile.symbols.name(f), ";", ":"))
		}
		if len(s.frames) == 0 {
			b.WriteString("[no stack]")
		}
		lines = append(lines, fmt.Sprintf("%s %d", b.String(), s.value))
	}
	slices.Sort(lines)
	out := bufio.NewWriter(w)
	for _, l := range lines {
		out.WriteString(l)
		out.WriteByte('\n')
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write folded stacks: %w", err)
	}
	return nil
}

// The file format of speedscope, https://www.speedscope.app/file-format-schema.json
type (
	scopeFile struct {
		Schema   string         `json:"$schema"`
		Name     string         `json:"name"`
		Exporter string         `json:"exporter"`
		Shared   scopeShared    `json:"shared"`
		Profiles []scopeProfile `json:"profiles"`
	}
	scopeShared struct {
		Frames []scopeFrame `json:"frames"`
	}
	scopeFrame struct {
		Name string `json:"name"`
		File string `json:"file,omitempty"`
	}
	scopeProfile struct {
		Type       string    `json:"type"`
		Name       string    `json:"name"`
		Unit       string    `json:"unit"`
		StartValue int64     `json:"startValue"`
		EndValue   int64     `json:"endValue"`
		Samples    [][]int32 `json:"samples"`
		Weights    []int64   `json:"weights"`
	}
)

// scopeUnits are the units speedscope knows; any other is "none".
var scopeUnits = map[string]bool{"bytes": true, "microseconds": true, "milliseconds": true, "nanoseconds": true, "seconds": true}

// Speedscope writes the view in speedscope's format. Stacks of negative value,
// which it cannot show, are left out.
func (v View) Speedscope(w io.Writer, name string) error {
	symbols := v.profile.symbols
	file := scopeFile{Schema: "https://www.speedscope.app/file-format-schema.json", Name: name, Exporter: "casefile"}
	file.Shared.Frames = make([]scopeFrame, 0, len(symbols.names)+1)
	for i, n := range symbols.names {
		file.Shared.Frames = append(file.Shared.Frames, scopeFrame{Name: n, File: symbols.files[i]})
	}
	file.Shared.Frames = append(file.Shared.Frames, scopeFrame{Name: deeper})
	p := scopeProfile{Type: "sampled", Name: string(v.Kind), Unit: "none", Samples: [][]int32{}, Weights: []int64{}}
	if scopeUnits[v.Unit] {
		p.Unit = v.Unit
	}
	for _, s := range v.stacks() {
		if s.value < 0 {
			continue
		}
		for i, f := range s.frames {
			if f == deeperFrame {
				s.frames[i] = int32(len(symbols.names))
			}
		}
		p.Samples, p.Weights = append(p.Samples, s.frames), append(p.Weights, s.value)
		p.EndValue = add(p.EndValue, s.value)
	}
	file.Profiles = []scopeProfile{p}
	if err := json.NewEncoder(w).Encode(file); err != nil {
		return fmt.Errorf("write speedscope: %w", err)
	}
	return nil
}
