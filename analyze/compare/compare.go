package compare

import (
	"context"
	"errors"

	"casefile/analyze"
)

// Run is one capture of a side, with what the rules said of it.
type Run struct {
	Name   string // of its file, for people
	Case   *analyze.Case
	Result *analyze.Result
}

// Comparison is two sides with all that differs.
type Comparison struct {
	Before, After []Run
	Verdict       Verdict
	// Pairs are the processes and machines that both sides have, with how busy each was.
	Pairs []*Pair
	// Unmatched says in words what only one side has.
	Unmatched []string
	// Readings are all measures that both sides have: the judged ones first, what weighs most for requests before the rest.
	Readings []*Reading
	// OneSided says what one side measured and the other did not.
	OneSided []string
	Settings []Setting
	Findings Findings
	Advice   []Followed
	Profiles []Profiles
}

// New compares. Both sides need a run at least.
func New(ctx context.Context, before, after []Run) (*Comparison, error) {
	if len(before) == 0 || len(after) == 0 {
		return nil, errors.New("compare: each side needs a capture")
	}
	c := &Comparison{Before: before, After: after}
	c.match()
	for _, p := range c.Pairs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p.read()
		c.OneSided = append(c.OneSided, p.oneSided...)
	}
	if err := c.judge(ctx); err != nil {
		return nil, err
	}
	c.compareSettings()
	c.compareFindings()
	c.followAdvice()
	c.compareProfiles()
	c.decide()
	return c, nil
}
