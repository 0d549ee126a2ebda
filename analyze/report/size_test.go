package report

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/host"
	"casefile/analyze/profile"
	"casefile/bundle/format/series"
)

// cluster copies the sample's first node so often; at is how many samples a second its series have.
func sampleCluster(t *testing.T, nodes int, length time.Duration) (*analyze.Case, *analyze.Result) {
	t.Helper()
	c, r := sampleCase(t)
	first := c.Nodes[0]
	c.Nodes, c.Gaps = nil, nil
	c.Ended = c.Started.Add(length)
	for i := range nodes {
		n := *first
		n.Name = fmt.Sprintf("wiki-%d", i+1)
		n.JVMs = nil
		for _, of := range first.JVMs {
			j := *of
			j.Node = &n
			j.Counters, j.Process = stretched(t, of.Counters, length), stretched(t, of.Process, length)
			n.JVMs = append(n.JVMs, &j)
		}
		h := host.Facts(*first.Host)
		h.Series = stretched(t, first.Host.Series, length)
		n.Host = &h
		c.Nodes = append(c.Nodes, &n)
	}
	return c, r
}

// stretched repeats a series of a minute, a sample a second.
func stretched(t *testing.T, s *series.Series, length time.Duration) *series.Series {
	t.Helper()
	e := series.NewEncoder(series.Header{Source: "stretched"})
	for i := range int(length.Seconds()) {
		values := map[string]float64{}
		for _, name := range s.Names() {
			v := s.Values(name)
			values[name] = v[i%len(v)] + float64(i/len(v))*v[len(v)-1] // counters go on
		}
		e.Add(began.Add(time.Duration(i)*time.Second), values)
	}
	out, err := series.Read(bytes.NewReader(e.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// manyStacks is a profile of 60 pools' threads: so many stacks, each from a servlet or a job into one of many paths.
func manyStacks(kind, unit string, stacks int) *profile.Profile {
	r := rand.New(rand.NewPCG(uint64(stacks), 7))
	var lines []stackLine
	for i := range stacks {
		pool, from := fmt.Sprintf("http-nio-80%02d-exec", i%3), "org.apache.tomcat.util.threads.TaskThread$WrappingRunnable.run"
		if i%4 == 0 {
			pool, from = fmt.Sprintf("Caesium-%d", i%60), "com.atlassian.scheduler.core.JobLauncher.launchAndBuildResponse"
		}
		stack := "java.lang.Thread.run " + from
		at := 0
		for depth := range 30 + r.IntN(30) {
			at = at*3 + r.IntN(3)
			stack += fmt.Sprintf(" com.atlassian.confluence.plugins.layer%d.Component%d.handleRequest%d", depth, at%(7+depth), at%5)
		}
		lines = append(lines, stackLine{pool, stack, 1 + int64(1000*math.Pow(r.Float64(), 8))})
	}
	return sampledProfile(kind, unit, lines...)
}

// TestSizeOfThePage holds it to what one can mail.
func TestSizeOfThePage(t *testing.T) {
	for _, x := range []struct {
		nodes  int
		length time.Duration
		stacks int // of each profile; 0: there are none
		most   int
	}{{3, time.Minute, 800, 400_000}, {4, 10 * time.Minute, 800, 2_000_000}, {50, time.Minute, 60, 4_000_000}} {
		c, r := sampleCluster(t, x.nodes, x.length)
		for i, n := range c.Nodes {
			for kind, unit := range map[string]string{"cpu": "nanoseconds", "alloc": "bytes", "lock": "nanoseconds", "wall": "nanoseconds"} {
				if x.stacks > 0 {
					n.JVMs[0].Profiles = append(n.JVMs[0].Profiles, manyStacks(kind, unit, x.stacks+i))
				}
			}
		}
		page := renderHTML(t, c, r, sampleMeta())
		keepPage(t, fmt.Sprintf("size-%d.html", x.nodes), page)
		t.Logf("%d nodes, %v: %d bytes", x.nodes, x.length, len(page))
		if len(page) > x.most {
			t.Errorf("%d nodes over %v make a page of %d bytes, at most %d are wanted", x.nodes, x.length, len(page), x.most)
		}
	}
}
