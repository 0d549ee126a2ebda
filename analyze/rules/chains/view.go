package chains

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/database"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
	"casefile/analyze/waits"
)

// Limits of more than one rule of this wing.
var (
	chainCritical = analyze.NewLimit(0.5, "1", "request-thread time behind one chain: critical",
		"half of the service's capacity")
	chainShare = analyze.NewLimit(0.25, "1", "request-thread time behind what does not last",
		"below a quarter a service that mostly asks its database is healthy")
	chainRounds = analyze.NewLimit(2, "dumps", "that show the wait, where no server tells how long it lasts", "one may be chance")
)

const needsSessions = "the sessions of the database at the moments of the dumps: a credential of the database in the " +
	"cluster file, or --use-app-credentials, and the right to see other users' sessions (pg_monitor; PROCESS)"

// codeChange is the risk of what developers must do.
const codeChange = "A change of code, for its developers."

// chains is the whole case as the rules of this wing look at it.
type chains struct {
	*waits.Graph
	of map[analyze.Subject]*views.Process
}

// About names nothing: each finding names its processes.
func (c *chains) About() analyze.Subject { return analyze.Subject{} }

var whole = analyze.NewMemo(func(p *analyze.Pass) *chains {
	c := &chains{Graph: analyze.WaitsOf(p), of: map[analyze.Subject]*views.Process{}}
	for _, v := range views.Processes.Of(p) {
		c.of[v.About()] = v
	}
	return c
})

// joined gives the graph where there is one; sessions says that a server must have told of its sessions.
func joined(sessions bool) func(*analyze.Pass) []*chains {
	return func(p *analyze.Pass) []*chains {
		c := whole.Of(p)
		if c.Graph == nil || sessions && len(p.Databases) == 0 {
			return nil
		}
		p.Evaluated()
		return []*chains{c}
	}
}

// account is the detail of a finding of this wing.
type account struct {
	claimed []*threads.Thread
	chain   []waits.Link
}

// Claimed are the threads that the finding explains, see [analyze.Claimer].
func (a *account) Claimed() []*threads.Thread { return a.claimed }

// Links are the chain that the finding is about, for a picture.
func (a *account) Links() []waits.Link { return a.chain }

func threadsOf(list []waits.Standing) (out []*threads.Thread) {
	for _, s := range list {
		out = append(out, s.Thread)
	}
	return out
}

// tracked is the thread of a session in all dumps.
func tracked(o waits.Owner) (out []*threads.Thread) {
	if tr := o.Process.Series.TrackOf(o.Thread); tr != nil {
		for _, t := range tr.Obs {
			if t != nil && t.Stack == o.Thread.Stack {
				out = append(out, t)
			}
		}
	}
	return out
}

func subjectOf(p *waits.Process) analyze.Subject { return analyze.Subject{Node: p.Node, Name: p.Name} }

// cost is what standing threads cost: of the process that loses most.
type cost struct {
	views.Loss
	impact string
}

// costOf measures the threads of each process against all of their kind.
func (c *chains) costOf(list []waits.Standing) (worst cost) {
	type part struct {
		p *waits.Process
		l views.Loss
	}
	var parts []part
	for _, p := range processesOf(list) {
		v := c.of[subjectOf(p)]
		if v == nil {
			continue
		}
		var of []views.Sighting
		for _, s := range list {
			if s.Process == p {
				of = append(of, s.Sighting())
			}
		}
		parts = append(parts, part{p, v.LossOf(of)})
	}
	slices.SortStableFunc(parts, func(a, b part) int {
		return cmp.Or(boolCompare(b.l.Requests, a.l.Requests), cmp.Compare(b.l.Share, a.l.Share))
	})
	if len(parts) == 0 {
		return cost{impact: "sessions of clients that were not captured"}
	}
	worst.Loss = parts[0].l
	const most = 3
	var words []string
	for i, p := range parts {
		if i == most {
			words = append(words, fmt.Sprintf("%d more", len(parts)-most))
			break
		}
		word := p.l.Impact()
		if len(parts) > 1 {
			word += " of " + p.p.Label()
		}
		words = append(words, word)
	}
	worst.impact = say.List(words)
	return worst
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// processesOf are those of the threads, in the order of their names.
func processesOf(list []waits.Standing) (out []*waits.Process) {
	for _, s := range list {
		if !slices.Contains(out, s.Process) {
			out = append(out, s.Process)
		}
	}
	slices.SortFunc(out, func(a, b *waits.Process) int {
		return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// place gives a finding the processes that it is about.
func place(f *analyze.Finding, list []*waits.Process) {
	var apps []string
	for _, p := range list {
		if s := subjectOf(p); !slices.Contains(f.Processes, s) {
			f.Processes = append(f.Processes, s)
		}
		if !slices.Contains(f.Nodes, p.Node) {
			f.Nodes = append(f.Nodes, p.Node)
		}
		if app := appOf(p); !slices.Contains(apps, app) {
			apps = append(apps, app)
		}
	}
	slices.Sort(f.Nodes)
	switch {
	case len(list) == 1:
		f.Subject = list[0].Name
	case len(apps) == 1:
		f.Subject = apps[0]
	}
}

// appOf is the program's name without the number of its process.
func appOf(p *waits.Process) string {
	return strings.TrimPrefix(strings.TrimPrefix(p.Short(), p.Node), " ")
}

// rounds counts those that show threads.
func rounds(list []waits.Standing) int {
	seen := map[*waits.Round]bool{}
	for _, s := range list {
		seen[s.Round] = true
	}
	return len(seen)
}

// evidenceOf makes evidence of places, each once, as many as a reader opens.
func evidenceOf(list ...waits.Cite) (out []analyze.Evidence) {
	for _, at := range list {
		e := analyze.Evidence{Entry: at.Entry, Lines: analyze.Lines(at.From, at.To), Text: at.Text}
		same := func(o analyze.Evidence) bool { return o.Entry == e.Entry && o.Lines == e.Lines }
		if e.Entry == "" || slices.ContainsFunc(out, same) {
			continue
		}
		out = append(out, e)
	}
	return out[:min(len(out), cite.Most)]
}

// citeThread points at a thread of a dump, with what it does.
func (c *chains) citeThread(p *waits.Process, dump int, t *threads.Thread) waits.Cite {
	if t == nil {
		return waits.Cite{}
	}
	text := say.Quote(t.Name) + " " + say.Brief(p.Series.Wait(t).Text) + " in " + waits.At(p, t)
	return waits.Cite{Entry: p.Series.Dumps[dump].SourceOf(t), From: int(t.Line), To: int(t.EndLine), Text: text}
}

// citeCall points at the call of the thread of a chain that comes to a server or a process.
func citeCall(s waits.Standing) (at waits.Cite) {
	for _, e := range s.Chain {
		if e.At.Entry == "" || e.From.Kind != waits.OfThread {
			continue
		}
		at = e.At
		at.Text = say.Quote(e.From.Thread.Name) + " is in " + e.Call.Name
		switch {
		case e.Call.Conn.Known():
			at.Text += fmt.Sprintf(" on %s -> %s", e.Call.Conn.Local, e.Call.Conn.Remote)
		case e.Call.File != "":
			at.Text += " on " + e.Call.File
		}
		return at
	}
	return at
}

// citeSession points at a session, with what it does.
func citeSession(v *waits.Vertex) waits.Cite {
	s := v.Session
	if s.Line == 0 {
		return waits.Cite{}
	}
	text := waits.SessionName(s) + " of " + cmp.Or(s.Client, "the server's own machine") + ", " + waits.StateWords(v)
	if len(s.BlockedBy) > 0 {
		text += fmt.Sprintf(", blocked by %s", numbers(s.BlockedBy))
	}
	if s.Statement != "" {
		text += ": " + statement(s.Statement, 160)
	}
	return waits.Cite{Entry: v.Look.Source, From: s.Line, To: s.Line, Text: text}
}

func numbers(list []int64) string {
	const most = 3
	var out []string
	for i, n := range list {
		if i == most {
			out = append(out, fmt.Sprintf("%d more", len(list)-most))
			break
		}
		out = append(out, fmt.Sprint(n))
	}
	return say.List(out)
}

// statement is a statement on one line, cut.
func statement(text string, most int) string { return database.Squeeze(text, most) }

// lasts says how long, in words; short: under a second.
func lasts(d time.Duration) string {
	if d < time.Second {
		return "less than a second"
	}
	return say.Seconds(d)
}
