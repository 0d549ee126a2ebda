package jvm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"casefile/bundle/format/entries"
	"casefile/collectors"
	"casefile/collectors/jvm/calls"
)

// capture is the job of one JVM: files of /proc, then side by side counters, logs
// and the rounds of dumps, with the other commands between the rounds. tables are shared by all JVMs.
func (j *JVM) capture(ctx context.Context, sc *collectors.Scope, tables *calls.Tables) {
	own := *j // what is learnt of it meanwhile is of this capture
	c := &capture{JVM: &own, Scope: sc, tables: tables}
	defer c.vm.close()
	if c.Tree.Check() != nil {
		c.LostFor(entries.ItemProcess, ErrGone, "")
		return
	}
	c.Tell("capturing", 0, sc.Plan.Dumps, "%s", j.Title())
	c.processFiles()
	if sc.Plan.ProfilesOnly() {
		c.profiles(ctx)
		c.Tell("done", 0, 0, "")
		return
	}
	c.perfSnapshot(entries.CountersFirst)
	var wg sync.WaitGroup
	wg.Go(func() { c.sampleCounters(ctx) })
	wg.Go(func() { c.sampleProcess(ctx) })
	wg.Go(func() { c.sampleWaits(ctx) })
	defer c.waits.close()
	if err := j.mayAttach(); err != nil {
		c.refuse(err)
	} else {
		gcLog := c.gcLogOn(ctx)
		wg.Go(func() { c.logs(ctx) })
		c.rounds(ctx)
		collectors.Wait(ctx, c.End())
		c.gcLogOff(ctx, gcLog)
		c.keepAll(ctx)
		c.virtual.close()
	}
	wg.Wait()
	c.perfSnapshot(entries.CountersLast)
	c.Tell("done", sc.Plan.Dumps, sc.Plan.Dumps, "")
}

type capture struct {
	*JVM
	*collectors.Scope
	recording *recording // nil when JFR does not run for us
	asyncDir  string     // of async-profiler; empty when it does not run
	virtual   virtualLists
	waits     waitLooks
	tables    *calls.Tables
	boxed     bool          // the black box was copied
	long      *ErrLongReply // of the first dump that was cut; nil: none
}

// refuse notes all that cannot be had without the right to attach.
func (c *capture) refuse(err error) {
	for _, item := range refusedItems {
		c.LostFor(item, err, explainFix(err))
	}
}

// refusedItems are what cannot be had without the right to attach.
var refusedItems = []string{entries.ItemThreadDumps, entries.ItemGCLog, entries.ItemLogs, entries.ItemConfig, entries.ItemVMCommands}

// procFiles are kept as they are.
var procFiles = []entries.File{entries.ProcStatus, entries.ProcLimits, entries.ProcCgroup, entries.ProcIO, entries.ProcOOMScore}

// processFiles keeps what /proc shows of the process.
func (c *capture) processFiles() {
	now := time.Now()
	add := func(item string, name entries.File, source string, content []byte) {
		c.Add(collectors.Evidence{Name: string(name), Item: item, Source: source, Started: now}, content)
	}
	add(entries.ItemCommandLine, entries.CommandLine, filepath.Join(c.dir, "cmdline"), []byte(strings.Join(c.Args, "\n")+"\n"))
	if len(c.Env) > 0 {
		add(entries.ItemEnvironment, entries.Environment, filepath.Join(c.dir, "environ"), keepEnviron(c.Env))
	}
	if box, ok := c.container(); ok {
		add(entries.ItemContainer, entries.Container, filepath.Join(c.dir, "root", "etc", "hostname"), box.encode())
	}
	for _, name := range procFiles {
		f := path.Base(string(name))
		b, err := c.file(f)
		switch {
		case err == nil:
			add(entries.ItemProcess, name, filepath.Join(c.dir, f), b)
		case errors.Is(err, os.ErrPermission):
			c.Skip("process-"+f, entries.NotPermitted, "needs the right to read "+f, c.help())
		}
	}
}

// rounds takes the dumps when they are due. A JVM that cannot be asked costs
// only its own dumps, and each missed one leaves what /proc shows instead.
func (c *capture) rounds(ctx context.Context) {
	todo := c.applicable()
	if c.Plan.Dumps == 0 {
		c.recordAll(ctx)
	}
	for k := range c.Plan.Dumps {
		due := c.Plan.Due(c.Start(), k)
		if !collectors.Wait(ctx, due.Add(-c.aheadOfDump())) {
			c.Lost(entries.ItemThreadDumps, entries.EndedEarly, "the capture was ended early", "")
			break
		}
		text := c.dump(ctx, k, due)
		c.Tell("dumps", k+1, c.Plan.Dumps, "")
		next := c.End()
		if k+1 < c.Plan.Dumps {
			next = c.Plan.Due(c.Start(), k+1)
		}
		c.listVirtual(ctx, entries.Dump(k), text, next)
		if k == 0 { // its start takes a second, which must not delay the first round
			c.recordAll(ctx)
		}
		todo = c.runCommands(ctx, todo, next)
	}
	for _, cmd := range c.runCommands(ctx, todo, c.End().Add(collectors.Grace/2)) {
		c.Lost(cmd.item, entries.TimedOut, "no time was left for "+cmd.jcmd, "capture for longer (--duration)")
	}
}

// readyBefore is how long before a round its connection is opened.
const readyBefore = 150 * time.Millisecond

// applicable are the commands that this JVM has and the plan admits.
func (c *capture) applicable() []command {
	var todo []command
	for _, cmd := range commands {
		switch {
		case c.Major > 0 && c.Major < cmd.minMajor:
			c.Absent(cmd.item, entries.Unsupported, fmt.Sprintf("JDK %d has no %s", c.Major, cmd.jcmd))
		case cmd.pauses && !c.Plan.AllowPause:
			c.Skip(cmd.item, entries.Costly, cmd.cost, "--allow-pause")
		default:
			todo = append(todo, cmd)
		}
	}
	return todo
}

// dump takes one thread dump and, at the same moment, the CPU time of each thread, the sockets, and before and after it
// what the threads wait for. It returns the dump's text, empty when there is none.
func (c *capture) dump(ctx context.Context, k int, due time.Time) []byte {
	name := entries.Dump(k)
	if c.long != nil { // another as long would say little more, and costs as much
		c.LostFor(entries.ItemThreadDumps, c.long, c.long.Fix())
		return nil
	}
	whole := ctx
	ctx, cancel := context.WithTimeoutCause(ctx, dumpDeadline, fmt.Errorf("%v", dumpDeadline))
	defer cancel()

	var before waitLook
	var wg sync.WaitGroup
	wg.Go(func() {
		collectors.Wait(ctx, due)
		snap := c.look(false)
		c.Add(collectors.Evidence{Name: entries.ThreadCPU.Of(name), Item: entries.ItemThreadCPU, Source: c.dir + "/task/*/schedstat", Started: snap.Started, Ended: snap.Ended}, snap.Encode())
	})
	wg.Go(func() { before = c.waitsBefore(ctx, name, due) })
	collectors.Wait(ctx, due.Add(-readyBefore))
	body, at, err := c.askAt(ctx, due, "threaddump", "")
	wg.Wait()
	c.waitsAfter(whole, name, before)
	if err == nil {
		c.Add(collectors.Evidence{Name: entries.ThreadDump.Of(name), Item: entries.ItemThreadDumps, Source: "attach: threaddump", Started: at.began, Ended: at.ended}, body)
		return body
	}
	c.LostFor(entries.ItemThreadDumps, err, explainFix(err))
	switch {
	case errors.Is(err, ErrGone):
		return nil
	case errors.As(err, &c.long) && len(body) > 0:
		c.Add(collectors.Evidence{Name: entries.ThreadDump.Of(name), Item: entries.ItemThreadDumpsCut, Source: "attach: threaddump", Started: at.began, Ended: at.ended, Truncated: err.Error()}, body)
		return body
	}
	snap := c.look(true)
	c.Add(collectors.Evidence{Name: entries.ThreadLook.Of(name), Item: entries.ItemThreadStates, Source: c.dir + "/task/*/{stat,wchan}", Started: snap.Started, Ended: snap.Ended}, snap.Encode())
	c.blackBox(ctx)
	return nil
}

type span struct{ began, ended time.Time }

// ask runs one attach command and notes what it cost.
func (c *capture) ask(ctx context.Context, cmd string, args ...string) ([]byte, span, error) {
	return c.askAt(ctx, time.Time{}, cmd, args...)
}

// askAt is ask at a moment.
func (c *capture) askAt(ctx context.Context, due time.Time, cmd string, args ...string) ([]byte, span, error) {
	before, clock := c.safepointTime()
	at := span{began: time.Now()}
	var body []byte
	var err error
	if cmd == "jcmd" {
		body, err = c.vm.Jcmd(ctx, args[0])
	} else {
		var sent time.Time
		if body, sent, err = c.vm.ExecAt(ctx, due, cmd, args...); !sent.IsZero() {
			at.began = sent
		}
	}
	at.ended = time.Now()
	var pause time.Duration
	if after, _ := c.safepointTime(); clock != "" && after > before {
		pause = after - before
	}
	c.Cost(at.ended.Sub(at.began), pause, clock)
	return body, at, err
}

// runCommands runs what can end before the next round and returns the rest.
func (c *capture) runCommands(ctx context.Context, todo []command, next time.Time) []command {
	const margin = 300 * time.Millisecond
	last := !next.Before(c.End())
	for i, cmd := range todo {
		left := time.Until(next) - margin
		// a command that waits for long belongs after the last round
		if left < min(cmd.deadline, 3*time.Second) && !last || left <= 0 || ctx.Err() != nil {
			return todo[i:]
		}
		if last { // no round waits for it, and a JVM without CPU needs its time
			cmd.deadline = max(cmd.deadline, lastDeadline)
		}
		c.run(ctx, cmd)
	}
	return nil
}

func (c *capture) run(ctx context.Context, cmd command) {
	ctx, cancel := context.WithTimeoutCause(ctx, cmd.deadline, fmt.Errorf("%v", cmd.deadline))
	defer cancel()
	body, at, err := c.ask(ctx, "jcmd", cmd.jcmd)
	var refused *ErrRefused
	switch {
	case err == nil:
		c.Add(collectors.Evidence{Name: string(cmd.file), Item: cmd.item, Source: "attach: " + cmd.jcmd, Started: at.began, Ended: at.ended}, body)
	case errors.As(err, &refused):
		c.Absent(cmd.item, entries.Unsupported, err.Error())
	default:
		c.LostFor(cmd.item, err, explainFix(err))
	}
}
