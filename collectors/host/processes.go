package host

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"casefile/bundle/format/hostseries"
)

const (
	maxProcesses = 65536
	topByCPU     = 25
	topByMemory  = 10
	// ticksPerSecond is USER_HZ, in which /proc counts CPU time: 100 on every
	// architecture that Go runs on under Linux.
	ticksPerSecond = 100
)

// process is what /proc/PID/stat says (proc_pid_stat(5)).
type process struct {
	comm    string
	state   string
	ppid    int
	ticks   uint64 // user and system time
	threads int
	started uint64 // ticks after boot
	rss     uint64 // pages
}

// parseStat reads /proc/PID/stat. The name in brackets may itself hold brackets
// and blanks, so it ends at the last one.
func parseStat(b []byte) (process, error) {
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if open < 0 || end < open {
		return process{}, fmt.Errorf("no name in %.60q", b)
	}
	f := strings.Fields(string(b[end+1:]))
	if len(f) < 22 { // state is field 3, rss field 24
		return process{}, fmt.Errorf("%d fields after the name, want 22 at least", len(f))
	}
	p := process{comm: string(b[open+1 : end]), state: f[0]}
	var bad error
	num := func(field int) uint64 {
		n, err := strconv.ParseUint(f[field-3], 10, 64)
		if err != nil && bad == nil {
			bad = fmt.Errorf("field %d: %w", field, err)
		}
		return n
	}
	p.ppid, p.ticks, p.threads, p.started, p.rss = int(num(4)), num(14)+num(15), int(num(20)), num(22), num(24)
	return p, bad
}

// look is every process at one moment.
type look struct {
	at    time.Time
	procs map[int]process
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
	l := look{at: time.Now(), procs: map[int]process{}}
	for _, pid := range r.pids() {
		f, err := r.read("/proc/"+strconv.Itoa(pid)+"/stat", 4<<10)
		if err != nil {
			continue
		}
		p, err := parseStat(f)
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
		r.scope.Absent(itemProcesses, "no process can be seen in /proc")
		return
	}
	if after.err != nil {
		r.scope.LostErr(itemProcesses, after.err)
	}
	if r.hidden() {
		r.scope.Skip("processes of other users", "/proc is mounted with hidepid", r.fix())
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
		used := p.ticks
		if old, same := before.procs[pid]; same && old.started == p.started {
			used = p.ticks - min(old.ticks, p.ticks)
		}
		line := hostseries.Process{PID: pid, PPID: p.ppid, Comm: p.comm, State: p.state, Threads: p.threads, RSS: p.rss * pageSize}
		if table.Seconds > 0 {
			line.CPUPercent = math.Round(float64(used)/ticksPerSecond/table.Seconds*1000) / 10
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

// hidden tells whether this user sees only its own processes.
func (r *run) hidden() bool {
	if r.uid == 0 {
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
