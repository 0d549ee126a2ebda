package answer

import (
	"cmp"
	"slices"

	"casefile/analyze/profile"
)

// ProfileQuery names a profile, and a part of it.
type ProfileQuery struct {
	Of
	Kind  string `json:"kind,omitempty" jsonschema:"cpu, wall, alloc, heap, lock, mutex, block, goroutine; default: what each profile was made for"`
	Frame string `json:"frame,omitempty" jsonschema:"also what this function, by a part of its name, calls and is called by"`
	Limit int    `json:"limit,omitempty" jsonschema:"at most so many functions, up to 100; default 20"`
}

// ProfileAnswer is the largest functions of the profiles of a query.
type ProfileAnswer struct {
	Capture  string        `json:"capture"`
	Profiles []ProfilePart `json:"profiles"`
	More     int           `json:"more"`
}

// ProfilePart is one profile.
type ProfilePart struct {
	Node    string        `json:"node"`
	Process string        `json:"process"`
	Kind    profile.Kind  `json:"kind"`
	Unit    string        `json:"unit"`
	Total   int64         `json:"total"`
	Top     []profile.Row `json:"top"`
	TopCum  []profile.Row `json:"top_with_callees"`
	Subtree *Subtree      `json:"subtree,omitempty"`
	Place
}

// Subtree is one function with what it calls, over all stacks that it stands on.
type Subtree struct {
	Frame   string        `json:"frame"`
	Pct     float64       `json:"pct"` // of the profile
	Callers []profile.Row `json:"callers"`
	Calls   *Call         `json:"calls"`
}

// Call is a function below another. Pct is of the whole profile.
type Call struct {
	Frame string  `json:"frame"`
	Pct   float64 `json:"pct"`
	Calls []*Call `json:"calls,omitempty"`
	More  int     `json:"more,omitempty"` // further functions that it calls
}

// Limits of a subtree.
const (
	treeDepth   = 8
	treeWidth   = 6
	mostProfile = 8 // of one answer
)

// named is a profile with what it is of.
type named struct {
	node, process string
	*profile.Profile
}

func (c *Capture) profiles(of Of) (list []named, have []string) {
	take := func(node, process string, all []*profile.Profile, yes bool) {
		for _, p := range all {
			have = append(have, node+" "+process+" "+string(p.Main().Kind))
			if yes {
				list = append(list, named{node, process, p})
			}
		}
	}
	for _, n := range c.Case.Nodes {
		for _, j := range n.JVMs {
			take(n.Name, j.Target, j.Profiles, of.node(n) && of.process(j.Target))
		}
		for _, s := range n.Services {
			take(n.Name, s.Target, s.Profiles, of.node(n) && of.process(s.Target))
		}
	}
	return list, have
}

// Profile gives the largest functions of profiles, and the calls below one of them.
func (c *Capture) Profile(q ProfileQuery) (*ProfileAnswer, error) {
	limit := q.Limit
	if limit <= 0 || limit > maxList {
		limit = 20
	}
	list, have := c.profiles(q.Of)
	out := &ProfileAnswer{Capture: c.Name, Profiles: []ProfilePart{}}
	for _, p := range list {
		view, ok := p.Main(), true
		if q.Kind != "" {
			view, ok = p.View(profile.Kind(q.Kind))
		}
		switch {
		case !ok:
		case len(out.Profiles) == mostProfile:
			out.More++
		default:
			part := ProfilePart{Node: p.node, Process: p.process, Kind: view.Kind, Unit: view.Unit, Total: view.Total(),
				Top: view.Top(limit), TopCum: view.TopCumulative(limit), Place: Place{Entry: p.Name}}
			if q.Frame != "" {
				part.Subtree = subtree(view, q.Frame)
			}
			out.Profiles = append(out.Profiles, part)
		}
	}
	if len(out.Profiles) == 0 {
		return nil, notThere("profile of "+cmp.Or(q.Kind, "any kind"), have)
	}
	return out, nil
}

// subtree merges all that the largest function of a name calls; nil: no function has it.
func subtree(view profile.View, name string) *Subtree {
	rows := view.TopCumulative(-1)
	i := slices.IndexFunc(rows, func(r profile.Row) bool { return r.Frame == name })
	if i < 0 {
		i = slices.IndexFunc(rows, func(r profile.Row) bool { return has(r.Frame, name) })
	}
	if i < 0 {
		return nil
	}
	t := view.Tree()
	return &Subtree{Frame: rows[i].Frame, Pct: rows[i].CumPct, Callers: view.Callers(rows[i].Frame, treeWidth),
		Calls: below(rows[i].Frame, outermost(t.Root, rows[i].Frame, nil), t.Total, treeDepth)}
}

// outermost are the nodes of a function that do not lie below another of it: a recursive call counts once.
func outermost(n *profile.Node, frame string, found []*profile.Node) []*profile.Node {
	if n.Name == frame {
		return append(found, n)
	}
	for _, child := range n.Children {
		found = outermost(child, frame, found)
	}
	return found
}

// below merges nodes of one function, and what they call.
func below(frame string, nodes []*profile.Node, total int64, depth int) *Call {
	sum := int64(0)
	byName := map[string][]*profile.Node{}
	size := map[string]int64{}
	for _, n := range nodes {
		sum += n.Total
		for _, child := range n.Children {
			byName[child.Name] = append(byName[child.Name], child)
			size[child.Name] += child.Total
		}
	}
	call := &Call{Frame: frame, Pct: 100 * float64(sum) / float64(max(total, 1))}
	var names []string
	for name := range byName {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(size[b], size[a]), cmp.Compare(a, b)) })
	if depth == 0 {
		call.More = len(names)
		return call
	}
	call.More = max(0, len(names)-treeWidth)
	for _, name := range names[:min(len(names), treeWidth)] {
		call.Calls = append(call.Calls, below(name, byName[name], total, depth-1))
	}
	return call
}
