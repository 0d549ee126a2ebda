package compare

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/say"
	"casefile/bundle/format/jdk"
)

// Followed is an advice of before that a setting of after carries out.
type Followed struct {
	Finding string
	Where   string
	analyze.Advice
	// Set is the setting as it is after; Fully: it is what the advice asks for, or more of it.
	Set   string
	Fully bool
	// Measured are the readings that the finding is about.
	Measured []*Reading
	// Gone: the finding is not there any more.
	Gone bool
}

// followAdvice finds the advice of before that the settings of after carry out.
func (c *Comparison) followAdvice() {
	before := c.Before[len(c.Before)-1].Result
	if before == nil {
		return
	}
	for i := range before.Findings {
		f := &before.Findings[i]
		for _, p := range c.Pairs {
			if !p.concerns(f) {
				continue
			}
			for _, a := range f.Advice {
				set, fully, ok := c.carriedOut(p, &a)
				if !ok || slices.ContainsFunc(c.Advice, func(x Followed) bool { return x.Finding == f.ID && x.Setting == a.Setting && x.Where == p.Where() }) {
					continue
				}
				c.Advice = append(c.Advice, Followed{Finding: f.ID, Where: p.Where(), Advice: a, Set: set, Fully: fully,
					Measured: p.about(f.ID), Gone: c.went(f)})
				c.mark(p, &a, f.ID)
			}
		}
	}
}

func (p *Pair) concerns(f *analyze.Finding) bool {
	return slices.ContainsFunc(p.before, func(s *subject) bool {
		return s.is(f.Subject) && (len(f.Nodes) == 0 || slices.Contains(f.Nodes, s.node.Name))
	})
}

func (c *Comparison) went(f *analyze.Finding) bool {
	return slices.ContainsFunc(c.Findings.Went, func(w analyze.Finding) bool { return w.ID == f.ID && w.Title == f.Title })
}

// mark notes at the settings whose advice it is.
func (c *Comparison) mark(p *Pair, a *analyze.Advice, id string) {
	lever := leverOf(a.Setting + " " + a.To)
	for i := range c.Settings {
		s := &c.Settings[i]
		if p.has(s) && s.Followed == "" && (s.Kind == lever || leverOf(s.Name) == lever || strings.Contains(s.Name, a.Setting) && a.Setting != "") {
			s.Followed = id
		}
	}
}

// has reports whether a setting is of the pair: of its process, or of the machine that this runs on.
func (p *Pair) has(s *Setting) bool {
	return s.Node == p.Node && (s.Subject == "" || s.Subject == p.Subject)
}

var (
	flagOf    = regexp.MustCompile(`-XX:[+-]?(\w+)`)
	valueOf   = regexp.MustCompile(`-XX:(?:([+-])(\w+)|(\w+)=([\w.%]+))`)
	useGC     = regexp.MustCompile(`-XX:\+(Use\w+GC)`)
	firstWord = regexp.MustCompile(`^[\w.%-]+`)
)

// leverOf is the lever or the name of the setting that an advice moves.
func leverOf(setting string) string {
	if lever := analyze.LeverOf(setting); lever != setting {
		return lever
	}
	if useGC.MatchString(setting) {
		return analyze.LeverCollector
	}
	if m := flagOf.FindStringSubmatch(setting); m != nil {
		return "-XX:" + m[1]
	}
	return setting
}

// carriedOut reports whether a setting of a pair moved where an advice wants it.
func (c *Comparison) carriedOut(p *Pair, a *analyze.Advice) (set string, fully, ok bool) {
	before, after := p.before[0].jvm, p.after[0].jvm
	if before == nil || after == nil {
		return c.moved(p, a)
	}
	lever := leverOf(a.Setting + " " + a.To)
	switch {
	case strings.HasPrefix(a.To, analyze.NotSet):
		return removed(cmp.Or(a.From, a.Setting), before, after)
	case lever == analyze.LeverHeap:
		return sizeMoved(a, "-Xmx", before.MaxHeap(), after.MaxHeap())
	case lever == analyze.LeverYoung:
		x, _ := before.Int("MaxNewSize")
		y, _ := after.Int("MaxNewSize")
		return sizeMoved(a, "-Xmn", x, y)
	case lever == analyze.LeverCollector:
		m := useGC.FindStringSubmatch(a.To)
		is := after.Collector() != before.Collector() && m != nil && after.Flags[m[1]].Value == "true"
		return string(after.Collector()), is, is
	case strings.HasPrefix(lever, "-XX:"):
		return flagMoved(a, before, after)
	}
	return c.moved(p, a)
}

// removed reports whether all options that an advice names are gone from the command line.
func removed(named string, before, after *analyze.JVM) (set string, fully, ok bool) {
	n := 0
	for _, o := range before.Options {
		if !mentions(named, o) {
			continue
		}
		if n++; slices.Contains(after.Options, o) {
			return "", false, false
		}
	}
	return analyze.NotSet, n > 0, n > 0 && len(after.Options) > 0
}

// mentions reports whether a list of options has one, which may stand there without its value.
func mentions(list, option string) bool {
	name, _, _ := strings.Cut(option, "=")
	return slices.ContainsFunc(strings.FieldsFunc(list, func(r rune) bool { return r == ' ' || r == ',' }), func(word string) bool {
		return word == option || word == name
	})
}

// flagMoved: the first flag that the advice names has the value that it names.
func flagMoved(a *analyze.Advice, before, after *analyze.JVM) (set string, fully, ok bool) {
	name, want := "", ""
	if m := valueOf.FindStringSubmatch(a.To); m != nil {
		name, want = m[2]+m[3], m[4]
		if m[1] != "" {
			want = map[string]string{"+": "true", "-": "false"}[m[1]]
		}
	} else if m := flagOf.FindStringSubmatch(a.Setting); m != nil {
		name, want = m[1], firstWord.FindString(a.To)
	}
	was, now := before.Flags[name].Value, after.Flags[name].Value
	is := was != now && now != "" && (now == want || jdk.Size(want) > 0 && jdk.Size(want) == jdk.Size(now))
	return now, is, is || towards(was, now, want)
}

// moved looks for the setting among all that differ.
func (c *Comparison) moved(p *Pair, a *analyze.Advice) (set string, fully, ok bool) {
	want := firstWord.FindString(a.To)
	for i := range c.Settings {
		s := &c.Settings[i]
		if a.Setting == "" || want == "" || !p.has(s) || !strings.Contains(s.Name, a.Setting) {
			continue
		}
		return s.After, s.After == want, s.After == want || towards(s.Before, s.After, want)
	}
	return "", false, false
}

// sizeMoved: a step in the direction of what was asked for counts; fully is within 5 % of it, or beyond.
func sizeMoved(a *analyze.Advice, option string, before, after int64) (set string, fully, ok bool) {
	_, to, found := strings.Cut(a.To, option)
	want := jdk.Size(firstWord.FindString(to))
	if !found || want <= 0 || before <= 0 || after <= 0 || before == after || want == before || (want > before) != (after > before) {
		return "", false, false
	}
	fully = want > before && float64(after) >= 0.95*float64(want) || want < before && float64(after) <= 1.05*float64(want)
	return say.Bytes(after), fully, true
}

func towards(before, after, to string) bool {
	x, y, z := jdk.Size(before), jdk.Size(after), jdk.Size(to)
	return x > 0 && y > 0 && z > 0 && x != y && (y > x) == (z > x)
}

// aboutFindings are the measures that a finding is about.
var aboutFindings = []struct {
	ids      []string
	measures []string
}{
	{[]string{ids.GCOverhead, ids.HeapTooSmall, ids.FullGC, ids.LongGCPause, ids.HeapExhausted, ids.EvacuationFailure, ids.ConcurrentModeFailure,
		ids.PrematurePromotion, ids.HumongousAllocations, ids.SerialGCOnServer, ids.ExplicitGC, ids.BackToBackCycles, ids.MetaspacePressure},
		[]string{"pause_share", "pause_per_request", "full_gcs", "pause_p50", "pause_p99"}},
	{[]string{ids.AllocationStall}, []string{"stalls", "pause_share"}},
	{[]string{ids.LongSafepoint}, []string{"to_safepoint"}},
	{[]string{ids.LockContention}, []string{"lock_wait", "lock_wait_per_request", "lock_wait_per_mb", "recorded_lock_wait"}},
	{[]string{ids.DBPoolExhausted, ids.PoolMismatch, ids.ObjectPoolExhausted}, []string{"connection_wait", "connection_wait_per_request", "connection_wait_per_mb"}},
	{[]string{ids.ThreadPoolExhausted}, []string{"busy_threads"}},
	{[]string{ids.SlowDownstream}, []string{"database_wait", "database_wait_per_request", "database_wait_per_mb", "peer_wait", "peer_wait_per_request", "peer_wait_per_mb"}},
	{[]string{ids.HotThread, ids.JITDisabled, ids.CodeCacheFull}, []string{"cpu", "cpu_per_request", "cpu_per_mb"}},
}

func (p *Pair) about(id string) (out []*Reading) {
	for _, row := range aboutFindings {
		if !slices.Contains(row.ids, id) {
			continue
		}
		for _, name := range row.measures {
			if r := p.reading(name); r != nil {
				out = append(out, r)
			}
		}
	}
	return out
}
