package goproc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"casefile/bundle/format/entries"
	"casefile/bundle/redact"
	"casefile/collectors"
)

// New returns the collector of Go services.
func New() collectors.Collector { return collector{defaultLimits()} }

type collector struct{ limits limits }

func (collector) Name() string { return entries.CollectorGo }

// target is one service: an address, a process, or both.
type target struct {
	name   string
	base   *url.URL // what the user named, else nil
	broken error    // why base cannot be used
	proc   *process // nil when it is not on this node
	chosen bool     // by its pid: then the ledger tells when there is no pprof
	limits limits
}

// Prepare finds the services that the plan names and those of this node. It
// reads /proc only.
func (c collector) Prepare(ctx context.Context, s *collectors.Session) ([]collectors.Job, error) {
	found, err := discover(ctx, s)
	var jobs []collectors.Job
	for _, t := range targets(s, found) {
		t.limits = c.limits
		t.learnSecrets(s.Secrets)
		jobs = append(jobs, collectors.Job{Target: t.name, PID: t.pid(), Title: t.title(), Items: t.items(s), Run: t.run})
	}
	return jobs, err
}

// targets joins what the plan names with what was found: an address of a local
// process and that process are one target, so that it is not profiled twice.
func targets(s *collectors.Session, found []*process) []*target {
	var list []*target
	for _, raw := range s.Plan.GoURLs {
		t := &target{}
		if t.base, t.broken = parseBase(raw); t.broken != nil {
			t.name = "url-" + strconv.Itoa(len(list)+1)
		} else {
			t.proc = listenerOf(t.base, found)
			t.name = nameOf(t.base, t.proc)
		}
		if !slices.ContainsFunc(list, t.same) {
			t.name = freeName(list, t.name)
			list = append(list, t)
		}
	}
	for _, p := range found {
		t := &target{proc: p, name: p.target(), chosen: slices.Contains(s.Plan.PIDs, p.pid)}
		switch {
		case slices.ContainsFunc(list, t.same):
		case !s.Plan.WantsProcess(p.pid, p.name):
		case !t.chosen && (!p.pprof || len(p.listens) == 0):
		default:
			list = append(list, t)
		}
	}
	return list
}

// same tells that both are one service: one process, or one address.
func (t *target) same(o *target) bool {
	if t.proc != nil || o.proc != nil {
		return t.proc == o.proc
	}
	return t.base != nil && o.base != nil && t.base.String() == o.base.String()
}

// freeName makes a name that no target has: two paths of one host and port
// may be two services behind one proxy.
func freeName(list []*target, name string) string {
	free := name
	for n := 2; slices.ContainsFunc(list, func(o *target) bool { return o.name == free }); n++ {
		free = fmt.Sprintf("%s-%d", name, n)
	}
	return free
}

func nameOf(base *url.URL, p *process) string {
	if p != nil {
		return p.target()
	}
	return strings.Trim(collectors.SafeName(base.Hostname()+"-"+port(base)), "_")
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// pprofPath is where net/http/pprof registers itself.
const pprofPath = "/debug/pprof/"

// parseBase makes the address of the pprof index of what the user typed: with or
// without scheme and path.
func parseBase(raw string) (*url.URL, error) {
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil {
		var why *url.Error // its text repeats the address, which may hold a password
		if errors.As(err, &why) {
			err = why.Err
		}
		return nil, fmt.Errorf("not an address: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, fmt.Errorf("not an address of http or https")
	}
	u.RawQuery, u.Fragment, u.RawPath = "", "", ""
	path := strings.TrimRight(u.Path, "/")
	u.Path = strings.TrimSuffix(path, strings.TrimRight(pprofPath, "/")) + pprofPath
	return u, nil
}

// listenerOf returns the local process that a loopback address leads to.
func listenerOf(base *url.URL, found []*process) *process {
	host := base.Hostname()
	if host == "localhost" {
		host = "127.0.0.1"
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || !ip.IsLoopback() {
		return nil
	}
	n, err := net.LookupPort("tcp", port(base))
	if err != nil {
		return nil
	}
	for _, p := range found {
		if p.foreignNet {
			continue
		}
		for _, l := range p.listens {
			if int(l.Port()) == n && (l.Addr() == ip || l.Addr().IsUnspecified()) {
				return p
			}
		}
	}
	return nil
}

func (t *target) learnSecrets(known *redact.Secrets) {
	if t.base != nil {
		if secret, set := t.base.User.Password(); set {
			known.Learn(secret)
		}
	}
	if t.proc != nil {
		known.LearnText(redact.Environ, t.proc.read("cmdline"))
		known.LearnText(redact.Environ, t.proc.read("environ"))
	}
}

// pid is that of the process; 0: it is not on this node.
func (t *target) pid() int {
	if t.proc == nil {
		return 0
	}
	return t.proc.pid
}

func (t *target) title() string {
	switch {
	case t.broken != nil:
		return "address that cannot be used: " + t.broken.Error()
	case t.proc == nil:
		return "Go service at " + t.base.Redacted()
	case t.base == nil:
		return t.proc.title()
	}
	return t.proc.title() + ", " + t.base.Redacted()
}

// items tells what will be captured and what that costs, for --dry-run.
func (t *target) items(s *collectors.Session) []collectors.Item {
	items := []collectors.Item{
		{Name: fmt.Sprintf("CPU profile over %v", cpuLength(s.Plan)), Cost: "about 1 % of the CPU that the service uses; it is not stopped"},
		{Name: fmt.Sprintf("%d goroutine dumps with full stacks", s.Plan.Dumps),
			Cost: fmt.Sprintf("each stops the service for about %v per 1,000 goroutines; above %d goroutines the grouped form is taken", stackCost, maxStacks)},
		{Name: "goroutine and thread creation profiles", Cost: "two stops of well under a millisecond each"},
		{Name: "heap, allocation, mutex and block profiles, the last three again at the end", Cost: "CPU of one request each; no stop, no garbage collection is forced"},
		{Name: "/debug/vars and /metrics where served, every dump round", Cost: "one request each; memory figures stop the service for microseconds"},
	}
	if t.proc == nil {
		return items
	}
	if t.base == nil {
		items = append(items, collectors.Item{Name: "search for pprof on the loopback sockets of the process", Cost: "one request to each; a socket of another protocol may log it"})
	}
	return append(items, collectors.Item{Name: "threads, memory, CPU and open files, build information, limits", Cost: "none: read from /proc"})
}
