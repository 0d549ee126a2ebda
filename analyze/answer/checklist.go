package answer

import (
	"casefile/analyze/capacity"
	"casefile/analyze/checklist"
)

// ChecklistQuery narrows the questions.
type ChecklistQuery struct {
	State  string `json:"state,omitempty" jsonschema:"only answers of this state: not-ok, not-known or ok; default: not-ok and not-known"`
	Offset int    `json:"offset,omitempty" jsonschema:"how many to skip"`
	Limit  int    `json:"limit,omitempty" jsonschema:"at most so many, up to 100; default 40"`
}

// ChecklistAnswer is the cluster's checklist, and what ends its growth.
type ChecklistAnswer struct {
	Capture  string         `json:"capture"`
	Counts   map[string]int `json:"counts"`
	Answers  []Checked      `json:"answers"`
	More     int            `json:"more"`
	Capacity []string       `json:"capacity"`
}

// Checked is one question with its answer.
type Checked struct {
	ID       string  `json:"id"`
	Question string  `json:"question"`
	State    string  `json:"state"`
	Severity string  `json:"severity,omitempty"` // of what is not ok
	Value    string  `json:"value,omitempty"`
	Do       string  `json:"do,omitempty"`
	Source   string  `json:"source"`
	At       []Place `json:"evidence"`
}

// Checklist answers the questions to a cluster.
func (c *Capture) Checklist(q ChecklistQuery) (*ChecklistAnswer, error) {
	list, err := checklist.Of(c.Case, c.Result)
	if err != nil {
		return nil, err
	}
	out := &ChecklistAnswer{Capture: c.Name, Counts: map[string]int{}, Capacity: capacity.Of(c.Case, c.Result).Sentences()}
	for _, s := range []checklist.State{checklist.NotOK, checklist.NotKnown, checklist.OK} {
		out.Counts[string(s)] = list.Count(s)
	}
	if q.State != "" {
		if _, known := out.Counts[q.State]; !known {
			return nil, notThere("state "+q.State, []string{string(checklist.NotOK), string(checklist.NotKnown), string(checklist.OK)})
		}
	}
	var all []Checked
	for i := range list.Answers {
		a := &list.Answers[i]
		if q.State != "" && string(a.State) != q.State || q.State == "" && a.State == checklist.OK {
			continue
		}
		x := Checked{ID: a.ID, Question: a.Question, State: string(a.State), Value: a.Value, Do: a.Do(), Source: a.Source, At: []Place{}}
		if a.State == checklist.NotOK {
			x.Severity = string(a.Rank())
		}
		for _, e := range a.At {
			x.At = append(x.At, Place{e.Entry, e.Lines})
		}
		all = append(all, x)
	}
	out.Answers, out.More = page(all, q.Offset, q.Limit, 40)
	return out, nil
}
