package checklist

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"casefile/analyze"
	"casefile/analyze/appconf"
	"casefile/analyze/host"
	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
	"casefile/bundle/format/entries"
)

func heapOf(j *analyze.JVM) (string, analyze.Evidence) {
	if j.MaxHeap() <= 0 {
		return "", analyze.Evidence{}
	}
	e, _ := cite.Flag(j, "MaxHeapSize")
	return say.Bytes(j.MaxHeap()), e
}

func releaseOf(j *analyze.JVM) (string, analyze.Evidence) {
	number, source, line := j.Release()
	return number, analyze.Evidence{Entry: source, Lines: analyze.Lines(line, line)}
}

func property(name string) func(*analyze.JVM) (string, analyze.Evidence) {
	return func(j *analyze.JVM) (string, analyze.Evidence) {
		return j.Properties[name], at(j.PropertiesSource, name+"="+j.Properties[name])
	}
}

func localeOf(j *analyze.JVM) (string, analyze.Evidence) {
	if j.Properties == nil {
		return "", analyze.Evidence{}
	}
	text := strings.Trim(j.Properties[analyze.PropLanguage]+"_"+j.Properties[analyze.PropCountry], "_") + " " + j.Properties[analyze.PropEncoding]
	return strings.TrimSpace(text), at(j.PropertiesSource, text)
}

func threadsOf(j *analyze.JVM) (string, analyze.Evidence) {
	s := j.Settings()
	t := s.Threads()
	if t == nil {
		return "", analyze.Evidence{}
	}
	return strconv.Itoa(t.MaxThreads), cite.Place(t.Place, t.Setting)
}

func poolOf(j *analyze.JVM) (string, analyze.Evidence) {
	s := j.Settings()
	if len(s.Pools) != 1 {
		return "", analyze.Evidence{}
	}
	return strconv.Itoa(s.Pools[0].Max), cite.Place(s.Pools[0].Place, s.Pools[0].Setting)
}

// joinOf says how a member finds the others: the type, and the peers or the address and life of multicast packets.
func joinOf(j *analyze.JVM) (text string, e analyze.Evidence) {
	for _, f := range j.Conf {
		for _, s := range f.Cluster {
			if slices.Contains([]string{appconf.ClusterJoin, appconf.ClusterPeers, appconf.ClusterAddress, appconf.ClusterTTL}, s.Name) {
				value := s.Value
				if s.Name == appconf.ClusterPeers {
					value = strings.Join(peersOf(value), ",")
				}
				if text = strings.TrimSpace(text + " " + value); e.Entry == "" {
					e = cite.Place(s.Place, s.Name)
				}
			}
		}
		if text != "" {
			break
		}
	}
	return text, e
}

// outside is about what a JVM takes next to its heap: metaspace, code, and a stack of each thread of which a quarter is touched; or what it holds
// already above its largest heap, where direct and native memory make that more.
func outside(j *analyze.JVM) float64 {
	total := 200.0 * say.MB
	if j.Process == nil {
		return total
	}
	if n, ok := j.Process.Last(entries.Threads); ok {
		total += n * say.MB / 4
	}
	if held, ok := j.Process.Max(entries.Resident); ok {
		total = max(total, held-float64(j.MaxHeap()))
	}
	return total
}

// heapShare is the heaps of a machine of its memory.
func heapShare(c *analyze.Case) (out []Reading) {
	for _, n := range c.Nodes {
		if n.Host == nil || !n.Host.Memory.Total.Known() {
			continue
		}
		sum := 0.0
		for _, j := range n.JVMs {
			sum += float64(j.MaxHeap())
		}
		if total := n.Host.Memory.Total; sum > 0 {
			out = append(out, Reading{Node: n.Name, Value: 100 * sum / total.Value, Text: fmt.Sprintf("%s of %s", say.Bytes(sum), say.Bytes(total.Value)),
				At: cite.Ref(total.Ref, "")})
		}
	}
	return out
}

// heapFixed is 1 where -Xms is -Xmx.
func heapFixed(c *analyze.Case) []Reading {
	return eachProcess(c, func(j *analyze.JVM) (r Reading, ok bool) {
		least, ok1 := j.Int("InitialHeapSize")
		most, ok2 := j.Int("MaxHeapSize")
		e, _ := cite.Flag(j, "InitialHeapSize")
		return Reading{Value: map[bool]float64{true: 1}[least == most], Text: fmt.Sprintf("%s to %s", say.Bytes(least), say.Bytes(most)), At: e}, ok1 && ok2
	})
}

// poolForThreads is the pool of connections, of what the product's start-up check asks for the threads that serve requests.
func poolForThreads(c *analyze.Case) []Reading {
	return eachProcess(c, func(j *analyze.JVM) (r Reading, ok bool) {
		s := j.Settings()
		t := s.Threads()
		if t == nil || len(s.Pools) != 1 {
			return r, false
		}
		need := math.Ceil(max(float64(t.MaxThreads)+10, 1.25*float64(t.MaxThreads)))
		return Reading{Value: float64(s.Pools[0].Max) / need, Text: fmt.Sprintf("%d connections for %d threads, wanted %s", s.Pools[0].Max, t.MaxThreads, say.Number(need)),
			At: cite.Place(s.Pools[0].Place, s.Pools[0].Setting)}, true
	})
}

// noCPULimit is 1 on a node whose cgroups were looked at and have no CPU limit.
func noCPULimit(c *analyze.Case) (out []Reading) {
	for _, n := range c.Nodes {
		if n.Host == nil || !n.Host.CgroupTable.Known() {
			continue
		}
		limited := slices.ContainsFunc(n.Host.Cgroups, func(g host.Cgroup) bool { return g.CPULimit.Known() })
		out = append(out, Reading{Node: n.Name, Value: map[bool]float64{true: 1}[!limited], Text: "no CPU limit", At: cite.Ref(n.Host.CgroupTable, "")})
	}
	return out
}
