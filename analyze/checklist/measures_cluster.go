package checklist

import (
	"fmt"
	"io/fs"
	"math"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"casefile/analyze"
	"casefile/analyze/appconf"
	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
	"casefile/analyze/timing"
	record "casefile/bundle/format/timing"
)

// stamped are the parts of a plugin's file name that differ from one start to the next: "plugin.330703607863087.calendar-5.1.jar",
// "calendar-5.1_1711000000000.jar".
var stamped = regexp.MustCompile(`^plugin[._]\d{6,}[._]|[._-]\d{10,}`)

// mostNamed is how many plugins an answer names of each kind.
const mostNamed = 3

// plugins says of each node how its plugins differ from those that most nodes have.
func plugins(c *analyze.Case) (out []Reading) {
	sets := map[*analyze.JVM][]string{}
	var list []*analyze.JVM
	nodes := map[string]int{} // that have a set
	usual := ""
	for _, j := range cluster(c) {
		if len(j.Plugins) == 0 {
			continue
		}
		var names []string
		for _, n := range j.Plugins {
			names = append(names, stamped.ReplaceAllString(n, ""))
		}
		slices.Sort(names)
		sets[j], list = slices.Compact(names), append(list, j)
		all := strings.Join(sets[j], "\n")
		if nodes[all]++; usual == "" || nodes[all] > nodes[usual] {
			usual = all
		}
	}
	for _, j := range list {
		r := Reading{Node: j.Node.Name, Apps: productsOf(j), Text: say.Count(len(sets[j]), "plugin"), At: at(j.PluginsSource, "")}
		want := strings.Split(usual, "\n")
		if missing := others(want, sets[j]); len(missing) > 0 {
			r.Text += " without " + say.List(missing)
		}
		if more := others(sets[j], want); len(more) > 0 {
			r.Text += " with " + say.List(more)
		}
		out = append(out, r)
	}
	return out
}

// others are names of a list that another has not, the first ones by name and how many more there are.
func others(list, not []string) []string {
	left := slices.DeleteFunc(slices.Clone(list), func(n string) bool { return slices.Contains(not, n) })
	if more := len(left) - mostNamed; more > 0 {
		left = append(left[:mostNamed:mostNamed], fmt.Sprintf("%d more", more))
	}
	return left
}

// joinByPeers is the way to join in which each member is told of all others.
const joinByPeers = "tcp_ip"

// peersOf are the members that a list names, in order: it does not matter which comes first.
func peersOf(list string) []string {
	names := strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
	slices.Sort(names)
	return slices.Compact(names)
}

// peers is 1 where a member that finds the others by a list has as many in it as there are nodes, or finds them otherwise.
func peers(c *analyze.Case) (out []Reading) {
	members := cluster(c)
	for _, j := range members {
		for _, f := range j.Conf {
			said := map[string]appconf.Setting{}
			for _, s := range f.Cluster {
				said[s.Name] = s
			}
			join, known := said[appconf.ClusterJoin]
			if !known {
				continue
			}
			r := Reading{Node: j.Node.Name, Apps: productsOf(j), Value: 1, Text: "by " + join.Value, At: cite.Place(join.Place, join.Name)}
			if join.Value == joinByPeers {
				list := said[appconf.ClusterPeers]
				named := len(peersOf(list.Value))
				r.Text, r.At = fmt.Sprintf("%s named, %s captured", say.Count(named, "peer"), say.Count(len(members), "node")), cite.Place(list.Place, list.Name)
				if named < len(members) {
					r.Value = 0
				}
			}
			out = append(out, r)
			break
		}
	}
	return out
}

// clockApart is how far clocks of nodes are apart at least, whatever the error of the measurement.
func clockApart(c *analyze.Case) (out []Reading) {
	for i, a := range c.Nodes {
		for _, b := range c.Nodes[i+1:] {
			if c.Timing == nil {
				continue
			}
			apart := (a.Clock.Offset - b.Clock.Offset).Abs()
			within := a.Clock.Error + b.Clock.Error
			ms := func(d float64) string { return say.Number(d) + " ms" }
			out = append(out, Reading{Node: b.Name, What: "against " + a.Name, Value: max(0, (apart - within).Seconds()),
				Text: fmt.Sprintf("%s apart, give or take %s", ms(float64(apart)/1e6), ms(float64(within)/1e6)), At: at(record.RecordFile, "")})
		}
	}
	return out
}

func links(c *analyze.Case) []timing.Link {
	if c.Timing == nil {
		return nil
	}
	nodes := map[string]bool{}
	for _, n := range c.Nodes {
		nodes[n.Name] = true
	}
	return slices.DeleteFunc(timing.New(record.RecordFile, c.Timing).Measured(), func(l timing.Link) bool { return !nodes[l.From] || !nodes[l.To] })
}

func linkLatency(c *analyze.Case) (out []Reading) {
	for _, l := range links(c) {
		if l.RTT.Count >= timing.Enough {
			out = append(out, Reading{Node: l.From, What: "to " + l.To, Value: l.RTT.P50, Text: say.Number(l.RTT.P50) + " ms", At: at(record.RecordFile, "")})
		}
	}
	return out
}

func linkLoss(c *analyze.Case) (out []Reading) {
	for _, l := range links(c) {
		if l.UDP.Sent >= timing.Enough {
			out = append(out, Reading{Node: l.From, What: "to " + l.To, Value: l.UDP.AtLeast(), At: at(record.RecordFile, ""),
				Text: fmt.Sprintf("%d of %d lost", l.UDP.Lost, l.UDP.Sent)})
		}
	}
	return out
}

// latency reads the median of probes of one measure. A probe that fails always, before the part that is judged, is as bad as can be.
func latency(name string) measure {
	return func(c *analyze.Case) (out []Reading) {
		for _, n := range c.Nodes {
			if n.Timing == nil {
				continue
			}
			node := timing.Node{Node: n.Timing, Source: n.TimingSource}
			for _, l := range node.Latencies() {
				r := Reading{Node: n.Name, What: l.Target, At: at(n.TimingSource, "")}
				switch {
				case l.Measure != name:
					continue
				case l.Tries > 0 && l.Failures == l.Tries && (!l.Known || l.Floor):
					r.Value, r.Text, r.Dead = math.Inf(1), "does not answer", true
				case refused(&l.Probe):
					r.Value, r.Text, r.Dead = math.Inf(1), l.Refused, true
				case !l.Known, l.Floor && l.Verdict != record.Bad:
					continue
				default:
					r.Value, r.Text = l.Part.P50, say.Number(l.Part.P50)+" ms"
				}
				out = append(out, r)
			}
		}
		return out
	}
}

// refused reports whether a folder cannot be written to, whoever tries; a lack of rights may be casefile's own.
func refused(p *record.Probe) bool {
	return p.Limit != nil && (p.Limit.Measure == record.MeasureSharedHome || p.Limit.Measure == record.MeasureLocalDisk) &&
		p.Refused != "" && !strings.Contains(p.Refused, fs.ErrPermission.Error()) && !strings.Contains(p.Refused, "not permitted")
}

// sharedMount says what the shared folders are on each node: their paths, and what is mounted there.
func sharedMount(c *analyze.Case) (out []Reading) {
	for _, n := range c.Nodes {
		if n.Timing == nil || n.Host == nil {
			continue
		}
		var list []string
		for i := range n.Timing.Storage {
			p := &n.Timing.Storage[i]
			if p.Limit == nil || p.Limit.Measure != record.MeasureSharedHome {
				continue
			}
			switch on := n.Host.FileSystemOf(p.Target); {
			case strings.Contains(p.Refused, syscall.ENOENT.Error()):
				list = append(list, "no folder "+p.Target)
			case on != nil:
				list = append(list, fmt.Sprintf("%s from %s (%s)", p.Target, on.Filesystem.Source, on.Type))
			}
		}
		if len(list) > 0 {
			slices.Sort(list)
			out = append(out, Reading{Node: n.Name, Text: strings.Join(list, " and "), At: at(n.TimingSource, "")})
		}
	}
	return out
}

// requestSpread is each node's requests over the mean of all nodes, within the time that the access logs of all of them cover.
func requestSpread(c *analyze.Case) (out []Reading) {
	const enough = 100 // requests
	times, source := map[string][]time.Time{}, map[string]string{}
	var from, to time.Time
	for _, n := range c.Nodes {
		var list []time.Time
		for _, j := range n.JVMs {
			for _, a := range j.Access {
				for _, r := range a.Newest() {
					list = append(list, n.Clock.Reference(r.Ended))
				}
				source[n.Name] = a.Source
			}
		}
		if len(list) == 0 {
			continue
		}
		slices.SortFunc(list, time.Time.Compare)
		if times[n.Name] = list; list[0].After(from) {
			from = list[0]
		}
		if last := list[len(list)-1]; to.IsZero() || last.Before(to) {
			to = last
		}
	}
	counts, sum := map[string]float64{}, 0.0
	for node, list := range times {
		for _, t := range list {
			if !t.Before(from.Add(-stampResolution)) && !t.After(to.Add(stampResolution)) {
				counts[node]++
				sum++
			}
		}
	}
	if len(times) < 2 || sum < enough {
		return nil
	}
	for _, n := range c.Nodes {
		if k, known := counts[n.Name]; known {
			out = append(out, Reading{Node: n.Name, Value: k * float64(len(times)) / sum, At: at(source[n.Name], ""),
				Text: fmt.Sprintf("%s of %s requests", say.Number(k), say.Number(sum))})
		}
	}
	return out
}

// connectionsClaimed is what the pools of all nodes may open at a database server, of what it takes.
func connectionsClaimed(c *analyze.Case) (out []Reading) {
	claimed := 0.0
	for _, n := range c.Nodes {
		for _, j := range n.JVMs {
			s := j.Settings()
			for _, p := range s.Pools {
				claimed += float64(p.Max)
			}
		}
	}
	for _, n := range c.Nodes {
		if n.Timing == nil || claimed == 0 {
			continue
		}
		for _, p := range n.Timing.Databases {
			if p.Connections != nil && p.Connections.Room() > 0 {
				room := float64(p.Connections.Room())
				return append(out, Reading{What: p.Target, Value: 100 * claimed / room, At: at(n.TimingSource, ""),
					Text: fmt.Sprintf("pools may open %s, the server takes %s", say.Number(claimed), say.Number(room))})
			}
		}
	}
	return out
}
