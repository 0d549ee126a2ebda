package host

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/hostseries"
	"casefile/collectors"
)

const (
	maxProcesses = 65536
	topByCPU     = 25
	topByMemory  = 10
)

// look is every process at one moment.
type look struct {
	at    time.Time
	procs map[int]collectors.Stat
	err   error
}

// pids lists the processes that can be seen.
func (t tree) pids() []int {
	dir, err := os.Open(t.at("/proc"))
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	var list []int
	for _, n := range names {
		if pid, err := strconv.Atoi(n); err == nil && pid > 0 && len(list) < maxProcesses {
			list = append(list, pid)
		}
	}
	slices.Sort(list)
	return list
}

// look reads the state of every process. One that ends meanwhile is left out.
func (r *run) look() look {
	l := look{at: time.Now(), procs: map[int]collectors.Stat{}}
	for _, pid := range r.pids() {
		f, err := r.read("/proc/"+strconv.Itoa(pid)+"/stat", 4<<10)
		if err != nil {
			continue
		}
		p, err := collectors.ParseStat(f)
		if err != nil {
			l.err = fmt.Errorf("/proc/%d/stat: %w", pid, err)
			continue
		}
		l.procs[pid] = p
	}
	return l
}

// top stores who used the CPU between two looks, and who holds most memory.
func (r *run) top(before, after look) {
	if len(after.procs) == 0 {
		r.scope.Absent(itemProcesses, entries.NotPermitted, "no process can be seen in /proc")
		return
	}
	if after.err != nil {
		r.scope.LostErr(itemProcesses, after.err)
	}
	if r.hidden() {
		r.scope.Skip("processes of other users", entries.NotPermitted, "/proc is mounted with hidepid", r.fix())
	}
	table := rank(before, after, uint64(r.pageSize))
	users := r.users()
	for i := range table.Processes {
		p := &table.Processes[i]
		p.User = r.owner(p.PID, users)
	}
	r.addJSON(hostseries.Top, itemProcesses, "/proc/PID/stat", table)
}

// rank joins two looks. A process that began after the first one counts from
// its beginning; a process id that was used again is such a process.
func rank(before, after look, pageSize uint64) hostseries.TopTable {
	table := hostseries.TopTable{Seconds: after.at.Sub(before.at).Seconds(), Seen: len(after.procs)}
	all := make([]hostseries.Process, 0, len(after.procs))
	for pid, p := range after.procs {
		used := p.CPU()
		if old, same := before.procs[pid]; same && old.Started == p.Started {
			used -= min(old.CPU(), used)
		}
		line := hostseries.Process{PID: pid, PPID: p.PPID, Comm: p.Comm, State: string(p.State), Threads: p.Threads, RSS: p.ResidentPages * pageSize}
		if table.Seconds > 0 {
			line.CPUPercent = math.Round(used.Seconds()/table.Seconds*1000) / 10
		}
		all = append(all, line)
	}
	slices.SortFunc(all, func(a, b hostseries.Process) int {
		return cmp.Or(cmp.Compare(b.CPUPercent, a.CPUPercent), cmp.Compare(b.RSS, a.RSS), a.PID-b.PID)
	})
	n := min(topByCPU, len(all))
	table.Processes = slices.Clone(all[:n])
	rest := all[n:]
	slices.SortFunc(rest, func(a, b hostseries.Process) int { return cmp.Or(cmp.Compare(b.RSS, a.RSS), a.PID-b.PID) })
	table.Processes = append(table.Processes, rest[:min(topByMemory, len(rest))]...)
	return table
}

// hidden reports whether this user sees only its own processes.
func (r *run) hidden() bool {
	if r.uid == 0 || r.seesAll {
		return false
	}
	b, err := r.read("/proc/self/mountinfo", maxFile)
	if err != nil {
		return false
	}
	mounts, _ := parseMounts(b)
	for _, m := range mounts {
		if m.point == "/proc" && (strings.Contains(m.super, "hidepid=") && !has(m.super, "hidepid=0") && !has(m.super, "hidepid=off")) {
			return true
		}
	}
	return false
}

// users reads the names of user ids from /etc/passwd. Names that only a
// directory service knows stay numbers: asking it could take long.
func (r *run) users() map[string]string {
	b, err := r.read("/etc/passwd", maxFile)
	if err != nil {
		return nil
	}
	names := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if f := strings.SplitN(line, ":", 4); len(f) == 4 {
			if _, known := names[f[2]]; !known {
				names[f[2]] = f[0]
			}
		}
	}
	return names
}

// owner returns the name of the user that a process runs as.
func (r *run) owner(pid int, users map[string]string) string {
	b, err := r.read("/proc/"+strconv.Itoa(pid)+"/status", 1<<16)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "Uid:"); ok {
			if f := strings.Fields(rest); len(f) > 1 {
				return cmp.Or(users[f[1]], f[1]) // the effective one
			}
		}
	}
	return ""
}
