package report

import (
	"fmt"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/profile"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

// Rows of the tables of one JVM.
const (
	jvmPools  = 12
	jvmGroups = 12
	jvmLocks  = 12
	jvmHot    = 12
	jvmLogs   = 4
	stackShow = 14 // frames
)

func (b *viewBuilder) jvm(n *analyze.Node, j *analyze.JVM) section {
	s := section{Anchor: b.anchors[j], Places: b.placesOf(n.Name), Title: j.Target, Where: nameOf(n), Facts: jvmFacts(j)}
	s.take(tuningPart(b.result, n, j))
	s.take(b.threads(n, j.Subject(), j.Dumps, "Threads"))
	if fig, ok := lookChart(n, j.Looks); ok {
		s.take(part{Title: "Looks from outside", Charts: []figureChart{fig}})
	}
	for i, log := range j.GC {
		if i == jvmLogs {
			s.take(part{Title: "More GC logs", Note: count(len(j.GC)-i, "more GC log")})
			break
		}
		part := gcPart(log, n.Clock)
		if len(j.GC) > 1 {
			part.Note = joined(": ", part.Note, b.of.Short(log.Source))
		}
		s.take(part)
	}
	s.take(b.profiles(j.Profiles))
	s.take(counterPart(n, j))
	if len(s.Parts) == 0 {
		s.Parts = []part{{Note: "Nothing was captured of this JVM that can be shown; see what is missing below."}}
	}
	return s
}

// tuningPart is what the findings advise to set on one JVM, as one set.
func tuningPart(r *analyze.Result, n *analyze.Node, j *analyze.JVM) part {
	p := part{Title: "Settings to change"}
	t := table{Columns: columns("Setting", "From", "To", "Because of", "Costs", "How to see that it worked")}
	for _, set := range r.Tuning {
		if !set.Concerns(n.Name, j.Subject()) {
			continue
		}
		for _, c := range set.Changes {
			t.Rows = append(t.Rows, []cell{{Text: c.Setting, Code: true}, text(c.From), {Text: c.To, Code: true}, text(strings.Join(c.Findings, ", ")), text(c.Risk), text(c.Verify)})
		}
	}
	if len(t.Rows) > 0 {
		p.Note = "all of it at once: none of it is against another"
		p.Tables = []table{t}
	}
	return p
}

func (s *section) take(p part) {
	if !p.empty() {
		s.Parts = append(s.Parts, p)
	}
}

func (b *viewBuilder) service(n *analyze.Node, sv *analyze.Service) section {
	s := section{Anchor: b.anchors[sv], Places: b.placesOf(n.Name), Title: sv.Target, Where: nameOf(n), Facts: []fact{{"Runtime", "Go"}}}
	s.take(b.threads(n, sv.Target, sv.Goroutines, "Goroutines"))
	s.take(b.profiles(sv.Profiles))
	s.take(part{Title: "Process", Charts: processCharts(n, sv.Process)})
	return s
}

// threads is what a series of dumps shows.
func (b *viewBuilder) threads(n *analyze.Node, subject string, s *threads.Series, title string) part {
	p := part{Title: title}
	if s == nil || len(s.Dumps) == 0 {
		return p
	}
	p.Note = fmt.Sprintf("%s over %s", count(len(s.Dumps), "dump"), say.Took(s.Duration()))
	if len(s.Dumps) == 1 {
		p.Note = "one dump: what they did before and after it is not known"
	}
	if l := b.lossOf(n.Name, subject); l != nil {
		p.add(lossChart(l))
	}
	p.Charts = append(p.Charts, threadCharts(n, s, title)...)
	for _, t := range []table{poolTable(s), lockTable(s), hotTable(s), groupTable(s)} {
		if len(t.Rows) > 0 || t.Note != "" {
			p.Tables = append(p.Tables, t)
		}
	}
	return p
}

// dumpNames labels dumps by their time, or number. A time without a zone is shown as printed.
func dumpNames(n *analyze.Node, s *threads.Series) []string {
	names := make([]string, len(s.Dumps))
	for i, d := range s.Dumps {
		switch {
		case d.Time.IsZero():
			names[i] = fmt.Sprintf("#%d", i+1)
		case d.ZoneKnown:
			names[i] = clockText(n, d.Time)
		default:
			names[i] = d.Time.Format(time.TimeOnly)
		}
	}
	return names
}

func stateLayers(s *threads.Series) []layer {
	layers := []layer{{class: "s3", name: "runnable"}, {class: "s4", name: "blocked"}, {class: "s1", name: "waiting"}, {class: "s7", name: "timed waiting"}, {class: "s6", name: "runtime's own"}}
	at := map[threads.State]int{threads.Runnable: 0, threads.Blocked: 1, threads.Waiting: 2, threads.TimedWaiting: 3}
	for i := range layers {
		layers[i].values = make([]int, len(s.Dumps))
	}
	for i, d := range s.Dumps {
		for _, t := range d.Threads {
			k, known := at[t.State]
			if !known || t.VMInternal {
				k = 4
			}
			layers[k].values[i] += max(1, int(t.Count))
		}
	}
	return present(layers)
}

// present leaves out layers without any value.
func present(layers []layer) []layer {
	out := layers[:0]
	for _, l := range layers {
		for _, v := range l.values {
			if v > 0 {
				out = append(out, l)
				break
			}
		}
	}
	return out
}

func poolLayers(p *threads.Pool) []layer {
	layers := []layer{{class: "s3", name: "running"}, {class: "s4", name: "waiting for something"}, {class: "s8", name: "idle"}}
	for _, c := range p.Counts {
		layers[0].values = append(layers[0].values, c.Running)
		layers[1].values = append(layers[1].values, c.Waiting)
		layers[2].values = append(layers[2].values, c.Idle)
	}
	return present(layers)
}

// busiestPool is the pool with most busy threads over the dumps; request pools go first.
func busiestPool(pools []*threads.Pool) *threads.Pool {
	var best *threads.Pool
	most := 0
	for _, p := range pools {
		busy := 0
		for _, c := range p.Counts {
			busy += c.Busy
		}
		if p.Requests {
			busy *= 1000
		}
		if busy > most {
			best, most = p, busy
		}
	}
	return best
}

// runtimePool is the kind of the pools of a JVM itself.
const runtimePool = "JVM"

// poolTable shows the pools that had work, and names the others.
func poolTable(s *threads.Series) table {
	t := table{Title: "Pools", Columns: columns("Pool", "#Threads", "#Busy at most", "Dumps", "What busy threads do")}
	var idle []string
	for _, p := range s.Pools(nil) {
		busy := 0
		for _, c := range p.Counts {
			busy = max(busy, c.Busy)
		}
		if busy == 0 {
			if p.Kind != runtimePool {
				idle = append(idle, fmt.Sprintf("%s (%d)", cut(p.Name, 60), p.MaxSize()))
			}
			continue
		}
		var doing []string
		for i, d := range p.Doing {
			if i == 2 {
				break
			}
			what := d.Text
			if d.Site != "" {
				what += " in " + shortFunc(d.Site)
			}
			doing = append(doing, fmt.Sprintf("%d× %s", d.Count, what))
		}
		kind := p.Kind
		if kind == p.Name {
			kind = ""
		}
		t.Rows = append(t.Rows, []cell{{Text: cut(p.Name, 80), Sub: kind}, text(say.Whole(int64(p.MaxSize()))), text(say.Whole(int64(busy))),
			{SVG: spark("threads of the pool in each dump", poolLayers(p))}, text(cut(strings.Join(doing, "; "), 200))})
	}
	if n := len(idle); n > 0 {
		t.Note = "without work in all dumps: " + strings.Join(idle[:min(n, jvmPools)], ", ")
		if n > jvmPools {
			t.Note += fmt.Sprintf(" and %d more", n-jvmPools)
		}
	}
	return t.bounded(jvmPools)
}

func lockTable(s *threads.Series) table {
	t := table{Title: "Contended locks", Columns: columns("Lock", "#Waiters at most", "#Dumps", "Held by", "Where threads wait")}
	for _, c := range s.Contention() {
		holder := cell{Text: "not known"}
		if c.Holder != nil {
			holder = cell{Text: cut(c.Holder.Name, 80), Sub: fmt.Sprintf("for %s", count(c.HolderDumps, "dump"))}
			if c.HolderSpan > 0 {
				holder.Sub += ", at least " + say.Took(c.HolderSpan)
			}
			if c.HolderFrame != nil {
				holder.Sub += ", taken in " + cut(shortFunc(c.HolderFrame.Func), 100)
			}
			if c.HolderWait.Text != "" {
				holder.Sub += "; " + c.HolderWait.Text
			}
		}
		site := cell{}
		if c.Site != nil {
			site = cell{Text: cut(c.Site.Func, 140), Code: true}
		}
		if c.Pool != "" {
			site.Sub = fmt.Sprintf("%s of pool %s", say.Percent(c.PoolShare), cut(c.Pool, 60))
		}
		t.Rows = append(t.Rows, []cell{{Text: cut(c.Class, 140), Code: true}, text(say.Whole(int64(c.Max))), text(fmt.Sprintf("%d of %d", c.Dumps, len(s.Dumps))), holder, site})
	}
	return t.bounded(jvmLocks)
}

func hotTable(s *threads.Series) table {
	t := table{Title: "Threads by CPU", Columns: columns("Thread", "#Cores", "#CPU time", "#Share", "Seen at work in")}
	hot := s.Hot()
	if len(hot) == 0 {
		if len(s.Dumps) > 1 && s.Dumps[0].Format != threads.FormatGo {
			t.Note = "CPU per thread is not known: these dumps give no cpu=, and none was recorded next to them"
		}
		return t
	}
	for _, h := range hot {
		if few := h.Share < 0.005 || h.Cores > 0 && h.Cores < 0.005; len(t.Rows) == jvmHot || few && len(t.Rows) >= 3 {
			break
		}
		cores := "?"
		if h.Cores > 0 {
			cores = say.Number(h.Cores)
		}
		seen := cell{Sub: "never seen at work"}
		if h.Obs[h.Last].VMInternal {
			seen.Sub = "a thread of the runtime"
		} else if st := working(s, &h); st.Stack != nil {
			seen = stackCell(st.Stack, fmt.Sprintf("in %d of %s", st.Count, count(h.Seen(), "dump")))
		}
		t.Rows = append(t.Rows, []cell{text(cut(threadName(h.Track), 100)), text(cores), text(say.Took(h.CPU)), text(say.Percent(h.Share)), seen})
	}
	return t
}

// threadName is a thread's last name, or its number where it has none.
func threadName(t *threads.Track) string {
	if strings.TrimSpace(t.Name) == "" {
		return fmt.Sprintf("(no name, nid %d)", t.NID)
	}
	return t.Name
}

// working is the stack on which a thread was seen most often with work.
func working(s *threads.Series, h *threads.HotThread) threads.StackCount {
	for _, st := range h.Stacks {
		for _, t := range h.Obs {
			if t != nil && t.Stack == st.Stack && s.Wait(t).Busy() {
				return st
			}
		}
	}
	return threads.StackCount{}
}

// stackCell shows the innermost frame, the rest on demand.
func stackCell(s *threads.Stack, sub string) cell {
	c := cell{Text: cut(s.Top(), 140), Code: true, Sub: sub}
	for i, f := range s.Frames {
		if i == stackShow {
			c.Lines = append(c.Lines, fmt.Sprintf("… %s more", count(len(s.Frames)-i, "frame")))
			break
		}
		c.Lines = append(c.Lines, cut(f.Text, 200))
	}
	if len(c.Lines) > 1 {
		c.More = count(len(s.Frames), "frame")
	} else {
		c.Lines = nil
	}
	return c
}

func groupTable(s *threads.Series) table {
	t := table{Title: "Most frequent stacks with work", Columns: columns("#Threads per dump", "What they do", "Threads", "Innermost frame")}
	for _, g := range s.Groups(true) {
		if !g.Wait.Busy() {
			continue
		}
		most := 0
		for _, n := range g.Dumps {
			most = max(most, n)
		}
		mean := say.Number(float64(g.Count) / float64(len(s.Dumps)))
		what := g.Wait.Text
		if what == "" {
			what = strings.ToLower(g.State.String())
		}
		names := strings.Join(g.Names[:min(3, len(g.Names))], ", ")
		t.Rows = append(t.Rows, []cell{{Text: mean, Sub: fmt.Sprintf("at most %d", most)}, text(what), text(cut(names, 120)), stackCell(g.Stack, "")})
		if len(t.Rows) > jvmGroups+500 {
			break
		}
	}
	return t.bounded(jvmGroups)
}

func (b *viewBuilder) profiles(list []*profile.Profile) part {
	p := part{Title: "Profiles"}
	if len(list) > 0 {
		p.Note = "their flame graphs are in the part of all nodes, above"
	}
	for i, pr := range list {
		if i == 12 {
			p.Note = joined("; ", p.Note, fmt.Sprintf("%d more profiles are left out", len(list)-i))
			break
		}
		main := pr.Main()
		sum := main.Summary(pr.Name, 10)
		t := table{Title: fmt.Sprintf("%s: %s", sum.Type, base(pr.Name)), Columns: columns("Function", "#Own", "#With callees")}
		for _, row := range sum.Top {
			t.Rows = append(t.Rows, []cell{{Text: cut(row.Frame, 140), Code: true}, {Text: say.Percent(row.SelfPct / 100), Sub: valueText(sum.Unit, row.Self)}, text(say.Percent(row.CumPct / 100))})
		}
		if len(t.Rows) > 0 {
			p.Tables = append(p.Tables, t)
		}
	}
	return p
}
