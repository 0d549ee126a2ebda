package checklist

import (
	"fmt"

	"casefile/analyze"
	"casefile/analyze/say"
	"casefile/bundle/format/timing"
)

// clusterPorts says of each port that two nodes listen on whether the one reaches it at the other. Of a port that the other node does
// not listen on at all addresses, a failure says nothing.
func clusterPorts(c *analyze.Case) (out []Reading) {
	if c.Timing == nil {
		return nil
	}
	type listener struct {
		node string
		port int
	}
	listens, links := map[listener]bool{}, links(c)
	known := map[[2]string]bool{}
	for _, l := range links {
		known[[2]string{l.From, l.To}] = true
	}
	for i := range c.Timing.Links {
		for _, p := range c.Timing.Links[i].Ports {
			listens[listener{c.Timing.Links[i].From, p.Port}] = p.Any
		}
	}
	for i := range c.Timing.Links {
		l := &c.Timing.Links[i]
		for _, p := range l.Ports {
			if !known[[2]string{l.From, l.To}] || !listens[listener{l.To, p.Port}] {
				continue
			}
			r := Reading{Node: l.From, What: "to " + l.To, Value: 1, At: at(timing.RecordFile, fmt.Sprintf("ports of %s -> %s", l.From, l.To))}
			if r.Text = fmt.Sprintf("port %d (%s) connects in %s ms", p.Port, timing.UseOf(p.Port), say.Number(p.ConnectMS)); p.Error != "" {
				r.Value, r.Text = 0, fmt.Sprintf("port %d (%s): %s", p.Port, timing.UseOf(p.Port), p.Error)
			}
			out = append(out, r)
		}
	}
	return out
}

// sharedRename reports of each node whether a file in the shared home could be renamed.
func sharedRename(c *analyze.Case) (out []Reading) {
	for _, n := range c.Nodes {
		if n.Timing == nil {
			continue
		}
		for i := range n.Timing.Storage {
			p := &n.Timing.Storage[i]
			if p.Limit == nil || p.Limit.Measure != timing.MeasureSharedHome {
				continue
			}
			r := Reading{Node: n.Name, What: p.Target, At: at(n.TimingSource, p.Target)}
			failed := failedStep(p, timing.StepRename)
			done := p.Step(timing.StepRename)
			switch {
			case failed != "":
				r.Text = failed
			case done != nil && done.Count > 0:
				r.Value, r.Text = 1, "renamed "+say.Count(int(done.Count), "file")
			default:
				continue
			}
			out = append(out, r)
		}
	}
	return out
}
