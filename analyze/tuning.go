package analyze

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Tuning is all settings to change on one JVM, as one set: each setting once, and none against another.
type Tuning struct {
	Nodes   []string `json:"nodes"`
	Subject string   `json:"subject"`
	Changes []Change `json:"changes"`

	of []place // each JVM, where the set is for several
}

// Change is one setting, with the findings that ask for it.
type Change struct {
	Setting  string   `json:"setting"`
	From     string   `json:"from,omitempty"`
	To       string   `json:"to"`
	Findings []string `json:"findings"`
	Risk     string   `json:"risk,omitempty"`
	Rollback string   `json:"rollback,omitempty"`
	Verify   string   `json:"verify,omitempty"`
}

// decision is a change that was taken, and the advice that it came from.
type decision struct {
	lever  string
	advice *Advice
	change *Change
}

// reconcile makes the advice of all findings about one JVM agree. Findings are in order: what hurts most decides. An
// advice that changes
// the same setting to the same or, for the heap, needs less, joins it; one against it becomes a word about why not.
func reconcile(list []Finding) []Tuning {
	var out []Tuning
	done := map[string]bool{}
	for i := range list {
		f := &list[i]
		key := strings.Join(f.Nodes, ",") + "\x00" + f.Subject
		if f.Subject == "" || done[key] {
			continue
		}
		done[key] = true
		t := Tuning{Nodes: f.Nodes, Subject: f.Subject}
		decisions := decide(list[i:], f)
		for _, d := range decisions {
			if strings.HasPrefix(d.change.Setting, "-") || d.lever == LeverCollector {
				t.Changes = append(t.Changes, *d.change)
			}
		}
		if len(t.Changes) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// decide goes through the findings about the subject of first.
func decide(list []Finding, first *Finding) []*decision {
	var taken []*decision
	for i := range list {
		f := &list[i]
		if f.Subject != first.Subject || !slices.Equal(f.Nodes, first.Nodes) {
			continue
		}
		f.Advice = slices.Clone(f.Advice) // rules may share theirs
		for k := range f.Advice {
			a := &f.Advice[k]
			if a.Setting == "" {
				continue
			}
			if d, why := against(taken, f, a); d != nil {
				if why != "" {
					*a = Advice{Action: why, Effect: "One change serves both.", Risk: "None.", Verify: a.Verify}
				}
				continue
			}
			if a.Alternative || !f.Severity.AtLeast(Warning) {
				continue // worth knowing, not worth a restart
			}
			taken = append(
				taken,
				&decision{
					LeverOf(a.Setting),
					a,
					&Change{
						Setting:  a.Setting,
						From:     a.From,
						To:       a.To,
						Findings: []string{f.ID},
						Risk:     a.Risk,
						Rollback: a.Rollback,
						Verify:   a.Verify,
					},
				},
			)
		}
	}
	return taken
}

// against finds the decision that an advice meets, and says what stands in its place; empty when the two agree.
func against(taken []*decision, f *Finding, a *Advice) (*decision, string) {
	lever := LeverOf(a.Setting)
	for _, d := range taken {
		by := d.change.Findings[0]
		if d.lever != lever {
			if why := clash(d, lever, a); why != "" {
				return d, fmt.Sprintf("Not together with %s -> %s (%s): %s", d.change.Setting, d.change.To, by, why)
			}
			continue
		}
		before, after, known := sizes(d.advice, a)
		switch {
		case a.To == d.change.To:
			d.join(f)
			return d, ""
		case lever == LeverHeap && known && after > 0 && lowers(a) != lowers(d.advice):
			return d, fmt.Sprintf("Not by the heap, which %s changes to %s: give the machine or the container the "+
				"memory instead.", by, d.change.To)
		case lever == LeverHeap && known && after > before && f.Severity.AtLeast(Warning) && !a.Alternative:
			// Both are served by the larger one.
			d.join(f)
			d.advice.Action += fmt.Sprintf(" The finding %s needs %s: take that.", f.ID, a.To)
			d.advice.To, d.change.To, d.change.Risk = a.To, a.To, a.Risk
			return d, ""
		case lever == LeverHeap && known:
			d.join(f)
			return d, fmt.Sprintf("The heap: %s changes it to %s, which is enough for this too.", by, d.change.To)
		}
		return d, fmt.Sprintf("First %s -> %s, as %s asks; it is the same setting. See whether this is still "+
			"there afterwards.", d.change.Setting, d.change.To, by)
	}
	return nil, ""
}

func (d *decision) join(f *Finding) {
	if !slices.Contains(d.change.Findings, f.ID) {
		d.change.Findings = append(d.change.Findings, f.ID)
	}
}

// Levers are what several settings move.
const (
	LeverHeap      = "heap"
	LeverCollector = "collector"
	LeverYoung     = "young"
)

// levers are settings that move the same thing, by a part of their name.
var levers = []struct{ lever, part string }{
	{LeverHeap, "-Xmx"}, {LeverHeap, "RAMPercentage"}, {LeverCollector, "collector"},
	{LeverYoung, "-Xmn"}, {LeverYoung, "NewSize"}, {LeverYoung, "NewRatio"},
}

// LeverOf is the lever that a setting moves, or else the setting.
func LeverOf(setting string) string {
	for _, l := range levers {
		if strings.Contains(setting, l.part) {
			return l.lever
		}
	}
	return setting
}

// clash says why two different settings do not go together.
func clash(d *decision, lever string, a *Advice) string {
	young := func(l string, a *Advice) bool { return l == LeverYoung && strings.HasPrefix(a.To, "-Xmn") }
	regional := func(l string, a *Advice) bool { return l == LeverCollector && !strings.Contains(a.To, "UseParallelGC") }
	switch {
	case young(d.lever, d.advice) && regional(lever, a), regional(d.lever, d.advice) && young(lever, a):
		return "a fixed young generation keeps that collector from meeting its goal."
	case d.lever == LeverCollector && strings.HasPrefix(a.Setting, "-XX:CMS"):
		return "it is an option of the collector that goes."
	case d.lever == LeverYoung && lever == "-XX:MaxGCPauseMillis", d.lever == "-XX:MaxGCPauseMillis" && lever == LeverYoung:
		return "both size the young generation; see first what the one does."
	}
	return ""
}

var xmx = regexp.MustCompile(`-Xmx(\d+)([kKmMgG]?)`)

// heapOf reads the maximum heap out of a value; 0 when it names none.
func heapOf(value string) int64 {
	m := xmx.FindStringSubmatch(value)
	if m == nil {
		return 0
	}
	n, err := strconv.ParseInt(m[1], 10, 32)
	if err != nil {
		return 0
	}
	return n << map[string]int{"": 0, "k": 10, "m": 20, "g": 30}[strings.ToLower(m[2])]
}

func sizes(decided, a *Advice) (before, after int64, known bool) {
	before, after = heapOf(decided.To), heapOf(a.To)
	return before, after, before > 0 && after > 0
}

func lowers(a *Advice) bool {
	from, to := heapOf(a.From), heapOf(a.To)
	return from > 0 && to > 0 && to < from
}
