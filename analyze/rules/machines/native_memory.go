package machines

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/series"
)

var (
	nativeBeyond = analyze.NewLimit(int64(128<<20), "bytes", "resident beyond heap, metaspace, code and stacks, "+
		"at least",
		"own judgement: collectors and libraries take some")
	nativeGrowth = analyze.NewLimit(int64(24<<20), "bytes", "that it grew by during the "+
		"capture", "own judgement: half of a megabyte a second "+
		"in the default capture")
	nativeSteady = analyze.NewLimit(0.75, "1", "of the steps between samples that go up, or "+
		"stay", "own judgement: a leak does not come back")
)

var nativeMemory = &analyze.Rule{
	ID: ids.NativeMemory,
	Doc: "The process's resident memory climbs beyond what heap, metaspace, compiled code and stacks of the " +
		"JVM can take.",
	Needs:  "the process's memory and the JVM's counters over time: casefile collect --duration 60s",
	Fix:    "Find who allocates outside of the heap: direct buffers, libraries in C, the allocator's arenas.",
	Limits: []analyze.Threshold{nativeBeyond, nativeGrowth, nativeSteady, views.SpanLeast},
	Run:    analyze.Each(countedJVMs, judgeNative),
}

// counted is a JVM whose memory was sampled from inside and outside.
type counted struct {
	*analyze.JVM
	node *analyze.Node
}

// About names the JVM.
func (c *counted) About() analyze.Subject {
	return analyze.Subject{Node: c.node.Name, Name: c.Subject()}
}

func countedJVMs(p *analyze.Pass) (all []*counted) {
	for _, n := range p.Nodes {
		for _, j := range n.JVMs {
			if j.Process != nil && j.Counters != nil && len(j.Process.Values(entries.Resident)) > 3 {
				p.Evaluated()
				all = append(all, &counted{j, n})
			}
		}
	}
	return all
}

const (
	liveThreads     = "java.threads.live"
	metaspaceSize   = "sun.gc.metaspace.capacity"
	defaultStack    = 1 << 20
	defaultCodeSize = 240 << 20
)

// judgeNative compares what the process has in memory with the most that the JVM's own parts can have.
func judgeNative(_ *analyze.Pass, c *counted) []analyze.Finding {
	rss := slices.DeleteFunc(slices.Clone(c.Process.Values(entries.Resident)), math.IsNaN)
	over := c.Process.Times[len(c.Process.Times)-1].Sub(c.Process.Times[0])
	heap, ok := lastSum(c.Counters, "sun.gc.generation.%d.capacity")
	if !ok || len(rss) < 4 || over < views.SpanLeast.Value {
		return nil
	}
	metaspace, _ := c.Counters.Last(metaspaceSize)
	threads, _ := c.Counters.Last(liveThreads)
	stacks := threads * c.flag("ThreadStackSize", defaultStack>>10) * 1024
	code := c.flag("ReservedCodeCacheSize", defaultCodeSize)
	if c.CodeCache != nil {
		used := 0.0
		for _, h := range c.CodeCache.Heaps {
			used += float64(h.Used)
		}
		code = min(code, used)
	}
	heap *= c.mappings()
	known := heap + metaspace + stacks + code
	last := rss[len(rss)-1]
	grown := last - rss[0] - max(0, heap-firstSum(c.Counters, "sun.gc.generation.%d.capacity"))
	if last-known < float64(nativeBeyond.Value) || grown < float64(nativeGrowth.Value) || !climbs(rss) {
		return nil
	}
	return []analyze.Finding{c.nativeFinding(rss[0], last, known, grown, over, []string{
		say.Bytes(heap) + " of heap", say.Bytes(metaspace) + " of metaspace", say.Bytes(code) + " of compiled code", say.Bytes(stacks) + " of stacks"})}
}

// mappings is how often each page of the heap counts as resident: ZGC without generations maps its heap three times, until JDK 24.
func (c *counted) mappings() float64 {
	if c.Collector() == gc.ZGC && c.Major() < 24 && c.Flags["ZGenerational"].Value != "true" && !slices.Contains(c.Options, "-XX:+ZGenerational") {
		return 3
	}
	return 1
}

// climbs reports whether nearly all steps go up, and both halves do.
func climbs(values []float64) bool {
	up := 0
	for i := 1; i < len(values); i++ {
		if values[i] >= values[i-1] {
			up++
		}
	}
	mid := values[len(values)/2]
	return float64(up) >= nativeSteady.Value*float64(len(values)-1) && mid > values[0] && values[len(values)-1] > mid
}

func (c *counted) nativeFinding(first, last, known, grown float64, over time.Duration, parts []string) analyze.Finding {
	f := analyze.Finding{Severity: analyze.Warning, Confidence: analyze.Medium, Weight: min(1, (last-known)/last)}
	perHour := grown / over.Hours()
	f.Say("The memory of %s outside of its heap grows: %s resident, %s more than heap, metaspace, code and "+
		"stacks take, and %s more in %s",
		say.Target(c.Subject()), say.Size("resident", last), say.Size("beyond", last-known), say.Size("growth", grown), say.Time("over", over))
	f.Impact = fmt.Sprintf("%s an hour at this rate, until the container or the machine has none "+
		"left", say.Bytes(perHour))
	f.Explanation = fmt.Sprintf("The JVM's own parts explain %s at most: %s. The rest is taken by direct "+
		"buffers, libraries in C, or "+
		"arenas of the allocator; no collection and no -Xmx bounds it.", say.Bytes(known), say.List(parts))
	f.Evidence = []analyze.Evidence{
		{Entry: c.ProcessSource, Lines: lastRow(c.Process, entries.Resident), Text: fmt.Sprintf("%s %s, at the "+
			"beginning %s", entries.Resident, say.Bytes(last), say.Bytes(first))},
		{Entry: c.CountersSource, Text: "capacity of the heap's generations and of the metaspace"},
	}
	f.Evidence = f.Evidence[:min(len(f.Evidence), cite.Most)]
	f.Advice = []analyze.Advice{{
		Action: "Have the JVM count what it takes itself, and compare two moments: jcmd PID VM.native_memory " +
			"baseline, later summary.diff.",
		Setting: "-XX:NativeMemoryTracking", To: "summary", Effect: "Names the part that grows, or shows that " +
			"it is none of the JVM's.",
		Risk: "5 to 10 % of the CPU, and a restart.", Rollback: "Leave the option out.", Verify: "The part that " +
			"grows is the one that is cured.",
	}, {
		Action: "If it is none of the JVM's: record who calls malloc (async-profiler, event nativemem), and " +
			"bound the allocator's arenas (MALLOC_ARENA_MAX=2).",
		Effect: "Names the library.", Risk: "Hardly any.", Verify: entries.Resident + " stays level under load.",
	}}
	f.References = []string{"Java Platform, Standard Edition Troubleshooting Guide: Native Memory Tracking"}
	return f
}

// flag is the value of a flag of the JVM in its own unit.
func (c *counted) flag(name string, otherwise float64) float64 {
	v, err := strconv.ParseFloat(c.Flags[name].Value, 64)
	if err != nil || v <= 0 {
		return otherwise
	}
	return v
}

// lastSum adds up the newest values of numbered columns.
func lastSum(s *series.Series, pattern string) (sum float64, ok bool) {
	for i := range 4 {
		if v, known := s.Last(fmt.Sprintf(pattern, i)); known {
			sum, ok = sum+v, true
		}
	}
	return sum, ok
}

// firstSum adds up their first values.
func firstSum(s *series.Series, pattern string) (sum float64) {
	for i := range 4 {
		values := s.Values(fmt.Sprintf(pattern, i))
		if at := slices.IndexFunc(values, func(v float64) bool { return v > 0 }); at >= 0 {
			sum += values[at]
		}
	}
	return sum
}
