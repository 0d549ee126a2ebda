package goproc

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"casefile/bundle/format/plan"
	"casefile/collectors"
)

// self is the main package of casefile: this process is never a target, another
// run of it (an agent, say) only when the plan names it by pid or name.
const self = "casefile/cmd/casefile"

// discover returns the Go processes of this node in order of their pids; with
// pids in the plan and no address, only those are looked at.
//
// A file on a dead network mount can hold up a read for ever, so the search runs
// aside and is left behind when ctx ends.
func discover(ctx context.Context, s *collectors.Session) ([]*process, error) {
	type result struct {
		found []*process
		err   error
	}
	done := make(chan result, 1)
	go func() {
		found, err := newSearch(s.Roots.Proc).run(ctx, s)
		done <- result{found, err}
	}()
	select {
	case r := <-done:
		return r.found, r.err
	case <-ctx.Done():
		return nil, fmt.Errorf("search for Go processes: %w", ctx.Err())
	}
}

// search looks through /proc; it reads each executable and each namespace's
// sockets once.
type search struct {
	root    string
	ownNet  string
	known   map[fileID]*executable
	sockets map[string]map[string]netip.AddrPort // by namespace, then inode
}

func newSearch(root string) *search {
	// Not self: that is the main thread, which may be in a container's namespace at the moment.
	own, _ := os.Readlink(filepath.Join(root, "thread-self/ns/net"))
	return &search{root: root, ownNet: own, known: map[fileID]*executable{}, sockets: map[string]map[string]netip.AddrPort{}}
}

func (s *search) run(ctx context.Context, session *collectors.Session) ([]*process, error) {
	pids := slices.Sorted(slices.Values(session.Plan.PIDs))
	if len(pids) == 0 || len(session.Plan.GoURLs) > 0 {
		var err error
		if pids, err = s.pids(); err != nil {
			return nil, err
		}
	}
	var found []*process
	for _, pid := range slices.Compact(pids) {
		if ctx.Err() != nil {
			return found, fmt.Errorf("search for Go processes, at pid %d: %w", pid, ctx.Err())
		}
		if p := s.inspect(ctx, pid, &session.Plan); p != nil {
			found = append(found, p)
		}
	}
	return found, nil
}

// pids returns the processes of the node; none where there is no /proc.
func (s *search) pids() ([]int, error) {
	entries, err := os.ReadDir(s.root)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids, err
}

// inspect returns the process if it is a Go program, and other than casefile
// unless the plan names it. What ended or may not be read is not known to be Go, so it
// is no target.
func (s *search) inspect(ctx context.Context, pid int, wanted *plan.Plan) *process {
	p := &process{pid: pid, dir: filepath.Join(s.root, strconv.Itoa(pid))}
	exe, err := os.Readlink(filepath.Join(p.dir, "exe"))
	if err != nil || pid == os.Getpid() || collectors.ThreadOf(s.root, pid) != 0 {
		return nil
	}
	p.name = collectors.SafeName(filepath.Base(strings.TrimSuffix(exe, " (deleted)")))
	b := s.executable(ctx, filepath.Join(p.dir, "exe"))
	if b == nil || b.info.Path == self && !(len(wanted.PIDs)+len(wanted.Apps) > 0 && wanted.WantsProcess(pid, p.name)) {
		return nil
	}
	p.info, p.pprof = b.info, b.pprof
	namespace, _ := os.Readlink(filepath.Join(p.dir, "ns/net"))
	p.foreignNet = namespace != "" && s.ownNet != "" && namespace != s.ownNet
	p.listens = s.listening(p, namespace)
	return p
}

// executable is what is known of one.
type executable struct {
	info  *buildinfo.BuildInfo
	pprof bool
}

func (s *search) executable(ctx context.Context, path string) *executable {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	id, hasID := idOf(f)
	if b, seen := s.known[id]; seen && hasID {
		return b
	}
	b := inspectExecutable(ctx, f)
	if hasID {
		s.known[id] = b
	}
	return b
}
