package collectors

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"casefile/bundle/format/entries"
	"casefile/collectors/rights"
)

// Nothing says why there is nothing to capture, and what helps.
type Nothing struct{ reason, fix string }

func (n *Nothing) Error() string        { return n.reason }
func (n *Nothing) Fix() string          { return n.fix }
func (n *Nothing) Is(target error) bool { return target == ErrNoTarget }
func (n *Nothing) Cause() entries.Cause { return entries.NotThere }

// asRoot is the fix where others' processes are not seen.
const asRoot = "run it as root: sudo casefile collect"

// NoTarget says why no process of this node can be captured.
func NoTarget(v rights.View) *Nothing {
	const none, found = "no JVM and no Go service with pprof", " found on this node"
	switch {
	case v.NoProc():
		return &Nothing{"there is no /proc here, so no process can be seen", "mount it (mount -t proc proc /proc), or run casefile on the host"}
	case v.Hidden():
		return &Nothing{none + found + ": /proc hides the processes of other users (hidepid)", asRoot}
	case !v.Own.MayBecome():
		return &Nothing{none + " that this user can see", asRoot}
	case v.Contained():
		return &Nothing{none + found + ": casefile sees the processes of this container only",
			"run it on the host, in the container of the service, or with the host's processes (--pid=host; in a pod hostPID: true)"}
	}
	return &Nothing{none + found, "start the service, or capture the node it runs on: casefile collect --node ssh://root@HOST"}
}

// NoProcess says why a pid of the plan cannot be captured.
func NoProcess(v rights.View, pid int) *Nothing {
	if v.NoProc() {
		return NoTarget(v)
	}
	const list = "casefile collect --dry-run lists what can be captured"
	status, err := os.ReadFile(filepath.Join(v.Proc, strconv.Itoa(pid), "status"))
	aliases := pidsOutside(v.Proc, pid)
	switch name, leader := statusField(status, "Name"), ThreadOf(v.Proc, pid); {
	case leader != 0:
		status, _ = os.ReadFile(filepath.Join(v.Proc, strconv.Itoa(leader), "status"))
		name = statusField(status, "Name")
		return &Nothing{fmt.Sprintf("%d is a thread of process %d (%s)", pid, leader, name), fmt.Sprintf("casefile collect --pid %d", leader)}
	case len(aliases) > 0:
		return &Nothing{fmt.Sprintf("%d is a pid inside of a container; here that process has another", pid), "casefile collect --pid " + strings.Join(aliases, " or --pid ")}
	case err == nil:
		return &Nothing{fmt.Sprintf("process %d (%s) is no JVM and no Go service with pprof", pid, name), list}
	case v.Hidden():
		return &Nothing{fmt.Sprintf("no process %d is seen: /proc hides those of other users (hidepid)", pid), fmt.Sprintf("%s --pid %d", asRoot, pid)}
	case errors.Is(err, os.ErrNotExist):
		return &Nothing{fmt.Sprintf("no process %d runs on this node", pid), list}
	}
	return &Nothing{fmt.Sprintf("process %d cannot be looked at: %v", pid, err), v.Help()}
}

// ThreadOf is the process that a number is a thread of; 0: it is none, or a process itself. /proc has folders of threads
// too, though it does not list them.
func ThreadOf(proc string, pid int) (leader int) {
	status, err := os.ReadFile(filepath.Join(proc, strconv.Itoa(pid), "status"))
	if err != nil {
		return 0
	}
	if leader, err = strconv.Atoi(statusField(status, "Tgid")); err != nil || leader == pid {
		return 0
	}
	return leader
}

// statusField is a line of /proc/PID/status.
func statusField(status []byte, key string) string {
	for line := range bytes.Lines(status) {
		if value, ok := bytes.CutPrefix(line, []byte(key+":")); ok {
			return string(bytes.TrimSpace(value))
		}
	}
	return ""
}

// mostAliases are named; pid 1 is one in each container.
const mostAliases = 3

// pidsOutside are JVMs in containers that have this pid there, as the line NSpid of /proc/PID/status says.
func pidsOutside(proc string, pid int) (pids []string) {
	paths, _ := filepath.Glob(filepath.Join(proc, "[0-9]*", "status"))
	for _, path := range paths {
		status, err := os.ReadFile(path)
		if err != nil || statusField(status, "Name") != "java" {
			continue
		}
		if all := strings.Fields(statusField(status, "NSpid")); len(all) > 1 && all[len(all)-1] == strconv.Itoa(pid) {
			pids = append(pids, all[0])
		}
	}
	return pids[:min(len(pids), mostAliases)]
}

// noTarget says why nothing is captured of what the plan chooses.
func (c *Capture) noTarget(ctx context.Context, list []Collector) *Nothing {
	v, p := c.Session.view(), c.Session.Plan
	if len(p.Apps) > 0 {
		all := *c.Session
		all.Plan.Apps = nil
		var names []string
		for _, j := range Prepare(ctx, &all, list) {
			if processes(j.Collector) {
				names = append(names, j.Target)
			}
		}
		if len(names) > 0 {
			slices.Sort(names)
			return &Nothing{fmt.Sprintf("no application here matches --app %s", strings.Join(p.Apps, " or ")),
				"what runs here: " + strings.Join(names[:min(len(names), 8)], ", ")}
		}
	}
	if len(p.PIDs) > 0 {
		return NoProcess(v, p.PIDs[0])
	}
	return NoTarget(v)
}

func (s *Session) view() rights.View {
	return rights.View{Proc: s.Roots.Proc, Sys: s.Roots.Sys, Own: rights.Own()}
}
