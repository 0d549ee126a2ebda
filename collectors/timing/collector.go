package timing

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/jdbc"
	"casefile/bundle/format/plan"
	"casefile/bundle/format/series"
	"casefile/bundle/format/timing"
	"casefile/collectors"
	"casefile/collectors/database/login"
)

// Ledger items.
const (
	itemHiccups   = "hiccups"
	itemDatabases = "database latency"
	itemStorage   = entries.ItemStorage
	itemNames     = "name lookup"

	itemDirectories = "user directory latency"
	itemRecord      = "probes"
)

// targetName is that of the one job: entries lie in nodes/<node>/timing/.
const targetName = entries.FolderTiming // of a node there is one

type collector struct {
	more plan.Probes
	find login.Find // may be nil
}

// New returns the collector of this node's own timing. It probes what the plan names,
// and the given targets: those that the caller found on this node.
func New(targets plan.Probes, find login.Find) collectors.Collector { return collector{targets, find} }

func (collector) Name() string { return entries.CollectorTiming }

// Prepare reads credentials and asks nobody else.
func (c collector) Prepare(ctx context.Context, s *collectors.Session) ([]collectors.Job, error) {
	if err := c.more.Validate(); err != nil {
		return nil, err
	}
	p := join(s.Plan.Probes, c.more)
	r := &run{storage: p.Storage, names: p.Names, directories: p.Directories}
	items := []collectors.Item{{Name: itemHiccups, Cost: "a thread that sleeps; at most 0.3 % of one CPU"}}
	for _, t := range login.Targets(ctx, s, p, c.find) {
		probe := newDatabaseProbe(t)
		r.databases = append(r.databases, probe)
		items = append(items, collectors.Item{Name: itemDatabases, Cost: probe.cost()})
	}
	for _, d := range p.Storage {
		items = append(items, collectors.Item{Name: itemStorage, Cost: "a file of 4 KiB a second in a new folder below " + d.Path + ", removed after"})
	}
	for _, n := range p.Names {
		items = append(items, collectors.Item{Name: itemNames, Cost: "a lookup of " + n + " every 5 s"})
	}
	for _, d := range p.Directories {
		items = append(items, collectors.Item{Name: itemDirectories, Cost: "a short connection to " + d + " every 5 s, no login"})
	}
	return []collectors.Job{{Target: targetName, Title: "stalls, databases, storage and name lookup of " + s.Node, Items: items,
		Run: func(ctx context.Context, scope *collectors.Scope) { r.all(ctx, scope) }}}, nil
}

// cost says what a probe does to its server.
func (p *databaseProbe) cost() string {
	where := p.Label
	if len(p.Hosts) > 0 {
		where = p.Hosts[0]
	}
	switch {
	case p.Credential != nil:
		return "one connection to " + where + ", SELECT 1 every second, and once its limit of connections"
	case p.Kind == jdbc.PostgreSQL:
		return "a short connection to " + where + " every 5 s, no login"
	}
	return fmt.Sprintf("%d short connections to %s in all, no login", visits, where)
}

// join adds to the plan's probes those it does not name, up to the plan's bounds.
func join(p *plan.Probes, more plan.Probes) plan.Probes {
	var out plan.Probes
	if p != nil {
		out = *p
	}
	out.Databases = joined(out.Databases, more.Databases, plan.MaxDatabases, func(a, b plan.Database) bool { return a.URL == b.URL })
	out.Storage = joined(out.Storage, more.Storage, plan.MaxStorage, func(a, b plan.Storage) bool { return a.Path == b.Path })
	out.Names = joined(out.Names, more.Names, plan.MaxNames, func(a, b string) bool { return a == b })
	out.Directories = joined(out.Directories, more.Directories, plan.MaxDirectories, func(a, b string) bool { return a == b })
	return out
}

func joined[T any](list, more []T, most int, same func(a, b T) bool) []T {
	out := append([]T(nil), list...)
next:
	for _, m := range more {
		for _, o := range out {
			if same(o, m) {
				continue next
			}
		}
		if len(out) < most {
			out = append(out, m)
		}
	}
	return out
}

// run is one capture.
type run struct {
	databases []*databaseProbe
	storage   []plan.Storage
	names     []string

	directories []string
}

// all measures everything side by side from round 0 to the end of the capture.
func (r *run) all(ctx context.Context, scope *collectors.Scope) {
	if !collectors.Wait(ctx, scope.Start()) {
		scope.Lost(itemRecord, entries.EndedEarly, "the capture ended before it began", "")
		return
	}
	node := timing.Node{Name: scope.Node, Started: time.Now().UTC()}
	databases := make([][]timing.Probe, len(r.databases))
	storage, names := make([]timing.Probe, len(r.storage)), make([]timing.Probe, len(r.names))
	directories := make([]timing.Probe, len(r.directories))
	until := scope.End()

	var wg sync.WaitGroup
	wg.Go(func() { node.Hiccups = hiccups(ctx, scope) })
	for i, p := range r.databases {
		wg.Go(func() { databases[i] = p.run(ctx, until) })
	}
	for i, s := range r.storage {
		wg.Go(func() { storage[i] = newStorageProbe(s).run(ctx, until) })
	}
	for i, n := range r.names {
		wg.Go(func() { names[i] = newNameProbe(n).run(ctx, until) })
	}
	for i, d := range r.directories {
		wg.Go(func() { directories[i] = newDirectoryProbe(d).run(ctx, until) })
	}
	wg.Wait()

	for _, d := range databases {
		node.Databases = append(node.Databases, d...)
	}
	node.Storage, node.Names, node.Directories, node.Ended = storage, names, directories, time.Now().UTC()
	account(scope, itemDatabases, node.Databases)
	account(scope, itemStorage, node.Storage)
	account(scope, itemNames, node.Names)
	account(scope, itemDirectories, node.Directories)
	store(scope, &node)
}

func store(scope *collectors.Scope, node *timing.Node) {
	var b bytes.Buffer
	if err := timing.WriteNode(&b, node); err != nil {
		scope.LostErr(itemRecord, err)
		return
	}
	scope.Add(collectors.Evidence{Name: timing.ProbesFile, Item: itemRecord, Started: node.Started, Ended: node.Ended}, b.Bytes())
}

// account writes the ledger of probes. A database that is down or a folder that is
// stuck was measured all the same: that is the finding.
func account(scope *collectors.Scope, item string, probes []timing.Probe) {
	for _, p := range probes {
		switch {
		case p.Refused != "":
			scope.Lost(item, entries.Refused, p.Target+": "+p.Refused, "")
		case p.Tries == 0 && p.Stuck == "":
			scope.Lost(item, entries.EndedEarly, p.Target+": the capture was too short for one round", "capture for longer: --duration")
		default:
			scope.Got(item)
		}
	}
}

// hiccups runs the meter and stores its series.
func hiccups(ctx context.Context, scope *collectors.Scope) *timing.Hiccups {
	m := NewMeter()
	metering, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		m.Run(metering)
	}()
	head := series.Header{Source: "hiccups", Target: scope.Node, Units: map[string]string{
		timing.HiccupMax: "ms", timing.HiccupP99: "ms", timing.HiccupP50: "ms", timing.HiccupStall: "ms", timing.HiccupStep: "ms"}}
	scope.Sample(ctx, timing.HiccupSeries, itemHiccups, head, func(time.Time) (map[string]float64, error) { return m.Window(), nil })
	stop()
	<-done
	return m.Hiccups()
}
