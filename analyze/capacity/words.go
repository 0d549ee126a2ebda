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
	if text := e.Elsewhere.sentence(); text != "" && (e.First == nil || e.Elsewhere.Share > 0.5 && e.First.But == "") {
		out = append(out, text)
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
		return e.tooLow()
	}
	s := fmt.Sprintf("Growth ends first at %s: %s used (%s).", e.First.Title(), percents(e.First.Used), e.First.Text)
	s += e.near()
	const little = 1.1 // between Full and all of it, where bounds are close
	switch {
	case e.Growth.High <= little:
		s += " It is full: the cluster carries no more than it does now."
	case e.Growth.Low <= 1:
		s += fmt.Sprintf(" It may be full now, or the load may grow up to %s times.", say.Number(e.Growth.High))
	default:
		s += fmt.Sprintf(" The load may grow %s times until it is full.", between(e.Growth))
	}
	if e.Growth.High > little {
		switch {
		case e.Easy.High <= 1:
			s += " Answers wait for it already (above 70 %)."
		case e.Easy.Low <= 1:
			s += fmt.Sprintf(" Answers may wait for it already, or begin to at up to %s times (70 %%).", say.Number(e.Easy.High))
		default:
			s += fmt.Sprintf(" Answers begin to wait at %s times (70 %%).", between(e.Easy))
		}
	}
	switch {
	case e.Rate > 0:
		s += fmt.Sprintf(" Now it is %s requests a second; full at %s.", say.Number(e.Rate), between(e.Carries))
	case e.Requests > 0:
		s += fmt.Sprintf(" How many requests that is not all access logs tell: there is none of %s.", say.List(e.Silent))
	default:
		s += " How many requests that is no access log tells."
	}
	return s + e.together() + e.caveats()
}

// together says what several captures tell.
func (e *Estimate) together() string {
	if len(e.Loads) < 2 {
		return ""
	}
	var rates []string
	for _, r := range e.Loads {
		rates = append(rates, say.Number(r))
	}
	s := fmt.Sprintf(" That is the busiest of the captures at %s requests a second", say.List(rates))
	if e.All.Low > e.All.High {
		return s + "; the others do not agree with it: what a request needs changes with the load, or something else has changed between them."
	}
	return s + fmt.Sprintf("; all of them together allow %s.", between(e.All))
}

// tooLow says what is used most, and what may hide behind that.
func (e *Estimate) tooLow() string {
	r := &e.Resources[0]
	for i := range e.Resources { // in the order of what grows
		if x := &e.Resources[i]; x.Used.High > r.Used.High {
			r = x
		}
	}
	s := fmt.Sprintf("The load was too low to tell what ends growth first: the most used is %s, %s", r.Title(), percents(r.Used))
	if r.Fixed > r.Used.Low/2 {
		s += ", most of it by other programs than those captured"
	}
	s += "."
	if e.Unseen > Told.Value && r.nearness().Middle() >= Told.Value {
		s += fmt.Sprintf(" A lock that is held for up to %s of the time need not show in %s; more of them tell (casefile collect --dumps 20 --dump-interval 3s).",
			say.Percent(e.Unseen), say.Count(e.Looks, "dump"))
	}
	return s + e.together() + " Capture at the busiest hour."
}

// near names what may end growth as soon.
func (e *Estimate) near() string {
	const most = 2
	var list []string
	for i, x := range e.Near {
		if i == most {
			break
		}
		list = append(list, fmt.Sprintf("%s (%s)", x.Title(), percents(x.Used)))
	}
	if len(list) == 0 {
		return ""
	}
	return fmt.Sprintf(" As near may be %s.", say.List(list))
}

func (e *Estimate) caveats() (s string) {
	if e.First.But != "" {
		s += " " + e.First.But
	}
	if e.Looks == 0 {
		s += " No dumps tell of request threads, pools and locks."
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
	if e.Nodes < 2 {
		return "One node was captured: whether there are others that carry its share when it dies cannot be told."
	}
	var list, unsure []string
	word := "may not"
	for _, l := range e.After {
		text := fmt.Sprintf("%s %s", l.Title(), percents(l.Then))
		switch {
		case l.Then.High < Full.Value:
			continue
		case l.Then.Low >= Full.Value:
			word = "do not"
		case l.Then.Middle() < Good.Value:
			unsure = append(unsure, text)
			continue
		}
		list = append(list, text)
	}
	const most = 3
	if len(list) > 0 {
		return fmt.Sprintf("When one node dies the others %s carry its share: %s would be used.", word, strings.Join(list[:min(len(list), most)], ", "))
	}
	if len(unsure) > 0 {
		return fmt.Sprintf("When one node dies the others probably carry its share at the load of this capture; too little was seen to be sure of %s used.",
			strings.Join(unsure[:min(len(unsure), most)], ", "))
	}
	s := "When one node dies the others carry its share at the load of this capture: no resource of theirs that was measured would be full."
	if len(e.After) > 0 {
		s += fmt.Sprintf(" The fullest would be %s, %s used.", e.After[0].Title(), percents(e.After[0].Then))
	}
	return s
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
