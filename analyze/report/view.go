package report

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/say"
)

// Limits of the page, so that it stays a file one can mail. What is beyond is counted.
const (
	htmlFindings = 200
	htmlEvidence = 12 // of one finding
	htmlExcerpts = 40 // of the page
	excerptHTML  = 12 // lines of one
	htmlNodes    = 60
	htmlSections = 24  // JVMs, services, hosts: each
	htmlRows     = 200 // of the tables at the end
)

// view is all that the page shows.
type view struct {
	Title, Level, Bundle, Tool           string
	Story                                *Story
	Window                               *window // of the capture; nil: not known
	Actions                              []firstAction
	Heat                                 *heatMap // nil: nothing was measured over time
	Evidence                             table    // node by kind of evidence
	Counts                               []badge
	Filter                               []string // names of nodes; their place is what data-nodes names, from 1
	Nodes                                []nodeCard
	Findings                             []findingCard
	Sections                             []section   // of sectionViews
	Stacks                               *explorer   // nil: there are none
	Axes                                 template.JS // the times of the charts
	Processes                            []section
	Hosts                                []section
	Gaps                                 table
	NotEvaluated                         table
	Unparsed                             table
	Problems, Broken, Commands, Overhead []string
	// Left says what a list leaves out, by the list's name.
	Left map[string]string
}

// badge is a number with a word.
type badge struct {
	Level string
	N     int
	Word  string
}

// fact is a name with a value; facts without value are not shown.
type fact struct{ Name, Value string }

// window is from one moment to another, in ms of Unix time.
type window struct{ From, To int64 }

// firstAction is a thing to do of the first screen.
type firstAction struct {
	*StoryAction
	Anchor, On, Copy string
	Facts            []fact
}

// nodeCard is one node at a glance.
type nodeCard struct {
	Name, Level string
	Places      string // as of findingCard
	Badges      []badge
	Facts       []fact
	Processes   []processCard
}

type processCard struct {
	Anchor, Name string
	Facts        []fact
}

// findingCard is one finding.
type findingCard struct {
	Anchor, ID, Level, Title, Where, Impact, Confidence string
	Chain                                               string
	Explanation                                         []string
	Advice                                              []adviceCard
	Drawer                                              drawer
	References                                          []string
	Places                                              string // of its nodes, as the page's filter counts them
	Consequences                                        []findingCard
}

type adviceCard struct {
	Action, Setting, From, To string
	Facts                     []fact
}

type evidenceCard struct {
	Cite, Text, Excerpt, Error string
	Alike                      []evidenceCard // that say the same of other threads or files
	lines                      []excerptLine  // of Excerpt
}

// section is one JVM, service or host.
type section struct {
	Anchor, Title, Where string
	Places               string // of its node; "": of all
	Facts                []fact
	Parts                []part
}

// part is a block of a section: charts and tables, with a heading.
type part struct {
	Title, Note string
	Stats       []fact
	Charts      []figureChart
	Tables      []table
}

func (p *part) empty() bool {
	return len(p.Stats)+len(p.Charts)+len(p.Tables) == 0 && p.Note == ""
}

// add takes a chart that could be drawn.
func (p *part) add(f figureChart, ok bool) {
	if ok {
		p.Charts = append(p.Charts, f)
	}
}

// table is rows of cells under columns.
type table struct {
	Title   string
	Fold    string // the summary of a table that opens on demand; empty: it is open
	Columns []column
	Rows    [][]cell
	Note    string
}

type column struct {
	Name string
	Num  bool // right-aligned
}

// cell is text, with a second line below it, a picture, or lines that open on demand.
type cell struct {
	Text, Sub string
	Code      bool
	SVG       template.HTML
	More      string // the summary of Lines
	Lines     []string
	Anchor    string // of Lines, where other cells lead to them
	As        string // the anchor of the cell above that has these lines
}

// shareLines shows lines that several cells of a part of the page have once: the others lead there.
func (s *section) shareLines() {
	first, shared := map[string]*cell{}, 0
	for _, p := range s.Parts {
		for _, t := range p.Tables {
			for _, row := range t.Rows {
				for i := range row {
					c := &row[i]
					text := strings.Join(c.Lines, "\n")
					switch before := first[text]; {
					case text == "":
					case before == nil:
						first[text] = c
					default:
						if before.Anchor == "" {
							shared++
							before.Anchor = fmt.Sprintf("%s-lines-%d", s.Anchor, shared)
						}
						c.As, c.Lines = before.Anchor, nil
					}
				}
			}
		}
	}
}

// columns reads "Name" and "#Name", which is numeric.
func columns(names ...string) []column {
	out := make([]column, len(names))
	for i, n := range names {
		out[i] = column{strings.TrimPrefix(n, "#"), strings.HasPrefix(n, "#")}
	}
	return out
}

func text(s string) cell { return cell{Text: s} }

// bounded cuts the rows of a table and says so.
func (t table) bounded(most int) table {
	if n := len(t.Rows) - most; n > 0 {
		t.Rows = t.Rows[:most]
		t.Note = joined("; ", t.Note, fmt.Sprintf("%d more are left out", n))
	}
	return t
}

func level(s analyze.Severity) string { return [...]string{"critical", "warning", "info"}[rank(s)] }

// sectionViews are the sections between the findings and the processes, in their order. Each has a file of its own; one
// that has nothing to show gives nil.
var sectionViews = []func(*viewBuilder, *analyze.Case, *analyze.Result) *section{
	func(b *viewBuilder, _ *analyze.Case, _ *analyze.Result) *section {
		return againstSection(b.meta.Against)
	},
	func(b *viewBuilder, c *analyze.Case, _ *analyze.Result) *section {
		return reviewSection(c, b.meta.Review)
	},
	func(b *viewBuilder, _ *analyze.Case, r *analyze.Result) *section { return b.waits(r) },
	func(b *viewBuilder, c *analyze.Case, _ *analyze.Result) *section { return b.cluster(c) },
}

// newView gathers the page.
func newView(c *analyze.Case, r *analyze.Result, m *Meta) *view {
	story := NewStory(c, r)
	v := &view{Title: cmp.Or(m.Title, joined(" · ", "casefile", cmp.Or(c.ID, c.Cluster))), Level: "fine", Story: story,
		Bundle: fileName(m.BundleName), Tool: m.tool(), Commands: m.Commands, Overhead: m.Overhead,
		Problems: c.Problems, Broken: r.Broken, Left: map[string]string{}}
	if worst := r.Worst(); worst.AtLeast(analyze.Warning) {
		v.Level = level(worst)
	} else if story.Scope.Verdict.Kind == analyze.CannotTell {
		v.Level = "info"
	}
	v.Counts = badges(r.Findings, func(f *analyze.Finding) bool { return f.ConsequenceOf == 0 })
	b := &viewBuilder{view: v, of: c, result: r, meta: m, excerpts: htmlExcerpts, anchors: map[any]string{}, shown: map[any]string{},
		places: map[string]int{}}
	b.anchorAll(c)
	b.findings(r.Findings)
	b.first()
	if !c.Started.IsZero() && c.Ended.After(c.Started) {
		b.Window = &window{c.Started.UnixMilli(), c.Ended.UnixMilli()}
	}
	b.Heat = b.heat(c, worstFirst(c.Nodes, r))
	b.Evidence = evidenceTable(c)
	for _, of := range sectionViews {
		if s := of(b, c, r); s != nil {
			b.Sections = append(b.Sections, *s)
		}
	}
	b.Stacks, _ = b.caseStacks(c).explore("Call tree and flame graphs", "")
	b.sections(c, r)
	b.nodes(c, r)
	b.appendix(c, r)
	for _, list := range [][]section{v.Sections, v.Processes, v.Hosts} {
		for i := range list {
			list[i].shareLines()
		}
	}
	v.Axes = v.shareAxes()
	return v
}

// viewBuilder carries what is shared by the parts of a page: budgets and anchors.
type viewBuilder struct {
	*view
	of       *analyze.Case
	result   *analyze.Result
	meta     *Meta
	excerpts int
	anchors  map[any]string // of JVMs, services and nodes
	shown    map[any]string // of those that have a section
	places   map[string]int // of nodes in the filter, by name
}

func (b *viewBuilder) anchorAll(c *analyze.Case) {
	for i, n := range c.Nodes {
		b.anchors[n] = fmt.Sprintf("host-%d", i+1)
		b.Filter = append(b.Filter, nameOf(n))
		b.places[n.Name] = i + 1
		for k, j := range n.JVMs {
			b.anchors[j] = fmt.Sprintf("jvm-%d-%d", i+1, k+1)
		}
		for k, s := range n.Services {
			b.anchors[s] = fmt.Sprintf("service-%d-%d", i+1, k+1)
		}
	}
}

// badges counts the findings that are to be kept by severity.
func badges(list []analyze.Finding, keep func(*analyze.Finding) bool) []badge {
	var n [3]int
	for i := range list {
		if keep(&list[i]) {
			n[rank(list[i].Severity)]++
		}
	}
	var out []badge
	for i, word := range []string{"critical", "warning", "note"} {
		if n[i] > 0 {
			if n[i] > 1 && i > 0 {
				word += "s"
			}
			out = append(out, badge{[...]string{"critical", "warning", "info"}[i], n[i], word})
		}
	}
	return out
}

// known leaves out facts without value.
func known(list ...fact) []fact {
	return slices.DeleteFunc(list, func(f fact) bool { return f.Value == "" })
}

func (b *viewBuilder) sections(c *analyze.Case, r *analyze.Result) {
	processes, hosts := 0, 0
	for _, n := range worstFirst(c.Nodes, r) {
		for _, j := range n.JVMs {
			if processes++; processes <= htmlSections {
				b.shown[j] = b.anchors[j]
				b.Processes = append(b.Processes, b.jvm(n, j))
			}
		}
		for _, s := range n.Services {
			if processes++; processes <= htmlSections {
				b.shown[s] = b.anchors[s]
				b.Processes = append(b.Processes, b.service(n, s))
			}
		}
		if n.Host != nil {
			if hosts++; hosts <= htmlSections {
				b.Hosts = append(b.Hosts, b.host(n))
			}
		}
	}
	if processes > htmlSections {
		b.Left["processes"] = count(processes-htmlSections, "more JVM or service") + " of nodes with fewer findings"
	}
	if hosts > htmlSections {
		b.Left["hosts"] = count(hosts-htmlSections, "more host")
	}
}

// worstFirst keeps the order of nodes, but those with findings come first.
func worstFirst(nodes []*analyze.Node, r *analyze.Result) []*analyze.Node {
	place := func(n *analyze.Node) int {
		i := slices.IndexFunc(r.Findings, func(f analyze.Finding) bool { return slices.Contains(f.Nodes, n.Name) })
		if i < 0 {
			return len(r.Findings)
		}
		return i
	}
	if len(nodes) <= htmlSections/2 {
		return nodes
	}
	out := slices.Clone(nodes)
	slices.SortStableFunc(out, func(a, b *analyze.Node) int { return cmp.Compare(place(a), place(b)) })
	return out
}

func (b *viewBuilder) appendix(c *analyze.Case, r *analyze.Result) {
	b.Gaps = table{Title: "Missing from this capture", Columns: columns("What", "Where", "Why", "Fix")}
	groups := groupGaps(c.Gaps)
	for i := range groups {
		g := &groups[i]
		b.Gaps.Rows = append(b.Gaps.Rows, []cell{text(g.Item), text(g.places()), text(g.Reason), text(g.Fix)})
	}
	b.NotEvaluated = table{Title: "Not evaluated", Columns: columns("Check", "What to record")}
	for _, n := range r.NotEvaluated {
		b.NotEvaluated.Rows = append(b.NotEvaluated.Rows, []cell{{Text: n.ID, Code: true}, text(n.Needs)})
	}
	b.Unparsed = table{Title: "Lines not understood", Columns: columns("Source", "#Lines")}
	for _, u := range unparsedOf(c) {
		b.Unparsed.Rows = append(b.Unparsed.Rows, []cell{{Text: c.Short(u.Source), Code: true}, text(say.Whole(u.Lines))})
	}
	b.Gaps, b.NotEvaluated, b.Unparsed = b.Gaps.bounded(htmlRows), b.NotEvaluated.bounded(htmlRows), b.Unparsed.bounded(htmlRows)
	if n := len(b.Problems) - htmlRows; n > 0 {
		b.Left["problems"] = fmt.Sprintf("and %d more", n)
		b.Problems = b.Problems[:htmlRows]
	}
}
