package compare

import (
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
			if p.Subject == "" || !p.concerns(f) || p.before[0].jvm == nil || p.after[0].jvm == nil {
				continue
			}
			for _, a := range f.Advice {
				set, fully, ok := carriedOut(&a, p.before[0].jvm, p.after[0].jvm)
				if !ok || slices.ContainsFunc(c.Advice, func(x Followed) bool { return x.Finding == f.ID && x.Setting == a.Setting && x.Where == p.Where() }) {
					continue
				}
				c.Advice = append(c.Advice, Followed{Finding: f.ID, Where: p.Where(), Advice: a, Set: set, Fully: fully,
					Measured: p.about(f.ID), Gone: c.went(f)})
				c.mark(p, leverOf(a.Setting+" "+a.To), f.ID)
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

// mark notes at the setting whose advice it is.
func (c *Comparison) mark(p *Pair, lever, id string) {
	for i := range c.Settings {
		s := &c.Settings[i]
		if s.Subject == p.Subject && s.Node == p.Node && (s.Kind == lever || s.Name == lever) && s.Followed == "" {
			s.Followed = id
		}
	}
}

var (
	flagOf  = regexp.MustCompile(`-XX:(?:[+-])?(\w+)`)
	valueOf = regexp.MustCompile(`-XX:(?:([+-])(\w+)|(\w+)=([\w.%]+))`)
	heapTo  = regexp.MustCompile(`-Xmx(\d+[kKmMgGtT]?)`)
	useGC   = regexp.MustCompile(`-XX:\+(Use\w+GC)`)
)

// leverOf is the kind or the name of the setting that an advice moves.
func leverOf(setting string) string {
	switch {
	case strings.Contains(setting, "-Xmx"), strings.Contains(setting, "RAMPercentage"):
		return "heap"
	case useGC.MatchString(setting), strings.HasPrefix(setting, "collector"):
		return "collector"
	}
	if m := flagOf.FindStringSubmatch(setting); m != nil {
		return "-XX:" + m[1]
	}
	return setting
}

// carriedOut reports whether a setting moved where an advice wants it.
func carriedOut(a *analyze.Advice, before, after *analyze.JVM) (set string, fully, ok bool) {
	switch leverOf(a.Setting + " " + a.To) {
	case "heap":
		return heapMoved(a, before.MaxHeap(), after.MaxHeap())
	case "collector":
		m := useGC.FindStringSubmatch(a.To)
		is := after.Collector() != before.Collector() && m != nil && after.Flags[m[1]].Value == "true"
		return string(after.Collector()), is, is
	}
	if m := valueOf.FindStringSubmatch(a.To); m != nil {
		name, want := m[2]+m[3], m[4]
		if m[1] != "" {
			want = map[string]string{"+": "true", "-": "false"}[m[1]]
		}
		now := after.Flags[name].Value
		is := before.Flags[name].Value != now && now != "" && (now == want || jdk.Size(want) > 0 && jdk.Size(want) == jdk.Size(now))
		return now, is, is
	}
	x, y := pools(before, after), a.To
	for _, s := range x {
		if s.Before != s.After && a.Setting != "" && strings.Contains(s.Name, a.Setting) {
			return s.After, s.After == y, towards(s.Before, s.After, y)
		}
	}
	return "", false, false
}

// heapMoved: a step of a tenth of what was asked for is one in its direction.
func heapMoved(a *analyze.Advice, before, after int64) (set string, fully, ok bool) {
	m := heapTo.FindStringSubmatch(a.To)
	if m == nil || before <= 0 || after <= 0 || before == after {
		return "", false, false
	}
	want := jdk.Size(m[1])
	if want == before || (want > before) != (after > before) {
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
