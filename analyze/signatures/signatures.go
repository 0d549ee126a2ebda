// Package signatures holds the known problems of products as data: how each shows in thread dumps and logs, what it
// means, what to do.
package signatures

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"casefile/analyze"
	"casefile/analyze/threads"
)

// TomcatStuckThread is the id of what Tomcat itself reports about stuck threads.
const TomcatStuckThread = "tomcat-stuck-thread"

// OutOfMemory is the id of the lines that tell of an OutOfMemoryError.
const OutOfMemory = "out-of-memory-error"

// CompilerDisabled is the id of the lines by which a JVM tells that its code cache is full.
const CompilerDisabled = "compiler-disabled"

// Signature is a known problem of a product: how it shows, what it means, what to do. The files next to this one hold
// them.
type Signature struct {
	ID          string   `yaml:"id"`
	Title       string   `yaml:"title"` // with frames or threads: what the threads are at, as in "5 threads are ..."; else a whole sentence
	Explanation string   `yaml:"explanation"`
	Severity    string   `yaml:"severity"` // default warning
	References  []string `yaml:"references"`
	// Rule is the rule that tells of what the log lines show; "" app-signature itself.
	Rule   string `yaml:"rule"`
	Advice []struct {
		Action  string `yaml:"action"`
		Setting string `yaml:"setting"`
		From    string `yaml:"from"`
		To      string `yaml:"to"`
		Effect  string `yaml:"effect"`
		Risk    string `yaml:"risk"`
		Verify  string `yaml:"verify"`
	} `yaml:"advice"`

	// Marks in dumps: a stack that has a method with one of these beginnings, or a thread's name that matches.
	Frames  []string `yaml:"frames"`
	Threads []string `yaml:"threads"`
	// Waits are kinds of waits, one of which the thread must be in; empty for any but idle.
	Waits []string `yaml:"waits"`
	// Plain says that what the threads are at is seen without knowing the product: a finding about these waits says more.
	Plain bool `yaml:"plain"`
	// Background says that threads which serve no request count too, when they are seen in most of the dumps.
	Background bool `yaml:"background"`
	Many       int  `yaml:"many"` // threads of a dump at least; default 1

	// Log are patterns of log lines.
	Log []string `yaml:"log"`

	// Test are marks that must be recognised, and some that must not.
	Test struct {
		Frames  []string `yaml:"frames"`
		Threads []string `yaml:"threads"`
		Log     []string `yaml:"log"`
		Not     []string `yaml:"not"`
	} `yaml:"test"`

	names, lines []pattern
}

//go:embed *.yaml
var data embed.FS

// All reads the known problems.
func All() ([]*Signature, error) {
	files, err := fs.Glob(data, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("signatures: %w", err)
	}
	var all []*Signature
	for _, file := range files {
		text, err := data.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("signatures: %w", err)
		}
		var list []*Signature
		if err := yaml.Load(text, &list, yaml.WithKnownFields()); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for _, s := range list {
			if err := s.prepare(); err != nil {
				return nil, fmt.Errorf("%s: signature %q: %w", file, s.ID, err)
			}
		}
		all = append(all, list...)
	}
	return all, nil
}

// prepare compiles the patterns and checks that nothing is missing.
func (s *Signature) prepare() error {
	s.Severity = orElse(s.Severity, string(analyze.Warning))
	if _, err := analyze.ParseSeverity(s.Severity); err != nil {
		return err
	}
	if s.ID == "" || s.Title == "" || s.Explanation == "" || len(s.Advice) == 0 {
		return errors.New("lacks id, title, explanation or advice")
	}
	for i, a := range s.Advice {
		if a.Action == "" || a.Effect == "" || a.Risk == "" || a.Verify == "" || a.Setting != "" && a.To == "" {
			return fmt.Errorf("advice %d lacks action, effect, risk, how to verify, or what to set it to", i+1)
		}
	}
	var err error
	if s.names, err = compile(s.Threads); err != nil {
		return err
	}
	if s.lines, err = compile(s.Log); err != nil {
		return err
	}
	if !s.InDumps() && len(s.lines) == 0 {
		return errors.New("has no marks")
	}
	return nil
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// InDumps says that thread dumps can show it.
func (s *Signature) InDumps() bool { return len(s.Frames)+len(s.names) > 0 }

// InLogs says that log lines can show it.
func (s *Signature) InLogs() bool { return len(s.lines) > 0 }

// MatchLog says that a log line shows the problem.
func (s *Signature) MatchLog(line []byte) bool {
	return slices.ContainsFunc(s.lines, func(p pattern) bool { return p.match(line) })
}

// LogWords are texts of which every line holds one that MatchLog knows.
func (s *Signature) LogWords() []string {
	var words []string
	for _, p := range s.lines {
		words = append(words, string(p.needle))
	}
	return words
}

// MatchFrame says that a method is a mark.
func (s *Signature) MatchFrame(fn string) bool {
	return slices.ContainsFunc(s.Frames, func(mark string) bool { return strings.HasPrefix(fn, mark) })
}

// MatchThread says that a thread's name is a mark.
func (s *Signature) MatchThread(name string) bool {
	return slices.ContainsFunc(s.names, func(p pattern) bool { return p.MatchString(name) })
}

// ByName reports whether names of threads are among the marks, so that threads that do the same may differ.
func (s *Signature) ByName() bool { return len(s.names) > 0 }

// Shows says that a thread is at what the signature describes.
func (s *Signature) Shows(t *threads.Thread, w threads.Wait) bool {
	if !w.Busy() || len(s.Waits) > 0 && !slices.Contains(s.Waits, w.Kind.String()) {
		return false
	}
	return s.MatchThread(t.Name) ||
		slices.ContainsFunc(t.Stack.Frames, func(f *threads.Frame) bool { return s.MatchFrame(f.Func) })
}

// Todo is the advice.
func (s *Signature) Todo() []analyze.Advice {
	var out []analyze.Advice
	for _, a := range s.Advice {
		out = append(
			out,
			analyze.Advice{
				Action:  strings.TrimSpace(a.Action),
				Setting: a.Setting,
				From:    a.From,
				To:      a.To,
				Effect:  a.Effect,
				Risk:    a.Risk,
				Verify:  a.Verify,
			},
		)
	}
	return out
}
