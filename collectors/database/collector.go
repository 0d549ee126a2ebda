package database

import (
	"context"
	"fmt"
	"net"
	"slices"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/jdbc"
	"casefile/bundle/format/plan"
	"casefile/collectors"
	"casefile/collectors/database/login"
)

// maxServers is how many servers of one URL are asked.
const maxServers = 4

// New returns the collector of the sessions of databases. find may be nil.
func New(find login.Find) collectors.Collector { return collector{find: find, part: onePercent} }

type collector struct {
	find login.Find
	part float64
}

func (collector) Name() string { return entries.CollectorDatabase }

// Prepare reads credentials and asks nobody.
func (c collector) Prepare(ctx context.Context, s *collectors.Session) ([]collectors.Job, error) {
	if s.Plan.Probes == nil {
		return nil, nil
	}
	var jobs []collectors.Job
	for _, t := range login.Targets(ctx, s, *s.Plan.Probes, c.find) {
		for _, j := range c.jobs(t) {
			jobs = once(jobs, j)
		}
	}
	return jobs, nil
}

// once adds a job for a server that has none yet; one that logs in takes the place of one that does not.
func once(jobs []collectors.Job, j collectors.Job) []collectors.Job {
	switch i := slices.IndexFunc(jobs, func(o collectors.Job) bool { return o.Target == j.Target }); {
	case i < 0:
		return append(jobs, j)
	case len(jobs[i].Items) == 0:
		jobs[i] = j
	}
	return jobs
}

// jobs are one for each server of a database.
func (c collector) jobs(t login.Target) []collectors.Job {
	if t.Failure != nil { // told by the probe of its latency
		return nil
	}
	var jobs []collectors.Job
	for _, address := range t.Hosts[:min(len(t.Hosts), maxServers)] {
		jobs = append(jobs, c.job(t, address))
	}
	return jobs
}

func (c collector) job(t login.Target, address string) collectors.Job {
	j := collectors.Job{Target: targetName(address), Title: "sessions of " + productName(t.Kind) + " at " + address}
	if t.Credential == nil {
		j.Run = func(_ context.Context, scope *collectors.Scope) { withoutLogin(scope, t) }
		return j
	}
	j.Items = []collectors.Item{{Name: "sessions, locks and statements of " + address,
		Cost: "one connection, and a look of some milliseconds at each dump; at most 1 % of the time of one backend"}}
	j.Run = func(ctx context.Context, scope *collectors.Scope) { newCapture(scope, t, address, c.part).run(ctx) }
	return j
}

// targetName is host-port.
func targetName(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return collectors.SafeName(address)
	}
	return collectors.SafeName(host + "-" + port)
}

// productNames are for people.
var productNames = map[string]string{jdbc.PostgreSQL: "PostgreSQL", jdbc.MySQL: "MySQL", jdbc.MariaDB: "MariaDB",
	jdbc.SQLServer: "SQL Server", jdbc.Oracle: "Oracle"}

func productName(kind string) string {
	if name := productNames[kind]; name != "" {
		return name
	}
	return "a database"
}

// withoutLogin tells why nobody was asked.
func withoutLogin(scope *collectors.Scope, t login.Target) {
	switch {
	case asks[t.Kind] == nil:
		scope.Skip(entries.ItemSessions, entries.Unsupported,
			fmt.Sprintf("the sessions of %s are not asked for: PostgreSQL, MySQL and MariaDB are", productName(t.Kind)), "")
	case t.Warning != nil:
		scope.LostFor(entries.ItemSessions, t.Warning, "put the login where the credential of the database in cluster.yaml points, on this node")
	default:
		scope.Skip(entries.ItemSessions, entries.Costly, "no credential for this database: its sessions were not asked for",
			"name one in cluster.yaml (credential: env:NAME or file:/path) that the agent admits (--allow-credential), or use --use-app-credentials")
	}
}

// Check is one thing that was looked at before a capture, and its fix if it failed.
type Check struct {
	Target string
	Name   string
	OK     bool
	Detail string
	Fix    string
}

// Diagnose logs in to the databases of a plan and tells what a look would and would not see.
func Diagnose(ctx context.Context, s *collectors.Session, probes plan.Probes, find login.Find) []Check {
	var list []Check
	for _, t := range login.Targets(ctx, s, probes, find) {
		if t.Failure != nil {
			list = append(list, Check{Target: t.Label, Name: "database", Detail: t.Failure.Error()})
			continue
		}
		for _, address := range t.Hosts[:min(len(t.Hosts), maxServers)] {
			list = append(list, diagnose(ctx, t, address)...)
		}
	}
	return list
}
