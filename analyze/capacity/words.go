package capacity

import (
	"fmt"
	"math"
	"strings"

	"casefile/analyze/say"
)

// Sentences say the estimate in words, the most useful first; none: nothing was measured.
func (e *Estimate) Sentences() (out []string) {
	if len(e.Resources) == 0 {
		return nil
	}
	if out = append(out, e.growth()); e.First != nil {
		out = append(out, e.further())
	}
	out = append(out, e.loss())
	if len(e.Single) > 0 {
		out = append(out, fmt.Sprintf("There is one of each of these, and without it nothing works: %s.", say.List(e.Single)))
	}
	if e.Evicted > 0 && e.Nodes > 1 {
		s := fmt.Sprintf("The cluster gives a member up after %s without a word", say.Took(e.Evicted))
		if e.Longest > 0 {
			s += fmt.Sprintf("; the longest stop of a JVM in this capture took %s", say.Took(e.Longest))
		}
		out = append(out, s+". Until then its requests wait.")
	}
	return out
}

// Title names a resource: "CPU of n2", "the lock at Cache.get of n1".
func (r *Resource) Title() string {
	if r.Node == "" {
		return r.Name
	}
	return r.Name + " of " + r.Node
}

func (e *Estimate) growth() string {
	if e.First == nil {
		r := &e.Resources[0]
		return fmt.Sprintf("The load was too low to tell what ends growth first: the most used is %s, %s. Capture at the busiest hour.", r.Title(), percents(r.Used))
	}
	s := fmt.Sprintf("%s ends growth first: %s used (%s).", capital(e.First.Title()), percents(e.First.Used), e.First.Text)
	switch {
	case e.Growth.High <= 1:
		s += " It is full: the cluster carries no more than it does now."
	case e.Growth.Low <= 1:
		s += fmt.Sprintf(" It is full in its busiest moments; on average the load may grow up to %s times.", say.Number(e.Growth.High))
	default:
		s += fmt.Sprintf(" The load may grow %s times until it is full.", between(e.Growth))
	}
	if e.Growth.High > 1 {
		if e.Easy.Low <= 1 {
			s += " Answers wait for it already (above 70 %)."
		} else {
			s += fmt.Sprintf(" Answers begin to wait at %s times (70 %%).", between(e.Easy))
		}
	}
	if e.Rate > 0 {
		s += fmt.Sprintf(" Now it is %s requests a second; full at %s.", say.Number(e.Rate), between(Range{e.Rate * max(1, e.Growth.Low), e.Rate * max(1, e.Growth.High)}))
	} else {
		s += " How many requests that is no access log tells."
	}
	return s
}

func (e *Estimate) further() string {
	if !e.Helps {
		return fmt.Sprintf("A further node brings nothing: all nodes share %s.", e.First.Title())
	}
	times := between(e.Further)
	if e.Further.Low == e.Further.High {
		times = "up to " + times
	}
	s := fmt.Sprintf("A further node would make it %s times what %s", times, nodes(e.Nodes, "carries", "carry"))
	if e.Shared >= 0.01 {
		s += fmt.Sprintf(": at most %s of the requests' time goes to the database and other members, which all share", say.Percent(e.Shared))
	}
	return s + "."
}

func (e *Estimate) loss() string {
	switch {
	case e.Nodes < 2:
		return "When this node dies nothing is left to serve."
	case len(e.Losses) == 0:
		return "When one node dies the others carry its share at the load of this capture: no resource of theirs that was measured would be full."
	}
	var list []string
	for i, l := range e.Losses {
		if i == 3 {
			break
		}
		list = append(list, fmt.Sprintf("%s %s", l.Title(), percents(l.Then)))
	}
	word := "may not"
	if e.Losses[0].Then.Low >= Full.Value {
		word = "do not"
	}
	return fmt.Sprintf("When one node dies the others %s carry its share: %s would be used.", word, strings.Join(list, ", "))
}

func nodes(n int, one, many string) string {
	if n == 1 {
		return "one node " + one
	}
	return fmt.Sprintf("%d nodes %s", n, many)
}

func percents(r Range) string {
	low, high := say.Percent(max(0, r.Low)), say.Percent(r.High)
	if low == high {
		return low
	}
	return low + " to " + high
}

func between(r Range) string {
	low, high := say.Number(r.Low), say.Number(r.High)
	switch {
	case math.IsInf(r.High, 1):
		return "at least " + low
	case low == high:
		return low
	}
	return low + " to " + high
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
