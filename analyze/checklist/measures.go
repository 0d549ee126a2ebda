package checklist

import (
	"maps"
	"math"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/appconf"
	"casefile/analyze/host"
	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
	record "casefile/bundle/format/timing"
)

// measure reads one thing wherever the case has it.
type measure func(*analyze.Case) []Reading

// measures by the names that items.yaml uses.
var measures = map[string]measure{
	"jvm-version": eachJVM(func(j *analyze.JVM) (string, analyze.Evidence) {
		return j.Version, at(j.FlagsSource, "version "+j.Version)
	}),
	"collector":       eachJVM(func(j *analyze.JVM) (string, analyze.Evidence) { return string(j.Collector()), at(j.FlagsSource, "") }),
	"heap":            eachJVM(heapOf),
	"release":         eachJVM(releaseOf),
	"time-zone":       eachJVM(property(analyze.PropTimeZone)),
	"locale":          eachJVM(localeOf),
	"request-threads": eachJVM(threadsOf),
	"pool-size":       eachJVM(poolOf),
	"cluster-join":    eachJVM(joinOf),
	"plugins":         plugins,
	"peers":           peers,
	"os":              eachHost(func(h *host.Facts) (string, host.Ref) { return h.System.OS.Value, h.System.OS.Ref }),
	"hypervisor":      eachHost(hypervisor),
	"kernel":          eachHost(func(h *host.Facts) (string, host.Ref) { return h.System.Kernel.Value, h.System.Kernel.Ref }),
	"cpus":            eachHost(func(h *host.Facts) (string, host.Ref) { return say.Number(h.CPU.Count.Value), h.CPU.Count.Ref }),
	"memory":          eachHost(func(h *host.Facts) (string, host.Ref) { return wholeGB(h.Memory.Total.Value), h.Memory.Total.Ref }),
	"mtu":             eachHost(mtuOf),

	"ntp": figures(func(h *host.Facts) (float64, host.Ref) {
		return map[bool]float64{true: 1}[h.Clock.Synchronised], h.Clock.Ref
	}),
	"cpu-busy":         figures(busyCPU),
	"steal":            figures(func(h *host.Facts) (float64, host.Ref) { return h.CPU.Steal.Mean, h.CPU.Steal.Ref }),
	"memory-available": figures(func(h *host.Facts) (float64, host.Ref) { return leastAvailable(h) }),
	"memory-claimed":   memoryClaimed,
	"swap-used": figures(func(h *host.Facts) (float64, host.Ref) {
		return h.Memory.SwapUsed.Value / say.MB, h.Memory.SwapUsed.Ref
	}),
	"swappiness":       figures(swappiness),
	"thp":              figures(hugePages),
	"open-files":       openFiles,
	"file-limit":       fileLimit,
	"processes":        processes,
	"no-cpu-limit":     noCPULimit,
	"no-serial":        noSerial,
	"disk-free":        diskFree,
	"scanners":         scanners,
	"heap-share":       heapShare,
	"heap-fixed":       heapFixed,
	"pool-for-threads": poolForThreads,
	"balloon":          figures(balloon),
	"listen-drops":     figures(listenDrops),
	"thread-limit":     threadLimit,
	"collector-name":   eachOne(collectorName),

	"accept-queue":            acceptQueue,
	"connections-for-threads": connectionsForThreads,
	"devtools":                devtools,
	"kafka-logs":              kafkaLogs,
	"search-discovery":        searchDiscovery,
	"memory-lock":             memoryLock,

	"clock":        clockApart,
	"link":         linkLatency,
	"loss":         linkLoss,
	"ports":        clusterPorts,
	"rename":       sharedRename,
	"lock":         sharedLock,
	"path":         pathMTU,
	"database":     latency(record.MeasureDatabase),
	"shared-home":  latency(record.MeasureSharedHome),
	"local-disk":   latency(record.MeasureLocalDisk),
	"names":        latency(record.MeasureNames),
	"directory":    latency(record.MeasureDirectory),
	"shared-mount": sharedMount,
	"spread":       requestSpread,
	"affinity":     affinity,
	"retransmits": figures(func(h *host.Facts) (float64, host.Ref) {
		return h.Network.RetransmitPercent.Value, h.Network.RetransmitPercent.Ref
	}),
	"connections": connectionsClaimed,

	"seen-database":    seenDatabase,
	"seen-shared-home": seenSharedHome,
	"seen-local-home":  seenProbe(func(n *record.Node) []record.Probe { return ofMeasure(n.Storage, record.MeasureLocalDisk) }),
	"seen-names":       seenProbe(func(n *record.Node) []record.Probe { return n.Names }),
	"seen-directory":   seenDirectory,
	"seen-pool":        eachJVM(poolOf),
}

func at(entry, text string) analyze.Evidence { return analyze.Evidence{Entry: entry, Text: text} }

// eachJVM reads a text of each JVM. JVMs of several applications are not next to each other: those that stand on most nodes are read.
func eachJVM(read func(*analyze.JVM) (string, analyze.Evidence)) measure {
	return func(c *analyze.Case) (out []Reading) {
		for _, j := range cluster(c) {
			if text, e := read(j); text != "" {
				out = append(out, Reading{Node: j.Node.Name, Apps: productsOf(j), Text: text, At: e})
			}
		}
		return out
	}
}

// cluster are the JVMs of the application that runs on most nodes; the first one of each node counts.
func cluster(c *analyze.Case) (jvms []*analyze.JVM) {
	apps := map[string][]*analyze.JVM{}
	for _, n := range c.Nodes {
		seen := map[string]bool{}
		for _, j := range n.JVMs {
			if !seen[j.App] {
				apps[j.App] = append(apps[j.App], j)
			}
			seen[j.App] = true
		}
	}
	for _, app := range slices.Sorted(maps.Keys(apps)) {
		if len(apps[app]) > len(jvms) {
			jvms = apps[app]
		}
	}
	return jvms
}

// products are the applications of the case, by the names that items use.
func products(c *analyze.Case) map[string]bool {
	out := map[string]bool{}
	for _, n := range c.Nodes {
		for _, j := range n.JVMs {
			for _, p := range productsOf(j) {
				out[p] = true
			}
		}
	}
	return out
}

// productsOf are the names by which items ask of a JVM: its application, the one that its configuration is of, Tomcat where it has connectors,
// Spring Boot where its classes run.
func productsOf(j *analyze.JVM) []string {
	s := j.Settings()
	list := []string{strings.ToLower(j.App)}
	if s.Product != "" {
		list = append(list, s.Product)
	}
	if len(s.Connectors) > 0 && s.Product != appconf.Spring { // whose embedded one has no server.xml
		list = append(list, "tomcat")
	}
	if runs(j, springBoot) {
		list = append(list, "spring-boot")
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// eachHost reads a text of each machine.
func eachHost(read func(*host.Facts) (string, host.Ref)) measure {
	return func(c *analyze.Case) (out []Reading) {
		for _, n := range c.Nodes {
			if n.Host == nil {
				continue
			}
			if text, ref := read(n.Host); ref.Known() && text != "" {
				out = append(out, Reading{Node: n.Name, Text: text, At: cite.Ref(ref, text)})
			}
		}
		return out
	}
}

// figures reads a number of each machine.
func figures(read func(*host.Facts) (float64, host.Ref)) measure {
	return func(c *analyze.Case) (out []Reading) {
		for _, n := range c.Nodes {
			if n.Host == nil {
				continue
			}
			if v, ref := read(n.Host); ref.Known() && !math.IsNaN(v) {
				out = append(out, Reading{Node: n.Name, Value: v, At: cite.Ref(ref, say.Number(v))})
			}
		}
		return out
	}
}

func eachProcess(c *analyze.Case, read func(j *analyze.JVM) (Reading, bool)) (out []Reading) {
	for _, n := range c.Nodes {
		for _, j := range n.JVMs {
			if r, ok := read(j); ok {
				r.Node, r.What, r.Apps = n.Name, j.Subject(), productsOf(j)
				out = append(out, r)
			}
		}
	}
	return out
}
