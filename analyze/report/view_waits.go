package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"casefile/analyze"
	"casefile/analyze/database"
	"casefile/analyze/say"
	"casefile/analyze/waits"
	"casefile/bundle/format/sessions"
)

// Limits of the part about waits.
const (
	waitPictures   = 8
	waitSessions   = 60 // of one server
	waitStatements = 30
)

// linked is the detail of a finding about a chain of waits.
type linked interface{ Links() []waits.Link }

// waits shows who waits for whom through databases and nodes; nil: no server was asked, and no chain was found.
func (b *viewBuilder) waits(r *analyze.Result) *section {
	s := &section{Anchor: "waits", Title: "Who waits for whom"}
	s.take(chainsPart(r))
	if r.Waits != nil {
		for _, l := range newestLooks(r.Waits) {
			s.take(sessionsPart(r.Waits, l))
		}
		s.take(statementsPart(r.Waits))
	}
	if len(s.Parts) == 0 {
		return nil
	}
	return s
}

// chainsPart draws the chain of each finding that has one, each once.
func chainsPart(r *analyze.Result) part {
	p := part{}
	drawn := map[string]bool{}
	for i := range r.Findings {
		f := &r.Findings[i]
		d, ok := f.Detail.(linked)
		if !ok || len(d.Links()) < 2 || drawn[f.Chain] {
			continue
		}
		if drawn[f.Chain] = true; len(p.Charts) == waitPictures {
			p.Note = "more chains are in the findings"
			break
		}
		p.Charts = append(p.Charts, figureChart{Title: f.ID, SVG: chainPicture(d.Links()), Note: cut(f.Impact, 300)})
	}
	return p
}

// newestLooks are the last looks at each server.
func newestLooks(g *waits.Graph) (out []*database.Look) {
	for _, r := range slices.Backward(g.Rounds) {
		for _, l := range r.Looks {
			if !slices.ContainsFunc(out, func(o *database.Look) bool { return o.Key() == l.Key() }) {
				out = append(out, l)
			}
		}
	}
	return out
}

// sessionsPart lists the sessions of a server that work, wait or keep a transaction open.
func sessionsPart(g *waits.Graph, l *database.Look) part {
	p := part{Title: "Sessions of " + l.Product() + " " + clean(l.Name()) + " at the last look"}
	counts := map[string]int{}
	var list []*database.Session
	behind := behindEach(l)
	for i := range l.Sessions {
		s := &l.Sessions[i]
		if s.Kind != "" || s.ID == l.Own.ID {
			continue
		}
		counts[cmp.Or(string(s.State), "not visible")]++
		if s.State != sessions.Idle && s.State != "" || database.Blocked(s) {
			list = append(list, s)
		}
	}
	for _, state := range slices.Sorted(maps.Keys(counts)) {
		p.Stats = append(p.Stats, fact{clean(state), fmt.Sprint(counts[state])})
	}
	slices.SortStableFunc(list, func(a, b *database.Session) int {
		return cmp.Or(cmp.Compare(behind[b.ID], behind[a.ID]), cmp.Compare(len(a.BlockedBy), len(b.BlockedBy)), cmp.Compare(a.ID, b.ID))
	})
	t := table{Columns: columns("#Session", "State", "#For", "Waits for", "#Behind it", "Of", "Statement")}
	for _, s := range list {
		t.Rows = append(t.Rows, sessionRow(g, l, s, behind[s.ID]))
	}
	if len(t.Rows) > 0 {
		p.Tables = append(p.Tables, t.bounded(waitSessions))
	}
	for _, h := range l.Hidden {
		p.Note = joined("; ", p.Note, joined(": ", "not visible to the role: "+h.What, h.Grant))
	}
	if l.LeftOut > 0 {
		p.Note = joined("; ", p.Note, count(l.LeftOut, "more session")+" left out")
	}
	return p
}

// behindEach counts the sessions that stand behind each that waits for no other itself.
func behindEach(l *database.Look) map[int64]int {
	counts := map[int64]int{}
	for i := range l.Sessions {
		s, first := &l.Sessions[i], true
		for seen := map[int64]bool{}; s != nil && !seen[s.ID]; first = false {
			seen[s.ID] = true
			if !database.Blocked(s) {
				if !first {
					counts[s.ID]++
				}
				break
			}
			s = l.Find(s.BlockedBy[0])
		}
	}
	return counts
}

func sessionRow(g *waits.Graph, l *database.Look, s *database.Session, behind int) []cell {
	since := s.StateSince
	if s.State == sessions.Active {
		since = s.QuerySince
	}
	age := ""
	if d, ok := l.Age(since); ok {
		age = say.Took(d)
	}
	wants := cell{}
	if database.Blocked(s) {
		wants = cell{Text: waits.LockWords(s.Lock), Sub: "held by " + say.List(numbersOf(s.BlockedBy))}
	} else if s.WaitEvent != "" {
		wants = cell{Text: joined(" / ", s.WaitType, s.WaitEvent)}
	}
	number := ""
	if behind > 0 {
		number = fmt.Sprint(behind)
	}
	return []cell{
		text(fmt.Sprint(s.ID)), {Text: string(s.State), Sub: clean(s.User)}, text(age), wants, text(number),
		ownerCell(g, l, s), {Text: clean(database.Squeeze(s.Statement, 300)), Code: s.Statement != ""},
	}
}

func numbersOf(list []int64) (out []string) {
	const most = 3
	for i, n := range list {
		if i == most {
			return append(out, fmt.Sprintf("%d more", len(list)-most))
		}
		out = append(out, fmt.Sprint(n))
	}
	return out
}

// ownerCell is whose connection a session is.
func ownerCell(g *waits.Graph, l *database.Look, s *database.Session) cell {
	o := g.Owner(l, s)
	switch {
	case o.Process == nil:
		return cell{Text: clean(s.Client), Sub: clean(s.Application)}
	case o.Thread == nil:
		return cell{Text: clean(o.Process.Label())}
	case o.Sure < waits.Exact:
		return cell{Text: clean(o.Process.Label()), Sub: "most likely " + clean(waits.ThreadWords(o.Process, o.Thread))}
	}
	return cell{Text: clean(o.Process.Label()), Sub: clean(waits.ThreadWords(o.Process, o.Thread))}
}

// statementsPart lists what the threads of captured processes wait for, by how many do.
func statementsPart(g *waits.Graph) part {
	p := part{Title: "Statements by the time of the threads that wait for them"}
	t := table{Columns: columns("Statement", "Server", "#Threads, on average", "#Of them requests", "#Half run longer than", "#Longest", "#Runs counted", "#Mean")}
	for _, a := range g.Statements() {
		requests := 0
		for _, s := range a.Standing {
			if s.Serves() {
				requests++
			}
		}
		ages := a.Ages()
		half, longest := "", ""
		if n := len(ages); n > 0 {
			half, longest = say.Took(ages[n/2]), say.Took(ages[n-1])
		}
		runs, mean := "", ""
		if took, _, known := g.Took(a); known {
			runs, mean = say.Whole(took.Calls), say.Number(took.MeanMS)+" ms"
		}
		rounds := float64(len(g.Rounds))
		t.Rows = append(t.Rows, []cell{
			{Text: clean(database.Squeeze(a.Statement, 300)), Code: true}, text(clean(a.Look.Name())),
			text(say.Number(float64(len(a.Standing)) / rounds)), text(say.Number(float64(requests) / rounds)), text(half), text(longest), text(runs), text(mean),
		})
	}
	if len(t.Rows) > 0 {
		p.Tables = append(p.Tables, t.bounded(waitStatements))
	}
	return p
}
