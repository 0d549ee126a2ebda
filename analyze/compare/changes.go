package compare

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/say"
	"casefile/bundle/redact"
)

// Setting is something other than a measure that differs between the sides.
type Setting struct {
	Node    string // empty: of all
	Subject string // empty: of the node
	Kind    string // "heap", "collector", "JVM", "flag", ...
	Name    string
	// Before and After are the values; of what may be secret only that they differ.
	Before, After string
	// Followed names the finding whose advice this is; empty: none asked for it.
	Followed string
}

// String says it in words.
func (s *Setting) String() string {
	return fmt.Sprintf("%s %s -> %s", s.Name, orNone(s.Before), orNone(s.After))
}

func orNone(text string) string {
	if text == "" {
		return "(not set)"
	}
	return text
}

// mostSettings bounds the list: a JVM of another version has hundreds of other defaults.
const mostSettings = 200

// compareSettings looks for what else changed: capture, cluster, machines, processes.
func (c *Comparison) compareSettings() {
	b, a := &c.Before[0], &c.After[0]
	c.differs(Setting{Kind: "members", Name: "members of the cluster", Before: strings.Join(nodeNames(c.Before), ", "),
		After: strings.Join(nodeNames(c.After), ", ")})
	c.differs(Setting{Kind: "casefile", Name: "casefile that captured", Before: b.Case.Tool, After: a.Case.Tool})
	if b.Result != nil && a.Result != nil {
		c.differs(Setting{Kind: "rules", Name: "checks", Before: fmt.Sprint(b.Result.Checks), After: fmt.Sprint(a.Result.Checks)})
	}
	for _, p := range c.Pairs {
		if p.Subject == "" {
			c.machine(p)
		} else if p.before[0].jvm != nil && p.after[0].jvm != nil {
			c.process(p, p.before[0].jvm, p.after[0].jvm)
		}
	}
	slices.SortStableFunc(c.Settings, func(a, b Setting) int { return kindRank(a.Kind) - kindRank(b.Kind) })
}

// kindsOfSettings are in the order in which they explain most.
var kindsOfSettings = []string{"members", "heap", "collector", "JVM", "application", "pool", "CPUs", "memory", "flag", "option", "machine", "kernel", "rules", "casefile"}

func kindRank(kind string) int {
	if i := slices.Index(kindsOfSettings, kind); i >= 0 {
		return i
	}
	return len(kindsOfSettings)
}

// differs notes a setting that both sides know and that is not the same.
func (c *Comparison) differs(s Setting) {
	if s.Before != s.After && s.Before != "" && s.After != "" && len(c.Settings) < mostSettings {
		c.Settings = append(c.Settings, s)
	}
}

func (c *Comparison) machine(p *Pair) {
	b, a := p.before[0].node.Host, p.after[0].node.Host
	if b == nil || a == nil {
		return
	}
	for _, s := range []Setting{
		{Kind: "machine", Name: "kernel", Before: b.System.Kernel.Value, After: a.System.Kernel.Value},
		{Kind: "machine", Name: "operating system", Before: b.System.OS.Value, After: a.System.OS.Value},
		{Kind: "machine", Name: "hypervisor", Before: b.System.Hypervisor.Value, After: a.System.Hypervisor.Value},
		{Kind: "machine", Name: "CPU model", Before: b.System.CPUModel.Value, After: a.System.CPUModel.Value},
		{Kind: "CPUs", Name: "CPUs", Before: number(b.CPU.Count.Value), After: number(a.CPU.Count.Value)},
		{Kind: "CPUs", Name: "CPUs that may be used", Before: number(b.CPU.Effective.Value), After: number(a.CPU.Effective.Value)},
		{Kind: "memory", Name: "memory of the machine", Before: size(b.Memory.Total.Value), After: size(a.Memory.Total.Value)},
	} {
		s.Node = p.Node
		c.differs(s)
	}
	before, after := b.Settings(), a.Settings()
	for _, name := range slices.Sorted(maps.Keys(before)) {
		c.differs(Setting{Node: p.Node, Kind: "kernel", Name: name, Before: before[name], After: after[name]})
	}
}

func number(v float64) string {
	if v <= 0 {
		return ""
	}
	return say.Number(v)
}

func size(v float64) string {
	if v <= 0 {
		return ""
	}
	return say.Bytes(v)
}

func (c *Comparison) process(p *Pair, b, a *analyze.JVM) {
	release := func(j *analyze.JVM) string { r, _, _ := j.Release(); return r }
	list := []Setting{
		{Kind: "heap", Name: "maximum heap", Before: size(float64(b.MaxHeap())), After: size(float64(a.MaxHeap()))},
		{Kind: "collector", Name: "collector", Before: string(b.Collector()), After: string(a.Collector())},
		{Kind: "JVM", Name: "JVM", Before: b.Version, After: a.Version},
		{Kind: "application", Name: "release of the application", Before: release(b), After: release(a)},
	}
	list = append(list, pools(b, a)...)
	list = append(append(list, flags(b, a)...), options(b, a)...)
	for _, s := range list {
		s.Node, s.Subject = p.Node, p.Subject
		c.differs(s)
	}
}

// pools are the limits of request threads and connections that configuration files name.
func pools(b, a *analyze.JVM) (out []Setting) {
	limits := func(j *analyze.JVM) map[string]string {
		of := map[string]string{}
		s := j.Settings()
		for _, x := range s.Connectors {
			of[x.Setting] = fmt.Sprint(x.MaxThreads)
		}
		for _, x := range s.Pools {
			of[strings.TrimSpace(x.Name+" "+x.Setting)] = fmt.Sprint(x.Max)
		}
		return of
	}
	before, after := limits(b), limits(a)
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if v, ok := after[name]; ok {
			out = append(out, Setting{Kind: "pool", Name: name, Before: before[name], After: v})
		}
	}
	return out
}

// byTheJVM are origins of flags that nobody set.
var byTheJVM = []string{"", "default", "ergonomic"}

// flags are those that somebody set on either side.
func flags(b, a *analyze.JVM) (out []Setting) {
	if len(b.Flags) == 0 || len(a.Flags) == 0 {
		return nil
	}
	names := map[string]bool{}
	for _, j := range []*analyze.JVM{b, a} {
		for name, f := range j.Flags {
			if !slices.Contains(byTheJVM, strings.ToLower(f.Origin)) && name != "MaxHeapSize" {
				names[name] = true
			}
		}
	}
	value := func(j *analyze.JVM, name string) string {
		if f, ok := j.Flags[name]; ok {
			if n, ok := j.Int(name); ok && strings.HasSuffix(name, "Size") && n > 0 {
				return say.Bytes(n)
			}
			return shown(name, orNone(f.Value))
		}
		return "(no such flag)"
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if followsHeap(name, b) && followsHeap(name, a) {
			continue
		}
		s := Setting{Kind: "flag", Name: "-XX:" + name, Before: value(b, name), After: value(a, name)}
		if b.Flags[name].Value != a.Flags[name].Value {
			out = append(out, hidden(s))
		}
	}
	return out
}

// followsHeap reports whether a flag only says again how large the heap is.
func followsHeap(name string, j *analyze.JVM) bool {
	return (name == "InitialHeapSize" || name == "MinHeapSize") && j.Flags[name].Value == j.Flags["MaxHeapSize"].Value
}

// options are the system properties and other options of the command line, by their keys.
func options(b, a *analyze.JVM) (out []Setting) {
	if len(b.Options) == 0 || len(a.Options) == 0 {
		return nil
	}
	before, after := optionsOf(b), optionsOf(a)
	names := maps.Clone(before)
	maps.Copy(names, after)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		x, inBefore := before[name]
		y, inAfter := after[name]
		if x == y && inBefore == inAfter {
			continue
		}
		s := Setting{Kind: "option", Name: name, Before: "(not set)", After: "(not set)"}
		if inBefore {
			s.Before = shown(name, x)
		}
		if inAfter {
			s.After = shown(name, y)
		}
		out = append(out, hidden(s))
	}
	return out
}

// optionsOf are the options that no flag stands for; of one that is given more than once the last counts.
func optionsOf(j *analyze.JVM) map[string]string {
	out := map[string]string{}
	for _, o := range j.Options {
		if !strings.HasPrefix(o, "-D") && !strings.HasPrefix(o, "--") && !strings.HasPrefix(o, "-javaagent") {
			continue
		}
		name, value, given := strings.Cut(o, "=")
		if agent, _, ok := strings.Cut(name, ":"); ok && strings.HasPrefix(name, "-javaagent") {
			name, value, given = agent, o[len(agent)+1:], true
		}
		if !given {
			value = "set"
		}
		out[name] = value
	}
	return out
}

// harmless are values that can be shown: numbers with a unit, switches, plain words.
var harmless = regexp.MustCompile(`^(\(.*\)|-?[0-9]+(\.[0-9]+)?\s?[A-Za-z%]{0,3}|true|false|on|off|set|[A-Za-z]{1,16})$`)

const unseen = "(another value)"

// shown is a value as far as it is no secret and reads as a setting.
func shown(name, value string) string {
	if redact.IsSecretKey(name) || !harmless.MatchString(value) {
		return ""
	}
	return value
}

// hidden says of values that are not shown only that they differ.
func hidden(s Setting) Setting {
	if s.Before == "" {
		s.Before = "(a value)"
	}
	if s.After == "" {
		s.After = unseen
	}
	return s
}
