package checklist

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"casefile/analyze"
	"casefile/analyze/host"
	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
	"casefile/bundle/format/entries"
)

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
