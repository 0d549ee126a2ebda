package report

import (
	"cmp"
	"slices"
	"strings"

	"casefile/analyze"
)

// Story is what an admin decides from, in the order in which every output tells it: what is wrong and in what, what
// to do, four figures, and the problems with what follows from each.
type Story struct {
	// Headline is the worst problem in its own words, or the verdict where there is none.
	Headline string        `json:"headline"`
	Scope    Scope         `json:"scope"`
	Actions  []StoryAction `json:"actions"`
	Figures  []KeyFigure   `json:"figures"`
	Problems []Problem     `json:"problems"`
}

// Problem is a finding of warning or above that stands for itself, with those that follow from it. They are numbers,
// from 1, of the findings.
type Problem struct {
	Finding      int   `json:"finding"`
	Consequences []int `json:"consequences"`
}

// StoryAction is one of the first things to do.
type StoryAction struct {
	Finding int      `json:"finding"` // number, from 1, of the finding that asks for it
	ID      string   `json:"id"`
	Nodes   []string `json:"nodes"`
	Subject string   `json:"subject,omitempty"`
	analyze.Advice
}

// Limits of a story.
const (
	storyActions  = 3
	storyHeadline = 300 // characters
)

// NewStory tells a case by what the rules said. Arrays are never null.
func NewStory(c *analyze.Case, r *analyze.Result) *Story {
	s := &Story{Scope: newScope(c, r), Actions: []StoryAction{}, Problems: []Problem{}}
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.ConsequenceOf == 0 && f.Severity.AtLeast(analyze.Warning) {
			s.Problems = append(s.Problems, Problem{i + 1, consequencesOf(r.Findings, i+1)})
		}
	}
	s.Headline = s.Scope.Verdict.Text
	if len(s.Problems) > 0 {
		s.Headline = headlineOf(c, &r.Findings[s.Problems[0].Finding-1])
	}
	s.act(r.Findings)
	s.Figures = keyFigures(c, r)
	return s
}

// headlineOf is a problem in its own words, with the node that has it where others have not.
func headlineOf(c *analyze.Case, f *analyze.Finding) string {
	title := clean(cut(f.Title, storyHeadline))
	if len(f.Nodes) != 1 || len(c.Nodes) < 2 || onNode(f.Nodes[0]) == "" || strings.Contains(f.Title, f.Nodes[0]) {
		return title
	}
	return clean(cut(f.Nodes[0], nodeNameWidth)) + ": " + title
}

// consequencesOf numbers what follows from a finding.
func consequencesOf(list []analyze.Finding, number int) []int {
	out := []int{}
	for i := range list {
		if list[i].ConsequenceOf == number {
			out = append(out, i+1)
		}
	}
	return out
}

// act takes the first advice of each problem, and where these are few, more of the same problems. What follows from
// another problem gives none: its advice treats a symptom, and may be against the cure.
func (s *Story) act(list []analyze.Finding) {
	for round := 0; len(s.Actions) < storyActions; round++ {
		more := false
		for _, p := range s.Problems {
			f := &list[p.Finding-1]
			if round >= len(f.Advice) {
				continue
			}
			more = true
			if a := &f.Advice[round]; !s.covered(f, a) && len(s.Actions) < storyActions {
				nodes := append([]string{}, f.Nodes...)
				s.Actions = append(s.Actions, StoryAction{p.Finding, f.ID, nodes, f.Subject, *a})
			}
		}
		if !more {
			break
		}
	}
	slices.SortStableFunc(s.Actions, func(a, b StoryAction) int { return cmp.Compare(a.Finding, b.Finding) })
}

// covered: an advice that is told already, of other nodes too, or that is instead of another.
func (s *Story) covered(f *analyze.Finding, a *analyze.Advice) bool {
	if a.Alternative {
		return true
	}
	for i := range s.Actions {
		o := &s.Actions[i]
		sameNodes := o.Subject == f.Subject && slices.Equal(o.Nodes, f.Nodes)
		switch {
		case sameNodes && (a.Setting != "" && a.Setting == o.Setting || a.Action == o.Action):
			return true
		case a.Action == o.Action && a.Setting == o.Setting && a.From == o.From && a.To == o.To && o.ID == f.ID:
			for _, n := range f.Nodes {
				if !slices.Contains(o.Nodes, n) {
					o.Nodes = append(o.Nodes, n)
				}
			}
			if o.Subject != f.Subject {
				o.Subject = ""
			}
			slices.Sort(o.Nodes)
			return true
		}
	}
	return false
}

// toCopy is an action as one pastes it into a ticket.
func (a *StoryAction) toCopy() string {
	lines := []string{clean(a.Action)}
	for _, l := range [][2]string{{"Change", change(&a.Advice)}, {"On", a.where()}, {"Effect", clean(a.Effect)},
		{"Risk", clean(a.Risk)}, {"Roll back", clean(a.Rollback)}, {"Verify", clean(a.Verify)}} {
		if l[1] != "" {
			lines = append(lines, l[0]+": "+l[1])
		}
	}
	return strings.Join(lines, "\n")
}

func (a *StoryAction) where() string {
	nodes := onNode(some(a.Nodes, 6))
	return clean(joined(" · ", cut(nodes, 6*nodeNameWidth), strings.TrimPrefix(a.Subject, nodes+"/")))
}
