// Package answer answers questions about one capture: what was found, what a finding rests on, what threads, collections,
// profiles and counters show. Answers are values for JSON, each fact with the entry and the lines that it was read from.
//
// Everything that was captured is hostile: [Write] makes an answer fit for whoever reads it. Whatever was asked, it has no
// control characters or invisible ones, no list or text beyond its limit, and what was left out is counted where it stood.
package answer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/report"
)

// Capture is what is asked about.
type Capture struct {
	Name   string
	Case   *analyze.Case
	Result *analyze.Result
	// Cited reads the lines that findings cite. It reads nothing but what the capture holds.
	Cited func(context.Context, []analyze.Finding) *report.Cited
}

// ErrNotThere: the capture has nothing of what was asked for. The text says what it has.
var ErrNotThere = errors.New("not there")

// notThere names what there is instead, at most ten of it.
func notThere(what string, there []string) error {
	if len(there) == 0 {
		return fmt.Errorf("%s: %w; the capture has none", what, ErrNotThere)
	}
	slices.Sort(there)
	there = slices.Compact(there)
	more := ""
	if n := len(there) - 10; n > 0 {
		there, more = there[:10], fmt.Sprintf(" and %d more", n)
	}
	return fmt.Errorf("%s: %w; there is: %s%s", what, ErrNotThere, strings.Join(there, ", "), more)
}

// Place is where a fact was read.
type Place struct {
	Entry string `json:"entry"`
	Lines string `json:"lines,omitempty"`
}

// Of narrows a question to nodes and processes whose names contain these texts; empty: all.
type Of struct {
	Node    string `json:"node,omitempty" jsonschema:"only nodes whose name contains this"`
	Process string `json:"process,omitempty" jsonschema:"only processes whose name contains this, such as 4711-confluence"`
}

func (o Of) node(n *analyze.Node) bool  { return has(n.Name, o.Node) }
func (o Of) process(target string) bool { return has(target, o.Process) }

// has reports whether a text contains another, in any case of letters.
func has(text, part string) bool {
	return part == "" || strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// page is at most limit of a list from offset on.
func page[T any](list []T, offset, limit, normal int) (part []T, more int) {
	if limit <= 0 || limit > maxList {
		limit = normal
	}
	offset = min(max(offset, 0), len(list))
	end := min(offset+limit, len(list))
	return append([]T{}, list[offset:end]...), len(list) - end
}
