package checklist

import (
	"fmt"
	"maps"
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

// hypervisor names the kind of machine.
func hypervisor(h *host.Facts) (string, host.Ref) {
	switch text := h.System.Hypervisor; text.Value {
	case "none":
		return "no hypervisor", text.Ref
	case "unknown":
		return "a hypervisor that gives no name", text.Ref
	default:
		return text.Value, text.Ref
	}
}

// wholeGB is memory as people buy it: machines of one size differ by some pages.
func wholeGB(bytes float64) string { return fmt.Sprintf("%.0f GB", bytes/(1<<30)) }

// mtuOf gives the MTU of all interfaces that are up.
func mtuOf(h *host.Facts) (string, host.Ref) {
	var list []string
	var ref host.Ref
	for _, i := range h.Network.Interfaces {
		if i.MTU.Known() && i.Name != "lo" {
			list, ref = append(list, strconv.Itoa(int(i.MTU.Value))), i.MTU.Ref
		}
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), " and "), ref
}

// busyCPU leaves out what ran at lowered priority, which gives way.
func busyCPU(h *host.Facts) (float64, host.Ref) {
	if h.CPU.Ordinary.Ref.Known() {
		return h.CPU.Ordinary.Mean, h.CPU.Ordinary.Ref
	}
	return h.CPU.Busy.Mean, h.CPU.Busy.Ref
}

func leastAvailable(h *host.Facts) (float64, host.Ref) {
	if h.Memory.AvailableLeast.Known() {
		return h.Memory.AvailableLeast.Value, h.Memory.AvailableLeast.Ref
	}
	return h.Memory.AvailablePercent.Value, h.Memory.AvailablePercent.Ref
}

func setting(path string) func(*host.Facts) (float64, host.Ref) {
	return func(h *host.Facts) (float64, host.Ref) {
		t, ok := h.Setting(path)
		v, err := strconv.ParseFloat(strings.TrimSpace(t.Value), 64)
		if !ok || err != nil {
			return 0, host.Ref{}
		}
		return v, t.Ref
	}
}

// swappiness counts where there is swap at all.
func swappiness(h *host.Facts) (float64, host.Ref) {
	if h.Memory.SwapTotal.Known() && h.Memory.SwapTotal.Value == 0 {
		return 0, h.Memory.SwapTotal.Ref
	}
	return setting("/proc/sys/vm/swappiness")(h)
}

// hugePages is 1 where transparent huge pages are given only to who asks, or never.
func hugePages(h *host.Facts) (float64, host.Ref) {
	return map[bool]float64{true: 1}[h.System.THP.Value != "always"], h.System.THP.Ref
}

// memoryClaimed is what the JVMs of a machine may come to, of its memory: heap, what each has outside of it now, and the rest of the machine not
// counted.
func memoryClaimed(c *analyze.Case) (out []Reading) {
	for _, n := range c.Nodes {
		if n.Host == nil || !n.Host.Memory.Total.Known() || len(n.JVMs) == 0 {
			continue
		}
		claimed := 0.0
		for _, j := range n.JVMs {
			heap := float64(j.MaxHeap())
			if heap <= 0 {
				claimed = 0
				break
			}
			claimed += heap + outside(j)
		}
		if total := n.Host.Memory.Total; claimed > 0 {
			out = append(out, Reading{Node: n.Name, Value: 100 * claimed / total.Value,
				Text: fmt.Sprintf("%s of %s", say.Bytes(claimed), say.Bytes(total.Value)), At: cite.Ref(total.Ref, say.Bytes(total.Value))})
		}
	}
	return out
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

func openFiles(c *analyze.Case) []Reading {
	return eachProcess(c, func(j *analyze.JVM) (r Reading, ok bool) {
		if j.Process == nil {
			return r, false
		}
		limit, known := j.Process.Last(entries.FileLimit)
		most, ok := j.Process.Max(entries.OpenFiles)
		if !ok || !known || limit <= 0 {
			return r, false
		}
		return Reading{Value: 100 * most / limit, Text: fmt.Sprintf("%s of %s", say.Number(most), say.Number(limit)), At: at(j.ProcessSource, "")}, true
	})
}

func fileLimit(c *analyze.Case) []Reading {
	return eachProcess(c, func(j *analyze.JVM) (r Reading, ok bool) {
		if j.Process == nil {
			return r, false
		}
		limit, ok := j.Process.Last(entries.FileLimit)
		return Reading{Value: limit, At: at(j.ProcessSource, "")}, ok && limit > 0
	})
}

// processes is what the cgroups of JVMs have of the threads and processes that they may have; where none is limited, what the JVM itself has of
// those that its user may have.
func processes(c *analyze.Case) []Reading {
	return eachProcess(c, func(j *analyze.JVM) (r Reading, ok bool) {
		if j.Node.Host != nil {
			if g := j.Node.Host.CgroupOf(j.PID); g != nil && g.PidsUsed.Known() && g.PidsLimit.Known() && g.PidsLimit.Value > 0 {
				return Reading{Value: 100 * g.PidsUsed.Value / g.PidsLimit.Value, At: cite.Ref(g.PidsUsed.Ref, ""),
					Text: fmt.Sprintf("%s of %s", say.Number(g.PidsUsed.Value), say.Number(g.PidsLimit.Value))}, true
			}
		}
		if j.Process == nil {
			return r, false
		}
		most, ok1 := j.Process.Max(entries.Threads)
		limit, ok2 := j.Process.Last(entries.ThreadLimit)
		return Reading{Value: 100 * most / max(limit, 1), At: at(j.ProcessSource, ""),
			Text: fmt.Sprintf("%s of %s that its user may have", say.Number(most), say.Number(limit))}, ok1 && ok2 && limit > 0
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

// diskFree is the room of all file systems on disks and of those that people name folders of, in memory too.
func diskFree(c *analyze.Case) (out []Reading) {
	for _, n := range c.Nodes {
		if n.Host == nil {
			continue
		}
		used := map[string]bool{} // by folders that people name
		if n.Timing != nil {
			for i := range n.Timing.Storage {
				if fs := n.Host.FileSystemOf(n.Timing.Storage[i].Target); fs != nil {
					used[fs.Mount] = true
				}
			}
		}
		for _, fs := range n.Host.FileSystems {
			if (fs.Real || used[fs.Mount]) && fs.Kind != "image" && !fs.ReadOnly && fs.Error == "" && !strings.HasPrefix(fs.Mount, "/boot") {
				out = append(out, Reading{Node: n.Name, What: "in " + fs.Mount, Value: float64(fs.Available) / say.MB,
					Text: say.Bytes(float64(fs.Available)) + " free", At: cite.Ref(fs.Ref, fs.Mount)})
			}
		}
	}
	return out
}

// scannerNames are programs that read every file of a disk, by the beginning of the process's name.
var scannerNames = []string{"clamd", "clamscan", "freshclam", "savd", "savscand", "sophos", "wdavdaemon", "mdatp", "falcon-sensor", "ds_agent", "fanotify",
	"esets", "rsync", "restic", "borg", "veeam", "bacula", "bareos", "duplicity", "tar"}

// scanners are antivirus and backup programs that used CPU during the capture.
func scanners(c *analyze.Case) (out []Reading) {
	for _, n := range c.Nodes {
		if n.Host == nil || !n.Host.Processes.Known() {
			continue
		}
		r := Reading{Node: n.Name, Text: "none seen at work", At: cite.Ref(n.Host.Processes.Ref, "")}
		for _, p := range n.Host.Processes.Processes {
			name := strings.ToLower(p.Comm)
			if p.CPUPercent >= 1 && slices.ContainsFunc(scannerNames, func(s string) bool { return strings.HasPrefix(name, s) }) {
				r.Value, r.Text = max(r.Value, p.CPUPercent), fmt.Sprintf("%s uses %s %% of a CPU", p.Comm, say.Number(p.CPUPercent))
			}
		}
		out = append(out, r)
	}
	return out
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
