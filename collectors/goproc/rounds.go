package goproc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"casefile/bundle/format/entries"
	"casefile/collectors"
)

const (
	// maxStacks is the number of goroutines up to which full stacks are taken.
	maxStacks = 50_000
	// stackCost is how long a full dump stops the service for 1,000 goroutines:
	// requests took 4 ms for 1,000 and 720 ms for 50,000 parked goroutines of three
	// frames (Go 1.26, two shared cores).
	stackCost = 15 * time.Millisecond
	// slowDump is the length of a dump after which the rest are taken grouped.
	slowDump = 2 * time.Second
	// countAhead is how long before a round the goroutines are counted, so that
	// the dump itself can begin when it is due.
	countAhead = 200 * time.Millisecond
)

const dumpItem = entries.ItemGoroutineDumps

// rounds takes a goroutine dump, and metrics where there are any, at each round
// of the plan.
func (c *capture) rounds(ctx context.Context) {
	m := newMetrics(c)
	d := dumper{capture: c}
	for k := range c.Plan.Dumps {
		due := c.Plan.Due(c.Start(), k)
		switch {
		case k > 0 && time.Since(due) > max(time.Duration(c.Plan.DumpInterval), time.Second):
			c.Lost(dumpItem, entries.TimedOut, "the rounds before took so long that this one was left out", "use a longer --dump-interval")
			continue
		case !collectors.Wait(ctx, due.Add(-countAhead)):
			c.lost(dumpItem, errEnded)
			continue
		}
		d.round(ctx, k, due)
		m.round(ctx, k)
		c.Tell("goroutines", k+1, c.Plan.Dumps, "")
	}
	m.close()
}

// dumper takes the goroutine dumps of one service.
type dumper struct {
	*capture
	spare bool // full stacks took too long
	told  bool // the ledger has why stacks are grouped
}

func (d *dumper) round(ctx context.Context, k int, due time.Time) {
	x, err := d.client.index(ctx, d.limits.index)
	if err != nil {
		d.lost(dumpItem, err)
		return
	}
	if !collectors.Wait(ctx, due) {
		d.lost(dumpItem, errEnded)
		return
	}
	form := d.form(x["goroutine"])
	a, err := d.client.get(ctx, request{path: form.path, deadline: d.deadline(), limit: d.limits.body})
	if len(a.body) == 0 && err == nil || len(a.body) > 0 && !bytes.HasPrefix(a.body, []byte(form.begin)) {
		a.body, err = nil, errors.Join(errForeign, err)
	}
	note := ""
	switch {
	case len(a.body) == 0:
		d.lost(dumpItem, err)
		return
	case is[errTooLarge](err), int64(len(a.body)) == d.limits.body:
		note = "the first " + inMiB(d.limits.body)
	case err != nil: // the service went away in the middle: keep what came
		reason, fix := explain(err)
		d.Lost(dumpItem, causeOf(err), reason, fix)
		note = fmt.Sprintf("the first %d bytes: %s", len(a.body), reason)
	}
	d.spare = d.spare || a.ended.Sub(a.started) > slowDump
	_ = d.Add(collectors.Evidence{Name: entries.GoDump.Of(entries.GoRound(k)), Item: dumpItem, Source: d.source(form.path),
		Started: a.started, Ended: a.ended, Truncated: note}, a.body)
}

// form is one of the two ways in which net/http/pprof prints goroutines.
type form struct{ path, begin string }

var (
	fullStacks = form{"goroutine?debug=2", "goroutine "}
	grouped    = form{"goroutine?debug=1", "goroutine profile:"}
)

// form chooses what the service can bear.
func (d *dumper) form(goroutines int) form {
	var why string
	switch {
	case goroutines > maxStacks:
		why = fmt.Sprintf("%d goroutines: printing each would stop the service for about %v; equal stacks were grouped instead",
			goroutines, (time.Duration(goroutines) * stackCost / 1000).Round(100*time.Millisecond))
	case d.spare:
		why = fmt.Sprintf("a dump with all stacks took longer than %v; equal stacks were grouped from then on", slowDump)
	default:
		return fullStacks
	}
	if !d.told {
		d.told = true
		d.Skip(entries.ItemFullStacks, entries.Costly, why, "")
	}
	return grouped
}

// isRefused tells that nobody is there any more.
func isRefused(err error) bool {
	return same(syscall.ECONNREFUSED, syscall.ECONNRESET, io.EOF, io.ErrUnexpectedEOF)(err)
}

// remoteCommandLine asks a service that is not on this node how it was started.
func (c *capture) remoteCommandLine(ctx context.Context) {
	a, err := c.client.get(ctx, request{path: "cmdline", deadline: c.deadline(), limit: c.limits.page})
	if err != nil {
		c.lost(entries.ItemCommandLine, err)
		return
	}
	_ = c.Add(collectors.Evidence{Name: string(entries.GoCommandLine), Item: entries.ItemCommandLine, Source: c.source("cmdline"), Started: a.started, Ended: a.ended}, commandLine(a.body))
}
