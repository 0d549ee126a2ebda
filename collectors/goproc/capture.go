package goproc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"sync"
	"time"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/plan"
	"casefile/collectors"
)

// capture is the run of one target.
type capture struct {
	*target
	*collectors.Scope
	client *client
	first  index // as it was when the capture began
}

// run captures the target. A process that merely might have had pprof, and has
// not, leaves no trace.
func (t *target) run(ctx context.Context, scope *collectors.Scope) {
	scope.Tell("connecting", 0, scope.Plan.Dumps, "")
	c := &capture{target: t, Scope: scope}
	var err error
	if c.client, c.first, err = t.connect(ctx); err != nil {
		if !c.without(err) {
			return
		}
		c.client = nil
	} else {
		c.client.spent = func(wall time.Duration) { scope.Cost(wall, 0, "") }
		defer c.client.close()
	}
	parts := c.focused()
	if scope.Plan.ProfilesOnly() {
		c.runAll(ctx, parts)
		return
	}
	if t.proc != nil {
		parts = append(parts, c.files, c.series)
	}
	if c.client != nil {
		parts = append(parts, c.cpu, c.rounds, c.snapshots)
		if t.proc == nil {
			parts = append(parts, c.remoteCommandLine)
		}
	}
	c.runAll(ctx, parts)
}

func (c *capture) runAll(ctx context.Context, parts []func(context.Context)) {
	var wg sync.WaitGroup
	for _, part := range parts {
		wg.Go(func() { part(ctx) })
	}
	wg.Wait()
	c.Tell("done", c.Plan.Dumps, c.Plan.Dumps, "")
}

// focused is what a plan that wants nothing but profiles asks of a service.
func (c *capture) focused() []func(context.Context) {
	if !c.Plan.ProfilesOnly() || c.client == nil {
		return nil
	}
	switch c.Plan.Profiles.Focus {
	case plan.Wall:
		return []func(context.Context){c.rounds}
	case plan.Alloc, plan.Lock:
		return []func(context.Context){c.snapshots}
	case plan.IO:
		c.Absent(entries.ItemIOProfile, entries.Unsupported, "net/http/pprof has no profile of I/O: a wall profile shows who waits for it")
		return nil
	}
	return []func(context.Context){c.cpu}
}

// without notes that there is no pprof to ask; false when the target was not
// named by the user, and so nothing more is to be said or captured.
func (c *capture) without(err error) bool {
	reason, fix := explain(err)
	switch {
	case c.base != nil || c.broken != nil:
		if c.broken != nil {
			fix = "give --go the address of the service, e.g. http://127.0.0.1:6060"
		}
		c.Lost(entries.ItemPprof, causeOf(err), reason, fix)
	case errors.Is(err, context.DeadlineExceeded):
		c.Skip(entries.ItemPprof, entries.NoAnswer, fmt.Sprintf("its loopback sockets did not answer within %v", c.limits.index), "if one of them serves pprof, name it: --go http://127.0.0.1:PORT")
		return c.chosen
	case c.chosen, errors.Is(err, os.ErrPermission):
		c.Skip(entries.ItemPprof, entries.NotThere, reason, fix)
		return c.chosen
	default:
		return false
	}
	return c.proc != nil
}

// deadline is the time a request may take from now on, so that the job ends in
// time even when every one of them hangs.
func (c *capture) deadline() time.Duration {
	return max(min(c.limits.request, time.Until(c.End().Add(c.limits.tail))), c.limits.request/10)
}

// source names where an entry came from, without credentials.
func (c *capture) source(path string) string {
	u, err := c.client.base.Parse(path)
	if err != nil {
		return path
	}
	u.User = nil
	return u.String()
}

// gzipMagic begins every profile that net/http/pprof sends.
var gzipMagic = []byte{0x1f, 0x8b}

// keepProfile asks for a profile and stores it.
func (c *capture) keepProfile(ctx context.Context, name, file string) error {
	item := name + "-profile"
	a, err := c.client.get(ctx, request{path: name, deadline: c.deadline(), limit: c.limits.body})
	return c.store(a, err, item, file, name)
}

func (c *capture) store(a answer, err error, item, file, path string) error {
	if err == nil && !bytes.HasPrefix(a.body, gzipMagic) {
		err = errForeign
	}
	if err != nil {
		c.lost(item, err)
		return err
	}
	return c.Add(collectors.Evidence{Name: file, Item: item, Source: c.source(path), Started: a.started, Ended: a.ended}, a.body)
}

func (c *capture) lost(item string, err error) {
	reason, fix := explain(err)
	c.Lost(item, causeOf(err), reason, fix)
}

// silent tells that an error is the service's silence or end: asking on would
// only cost time.
func silent(err error) bool {
	return same(context.DeadlineExceeded, context.Canceled)(err) || isRefused(err)
}

// maxCPU bounds a CPU profile; a longer capture gets one of its first minutes.
const maxCPU = 2 * time.Minute

// cpuLength is the length of the CPU profile in whole seconds, which is what
// net/http/pprof takes.
func cpuLength(p plan.Plan) time.Duration {
	return max(min(time.Duration(p.Duration), maxCPU).Truncate(time.Second), time.Second)
}

// goFiles are copied from the folder of the process, with the same names.
var goFiles = []struct {
	item string
	name entries.File
}{{entries.ItemCommandLine, entries.GoCommandLine}, {entries.ItemLimits, entries.GoLimits}}

// files keeps what says which program this is, and with which limits it runs.
func (c *capture) files(context.Context) {
	now := time.Now()
	add := func(item string, name entries.File, source string, content []byte) {
		_ = c.Add(collectors.Evidence{Name: string(name), Item: item, Source: source, Started: now}, content)
	}
	add(entries.ItemBuildInfo, entries.GoBuild, path.Join(c.proc.dir, "exe"), []byte(c.proc.info.String()))
	for _, f := range goFiles {
		content, err := c.proc.readFile(string(f.name))
		switch {
		case err != nil:
			c.LostErr(f.item, err)
			continue
		case f.name == entries.GoCommandLine:
			content = commandLine(content)
		}
		add(f.item, f.name, path.Join(c.proc.dir, string(f.name)), slices.Clip(content))
	}
}
