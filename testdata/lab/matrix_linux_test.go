package lab

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
)

// matrix is what was said of each fault, and of the twins.
type matrix struct {
	words  words
	rows   []row
	alarms []string
	twins  int
}

// row is one line of the matrix.
type row struct {
	name, jdk                   string
	among, first, named, advice bool
	lost, claimed               float64 // shares of the time of its threads
	said                        string
}

// add judges what is said of a program.
func (m *matrix) add(t *testing.T, s seen, all said) {
	own, a := all.of(s.PID)
	name := s.Name + "/" + s.Server
	if !s.Sick {
		m.twins++
		for _, f := range own {
			m.alarms = append(m.alarms, fmt.Sprintf("%s on %s: %s: %s", name, s.JDK, f.ID, f.Title))
			t.Log("false alarm:", m.alarms[len(m.alarms)-1])
		}
		return
	}
	i := slices.IndexFunc(slices.Concat(Faults, Kinds, Go), func(f Fault) bool { return f.Name == s.Name && f.Server == s.Server })
	if i < 0 {
		t.Fatalf("no fault is called %s", name)
	}
	r := m.judge(slices.Concat(Faults, Kinds, Go)[i], name, s.JDK, own)
	r.lost, r.claimed = a.lost()
	m.rows = append(m.rows, r)
	t.Logf("%s on %s: among %t, first %t, named %t, advice %t, %.0f of %.0f %% claimed: %s", name, s.JDK, r.among, r.first, r.named, r.advice,
		100*r.claimed, 100*r.lost, r.said)
}

func (m *matrix) judge(f Fault, name, jdk string, own []finding) row {
	r := row{name: name, jdk: jdk, said: "nothing"}
	ids := strings.Split(f.Finds, "|")
	for i, got := range own {
		if !slices.Contains(ids, got.ID) && f.Finds != "any" {
			continue
		}
		r.among, r.first = true, i == 0
		r.named = m.pattern(f.Names).MatchString(got.Title)
		if len(got.Advice) > 0 {
			a := got.Advice[0]
			r.advice = m.pattern("(?i)" + f.Advice).MatchString(strings.Join([]string{a.Action, a.Setting, a.To}, " "))
		}
		break
	}
	if len(own) > 0 {
		r.said = own[0].ID + ": " + own[0].Title
		if len(own[0].Advice) > 0 {
			r.said += " -> " + own[0].Advice[0].Action
		}
	}
	return r
}

func (m *matrix) pattern(p string) *regexp.Regexp {
	return regexp.MustCompile(string(m.words.rename([]byte(p))))
}

// claimedPart is how much of the time that a fault costs findings have to claim.
const claimedPart = 0.9

// explained says why a fault is missed, by its name.
var explained = map[string]string{
	"reference-queue/kinds-own": "its threads wait at ReferenceQueue.remove, as cleaners do that have nothing to clean; nothing in dumps of a server that no list " +
		"knows tells that requests stand there",
}

// page writes the matrix as Markdown into the file that CASEFILE_LAB_DOC names.
func (m *matrix) page(t *testing.T) {
	path := os.Getenv("CASEFILE_LAB_DOC")
	if path == "" || len(m.rows) == 0 {
		return
	}
	var b strings.Builder
	var among, first, named, advice int
	count := func(ok bool, n *int) string {
		if ok {
			*n++
			return "yes"
		}
		return "**no**"
	}
	table, misses := "", ""
	for _, r := range m.rows {
		id, _, _ := strings.Cut(r.said, ":")
		table += fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |\n", r.name, r.jdk, count(r.among, &among), count(r.first, &first), count(r.named, &named),
			count(r.advice, &advice), id)
		if !(r.among && r.first && r.named && r.advice) {
			why := explained[r.name]
			if why == "" {
				why = "not explained"
			}
			misses += fmt.Sprintf("- %s on %s: %s\n", r.name, r.jdk, why)
		}
	}
	fmt.Fprintf(&b, "# The lab\n\n`make lab` plants faults in real parts (Tomcat, Jetty, Undertow, Netty, HikariCP, c3p0, DBCP, commons-pool2, Hazelcast, Log4j2, PostgreSQL, "+
		"a Go service) and in programs whose names are made up anew for each run, captures each next to a healthy twin under load, and holds what casefile says "+
		"to what was planted. This page is written by it (`CASEFILE_LAB_DOC=docs/lab.md`).\n\n"+
		"%d faults: the cause is among the warnings of %d, first in %d, named in %d, and its first advice cures in %d. %d healthy twins, %d false alarms.\n",
		len(m.rows), among, first, named, advice, m.twins, len(m.alarms))
	if misses != "" {
		b.WriteString("\n## Missed\n\n" + misses)
	}
	b.WriteString("\n## All\n\n| fault | JDK | among | first | named | advice | said first |\n|---|---|---|---|---|---|---|\n" + table)
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Error(err)
	}
}

// report prints the matrix, and holds it to its goals.
func (m *matrix) report(t *testing.T) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "fault\tJDK\tamong\tfirst\tnamed\tadvice\tclaimed\tsaid first")
	var among, first, named, advice, claimed int
	mark := func(ok bool, n *int) string {
		if ok {
			*n++
			return "yes"
		}
		return "-"
	}
	lost, told := 0., 0.
	for _, r := range m.rows {
		part := "none lost"
		if r.lost > 0.005 {
			part = fmt.Sprintf("%.0f of %.0f %%", 100*r.claimed, 100*r.lost)
		}
		lost, told = lost+r.lost, told+r.claimed
		if r.claimed >= claimedPart*r.lost {
			claimed++
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%.220s\n", r.name, r.jdk, mark(r.among, &among), mark(r.first, &first), mark(r.named, &named),
			mark(r.advice, &advice), part, r.said)
	}
	w.Flush()
	fmt.Fprintf(&b, "\n%d faults: %d among the warnings, %d first, %d named, %d advice; findings claim %.1f %% of the lost time, and %.0f %% or more of it in %d\n",
		len(m.rows), among, first, named, advice, 100*told/max(lost, 1e-9), 100*claimedPart, claimed)
	fmt.Fprintf(&b, "%d healthy twins, %d false alarms\n", m.twins, len(m.alarms))
	for _, a := range m.alarms {
		fmt.Fprintln(&b, "false alarm:", a)
	}
	t.Log("\n" + b.String())
	m.page(t)
	for _, goal := range []struct {
		what string
		n    int
		part float64
	}{{"among the warnings", among, 0.95}, {"first", first, 0.95}, {"named", named, 0.95}, {"advice", advice, 0.90}} {
		if float64(goal.n) < goal.part*float64(len(m.rows)) {
			t.Errorf("%s: %d of %d, want %.0f%%", goal.what, goal.n, len(m.rows), 100*goal.part)
		}
	}
	if told < claimedPart*lost {
		t.Errorf("findings claim %.1f %% of the lost time, want %.0f", 100*told/lost, 100*claimedPart)
	}
	if len(m.alarms) > 0 {
		t.Errorf("%d false alarms", len(m.alarms))
	}
}
