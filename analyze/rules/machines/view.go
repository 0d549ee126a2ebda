package machines

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"casefile/analyze"
	"casefile/analyze/host"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

const needsHost = "counters of the machine over some seconds: casefile collect on Linux"

// machineViews are the machines with counters.
var machineViews = analyze.NewMemo(func(p *analyze.Pass) (all []*hostView) {
	for _, n := range p.Nodes {
		if n.Host != nil {
			all = append(all, &hostView{node: n, Facts: n.Host})
		}
	}
	return all
})

// machines are those with counters; whether they are the ones that a rule needs, its judge knows.
func machines(p *analyze.Pass) []*hostView { return machineViews.Of(p) }

// About names the machine.
func (v *hostView) About() analyze.Subject { return analyze.Subject{Node: v.node.Name} }

// hostView is one machine.
type hostView struct {
	*host.Facts
	node *analyze.Node
}

// long reports whether counters ran long enough to prove something, and how sure that is.
func (v *hostView) long() bool { return v.Span >= views.SpanLeast.Value }

func (v *hostView) sure() analyze.Confidence {
	if v.Span < views.SpanSure.Value/2 {
		return analyze.Medium
	}
	return analyze.High
}

// during says what a mean is of.
func (v *hostView) during() say.Phrase {
	return say.Text("over the %s of the capture", say.Time("span", v.Span))
}

// busiest names the processes that used the CPU, captured ones by their target, and what the first one had, in CPUs.
func (v *hostView) busiest(n int) (words []say.Phrase, first float64, at analyze.Evidence) {
	captured := map[int]string{}
	for _, j := range v.node.JVMs {
		captured[j.PID] = j.Target
	}
	for _, p := range v.programs(captured) {
		if len(words) == n || p.percent < 5 {
			break
		}
		first = max(first, p.percent/100)
		name := say.Target(p.target)
		switch {
		case name.Empty() && p.processes > 1:
			name = say.Text("%s processes of %s", say.Amount("processes", p.processes, "processes"), say.Quote(p.comm))
		case name.Empty():
			name = say.As(fmt.Sprintf("%d %s", p.pid, say.Quote(p.comm)), say.Quote(p.comm))
		}
		words = append(words, say.Text("%s (%s)", name, say.Measured("used", math.Round(p.percent/10)/10, "CPUs")))
	}
	return words, first, cite.Ref(v.Processes.Ref, say.Text("busiest processes: %s", say.Enumerate(words)).String())
}

// program is the processes of one program, or one that was captured.
type program struct {
	target, comm   string
	pid, processes int
	percent        float64
}

// programs adds up the processes of each program, busiest first: many small ones may be what fills the machine. Those that were captured
// stand for themselves.
func (v *hostView) programs(captured map[int]string) (all []program) {
	at := map[string]int{}
	for _, p := range v.Processes.Processes {
		target := captured[p.PID]
		key := p.Comm
		if target != "" {
			key = target
		}
		i, known := at[key]
		if !known {
			i = len(all)
			at[key] = i
			all = append(all, program{target: target, comm: p.Comm, pid: p.PID})
		}
		all[i].processes++
		all[i].percent += p.CPUPercent
	}
	slices.SortStableFunc(all, func(a, b program) int { return cmp.Compare(b.percent, a.percent) })
	return all
}

// at adds when the worst window was.
func (v *hostView) at(s host.Spread) string {
	if s.MaxAt.IsZero() {
		return ""
	}
	return " at " + say.UTC(s.MaxAt, time.TimeOnly)
}
