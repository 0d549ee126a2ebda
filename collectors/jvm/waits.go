package jvm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	deadline "casefile/bundle/format/budget"
	"casefile/bundle/format/entries"
	"casefile/collectors"
	"casefile/collectors/jvm/calls"
)

// waitLooks reads what the threads of the JVM wait for around its dumps.
type waitLooks struct {
	reader *calls.Reader
}

func (w *waitLooks) close() {
	if w.reader != nil {
		_ = w.reader.Close()
	}
}

// waitLook is the look before a dump, and the sockets that were read after it; first is nil where there was none.
type waitLook struct {
	first   *calls.Look
	sockets calls.Sockets
}

// On a busy machine a look takes 40 ms for 500 threads.
const (
	lookAhead     = 15 * time.Millisecond
	lookPerThread = 50 * time.Microsecond
	mostAhead     = 600 * time.Millisecond
	waitsSource   = "/{task/*/{syscall,schedstat},fd,mem,net}"
)

// lookAheadOf is how long before a dump the look at its threads begins, and aheadOfDump when its work begins at all.
func (c *capture) lookAheadOf() time.Duration {
	return min(lookAhead+time.Duration(c.Threads)*lookPerThread, mostAhead)
}

func (c *capture) aheadOfDump() time.Duration { return max(c.lookAheadOf(), readyBefore) }

// waitsBefore looks at the calls of all threads just before a dump, and keeps the sockets.
func (c *capture) waitsBefore(ctx context.Context, name string, due time.Time) waitLook {
	look := waitLook{sockets: calls.Sockets{}}
	if collectors.Wait(ctx, due.Add(-c.lookAheadOf())) {
		var err error
		if look.first, err = c.firstLook(ctx); err != nil {
			c.noWaits(entries.ItemThreadWaits, err)
		}
	}
	look.sockets.Add(c.sockets(name))
	return look
}

func (c *capture) firstLook(ctx context.Context) (*calls.Look, error) {
	if c.waits.reader == nil {
		reader, err := calls.Open(c.dir, c.NSPID != c.PID, c.tables)
		if err != nil {
			return nil, err
		}
		c.waits.reader = reader
	}
	return c.waits.reader.Look(ctx)
}

// waitsAfter looks once more after the dump, and keeps what is the same.
func (c *capture) waitsAfter(ctx context.Context, name string, look waitLook) {
	if look.first == nil {
		return
	}
	ctx, cancel := deadline.Afterwards(ctx)
	defer cancel()
	table, err := c.waits.reader.Confirm(ctx, look.first, look.sockets)
	if table == nil {
		c.noWaits(entries.ItemThreadWaits, err)
		return
	}
	if err != nil {
		c.LostErr(entries.ItemThreadWaits, err)
	}
	if c.Tree.Check() != nil {
		return // ended: the dump tells
	}
	cut := ""
	if table.LeftOut > 0 {
		cut = fmt.Sprintf("%d threads were not reached in time", table.LeftOut)
	}
	table.PID = c.JVM.PID
	c.Add(collectors.Evidence{Name: entries.ThreadWaits.Of(name), Item: entries.ItemThreadWaits,
		Source: c.dir + waitsSource, Started: table.Before, Ended: table.After, Truncated: cut}, table.Encode())
}

// sampleWaits counts over the capture which threads are in calls on sockets and files.
func (c *capture) sampleWaits(ctx context.Context) {
	reader, err := calls.Open(c.dir, c.NSPID != c.PID, c.tables)
	if err != nil {
		c.noWaits(entries.ItemWaitSamples, err)
		return
	}
	s := calls.NewSampler(reader)
	defer s.Close()
	if err := s.Run(ctx, c.Start(), c.End()); err != nil {
		c.noWaits(entries.ItemWaitSamples, err)
	}
	samples := s.Samples(c.JVM.PID)
	if samples.Rounds == 0 {
		return
	}
	c.Add(collectors.Evidence{Name: string(entries.WaitSamples), Item: entries.ItemWaitSamples,
		Source: c.dir + waitsSource, Started: samples.First, Ended: samples.Last}, samples.Encode())
	c.Add(collectors.Evidence{Name: string(entries.WaitSeries), Item: entries.ItemWaitSamples,
		Source: c.dir + waitsSource, Started: samples.First, Ended: samples.Last}, s.Peers())
}

// noWaits notes why the calls of threads cannot be read. What has ended is told by its dumps.
func (c *capture) noWaits(item string, err error) {
	switch {
	case errors.Is(err, fs.ErrPermission):
		reason, fix := c.waitsRefused(c.Roots.Proc)
		c.Skip(item, entries.NotPermitted, reason, fix)
	case errors.Is(err, calls.ErrUnsupported):
		c.Absent(item, entries.Unsupported, err.Error())
	case errors.Is(err, fs.ErrNotExist), calls.Gone(err):
	default:
		c.LostErr(item, err)
	}
}

// seesWaits reads the call of one thread, for doctor.
func (p *Process) seesWaits() (fix string, err error) {
	reader, err := calls.Open(p.dir, false, calls.NewTables())
	if err != nil {
		return "", err
	}
	defer reader.Close()
	err = reader.Check()
	if errors.Is(err, fs.ErrPermission) {
		var reason string
		reason, fix = p.waitsRefused(filepath.Dir(p.dir))
		return fix, errors.New(reason)
	}
	return "", err
}

// waitsRefused says why the kernel does not show the calls of the threads, and what helps.
func (p *Process) waitsRefused(proc string) (reason, fix string) {
	const capability = "run casefile as root, or with CAP_SYS_PTRACE (AmbientCapabilities= of its systemd unit)"
	reason = "what its threads wait for is shown to who may trace the process only"
	scope, _ := os.ReadFile(filepath.Join(proc, "sys/kernel/yama/ptrace_scope"))
	switch strings.TrimSpace(string(scope)) {
	case "1", "2":
		return reason + " (kernel.yama.ptrace_scope is " + strings.TrimSpace(string(scope)) + ")", capability
	case "3":
		return "kernel.yama.ptrace_scope is 3: nobody may see what its threads wait for",
			"set kernel.yama.ptrace_scope to 1 or 2 and start the host anew"
	}
	return reason, capability
}
