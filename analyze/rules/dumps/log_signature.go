package dumps

import (
	"maps"
	"slices"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/applog"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/signatures"
)

// logSighting is the lines of the logs of one JVM that show one known problem.
type logSighting struct {
	sig  *signatures.Signature
	node *analyze.Node
	jvm  *analyze.JVM // nil: loose logs, of which the JVM is not known

	count  int64 // of all lines
	seen   map[entryKey]bool
	recent []applog.Entry
	last   applog.Entry
	log    *applog.Log
}

// logSightings looks through the logs of all JVMs. What is long ago is history: the log may reach back for months.
func logSightings(p *analyze.Pass, known []*signatures.Signature) []*logSighting {
	var out []*logSighting
	for _, n := range p.Nodes {
		for _, j := range n.JVMs {
			if len(j.Logs) > 0 {
				p.Evaluated()
			}
			out = append(out, sightingsIn(p, known, n, j, j.Logs)...)
		}
		if len(n.LooseLogs) == 0 {
			continue
		}
		p.Evaluated()
		var only *analyze.JVM // loose files of one JVM
		if len(n.JVMs) == 1 {
			only = n.JVMs[0]
		}
		out = append(out, sightingsIn(p, known, n, only, n.LooseLogs)...)
	}
	return out
}

func sightingsIn(
	p *analyze.Pass,
	known []*signatures.Signature,
	n *analyze.Node,
	j *analyze.JVM,
	logs []*applog.Log,
) []*logSighting {
	var out []*logSighting
	for _, sig := range known {
		s := &logSighting{sig: sig, node: n, jvm: j}
		for _, l := range logs {
			m := l.Of(sig.ID)
			if m == nil {
				continue
			}
			count, newest := s.first(m)
			s.count += count
			since := views.LogEnd(p, n, l).Add(-views.LogRecent.Value)
			for _, e := range newest {
				if !e.Time.Before(since) {
					s.recent = append(s.recent, e)
				}
				if s.log == nil || e.Time.After(s.last.Time) {
					s.last, s.log = e, l
				}
			}
		}
		if s.log != nil {
			slices.SortStableFunc(s.recent, func(a, b applog.Entry) int { return a.Time.Compare(b.Time) })
			out = append(out, s)
		}
	}
	return out
}

// entryKey is what a line is in every file that it was written to.
type entryKey struct {
	time time.Time
	text string
}

// first leaves out lines that another file of the JVM has as well: Tomcat writes the same to catalina.out and to the
// log of the day.
func (s *logSighting) first(m *applog.Marked) (count int64, newest []applog.Entry) {
	keys := map[entryKey]bool{}
	for _, e := range m.Newest {
		k := entryKey{e.Time, e.Text}
		if !s.seen[k] {
			newest = append(newest, e)
		}
		keys[k] = true
	}
	if s.seen == nil {
		s.seen = keys
	} else {
		maps.Copy(s.seen, keys)
	}
	if len(newest) == 0 {
		return 0, nil
	}
	return m.Count - int64(len(m.Newest)-len(newest)), newest
}

// fresh is how old a line is at most that is of now.
const fresh = time.Minute

func (s *logSighting) finding(p *analyze.Pass) analyze.Finding {
	f := analyze.Finding{
		Severity:   analyze.Severity(s.sig.Severity),
		Confidence: analyze.High,
		Weight:     0.2,
		Nodes:      []string{s.node.Name},
	}
	if s.jvm != nil {
		f.Subject = s.jvm.Subject()
	} else {
		f.Subject = p.Short(s.log.Source)
	}
	f.Say("%s (%s", sentenceOf(s.sig), say.Counted("lines", int(s.count), "log line"))
	n := len(s.recent)
	past := s.sig.InDumps() && s.jvm != nil && s.jvm.Dumps != nil && len(s.jvm.Dumps.Dumps) > 1 // and they do not show it
	if n == 0 || past {
		f.Severity, f.Weight = analyze.Info, 0.01
	}
	if n > 1 && !s.last.Time.IsZero() {
		over := s.recent[n-1].Time.Sub(s.recent[0].Time)
		if over > 0 {
			f.Add(", %s of them in %s", say.Amount("recent_lines", n, "lines"), say.Time("recent", over))
		} else {
			f.Add(", %s of them at once", say.Amount("recent_lines", n, "lines"))
		}
	}
	if age := views.LogEnd(p, s.node, s.log).Sub(s.last.Time); age >= fresh {
		f.Add(", the last %s before the end of the log", say.Time("age", age))
	}
	f.Add(")")
	f.Impact = "the log says so; how much time it costs it does not say"
	f.Explanation = strings.TrimSpace(s.sig.Explanation)
	f.Evidence = s.cite(4)
	f.Advice, f.References = s.sig.Todo(), s.sig.References
	if s.sig.ID == signatures.TomcatStuckThread {
		addReport(&f, s.log)
	}
	return f
}

// sentenceOf is the title of a signature as a whole sentence: with marks in stacks it goes on from "5 threads are".
func sentenceOf(sig *signatures.Signature) string {
	if sig.InDumps() {
		return "The log tells of threads " + sig.Title
	}
	return sig.Title
}

// cite cites the newest lines.
func (s *logSighting) cite(n int) []analyze.Evidence {
	list := s.recent
	if len(list) == 0 {
		list = []applog.Entry{s.last}
	}
	list = slices.Clone(list[max(0, len(list)-n):])
	var out []analyze.Evidence
	for _, e := range list {
		out = append(
			out,
			analyze.Evidence{Entry: e.Source, Lines: analyze.Lines(e.Line, e.Line), Text: cite.Line(e.Text)},
		)
	}
	return out
}
