package host

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/hostseries"
)

const (
	maxGroups  = 8   // cgroups in the series
	maxMembers = 256 // processes listed of one cgroup
	maxDepth   = 32  // folders between a cgroup and the root
)

// controllers of which something is captured, and those that only v1 has.
var (
	controllers = []string{"cpu", "cpuacct", "cpuset", "memory", "pids", "io", "blkio"}
	onlyV1      = []string{"cpuacct", "blkio"}
	limiting    = []string{"cpu", "memory"} // a group that differs in one of them is another one
)

// hierarchies finds the folder of a process's cgroup for each controller.
type hierarchies struct {
	unified *mount           // cgroup2
	v1      map[string]mount // by controller
}

func findHierarchies(mounts []mount) hierarchies {
	h := hierarchies{v1: map[string]mount{}}
	for _, m := range mounts {
		if !strings.HasPrefix(m.point, "/sys/") {
			continue // another view of the same, such as a container's
		}
		switch m.fsType {
		case "cgroup2":
			if h.unified == nil {
				h.unified = &m
			}
		case "cgroup":
			for _, c := range controllers {
				if _, known := h.v1[c]; !known && has(m.super, c) {
					h.v1[c] = m
				}
			}
		}
	}
	return h
}

func (h hierarchies) version() string {
	switch {
	case len(h.v1) == 0 && h.unified == nil:
		return ""
	case len(h.v1) == 0:
		return "v2"
	case h.unified == nil:
		return "v1"
	}
	return "hybrid"
}

// membership is /proc/PID/cgroup: paths by controller, "" is the unified one.
type membership map[string]string

// parseMembership reads lines such as "4:memory:/docker/1" and "0::/user.slice".
func parseMembership(b []byte) membership {
	m := membership{}
	for line := range strings.Lines(string(b)) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(parts) != 3 || !strings.HasPrefix(parts[2], "/") {
			continue
		}
		for c := range strings.SplitSeq(parts[1], ",") {
			m[c] = strings.TrimSuffix(parts[2], " (deleted)")
		}
	}
	return m
}

// key names a cgroup: its path; where controllers differ the longest, and the others by their controllers.
func (m membership) key() string {
	longest := m[""]
	for _, c := range controllers {
		if len(m[c]) > len(longest) {
			longest = m[c]
		}
	}
	key := cmp.Or(longest, "/")
	for _, c := range limiting {
		if p := m[c]; p != "" && p != longest {
			key += " " + c + "=" + p
		}
	}
	return key
}

// dirs returns the folders of a cgroup for each controller, its own first, then
// those above it up to the top of what is mounted here.
func (h hierarchies) dirs(m membership, self bool, exists func(string) bool) map[string][]string {
	all := map[string][]string{}
	for _, c := range controllers {
		at, isV1 := h.v1[c]
		p := m[c]
		if !isV1 {
			if h.unified == nil || slices.Contains(onlyV1, c) {
				continue
			}
			at, p = *h.unified, m[""]
		}
		if list := chain(at, p, self, exists); len(list) > 0 {
			all[c] = list
		}
	}
	return all
}

// chain resolves a path of /proc/PID/cgroup against the mount. In a container
// without a cgroup namespace the path is the host's, and the mount shows only
// the part below its root: then a process of our own is at that root at least.
func chain(at mount, p string, self bool, exists func(string) bool) []string {
	if p == "" || strings.HasPrefix(p, "/..") {
		return nil // outside of what this namespace sees
	}
	rel := p
	if at.root != "/" {
		if rest, ok := strings.CutPrefix(p, at.root); ok && (rest == "" || rest[0] == '/') {
			rel = rest
		}
	}
	dir := path.Join(at.point, rel)
	if !exists(dir) {
		if !self {
			return nil
		}
		dir = at.point
	}
	var list []string
	for len(list) < maxDepth {
		list = append(list, dir)
		if dir == at.point {
			break
		}
		dir = path.Dir(dir)
	}
	return list
}

// cgroups is what the capture knows of cgroups.
type cgroups struct {
	table  hostseries.CgroupTable
	meters []meter
}

// findCgroups chooses the cgroups to follow: casefile's own, those of chosen
// processes and of every java, then others that have a limit.
func (r *run) findCgroups() cgroups {
	b, err := r.read("/proc/self/mountinfo", maxFile)
	if err != nil {
		r.note(itemCgroups, err)
		return cgroups{}
	}
	mounts, _ := parseMounts(b)
	h := findHierarchies(mounts)
	out := cgroups{table: hostseries.CgroupTable{Version: h.version()}}
	if out.table.Version == "" {
		r.scope.Absent(itemCgroups, entries.Unsupported, "no cgroup file system is mounted below /sys")
		return out
	}
	for _, g := range r.candidates(h) {
		if g.rank == 0 {
			continue
		}
		if len(out.table.Groups) == maxGroups {
			out.table.More++
			continue
		}
		m := r.newMeter(&g.CgroupGroup)
		out.table.Groups = append(out.table.Groups, g.CgroupGroup)
		out.meters = append(out.meters, m)
	}
	return out
}

// candidate is a cgroup with the reason to follow it: 0 is none.
type candidate struct {
	hostseries.CgroupGroup
	rank int
}

const (
	rankLimit = iota + 1
	rankTarget
	rankSelf
)

func (r *run) candidates(h hierarchies) []candidate {
	byKey := map[string]*candidate{}
	join := func(pid string, rank int) *candidate {
		b, err := r.read("/proc/"+pid+"/cgroup", 1<<16)
		if err != nil {
			return nil
		}
		m := parseMembership(b)
		g := byKey[m.key()]
		if g == nil {
			g = &candidate{CgroupGroup: hostseries.CgroupGroup{Name: m.key(), Dirs: h.dirs(m, pid == "self", r.exists)}}
			if r.limited(g.Dirs) {
				g.rank = rankLimit
			}
			byKey[g.Name] = g
		}
		if len(g.Dirs) > 0 {
			g.rank = max(g.rank, rank)
		}
		return g
	}
	if own := join("self", rankSelf); own != nil {
		own.Self = true
	}
	for _, pid := range r.pids() {
		rank := 0
		if slices.Contains(r.scope.Plan.PIDs, pid) || isJava(r.word("/proc/"+strconv.Itoa(pid)+"/comm")) {
			rank = rankTarget
		}
		g := join(strconv.Itoa(pid), rank)
		switch {
		case g == nil:
		case rank > 0:
			g.PIDs = slices.Insert(g.PIDs, 0, pid)
		case len(g.PIDs) < maxMembers:
			g.PIDs = append(g.PIDs, pid)
		default:
			g.More++
		}
	}
	list := make([]candidate, 0, len(byKey))
	for _, g := range byKey {
		list = append(list, *g)
	}
	slices.SortFunc(list, func(a, b candidate) int { return cmp.Or(b.rank-a.rank, cmp.Compare(a.Name, b.Name)) })
	return list
}

func isJava(comm string) bool { return comm == "java" || comm == "jsvc" }

// limited reports whether the cgroup's own folder sets a limit on CPU or memory.
func (r *run) limited(dirs map[string][]string) bool {
	for _, d := range dirs["cpu"][:min(1, len(dirs["cpu"]))] {
		if _, ok := r.cpuLimit(d); ok {
			return true
		}
	}
	for _, d := range dirs["memory"][:min(1, len(dirs["memory"]))] {
		if _, ok := r.memoryLimit(d); ok {
			return true
		}
	}
	return false
}
