package cluster

import (
	"cmp"
	"math"
	"slices"
	"time"

	"casefile/analyze"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/timing"
	wire "casefile/bundle/format/timing"
)

// cluster is the whole case, for rules that compare its nodes.
type cluster struct {
	*analyze.Case
	measured *timing.Cluster // between the nodes; nil: nothing
}

// About names nothing: each finding names its nodes.
func (c *cluster) About() analyze.Subject { return analyze.Subject{} }

func wholeCluster(p *analyze.Pass) []*cluster { return []*cluster{whole.Of(p)} }

var whole = analyze.NewMemo(func(p *analyze.Pass) *cluster {
	c := &cluster{Case: p.Case}
	if p.Timing != nil {
		c.measured = timing.New(wire.RecordFile, p.Timing)
	}
	return c
})

// member is one process with its dumps, as it may be held up by another node.
type member struct{ *views.Process }

// members are the processes that have dumps.
var members = analyze.NewMemo(func(p *analyze.Pass) (all []*member) {
	for _, base := range views.Processes.Of(p) {
		all = append(all, &member{base})
	}
	return all
})

// millisOf is a span in milliseconds.
func millisOf(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// giveOrTake gives "1.9 ms, give or take 0.2 ms".
func giveOrTake(name string, d, bound time.Duration) say.Phrase {
	return say.Text("%s, give or take %s", say.Time(name, d.Abs()), say.Time("error_bound", bound.Abs()))
}

// clockOf is a node's clock against the reference; known is false where nobody compared them.
func clockOf(c *analyze.Case, n *analyze.Node) (clock analyze.Clock, known bool) {
	return n.Clock, n.Clock.Error > 0 || c.Timing != nil && c.Timing.Reference == n.Name
}

// referenceOf maps a node's time to the reference clock.
func referenceOf(n *analyze.Node, t time.Time) time.Time { return n.Clock.Reference(t) }

// clockTime gives a time of the reference clock.
func clockTime(t time.Time) string { return t.UTC().Format(clockLayout) }

const clockLayout = "15:04:05.0"

// timed cites the record of the cluster.
func timed(text string) analyze.Evidence {
	return analyze.Evidence{Entry: wire.RecordFile, Text: text}
}

// pair is the exchanges of two nodes, whoever began them.
type pair struct {
	a, b  string
	links []*timing.Link // what each of them measured
}

func (p pair) name() string { return p.a + " and " + p.b }

// pairs lists what was measured between nodes of the case; the admin's own links are not the cluster's.
func (c *cluster) pairs() []*pair {
	if c.measured == nil {
		return nil
	}
	node := map[string]bool{}
	for _, n := range c.Nodes {
		node[n.Name] = true
	}
	var out []*pair
	for _, l := range c.measured.Measured() {
		if !node[l.From] || !node[l.To] || l.From == l.To {
			continue
		}
		a, b := min(l.From, l.To), max(l.From, l.To)
		k := slices.IndexFunc(out, func(p *pair) bool { return p.a == a && p.b == b })
		if k < 0 {
			out = append(out, &pair{a: a, b: b})
			k = len(out) - 1
		}
		out[k].links = append(out[k].links, &l)
	}
	slices.SortFunc(out, func(x, y *pair) int { return cmp.Or(cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b)) })
	return out
}

// roundTrip is the lower of the medians that both sides measured: what delays one side's answers alone is that
// side's load, not the way.
func (p pair) roundTrip() (best *timing.Link) {
	for _, l := range p.links {
		if l.RTT.Count >= linkSamples.Value && (best == nil || l.RTT.P50 < best.RTT.P50) {
			best = l
		}
	}
	return best
}

// median of values, which it sorts; NaN of none.
func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	slices.Sort(v)
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

// namesOf lists the nodes of pairs, each once.
func namesOf(list []*pair) []string {
	var names []string
	for _, p := range list {
		names = append(names, p.a, p.b)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// common is the node that all pairs have, when there is one and more than one pair.
func common(list []*pair) string {
	if len(list) < 2 {
		return ""
	}
	for _, name := range []string{list[0].a, list[0].b} {
		if !slices.ContainsFunc(list, func(p *pair) bool { return p.a != name && p.b != name }) {
			return name
		}
	}
	return ""
}
