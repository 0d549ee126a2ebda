package checklist

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/say"
)

// State is what is known of an item.
type State string

// The states.
const (
	OK       State = "ok"
	NotOK    State = "not-ok"
	NotKnown State = "not-known"
)

// Reading is what a measure read at one place.
type Reading struct {
	Node  string   // or a pair, "n1 -> n2"
	What  string   // of several on one node: a process, a folder; "" the node itself
	Apps  []string // the products that a process is; none: a machine's reading
	Value float64
	Text  string // of measures without a number
	At    analyze.Evidence
	Dead  bool // nothing answers there
}

// Answer is an item with what the capture tells of it.
type Answer struct {
	*Item
	State State
	// Value is the reading that decides, in words: the worst one, or what all share.
	Value string
	// Between says that it lies between good and bad.
	Between bool
	Nodes   []string // that are not ok; none: all
	At      []analyze.Evidence
	// Told says that people gave the answer, where the capture has none.
	Told bool
	// Dead says that what decides does not answer at all; Lost is why it is not known, by the ledger; Helped: and what helps.
	Dead   bool
	Lost   string
	Helped bool
}

// Do is what there is to do: the fix, or how to get the answer.
func (a *Answer) Do() string {
	switch a.State {
	case NotOK:
		if a.Dead && a.Item.Dead != "" {
			return a.Item.Dead
		}
		return a.Fix
	case NotKnown:
		switch {
		case a.Helped:
			return a.Lost
		case a.Lost != "":
			return a.Lost + ". " + a.How
		}
		return a.How
	}
	return ""
}

// List is the checklist of one case.
type List struct {
	Answers []Answer
	// Apart are items that compare nodes, and the case has one.
	Apart []*Item
	// Unseen are items about what nothing of is seen in the case: a database, a shared home.
	Unseen []*Item
}

// Worst is the gravest severity of what is not ok; "" all is.
func (l *List) Worst() (worst analyze.Severity) {
	for i := range l.Answers {
		if a := &l.Answers[i]; a.State == NotOK && (worst == "" || a.Rank().AtLeast(worst)) {
			worst = a.Rank()
		}
	}
	return worst
}

// Open is how many questions the capture could have answered, and did not.
func (l *List) Open() (n int) {
	for i := range l.Answers {
		if a := &l.Answers[i]; a.State == NotKnown && a.Test != Ask {
			n++
		}
	}
	return n
}

// Asked is how many questions only people can answer, and did not.
func (l *List) Asked() int { return l.Count(NotKnown) - l.Open() }

// Count is how many answers have a state.
func (l *List) Count(s State) (n int) {
	for i := range l.Answers {
		if l.Answers[i].State == s {
			n++
		}
	}
	return n
}

// Of answers all questions that the case's products pose.
func Of(c *analyze.Case, r *analyze.Result) (*List, error) {
	items, err := Items()
	if err != nil {
		return nil, err
	}
	l := &List{}
	running := products(c)
	for _, i := range items {
		i = i.of(running)
		of := slices.ContainsFunc(i.Products, func(p string) bool { return running[p] })
		switch {
		case len(i.Products) > 0 && !of && (i.Where == "" || len(find(i.Where)(c)) == 0):
		case i.Compares() && len(c.Nodes) < 2:
			l.Apart = append(l.Apart, i)
		case len(i.Products) == 0 && i.Where != "" && len(find(i.Where)(c)) == 0:
			l.Unseen = append(l.Unseen, i)
		default:
			l.Answers = append(l.Answers, answer(c, r, i))
		}
	}
	return l, nil
}

func answer(c *analyze.Case, r *analyze.Result, i *Item) (a Answer) {
	a = Answer{Item: i, State: NotKnown}
	defer func() {
		if a.State == NotKnown {
			a.Lost, a.Helped = lost(c, i.Gaps)
		}
	}()
	switch i.Test {
	case Ask:
	case Findings:
		a.byFindings(r)
		a.without(c)
	default:
		list := slices.DeleteFunc(find(i.Measure)(c), func(r Reading) bool {
			return len(r.Apps) > 0 && len(i.Products) > 0 && i.Where == "" && !slices.ContainsFunc(r.Apps, func(p string) bool { return slices.Contains(i.Products, p) })
		})
		if i.Test == Among {
			i.weigh(list)
		}
		if i.Test == Same {
			a.alike(list)
		} else if len(list) > 0 {
			a.within(list)
		}
		a.admit(c, list)
	}
	return a
}

// weigh makes 1 of what is wanted, and 0 of all else.
func (i *Item) weigh(list []Reading) {
	for k, r := range list {
		list[k].Value = 0
		if slices.ContainsFunc(i.Wants, func(glob string) bool {
			fits, err := path.Match(strings.ToLower(glob), strings.ToLower(r.Text))
			return fits && err == nil
		}) {
			list[k].Value = 1
		}
	}
}

// admit takes back an ok of which some nodes know nothing.
func (a *Answer) admit(c *analyze.Case, list []Reading) {
	var silent []string
	for _, n := range c.Nodes {
		if !slices.ContainsFunc(list, func(r Reading) bool {
			return r.Node == "" || r.Node == n.Name || r.What == "to "+n.Name || r.What == "against "+n.Name
		}) {
			silent = append(silent, n.Name)
		}
	}
	if a.State == OK && len(silent) > 0 {
		a.State, a.Value, a.Nodes = NotKnown, a.Value+" elsewhere; not known of "+say.List(silent), silent
	}
}

// byFindings: what a rule has found is not ok; what no rule could look at is not known.
func (a *Answer) byFindings(r *analyze.Result) {
	evaluated := false
	for _, id := range a.Rules {
		if !slices.ContainsFunc(r.NotEvaluated, func(n analyze.NotEvaluated) bool { return n.ID == id }) {
			evaluated = true
		}
		for i := range r.Findings {
			if f := &r.Findings[i]; f.ID == id && f.Severity.AtLeast(analyze.Warning) && a.State != NotOK {
				a.State, a.Value, a.Nodes, a.At = NotOK, f.Title, f.Nodes, f.Evidence[:min(len(f.Evidence), mostPlaces)]
			}
		}
	}
	if a.State != NotOK && evaluated {
		a.State, a.Value = OK, "nothing found by "+say.List(a.Rules)
	}
}

// without is ok where rules had nothing to look at because no node has it.
func (a *Answer) without(c *analyze.Case) {
	if a.State != NotKnown || a.Absent == "" {
		return
	}
	list := find(a.Absent)(c)
	if len(list) > 0 && !slices.ContainsFunc(list, func(r Reading) bool { return r.Value != 1 }) {
		a.State, a.Value, a.At = OK, list[0].Text, cited(list)
		a.admit(c, list)
	}
}

// mostPlaces is how many places an answer cites.
const mostPlaces = 3

// alike wants one text from all; fewer than two nodes with one tell nothing.
func (a *Answer) alike(list []Reading) {
	nodes, texts := map[string]bool{}, map[string][]string{}
	var order []string
	for _, r := range list {
		nodes[r.Node] = true
		if texts[r.Text] == nil {
			order = append(order, r.Text)
		}
		texts[r.Text] = append(texts[r.Text], r.Node)
	}
	if len(nodes) < 2 {
		return
	}
	if len(order) == 1 {
		a.State, a.Value = OK, order[0]
		a.At = cited(list)
		return
	}
	slices.SortStableFunc(order, func(x, y string) int { return cmp.Compare(len(texts[y]), len(texts[x])) })
	var parts []string
	for _, t := range order {
		slices.Sort(texts[t])
		parts = append(parts, fmt.Sprintf("%s on %s", t, say.List(slices.Compact(texts[t]))))
	}
	a.State, a.Value = NotOK, strings.Join(parts, ", ")
	for _, r := range list {
		if r.Text != order[0] {
			a.Nodes = append(a.Nodes, r.Node)
		}
	}
	slices.Sort(a.Nodes)
	a.Nodes = slices.Compact(a.Nodes)
	a.At = cited(slices.DeleteFunc(slices.Clone(list), func(r Reading) bool { return r.Text == order[0] }))
}

// within takes the worst reading against the marks.
func (a *Answer) within(list []Reading) {
	worse := func(x, y Reading) int {
		if a.Test == Below {
			return cmp.Compare(y.Value, x.Value)
		}
		return cmp.Compare(x.Value, y.Value)
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, worse)
	bad := slices.DeleteFunc(slices.Clone(list), func(r Reading) bool { return !a.bad(r.Value) })
	a.State, a.Value, a.At = OK, a.words(list[0], list), cited(list[:1])
	a.Between = a.Test == Below && list[0].Value > a.Good || a.Test == Above && list[0].Value < a.Good
	if len(bad) > 0 {
		a.State, a.Between, a.At, a.Dead = NotOK, false, cited(bad), bad[0].Dead
		for _, r := range bad {
			a.Nodes = append(a.Nodes, r.Node)
		}
		slices.Sort(a.Nodes)
		a.Nodes = slices.Compact(a.Nodes)
	}
}

func (a *Answer) bad(v float64) bool {
	switch a.Test {
	case Below:
		return v >= a.Bad
	case Above:
		return v < a.Bad
	}
	return v != 1
}

// words say the reading that decides, and where it is: "3.1 ms, to n3 on n1". Other nodes are named that read the same.
func (a *Answer) words(r Reading, all []Reading) string {
	text := r.Text
	if text == "" && a.Test == Yes {
		text = map[bool]string{true: "yes", false: "no"}[r.Value == 1]
	}
	if text == "" {
		text = strings.TrimSpace(say.Number(r.Value) + " " + a.Unit)
	}
	if r.What != "" {
		text += ", " + r.What
	}
	nodes := map[string]bool{}
	var alike []string
	for _, o := range all {
		nodes[o.Node] = true
		if o.Value == r.Value && o.Text == r.Text && (o.What == r.What || len(o.Apps) > 0) {
			alike = append(alike, o.Node)
		}
	}
	slices.Sort(alike)
	alike = slices.Compact(alike)
	switch {
	case len(all) < 2 || r.Node == "":
	case len(alike) == len(nodes) && len(nodes) > mostPlaces:
		text += " on all " + say.Count(len(nodes), "node")
	default:
		text += " on " + say.List(alike)
	}
	return text
}

// mostLost is how many reasons of the ledger an answer gives.
const mostLost = 3

// lost is why items of the ledger are missing, and what helps: "on n1 and n2 the agent of this node does not admit it: start the agent with ...".
func lost(c *analyze.Case, items []string) (text string, helped bool) {
	nodes := map[string][]string{}
	var order []string
	for _, g := range c.Gaps {
		if !slices.Contains(items, g.Item) {
			continue
		}
		text := g.Reason
		if g.Fix != "" {
			text += ": " + g.Fix
		}
		if nodes[text] == nil {
			order = append(order, text)
		}
		nodes[text] = append(nodes[text], g.Node)
		helped = helped || g.Fix != ""
	}
	var parts []string
	for _, text := range order[:min(len(order), mostLost)] {
		slices.Sort(nodes[text])
		on := ""
		if len(c.Nodes) > 1 {
			on = "on " + say.List(slices.Compact(nodes[text])) + " "
		}
		parts = append(parts, on+text)
	}
	return strings.Join(parts, "; "), helped
}

func cited(list []Reading) (out []analyze.Evidence) {
	for _, r := range list {
		if r.At.Entry != "" && len(out) < mostPlaces {
			out = append(out, r.At)
		}
	}
	return out
}
