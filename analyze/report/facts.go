package report

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"casefile/analyze"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

// jvmVersion is what the JVM, or its GC log, says of itself.
func jvmVersion(j *analyze.JVM) string {
	if j.Version != "" {
		return j.Version
	}
	for _, log := range j.GC {
		if log.JVMVersion != "" {
			return log.JVMVersion
		}
	}
	return ""
}

// cpusOf is the CPUs a node has, or as its JVMs see them; "" unknown.
func cpusOf(n *analyze.Node) string {
	if h := n.Host; h != nil && h.CPU.Count.Known() {
		text := say.Number(h.CPU.Count.Value)
		if e := h.CPU.Effective; e.Known() && e.Value < h.CPU.Count.Value {
			text += " (limit " + say.Number(e.Value) + ")"
		}
		return text
	}
	for _, j := range n.JVMs {
		for _, log := range j.GC {
			if log.Settings.CPUs > 0 {
				return strconv.Itoa(log.Settings.CPUs)
			}
		}
	}
	return ""
}

// nameOf is a node's name as it is shown.
func nameOf(n *analyze.Node) string { return cmp.Or(clean(cut(n.Name, nodeNameWidth)), "this node") }

// nodeNameWidth is how much of a node's name is shown, in characters.
const nodeNameWidth = 80

// Empty says that nothing in a case can be judged.
func Empty(c *analyze.Case) bool {
	for _, n := range c.Nodes {
		if n.Host != nil || len(n.JVMs)+len(n.Services)+len(n.LooseLogs)+len(n.LooseAccess) > 0 {
			return false
		}
	}
	return true
}

// rank is 0 for critical, 1 for warning, 2 for all else.
func rank(s analyze.Severity) int {
	switch s {
	case analyze.Critical:
		return 0
	case analyze.Warning:
		return 1
	}
	return 2
}

// caseLine says which case this is and when it was captured.
func caseLine(c *analyze.Case) string {
	id := c.ID
	if id != "" {
		id = "case " + id
	}
	cluster := c.Cluster
	if cluster != "" {
		cluster = "cluster " + cluster
	}
	return joined(" · ", clean(id), clean(cluster), between(c.Started, c.Ended))
}

// where names node and subject of a finding.
func where(f *analyze.Finding) string {
	names := make([]string, 0, len(f.Nodes))
	for _, n := range f.Nodes {
		names = append(names, cut(onNode(n), nodeNameWidth))
	}
	subject := f.Subject
	if len(names) == 1 { // loose files lie in the folder of their node
		subject = strings.TrimPrefix(subject, names[0]+"/")
	}
	return clean(joined(" · ", strings.Join(names, ", "), subject))
}

// onNode names the node that something is of; loose files of nobody knows where are of none.
func onNode(name string) string {
	if name == analyze.LooseNode {
		return ""
	}
	return name
}

// change is "setting: from -> to" as far as the advice gives it.
func change(a *analyze.Advice) string {
	var value string
	switch {
	case a.From != "" && a.To != "":
		value = a.From + " -> " + a.To
	case a.To != "":
		value = "-> " + a.To
	case a.From != "":
		value = "now " + a.From
	}
	return clean(joined(" ", settingOf(a.Setting, a.From, a.To), value))
}

// settingOf is the name of a setting; "": the values have it already, as "-Xmx8g" has that of -Xmx.
func settingOf(setting, from, to string) string {
	if strings.HasPrefix(from, setting) || strings.HasPrefix(to, setting) {
		return ""
	}
	return setting
}

// gapGroup is gaps that differ only in what they are a gap of.
type gapGroup struct {
	Item, Reason, Fix string
	Where             []string
}

// groupGaps joins the gaps of one target with the same reason and fix, and then
// the targets with the same gaps, in order of appearance.
func groupGaps(gaps []analyze.Gap) []gapGroup {
	type ofTarget struct {
		where, reason, fix string
		items              []string
	}
	var targets []*ofTarget
	for _, g := range gaps {
		t := ofTarget{where: clean(joined(" ", g.Node, g.Target)), reason: clean(g.Reason), fix: clean(g.Fix)}
		i := slices.IndexFunc(targets, func(o *ofTarget) bool { return o.where == t.where && o.reason == t.reason && o.fix == t.fix })
		if i < 0 {
			i = len(targets)
			targets = append(targets, &t)
		}
		targets[i].items = append(targets[i].items, clean(g.Item))
	}
	var out []gapGroup
	for _, t := range targets {
		item := some(t.items, 4)
		i := slices.IndexFunc(out, func(g gapGroup) bool { return g.Item == item && g.Reason == t.reason && g.Fix == t.fix })
		if i < 0 {
			i = len(out)
			out = append(out, gapGroup{Item: item, Reason: t.reason, Fix: t.fix})
		}
		if t.where != "" {
			out[i].Where = append(out[i].Where, t.where)
		}
	}
	return out
}

// some names the first few, the rest by number.
func some(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// places names where a gap is; a few by name, the rest by number.
func (g *gapGroup) places() string { return some(g.Where, 3) }

// maxSample is how many lines of one source are shown.
const maxSample = 20

// unparsedOf lists what was not understood, by source.
func unparsedOf(c *analyze.Case) []Unparsed {
	var out []Unparsed
	add := func(source string, n int64, sample ...SampleLine) {
		if n > 0 {
			out = append(out, Unparsed{clean(source), n, append([]SampleLine{}, sample[:min(len(sample), maxSample)]...)})
		}
	}
	for _, n := range c.Nodes {
		for _, j := range n.JVMs {
			for _, d := range j.DumpInfo {
				add(d.Source, int64(d.UnparsedLines), dumpSample(j.Dumps, d.Source)...)
			}
			for _, log := range j.GC {
				var sample []SampleLine
				for _, m := range log.Unparsed.Lines {
					sample = append(sample, SampleLine{m.Line, clean(m.Text)})
				}
				add(log.Source, log.Unparsed.Count, sample...)
			}
			if j.Counters != nil {
				add(cmp.Or(j.CountersSource, j.Target+" counters"), int64(j.Counters.Skipped))
			}
			if j.Process != nil {
				add(cmp.Or(j.ProcessSource, j.Target+" process"), int64(j.Process.Skipped))
			}
		}
		for _, s := range n.Services {
			for _, d := range s.DumpInfo {
				add(d.Source, int64(d.UnparsedLines), dumpSample(s.Goroutines, d.Source)...)
			}
			if s.Process != nil {
				add(s.Target+" process", int64(s.Process.Skipped))
			}
		}
		if n.Host != nil {
			for _, name := range sortedKeys(n.Host.Unknown) {
				add(name, int64(n.Host.Unknown[name]))
			}
		}
	}
	for _, stray := range c.Strays {
		var sample []SampleLine
		for _, l := range stray.Sample {
			sample = append(sample, SampleLine{l.Line, clean(l.Text)})
		}
		add(stray.Source, stray.Lines, sample...)
	}
	return out
}

// dumpSample is what the dumps of a source kept of the lines in them that were not understood.
func dumpSample(s *threads.Series, source string) (sample []SampleLine) {
	if s == nil {
		return nil
	}
	for _, d := range s.Dumps {
		if d.Virtual != nil && d.Virtual.Source == source {
			d = d.Virtual
		}
		if d.Source != source {
			continue
		}
		for _, u := range d.Unparsed {
			sample = append(sample, SampleLine{u.Line, clean(u.Text)})
		}
	}
	return sample
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// base is the last part of a path.
func base(p string) string { return path.Base(strings.ReplaceAll(p, `\`, "/")) }
