package answer

import (
	"cmp"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/threads"
)

// ThreadsQuery narrows the threads and says how to count them.
type ThreadsQuery struct {
	Of
	Pool   string `json:"pool,omitempty" jsonschema:"only threads whose pool contains this"`
	State  string `json:"state,omitempty" jsonschema:"only threads in this state: runnable, blocked, waiting, timed_waiting"`
	Stack  string `json:"stack,omitempty" jsonschema:"only threads with a frame that contains this"`
	Name   string `json:"name,omitempty" jsonschema:"only threads whose name contains this"`
	By     string `json:"by,omitempty" jsonschema:"count by pool (default), state, stack or thread"`
	Offset int    `json:"offset,omitempty" jsonschema:"how many groups to skip"`
	Limit  int    `json:"limit,omitempty" jsonschema:"at most so many groups, up to 100; default 20"`
}

// ThreadsAnswer counts threads over the dumps of a capture.
type ThreadsAnswer struct {
	Capture string        `json:"capture"`
	By      string        `json:"by"`
	Dumps   int           `json:"dumps"`
	Matched int           `json:"threads_times_dumps"`
	Groups  []ThreadGroup `json:"groups"`
	More    int           `json:"more"`
}

// ThreadGroup is threads of one process that are alike.
type ThreadGroup struct {
	Node    string         `json:"node"`
	Process string         `json:"process"`
	Key     string         `json:"key"`
	Count   int            `json:"count"`    // threads times dumps
	PerDump []int          `json:"per_dump"` // dumps in order
	States  map[string]int `json:"states"`
	Waits   map[string]int `json:"waits"`
	Sample  ThreadSample   `json:"sample"`
}

// ThreadSample is one thread as it stands in a dump.
type ThreadSample struct {
	Name   string   `json:"name"`
	State  string   `json:"state"`
	Frames []string `json:"frames"` // innermost first
	Deeper int      `json:"deeper_frames,omitempty"`
	Place
}

const sampleFrames = 16

// Threads counts the threads that a query takes.
func (c *Capture) Threads(q ThreadsQuery) (*ThreadsAnswer, error) {
	key, known := threadKeys[cmp.Or(q.By, "pool")]
	if !known {
		return nil, notThere("by "+q.By, []string{"pool", "state", "stack", "thread"})
	}
	out := &ThreadsAnswer{Capture: c.Name, By: cmp.Or(q.By, "pool")}
	var groups []ThreadGroup
	var have []string
	for _, p := range c.series() {
		have = append(have, p.node.Name+" "+p.target)
		if q.node(p.node) && q.process(p.target) {
			out.Dumps += len(p.dumps.Dumps)
			groups = append(groups, p.groups(&q, key)...)
		}
	}
	if out.Dumps == 0 {
		return nil, notThere("thread dumps", have)
	}
	for _, g := range groups {
		out.Matched += g.Count
	}
	slices.SortStableFunc(groups, func(a, b ThreadGroup) int { return cmp.Compare(b.Count, a.Count) })
	out.Groups, out.More = page(groups, q.Offset, q.Limit, 20)
	return out, nil
}

// threadKeys are the ways to count.
var threadKeys = map[string]func(*threads.Series, *threads.Thread) string{
	"pool":   poolOf,
	"state":  func(_ *threads.Series, t *threads.Thread) string { return stateOf(t) },
	"stack":  func(_ *threads.Series, t *threads.Thread) string { return t.Stack.Top() },
	"thread": func(_ *threads.Series, t *threads.Thread) string { return t.Name },
}

func poolOf(s *threads.Series, t *threads.Thread) string {
	name, _ := s.PoolOf(t)
	return cmp.Or(name, threads.NormalizeName(t.Name))
}

func stateOf(t *threads.Thread) string { return cmp.Or(strings.ToLower(t.State.String()), "unknown") }

// dumped is the dumps of one process.
type dumped struct {
	node   *analyze.Node
	target string
	dumps  *threads.Series
}

func (c *Capture) series() (out []dumped) {
	for _, n := range c.Case.Nodes {
		for _, j := range n.JVMs {
			if j.Dumps != nil {
				out = append(out, dumped{n, j.Target, j.Dumps})
			}
		}
		for _, s := range n.Services {
			if s.Goroutines != nil {
				out = append(out, dumped{n, s.Target, s.Goroutines})
			}
		}
	}
	return out
}

func (p *dumped) groups(q *ThreadsQuery, key func(*threads.Series, *threads.Thread) string) []ThreadGroup {
	at := map[string]int{}
	stacks := map[*threads.Stack]string{} // equal ones of several files have several pointers
	var out []ThreadGroup
	for i, d := range p.dumps.Dumps {
		for _, t := range d.Threads {
			if !q.takes(p.dumps, t) {
				continue
			}
			name := key(p.dumps, t)
			id := name
			if q.By == "stack" {
				if stacks[t.Stack] == "" {
					stacks[t.Stack] = framesOf(t.Stack)
				}
				id = stacks[t.Stack]
			}
			g, seen := at[id]
			if !seen {
				g = len(out)
				at[id] = g
				out = append(out, ThreadGroup{Node: p.node.Name, Process: p.target, Key: name,
					PerDump: make([]int, len(p.dumps.Dumps)), States: map[string]int{}, Waits: map[string]int{}, Sample: sampleOf(d, t)})
			}
			out[g].add(i, max(1, int(t.Count)), stateOf(t), p.dumps.Wait(t).Text)
		}
	}
	return out
}

func framesOf(s *threads.Stack) string {
	var b strings.Builder
	for _, f := range s.Frames {
		b.WriteString(f.Func)
		b.WriteByte('\n')
	}
	return b.String()
}

func (g *ThreadGroup) add(dump, n int, state, wait string) {
	g.Count += n
	g.PerDump[dump] += n
	g.States[state] += n
	if wait != "" {
		g.Waits[wait] += n
	}
}

func (q *ThreadsQuery) takes(s *threads.Series, t *threads.Thread) bool {
	return has(t.Name, q.Name) && has(poolOf(s, t), q.Pool) && (q.State == "" || strings.EqualFold(stateOf(t), q.State)) &&
		(q.Stack == "" || slices.ContainsFunc(t.Stack.Frames, func(f *threads.Frame) bool { return has(f.Text, q.Stack) }))
}

func sampleOf(d *threads.Dump, t *threads.Thread) ThreadSample {
	s := ThreadSample{Name: t.Name, State: stateOf(t), Frames: []string{}, Deeper: max(0, len(t.Stack.Frames)-sampleFrames),
		Place: Place{d.SourceOf(t), analyze.Lines(int(t.Line), int(t.EndLine))}}
	for _, f := range t.Stack.Frames[:min(len(t.Stack.Frames), sampleFrames)] {
		s.Frames = append(s.Frames, f.Text)
	}
	return s
}
