// Package host captures the machine: what it is, what it allows, and how its
// counters move. It reads files of /proc, /sys and /etc; the only commands it
// runs are those that ask a time daemon that is running already.
//
// A user without rights gets all of it but the few files that only root may
// read; those are told as skipped, with the way to get them.
package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"casefile/bundle/format/budget"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/hostseries"
	"casefile/collectors"
	"casefile/collectors/rights"
)

// Ledger items.
const (
	itemSystem    = "system"
	itemMemory    = "memory"
	itemSettings  = "kernel settings"
	itemLimits    = "limits"
	itemPlatform  = "platform"
	itemCgroups   = "cgroups"
	itemDisks     = "disks"
	itemSpace     = "file systems"
	itemNetwork   = "network"
	itemLoad      = "load"
	itemPressure  = "pressure"
	itemNUMA      = "numa nodes"
	itemClock     = "clock"
	itemDaemon    = "time daemon"
	itemProcesses = "processes"
	itemCounters  = "counters"
)

// system is what cannot be had from files; tests put their own in its place.
type system struct {
	statfs  func(path string) (space, error)
	clock   func() (clockReading, error)
	command func(ctx context.Context, binary string, args ...string) ([]byte, error)
	// spaceLimit is how long a file system may take to tell its size. A dead
	// network mount never does.
	spaceLimit time.Duration
	uid        int // of casefile
	seesAll    bool
	pageSize   int // bytes
}

type collector struct{ sys system }

// New returns the collector of this machine.
func New() collectors.Collector {
	return collector{sys: system{statfs: statfs, clock: readClock, command: runCommand, spaceLimit: 2 * time.Second,
		uid: os.Geteuid(), seesAll: rights.Own().SeesAll(), pageSize: os.Getpagesize()}}
}

func (collector) Name() string { return entries.CollectorHost }

func (c collector) Prepare(_ context.Context, s *collectors.Session) ([]collectors.Job, error) {
	return []collectors.Job{{
		Target: entries.FolderHost, // of a node there is one
		Title:  title(s.Node, tree{s.Roots}),
		Items: []collectors.Item{
			{Name: itemCounters, Cost: "about 1 ms of CPU a sample: 11 small files, and 4 more for each of at most 8 cgroups"},
			{Name: "snapshots", Cost: "some 150 small files, at the start and again at the end: about 20 ms of CPU each"},
			{Name: itemProcesses, Cost: "2 looks at /proc, about 30 µs of CPU a process each"},
			{Name: itemSpace, Cost: "one statfs a file system, given up after 2 s"},
			{Name: itemDaemon, Cost: "one local query to chrony, ntpd or timesyncd where it runs"},
		},
		Run: func(ctx context.Context, scope *collectors.Scope) { newRun(c.sys, scope).all(ctx) },
	}}, nil
}

// title says what machine this is, from what is at hand.
func title(node string, t tree) string {
	parts := []string{"host " + node}
	if b, err := t.read("/proc/sys/kernel/osrelease", 1<<10); err == nil {
		parts = append(parts, "Linux "+strings.TrimSpace(string(b)))
	}
	if b, err := t.read("/proc/stat", maxFile); err == nil {
		parts = append(parts, fmt.Sprintf("%d CPUs", countCPUs(b)))
	} else {
		parts = append(parts, fmt.Sprintf("%d CPUs", runtime.NumCPU()))
	}
	if b, err := t.read("/proc/meminfo", 1<<16); err == nil {
		parts = append(parts, fmt.Sprintf("%.1f GB", float64(meminfo(b)["MemTotal"])/(1<<30)))
	}
	return strings.Join(parts, ", ")
}

// run is one capture.
type run struct {
	system
	tree
	scope *collectors.Scope
	// stuck are the mounts that did not answer: they are not asked again.
	stuck map[string]bool
}

func newRun(sys system, scope *collectors.Scope) *run {
	return &run{system: sys, tree: tree{scope.Roots}, scope: scope, stuck: map[string]bool{}}
}

// fix is the way to what needs rights; as root there is none.
func (r *run) fix() string {
	if r.uid == 0 || r.seesAll {
		return ""
	}
	return "run casefile as root"
}

// note puts what could not be read into the ledger: what a kernel lacks is
// absent, what needs root is skipped, anything else is lost.
func (r *run) note(item string, err error) {
	switch {
	case err == nil:
	case missing(err):
		r.scope.Absent(item, entries.Unsupported, "not on this system: "+err.Error())
	case errors.Is(err, fs.ErrPermission):
		r.scope.Skip(item, entries.NotPermitted, err.Error(), r.fix())
	default:
		r.scope.LostErr(item, err)
	}
}

// all takes the series from the start to the end of the capture, with one round
// of snapshots next to its beginning and one after its end.
func (r *run) all(ctx context.Context) {
	disks, nics := r.pickDisks(), r.pickInterfaces()
	groups := r.findCgroups()
	before := r.look()

	var wg sync.WaitGroup
	wg.Go(func() { r.sample(ctx, disks, nics, groups) })
	wg.Go(func() {
		r.snapshots(onceFiles, "")
		r.settings(disks, nics)
		r.platform()
		if groups.table.Version != "" {
			r.addJSON(hostseries.Cgroups, itemCgroups, "/proc/PID/cgroup", groups.table)
		}
		r.moving(ctx, hostseries.Start, groups)
		r.timeDaemon(ctx, before)
	})
	wg.Wait()

	r.top(before, r.look())
	// What moves is worth most when something went wrong, so an interrupt does not stop it.
	last, stop := budget.Afterwards(ctx)
	defer stop()
	last, cancel := context.WithTimeout(last, 4*time.Second)
	defer cancel()
	r.moving(last, hostseries.End, groups)
}

// moving takes the snapshots that are worth comparing.
func (r *run) moving(ctx context.Context, folder string, groups cgroups) {
	r.snapshots(movingFiles, folder)
	r.interrupts(folder)
	r.pressure(folder)
	r.cgroupFiles(folder, groups)
	r.clockState(folder)
	r.fileSystems(ctx, folder)
}
