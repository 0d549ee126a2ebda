package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"casefile/analyze"
	"casefile/analyze/capacity"
	"casefile/analyze/checklist"
	"casefile/analyze/say"
	"casefile/analyze/ticket"
)

// Review is a cluster looked at as a whole: its checklist, what limits it, and what support still needs.
type Review struct {
	Checklist *checklist.List
	Capacity  *capacity.Estimate
	Ticket    *ticket.State
}

// NewReview makes the review of a case; wanted is the list of a vendor, nil: the one that casefile comes with. Answers are by the keys of its
// questions, or by the ids of the checklist's items.
func NewReview(c *analyze.Case, r *analyze.Result, wanted *ticket.Wanted, answers map[string]string) (*Review, error) {
	list, err := checklist.Of(c, r)
	if err != nil {
		return nil, err
	}
	if wanted == nil {
		if wanted, err = ticket.Default(); err != nil {
			return nil, err
		}
	}
	items, questions := map[string]string{}, map[string]string{}
	for key, text := range answers {
		of := questions
		if checklist.IsItem(key) && !wanted.Asks(key) {
			of = items
		}
		of[key] = text
	}
	if err := list.Tell(items); err != nil {
		return nil, err
	}
	state, err := ticket.Of(c, wanted, questions)
	if err != nil {
		return nil, err
	}
	return &Review{list, capacity.Of(c, r), state}, nil
}

// headline counts the answers: "2 not ok, 31 ok, 9 not known".
func (r *Review) headline() string {
	l := r.Checklist
	text := fmt.Sprintf("%d not ok, %d ok, %d not known", l.Count(checklist.NotOK), l.Count(checklist.OK), l.Open())
	if n := l.Asked(); n > 0 {
		text += fmt.Sprintf(", %d that only people know", n)
	}
	if n := len(l.Apart); n > 0 {
		text += fmt.Sprintf("; %s compare nodes, and there is one", say.Count(n, "question"))
	}
	if n := len(l.Unseen); n > 0 {
		text += fmt.Sprintf("; %s not asked, as nothing of it was seen", say.Count(n, "question"))
	}
	return text
}

// of are the answers of a state, in the order of the checklist.
func (r *Review) of(s checklist.State) (out []*checklist.Answer) {
	for i := range r.Checklist.Answers {
		if a := &r.Checklist.Answers[i]; a.State == s {
			out = append(out, a)
		}
	}
	return out
}

// open are the answers that are not known: those that a capture could tell, and those that only people can.
func (r *Review) open() (measured, asked []*checklist.Answer) {
	for _, a := range r.of(checklist.NotKnown) {
		if a.Test == checklist.Ask {
			asked = append(asked, a)
		} else {
			measured = append(measured, a)
		}
	}
	return measured, asked
}

// missing are the artefacts that some node lacks.
func (r *Review) missing() (out []*ticket.Held) {
	for i := range r.Ticket.Held {
		if h := &r.Ticket.Held[i]; !h.Complete() {
			out = append(out, h)
		}
	}
	return out
}

var stateWords = map[checklist.State]string{checklist.OK: "ok", checklist.NotOK: "NOT OK", checklist.NotKnown: "?"}

// ReviewTerminal prints the review: what is not ok with its fix first, then what limits the cluster, then what is missing.
func ReviewTerminal(w io.Writer, r *Review, o Options) error {
	t := &terminal{o: o, width: o.width()}
	t.line(t.paint(bold, r.headline()))
	const margin = "          "
	for _, a := range r.of(checklist.NotOK) {
		t.line("")
		code := map[analyze.Severity]string{analyze.Critical: red, analyze.Warning: yellow, analyze.Info: blue}[a.Rank()]
		t.text(t.paint(code, "NOT OK")+"    ", margin, plain, clean(a.Question), 0)
		t.text(margin, margin, plain, clean(a.Value), 3)
		t.text(margin+"Do: ", margin+"    ", plain, clean(a.Do()), 0)
		t.text(margin, margin, dim, clean(placesText(a)), 1)
	}
	t.line("")
	t.line(t.paint(bold, "What limits it"))
	sentences := r.Capacity.Sentences()
	if len(sentences) == 0 {
		t.line("Nothing was measured that tells. casefile collect on all nodes at the busiest hour does.")
	}
	for _, s := range sentences {
		t.text("- ", "  ", plain, clean(s), 0)
	}
	measured, asked := r.open()
	if len(measured) > 0 {
		t.line("")
		t.line(t.paint(bold, "Not known"))
		t.text("", "", dim, `Who knows an answer gives it: --question ID=ok, ID="not ok: why" or ID=n/a, or --answers FILE.`, 0)
	}
	for _, a := range measured {
		t.text("? ", "  ", plain, clean(joined(" — ", named(a), a.Value)), 2)
		t.text("  ", "  ", dim, clean(a.Do()), 2)
	}
	t.line("")
	t.line(t.paint(bold, "What support still needs"))
	for _, h := range r.missing() {
		t.text("- ", "  ", plain, clean(h.Name+absent(h)), 2)
		t.text("  ", "  ", dim, clean(h.How), 2)
	}
	for _, a := range asked {
		t.text("- ", "  ", plain, clean(named(a)), 2)
		t.text("  ", "  ", dim, clean(a.How), 2)
	}
	for _, q := range r.Ticket.Asked {
		t.text("- ", "  ", plain, clean(joined(" ", q.Text, cmp.Or(q.Answer, "(--question "+q.Key+"=...)"))), 3)
	}
	if o.Verbose {
		t.line("")
		t.line(t.paint(bold, "Ok"))
		for _, a := range r.of(checklist.OK) {
			t.text("- ", "  ", plain, clean(joined(" — ", a.Question, a.Value+betweenText(a))), 2)
		}
		if len(r.Checklist.Unseen) > 0 {
			t.line("")
			t.line(t.paint(bold, "Not asked"))
			t.text("", "", dim, "Nothing of it was seen here. They are asked once it is named or captured.", 0)
		}
		for _, i := range r.Checklist.Unseen {
			t.text("- ", "  ", plain, clean(i.Question+" ["+i.ID+"]"), 2)
			t.text("  ", "  ", dim, clean(i.How), 3)
		}
	} else {
		t.line("")
		t.line(fmt.Sprintf("%d answers are ok: --verbose lists them", r.Checklist.Count(checklist.OK)))
	}
	_, err := w.Write(t.buf.Bytes())
	return err
}

// named is a question with the id that people answer it by.
func named(a *checklist.Answer) string { return a.Question + " [" + a.ID + "]" }

func betweenText(a *checklist.Answer) string {
	if !a.Between {
		return ""
	}
	return " (between good and bad)"
}

func placesText(a *checklist.Answer) string {
	var list []string
	for _, e := range a.At {
		list = append(list, cite(&e))
	}
	return joined(" · ", strings.Join(list, ", "), "by "+a.Source)
}

func absent(h *ticket.Held) string {
	if len(h.Nodes) > 0 {
		return " (missing on " + say.List(h.Missing) + ")"
	}
	return ""
}

// review adds the review to SUMMARY.md: what is not ok, what limits the cluster, what is missing, and the form.
func (p *page) review(r *Review) {
	const most = 12
	if r == nil {
		return
	}
	var rows [][]string
	for _, a := range r.of(checklist.NotOK) {
		rows = append(rows, []string{a.Question, a.Value, a.Do()})
	}
	if len(rows) > 0 || r.Checklist.Count(checklist.OK) > 0 { // of loose files nothing is known
		p.heading("Checklist: " + r.headline())
	}
	if len(rows) > 0 {
		p.table([]string{"Not ok", "Measured", "Fix"}, rows, most)
	}
	if list := r.Capacity.Sentences(); len(list) > 0 {
		p.list("What limits it", list)
	}
	p.heading("What support still needs")
	for i, h := range r.missing() {
		if i == most {
			break
		}
		p.add("- " + md(h.Name+absent(h)) + ": " + md(cut(h.How, 200)))
	}
	_, asked := r.open()
	for _, a := range asked {
		p.add("- **" + md(a.Question) + "** " + md(cut(a.How, 200)))
	}
	for _, q := range r.Ticket.Asked {
		p.add("- **" + md(q.Text) + "** " + md(cmp.Or(q.Answer, "…")))
	}
}

// reviewSection is the review as a part of the page.
func reviewSection(c *analyze.Case, r *Review) *section {
	if r == nil {
		return nil
	}
	s := &section{Anchor: "checklist", Title: "Checklist, limits, and what support needs"}
	for _, g := range checklist.Groups {
		t := table{Columns: columns("Question", "Answer", "Measured", "What to do", "Source")}
		fine := table{Columns: t.Columns}
		for i := range r.Checklist.Answers {
			a := &r.Checklist.Answers[i]
			if a.Group != g[0] {
				continue
			}
			value := cell{Text: cut(a.Value+betweenText(a), 300)}
			for _, e := range a.At {
				value.Lines = append(value.Lines, citeShort(c, &e))
			}
			if len(value.Lines) > 0 {
				value.More = "where"
			}
			of := &t
			if a.State == checklist.OK {
				of = &fine
			}
			of.Rows = append(of.Rows, []cell{text(a.Question), text(strings.ToLower(stateWords[a.State])), value,
				text(cut(a.Do(), 300)), text(cut(a.Source, 200))})
		}
		fine.Fold = say.Count(len(fine.Rows), "answer") + " ok"
		p := part{Title: g[1]}
		for _, x := range []table{t, fine} {
			if len(x.Rows) > 0 {
				p.Tables = append(p.Tables, x)
			}
		}
		s.take(p)
	}
	if list := r.Capacity.Sentences(); len(list) > 0 {
		t := table{Columns: columns("What limits it")}
		for _, sentence := range list {
			t.Rows = append(t.Rows, []cell{text(sentence)})
		}
		used := table{Columns: columns("Resource", "Used", "Figures")}
		for _, x := range r.Capacity.Resources {
			used.Rows = append(used.Rows, []cell{text(x.Title()), text(say.Percent(x.Used.Low) + " to " + say.Percent(x.Used.High)), text(cut(x.Text, 200))})
		}
		s.Parts = append(s.Parts, part{Tables: []table{t, used.bounded(40)}})
	}
	s.Parts = append(s.Parts, part{Title: "What support needs", Tables: ticketTables(r.Ticket)})
	return s
}

func ticketTables(st *ticket.State) []table {
	held := table{Columns: columns("Artefact", "In the bundle", "Missing", "How to get it")}
	for i := range st.Held {
		h := &st.Held[i]
		have := joined(", ", say.List(h.Nodes), h.Detail)
		if !h.Since.IsZero() {
			have = joined(", ", have, "since "+say.Instant(h.Since))
		}
		how := h.How
		if h.Complete() {
			how = ""
		}
		held.Rows = append(held.Rows, []cell{text(h.Name), text(cut(have, 200)), text(cut(say.List(h.Missing), 200)), text(how)})
	}
	asked := table{Columns: columns("Question", "Answer")}
	for _, q := range st.Asked {
		asked.Rows = append(asked.Rows, []cell{text(q.Text), text(cut(q.Answer, 2000))})
	}
	return []table{held, asked}
}

// bounds are two ends between which a figure lies; no high one: there is no end, or it is not known.
type bounds struct {
	Low  float64 `json:"low"`
	High float64 `json:"high,omitempty"`
}

func boundsOf(r capacity.Range) *bounds {
	b := &bounds{}
	if !math.IsInf(r.Low, 0) {
		b.Low = r.Low
	}
	if !math.IsInf(r.High, 0) {
		b.High = r.High
	}
	return b
}

// limits is what ends growth, in figures.
type limits struct {
	First   string    `json:"first,omitempty"` // the resource that ends growth; empty: the load was too low to tell
	Near    []string  `json:"near,omitempty"`  // others that may
	Rate    float64   `json:"requests_per_s,omitempty"`
	Growth  *bounds   `json:"growth,omitempty"`          // times the present load
	Carries *bounds   `json:"carries_per_s,omitempty"`   // requests a second
	Loads   []float64 `json:"loads_per_s,omitempty"`     // of several captures
	All     *bounds   `json:"all_carry_per_s,omitempty"` // what the nodes carry by each of them
	Further *bounds   `json:"further_node,omitempty"`    // capacity with one more, in times of now
	After   []after   `json:"after_node_loss,omitempty"` // what each node's own resources would be used
}

type after struct {
	Name string `json:"name"`
	Node string `json:"node"`
	Used bounds `json:"used"`
}

func limitsOf(e *capacity.Estimate) (l limits) {
	l.Rate = e.Rate
	if e.First != nil {
		l.First = e.First.Title()
		l.Growth = boundsOf(e.Growth)
		if e.Helps {
			l.Further = boundsOf(e.Further)
		}
		if e.Carries.Low > 0 {
			l.Carries = boundsOf(e.Carries)
		}
	}
	if l.Loads = e.Loads; len(e.Loads) > 1 && e.All.Low <= e.All.High {
		l.All = boundsOf(e.All)
	}
	for _, x := range e.Near {
		l.Near = append(l.Near, x.Title())
	}
	for _, x := range e.After {
		l.After = append(l.After, after{x.Name, x.Node, *boundsOf(x.Then)})
	}
	return l
}

// ReviewJSON writes the review as one object.
func ReviewJSON(w io.Writer, r *Review) error {
	type place struct {
		Entry string `json:"entry"`
		Lines string `json:"lines,omitempty"`
	}
	type item struct {
		ID       string   `json:"id"`
		Group    string   `json:"group"`
		Question string   `json:"question"`
		State    string   `json:"state"`
		Severity string   `json:"severity,omitempty"` // of what is not ok
		Value    string   `json:"value,omitempty"`
		Nodes    []string `json:"nodes,omitempty"`
		At       []place  `json:"evidence,omitempty"`
		Do       string   `json:"do,omitempty"`
		Source   string   `json:"source"`
		Asked    bool     `json:"asked,omitempty"` // only people know
		Told     bool     `json:"told,omitempty"`  // people gave the answer
	}
	type resource struct {
		Name string  `json:"name"`
		Node string  `json:"node,omitempty"`
		Low  float64 `json:"used_low"`
		High float64 `json:"used_high"`
		Text string  `json:"figures"`
	}
	type artefact struct {
		ID      string   `json:"id"`
		Name    string   `json:"name"`
		Nodes   []string `json:"nodes"`
		Missing []string `json:"missing"`
		How     string   `json:"how"`
	}
	type unasked struct {
		ID       string `json:"id"`
		Question string `json:"question"`
		How      string `json:"how"`
	}
	type question struct {
		Key    string `json:"key"`
		Text   string `json:"text"`
		Answer string `json:"answer"`
	}
	out := struct {
		Version   int        `json:"schema_version"`
		Items     []item     `json:"items"`
		Unasked   []unasked  `json:"unasked"`
		Limits    []string   `json:"limits"`
		Capacity  limits     `json:"capacity"`
		Resources []resource `json:"resources"`
		Artefacts []artefact `json:"artefacts"`
		Questions []question `json:"questions"`
	}{Version: 1, Items: []item{}, Unasked: []unasked{}, Limits: orNone(r.Capacity.Sentences()), Capacity: limitsOf(r.Capacity), Resources: []resource{}, Artefacts: []artefact{}, Questions: []question{}}
	for i := range r.Checklist.Answers {
		a := &r.Checklist.Answers[i]
		x := item{ID: a.ID, Group: a.Group, Question: a.Question, State: string(a.State), Value: a.Value, Nodes: a.Nodes, Do: a.Do(), Source: a.Source,
			Asked: a.Test == checklist.Ask, Told: a.Told}
		if a.State == checklist.NotOK {
			x.Severity = string(a.Rank())
		}
		for _, e := range a.At {
			x.At = append(x.At, place{e.Entry, e.Lines})
		}
		out.Items = append(out.Items, x)
	}
	for _, i := range r.Checklist.Unseen {
		out.Unasked = append(out.Unasked, unasked{i.ID, i.Question, i.How})
	}
	for _, x := range r.Capacity.Resources {
		out.Resources = append(out.Resources, resource{x.Name, x.Node, x.Used.Low, x.Used.High, x.Text})
	}
	for i := range r.Ticket.Held {
		h := &r.Ticket.Held[i]
		out.Artefacts = append(out.Artefacts, artefact{h.ID, h.Name, orNone(h.Nodes), orNone(h.Missing), h.How})
	}
	for _, q := range r.Ticket.Asked {
		out.Questions = append(out.Questions, question{q.Key, q.Text, q.Answer})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(out)
}

func orNone(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
