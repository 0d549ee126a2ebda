package cluster

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

var (
	propagationPause = analyze.NewLimit(time.Second, "", "standstill of one node", "what users of an "+
		"interactive service notice")
	propagationCritical = analyze.NewLimit(
		10*time.Second,
		"",
		"standstill of one node: critical",
		"two of Hazelcast's "+
			"heartbeats, which come each 5 s",
	)
	removalPause = analyze.NewLimit(
		5*time.Second,
		"",
		"standstill that may remove a member",
		"one of Hazelcast's heartbeats; shorter ones remove nobody",
	)
	removalAfter = analyze.NewLimit(
		30*time.Second,
		"",
		"from the end of the standstill to the removal",
		"Confluence removes a member after 30 s without a heartbeat",
	)
	panicAfter = analyze.NewLimit(
		2*time.Minute,
		"",
		"from the end of the standstill to the panic",
		"Confluence's cluster safety job runs each 30 s",
	)
)

var pausePropagation = &analyze.Rule{
	ID:  ids.PausePropagation,
	Doc: "One node stood still, and others waited for it or took it for dead: the time of both on one clock says so.",
	Needs: "two nodes or more on one clock, with GC logs, counters and thread dumps: casefile collect --cluster " +
		"FILE --dumps 6",
	Fix:      "Cure the standstill of the one node; give calls between nodes a timeout.",
	Compares: true,
	Limits: []analyze.Threshold{
		propagationThreads, propagationPause, propagationCritical, removalPause, removalAfter, panicAfter,
		stillSamples, views.StuckCPU,
	},
	Run: analyze.Each(wholeCluster, judgePropagation),
}

// judgePropagation looks for what each standstill of a node did to the others.
func judgePropagation(pass *analyze.Pass, c *cluster) (out []analyze.Finding) {
	if len(c.Nodes) < 2 {
		return nil
	}
	stops := map[*analyze.Node][]*standstill{}
	for _, n := range c.Nodes {
		stops[n] = standstills(pass, n)
	}
	for _, v := range members.Of(pass) {
		if v.JVM != nil {
			pass.Evaluated() // a dump shows who waits; that nobody stood still is an answer too
		}
	}
	var told []*standstill
	for _, n := range c.Nodes {
		for _, s := range stops[n] {
			e := effectOf(pass, s, stops)
			if e == nil ||
				slices.ContainsFunc(
					told,
					func(o *standstill) bool { return o.subject() == s.subject() && s.jvm != nil && o.overlaps(s) },
				) {
				continue // a JVM that agents of one machine both see is one
			}
			told = append(told, s)
			out = append(out, propagation(pass, s, e))
		}
	}
	return out
}

// effect is what one node's standstill did to others.
type effect struct {
	held    []*held
	removed []clusterLine
	panics  []clusterLine
	bound   time.Duration // of the clocks of cause and victims against each other
}

type clusterLine struct {
	node *analyze.Node
	analyze.LogLine
	at time.Time // reference
}

// effectOf looks at all other nodes; nil: nobody was touched.
func effectOf(p *analyze.Pass, s *standstill, stops map[*analyze.Node][]*standstill) *effect {
	e := &effect{}
	for _, v := range members.Of(p) {
		if v.JVM == nil || v.Node == s.node ||
			s.jvm != nil && v.Subject == s.subject() && v.JVM.PID == s.jvm.PID && v.JVM.PID != 0 {
			continue
		}
		if slices.ContainsFunc(
			stops[v.Node],
			func(o *standstill) bool { return (o.jvm == nil || o.jvm == v.JVM) && together(o, s) },
		) {
			continue // it stood still itself: something took both
		}
		if h := heldWhile(v, s); h != nil && h.hurts() {
			e.held = append(e.held, h)
			e.bound = max(e.bound, s.node.Clock.Error+v.Node.Clock.Error)
		}
	}
	for _, n := range p.Nodes {
		for _, j := range n.JVMs {
			e.read(p, s, n, j)
		}
	}
	if len(e.held) == 0 && len(e.removed) == 0 {
		return nil
	}
	return e
}

// together: the one lasted for most of the other.
func together(a, b *standstill) bool {
	from, to := views.MaxTime(a.from, b.from), views.MinTime(a.to, b.to)
	return 2*to.Sub(from) > b.length()
}

// read takes the lines of one log that the standstill explains.
func (e *effect) read(p *analyze.Pass, s *standstill, n *analyze.Node, j *analyze.JVM) {
	if s.length() < removalPause.Value {
		return
	}
	for _, l := range j.LogLines("removal", "panic") {
		c := clusterLine{n, l, referenceOf(n, l.Time)}
		switch {
		case !l.ZoneKnown: // a time that may be an hour off explains nothing
		case c.at.Before(s.from.Add(propagationPause.Value)) || namesAnother(p.Case, s.node, n, l.Text):
		case l.Kind == "removal" && n != s.node && c.at.Before(s.to.Add(removalAfter.Value)):
			e.removed = append(e.removed, c)
			e.bound = max(e.bound, s.node.Clock.Error+n.Clock.Error)
		case l.Kind == "panic" && c.at.Before(s.to.Add(panicAfter.Value)):
			e.panics = append(e.panics, c)
		}
	}
}

// namesAnother: the line is about a third node.
func namesAnother(c *analyze.Case, cause, writer *analyze.Node, text string) bool {
	if strings.Contains(text, cause.Name) {
		return false
	}
	return slices.ContainsFunc(c.Nodes, func(n *analyze.Node) bool {
		return n != cause && n != writer && len(n.Name) > 2 && strings.Contains(text, n.Name)
	})
}

func propagation(p *analyze.Pass, s *standstill, e *effect) analyze.Finding {
	f := analyze.Finding{
		Severity:   analyze.Warning,
		Confidence: e.sure(),
		Nodes:      []string{s.node.Name},
		Subject:    s.subject(),
	}
	if len(e.removed) > 0 || s.length() >= propagationCritical.Value {
		f.Severity = analyze.Critical
	}
	span := p.Ended.Sub(p.Started)
	f.Weight = min(1, float64(s.length())/float64(max(span, 10*time.Second)))
	if len(e.removed) > 0 {
		f.Weight = 1
	}
	happened, victims := e.told()
	for _, n := range p.Nodes {
		if victims[n.Name] && n != s.node {
			f.Nodes = append(f.Nodes, n.Name)
		}
	}
	f.Say("%s stood still for %s (%s), and %s", s.name(), s.duration(), s.what, say.Enumerate(happened))
	f.Impact = fmt.Sprintf("%s: from %s to %s on the reference clock, give or take %s", whom(f.Nodes[1:]),
		clockTime(s.from), say.UTC(s.to, clockLayout), say.Took(e.bound))
	f.Explanation = "The threads waited for an answer of the network exactly while the other node gave none, and " +
		"moved before or after. That they wait on these nodes is a consequence: the cause is on " + s.node.Name + "."
	if len(e.removed) > 0 {
		f.Explanation += " A node that gives no heartbeat is removed (Confluence: after 30 s); it does not know, " +
			"goes on writing, and panics at the next safety check. What its log says after the panic is of no use."
	}
	f.Evidence = e.evidence(p.Case, s)
	f.Advice = standstillAdvice(s)
	return f
}

// told says what happened on other nodes meanwhile, and to whom.
func (e *effect) told() (happened []say.Phrase, victims map[string]bool) {
	victims = map[string]bool{}
	for _, h := range e.held {
		happened = append(happened, say.Text("%s of %s on %s waited meanwhile", say.Counted("held", len(h.threads), "thread"),
			h.view.Subject, h.view.Node.Name))
		victims[h.view.Node.Name] = true
	}
	removing := map[string]bool{}
	for _, r := range e.removed {
		if !removing[r.node.Name] {
			happened = append(happened, say.Text("%s removed a member from the cluster", r.node.Name))
			removing[r.node.Name], victims[r.node.Name] = true, true
		}
	}
	return happened, victims
}

// evidence cites the standstill, what logs say of it, and who waited.
func (e *effect) evidence(c *analyze.Case, s *standstill) (out []analyze.Evidence) {
	out = append(out, s.evidence[:min(len(s.evidence), 3)]...)
	out = append(out, refusedDumps(c, s)...)
	for _, l := range slices.Concat(e.removed, e.panics) {
		if len(out) < 2*cite.Most {
			out = append(out, analyze.Evidence{
				Entry: l.Source,
				Lines: analyze.Lines(l.Line, l.Line),
				Text:  fmt.Sprintf("%s at %s: %s", l.node.Name, clockTime(l.at), cite.Line(l.Text)),
			})
		}
	}
	for _, h := range e.held {
		for _, x := range h.view.CiteAll(h.cites, 3) {
			x.Text = h.view.Node.Name + ": " + x.Text
			out = append(out, x)
		}
	}
	return cite.Known(out...)
}

func standstillAdvice(s *standstill) []analyze.Advice {
	return []analyze.Advice{{
		Action: s.advice,
		Effect: fmt.Sprintf("%s answers all the time, and the others need not wait.", s.node.Name),
		Risk:   "None in looking.",
		Verify: "No node stands still for a second or more in the next capture, and no thread waits for another " +
			"node over two dumps.",
	}, {
		Action: "Give calls between nodes a timeout below what a user waits for, so that one node's stop costs " +
			"its own users only.",
		Effect: "The others go on without the node that stands.",
		Risk:   "Answers that come late become errors.",
		Verify: "Threads leave the call when the timeout ends.",
	}}
}

func (s *standstill) duration() say.Phrase {
	if s.lead+s.slack > 0 {
		return say.Text("%s to %s", say.Time("stood_still", s.length()), say.Time("stood_still_at_most", s.lead+s.length()+s.slack))
	}
	return say.Text("%s", say.Time("stood_still", s.length()))
}

func whom(nodes []string) string {
	if len(nodes) == 1 {
		return nodes[0] + " was held up"
	}
	return say.List(nodes) + " were held up"
}

// sure: threads seen twice without moving, or the cluster's own word, leave little room for chance.
func (e *effect) sure() analyze.Confidence {
	twice := 0
	for _, h := range e.held {
		twice += h.seenTwice
	}
	switch {
	case len(e.removed) > 0 || twice >= 2:
		return analyze.High
	case twice > 0 || len(e.held) > 1:
		return analyze.Medium
	}
	return analyze.Low
}
