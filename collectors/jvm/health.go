package jvm

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"casefile/collectors"
	"casefile/collectors/rights"
)

// How long a pending safepoint is watched before the JVM counts as stuck: in a
// JVM that works all threads arrive within a millisecond or so.
const (
	safepointLooks = 10
	safepointPause = 20 * time.Millisecond
)

// responsive reports whether the JVM can be asked now. suspect is set after a
// missed deadline: then its VM thread must be seen idle first. A single look may
// catch a moment between two short sleeps; an idle VM thread shows at once.
func (p *Process) responsive(ctx context.Context, suspect bool) error {
	st, err := collectors.ReadStat(filepath.Join(p.dir, "stat"))
	if err != nil || st.Started != p.StartTicks || st.State == 'Z' || st.State == 'X' {
		return ErrGone
	}
	if st.State == 'T' || st.State == 't' || p.frozen() {
		return ErrStopped
	}
	seen := lookUnknown
	for range safepointLooks {
		if seen = p.lookAtVMThread(); seen == lookIdle {
			return nil
		}
		if !collectors.Wait(ctx, time.Now().Add(safepointPause)) {
			break
		}
	}
	if seen == lookPending || suspect {
		return ErrSafepoint
	}
	return nil // busy with an operation of its own, or /proc does not tell
}

// vmLook is what one look at the VM thread shows.
type vmLook int

const (
	lookUnknown vmLook = iota
	lookIdle           // it waits for work
	lookPending        // it waits for threads to reach a safepoint
)

// lookAtVMThread: while it brings the others to a safepoint it spins and then
// sleeps in steps (hrtimer_nanosleep); without work it waits on a futex.
func (p *Process) lookAtVMThread() vmLook {
	tid := p.vmThread()
	if tid == 0 {
		return lookUnknown
	}
	wchan, err := os.ReadFile(filepath.Join(p.dir, "task", strconv.Itoa(tid), "wchan"))
	switch w := string(wchan); {
	case err == nil && strings.Contains(w, "futex"):
		return lookIdle
	case err == nil && strings.Contains(w, "nanosleep"):
		return lookPending
	}
	return lookUnknown
}

// vmThread finds the thread id of the VM thread.
func (p *Process) vmThread() int {
	if p.vmTID == 0 {
		p.vmTID = p.findVMThread()
	}
	return p.vmTID
}

func (p *Process) findVMThread() int {
	for _, tid := range p.tids() {
		if comm, err := os.ReadFile(filepath.Join(p.dir, "task", strconv.Itoa(tid), "comm")); err == nil && string(comm) == "VM Thread\n" {
			return tid
		}
	}
	return 0
}

// tids lists the threads in the order of their ids.
func (p *Process) tids() []int {
	d, err := os.Open(filepath.Join(p.dir, "task"))
	if err != nil {
		return nil
	}
	defer d.Close()
	names, _ := d.Readdirnames(-1)
	tids := make([]int, 0, len(names))
	for _, n := range names {
		if tid, err := strconv.Atoi(n); err == nil {
			tids = append(tids, tid)
		}
	}
	return tids
}

// frozen reports whether the cgroup freezer holds the process (docker pause).
func (p *Process) frozen() bool {
	b, err := p.file("cgroup")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(b)) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			continue
		}
		switch {
		case f[0] == "0": // v2
			state, _ := os.ReadFile(filepath.Join("/sys/fs/cgroup", f[2], "cgroup.events"))
			if strings.Contains(string(state), "frozen 1") {
				return true
			}
		case f[1] == "freezer":
			state, _ := os.ReadFile(filepath.Join("/sys/fs/cgroup/freezer", f[2], "freezer.state"))
			if strings.HasPrefix(string(state), "FROZEN") || strings.HasPrefix(string(state), "FREEZING") {
				return true
			}
		}
	}
	return false
}

// explainFix returns the fix for a reason, in words for the ledger.
func explainFix(err error) string {
	var fixable interface{ Fix() string }
	if errors.As(err, &fixable) {
		return fixable.Fix()
	}
	if errors.Is(err, ErrOtherUser) {
		return cmp.Or(rights.Here().Help(), "run casefile as the owner of the process")
	}
	for _, f := range fixes {
		if errors.Is(err, f.err) {
			return f.fix
		}
	}
	return ""
}

// Fixes for the reasons why a JVM was not asked or did not answer.
var fixes = []struct {
	err error
	fix string
}{
	{ErrDisabled, "start the JVM without -XX:+DisableAttachMechanism, or take dumps with the product's own means"},
	{ErrReadOnlyTmp, "give the JVM a /tmp that it can write to (in Kubernetes an emptyDir at /tmp next to readOnlyRootFilesystem) and start it anew"},
	{ErrNoSignal, "start the JVM without -Xrs, or with -XX:+StartAttachListener"},
	{ErrStopped, "resume it (kill -CONT, unpause the container, end the debugger) and capture again"},
	{ErrSafepoint, "see threads/*-stuck.tsv for the thread that runs (state R) while all others wait: its loop has no safepoint poll"},
	{ErrNoAnswer, "see threads/*-stuck.tsv for what its threads do; capture again when it answers"},
	{ErrGone, ""},
}
