// Package ticket says which artefacts a performance ticket asks for are in a capture, which are missing and how to get them, and asks what only
// people know.
package ticket

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"casefile/analyze"
)

// Artefact is one thing that support asks for.
type Artefact struct {
	ID   string `yaml:"id"`
	Name string `yaml:"name"`
	// Kind is what in a capture it is, a name of the table of kinds; "" nothing that casefile captures.
	Kind     string   `yaml:"kind"`
	Products []string `yaml:"products"` // that it is asked of; none: of all
	How      string   `yaml:"how"`      // to get it: the command or the screen
}

// Question is one that only people can answer.
type Question struct {
	Key  string `yaml:"key"`
	Text string `yaml:"text"`
}

// Wanted is what a vendor's support wants with a performance ticket.
type Wanted struct {
	Source    string     `yaml:"source"`
	Artefacts []Artefact `yaml:"artefacts"`
	Questions []Question `yaml:"questions"`
}

//go:embed wanted.yaml
var data embed.FS

// Default is the list that casefile comes with.
func Default() (*Wanted, error) {
	text, err := data.ReadFile("wanted.yaml")
	if err != nil {
		return nil, fmt.Errorf("ticket: %w", err)
	}
	return Read("wanted.yaml", text)
}

// MaxList is how long a list may be, in bytes.
const MaxList = 1 << 20

// Read reads a list; name is that of its file, for errors.
func Read(name string, text []byte) (*Wanted, error) {
	w := &Wanted{}
	if len(text) > MaxList {
		return nil, fmt.Errorf("%s: more than %d bytes", name, MaxList)
	}
	if err := yaml.Load(bytes.TrimSpace(text), w, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for i, a := range w.Artefacts {
		switch {
		case a.Name == "" || a.How == "":
			return nil, fmt.Errorf("%s: artefact %d: a name and how to get it are wanted", name, i+1)
		case a.Kind != "" && kinds[a.Kind] == nil:
			return nil, fmt.Errorf("%s: artefact %s: kind %q is none of those casefile captures", name, a.Name, a.Kind)
		}
	}
	for i, q := range w.Questions {
		if q.Key == "" || q.Text == "" {
			return nil, fmt.Errorf("%s: question %d: a key and a text are wanted", name, i+1)
		}
	}
	return w, nil
}

// Asks reports whether there is a question of a key.
func (w *Wanted) Asks(key string) bool {
	return slices.ContainsFunc(w.Questions, func(q Question) bool { return q.Key == key })
}

// Held is an artefact with where the capture has it.
type Held struct {
	*Artefact
	Nodes   []string // that have it
	Missing []string // that do not
	Detail  string   // how much of it: "6 dumps over 50 s"
	Since   time.Time
}

// Complete reports whether all nodes have it.
func (h *Held) Complete() bool { return len(h.Nodes) > 0 && len(h.Missing) == 0 }

// Asked is a question with its answer; "" none was given.
type Asked struct {
	*Question
	Answer string
}

// State is what a capture has of what is wanted.
type State struct {
	Source string
	Held   []Held
	Asked  []Asked
}

// ErrUnknownKey is an answer to a question that is not asked.
var ErrUnknownKey = errors.New("no such question")

// Of looks for what is wanted in a case; answers are by the keys of questions.
func Of(c *analyze.Case, w *Wanted, answers map[string]string) (*State, error) {
	s := &State{Source: w.Source}
	for key := range answers {
		if !w.Asks(key) {
			return nil, fmt.Errorf("%w: %s (there are %s, and the ids of the checklist)", ErrUnknownKey, key, keys(w.Questions))
		}
	}
	for i := range w.Artefacts {
		a := &w.Artefacts[i]
		if len(a.Products) > 0 && !runs(c, a.Products) {
			continue
		}
		h := Held{Artefact: a}
		for _, n := range c.Nodes {
			var got found
			if a.Kind != "" {
				got = kinds[a.Kind](c, n)
			}
			if got.is {
				h.Nodes = append(h.Nodes, n.Name)
				h.Detail = got.detail
				if h.Since.IsZero() || !got.since.IsZero() && got.since.Before(h.Since) {
					h.Since = got.since
				}
			} else {
				h.Missing = append(h.Missing, n.Name)
			}
		}
		s.Held = append(s.Held, h)
	}
	for i := range w.Questions {
		s.Asked = append(s.Asked, Asked{&w.Questions[i], answers[w.Questions[i].Key]})
	}
	return s, nil
}

func keys(list []Question) (text string) {
	for i, q := range list {
		if i > 0 {
			text += ", "
		}
		text += q.Key
	}
	return text
}

func runs(c *analyze.Case, products []string) bool {
	for _, n := range c.Nodes {
		for _, j := range n.JVMs {
			if slices.Contains(products, j.App) {
				return true
			}
		}
	}
	return false
}
