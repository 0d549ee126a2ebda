package capacity

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"casefile/analyze"
	"casefile/analyze/loss"
	"casefile/analyze/say"
)

// connections is the name of the pool of a process's connections to its database.
const connections = "database connections"

// kindsOf are the threads that serve requests by what they do, on average of the dumps.
func kindsOf(s *loss.Statement) map[loss.Kind]float64 {
	kinds := map[loss.Kind]float64{}
	for _, p := range s.Parts {
		if s.SpanSeconds > 0 {
			kinds[p.Kind] += p.Seconds / s.SpanSeconds
		}
	}
	return kinds
}

// busy is how many threads are at work for requests: by the access log, which knows each request, else by the dumps.
func (m *measured) busy(s *loss.Statement) Range {
	if j := m.find(s); j != nil {
		if t := m.traffic[j]; t.busy.High > 0 {
			return t.busy.times(1 - t.doubt()).upTo(t.busy.High * (1 + t.doubt()))
		}
	}
	return sampled(max(0, s.RequestThreads-kindsOf(s)[loss.Idle]), s.Dumps)
}

func (r Range) upTo(high float64) Range { return Range{r.Low, high} }

// ofOthers are kinds of waits for what is a resource of its own: more threads would only wait with them.
var ofOthers = []loss.Kind{loss.Lock, loss.DBPool, loss.HTTPPool, loss.Pool, loss.Permit, loss.GC, loss.Safepoint, loss.Stall, loss.Runnable}

// ofProcess are what the account of a process's request threads tells: the threads, and the pools that they take from.
func (m *measured) ofProcess(s *loss.Statement) (out []Resource) {
	if s.RequestThreadSeconds <= 0 || s.SpanSeconds <= 0 {
		return nil
	}
	p := process{measured: m, s: s, j: m.find(s), kinds: kindsOf(s)}
	p.busy = m.busy(s)
	out = append(out, p.threads())
	if x, ok := p.database(); ok {
		out = append(out, x)
	}
	return append(append(out, p.pools()...), p.workers()...)
}

// process is one process while its resources are read.
type process struct {
	*measured
	s     *loss.Statement
	j     *analyze.JVM // nil: only its account is known
	kinds map[loss.Kind]float64
	busy  Range
}

func (p *process) resource(name string, used Range, format string, args ...any) Resource {
	return Resource{Name: name, Node: p.s.Node, Used: used, Each: true, Text: fmt.Sprintf(format, args...)}
}

// threads are used by requests that do not wait for another of the resources.
func (p *process) threads() Resource {
	size, source := p.s.RequestThreads, "as many as the dumps show"
	if p.j != nil {
		set := p.j.Settings()
		if t := set.Threads(); t != nil && float64(t.MaxThreads) >= min(p.busy.Low, p.s.RequestThreads) {
			size, source = float64(t.MaxThreads), t.Setting
		}
	}
	waiting := 0.0
	for _, k := range ofOthers {
		waiting += p.kinds[k]
	}
	running := p.kinds[loss.CPU] + p.kinds[loss.Running]
	used := running
	if p.j != nil {
		if c := cores(p.j.Process); c > 0 {
			used = min(running, c)
		}
	}
	waiting += running - used // ready to run, and another had the CPU
	waiting += min(p.kinds[loss.Database], p.blocked())
	if len(p.workers()) > 0 {
		waiting += p.kinds[loss.Future]
	}
	other := queued(waiting, p.s.Dumps)
	if waiting == 0 {
		other = Range{}
	}
	all := max(0, p.s.RequestThreads-p.kinds[loss.Idle])
	own := sampled(max(0, all-waiting), p.s.Dumps)
	// The log bounds what the dumps sampled.
	own.Low = min(max(own.Low, p.busy.Low-other.High), p.busy.High)
	own.High = max(own.Low, min(own.High, p.busy.High-other.Low))
	if size <= 0 {
		return p.resource("request threads", Range{}, "none seen")
	}
	text := fmt.Sprintf("%s of %s at work on average (%s)", say.Number(p.mean()), say.Number(size), source)
	if waiting >= 0.5 {
		text += fmt.Sprintf("; %s of them wait for one of the other resources, which is not counted", say.Number(waiting))
	}
	x := p.resource("request threads", Range{min(1, own.Low/size), min(1, own.High/size)}, "%s", text)
	x.Taken = min(1, p.busy.High/size)
	switch half := (all - waiting) / 2; {
	case p.kinds[loss.Database] > half:
		x.But = "More threads help only where the database answers more at once as fast."
	case p.kinds[loss.Socket] > half:
		x.But = "More threads help only where those that they call answer more at once as fast."
	}
	return x
}

// mean is the number of threads at work: of the log, else of the dumps.
func (p *process) mean() float64 {
	if t := p.traffic[p.j]; t.busy.High > 0 {
		return (t.busy.Low + t.busy.High) / 2
	}
	return max(0, p.s.RequestThreads-p.kinds[loss.Idle])
}

// blocked is how many sessions of databases wait for others, on average.
func (p *process) blocked() (n float64) {
	for i := range p.servers {
		n += p.servers[i].blocked
	}
	return n
}

// database are the connections: they are used by calls at least, which are seen; between the calls of a transaction, that is where a thread keeps one without a call, they
// show only by those who wait for one, and are no more than the threads at work.
func (p *process) database() (Resource, bool) {
	const but = "More connections help only where the database answers more at once as fast."
	waiting, size := p.kinds[loss.DBPool], 0
	if p.j != nil {
		if set := p.j.Settings(); len(set.Pools) == 1 {
			size = set.Pools[0].Max
		}
	}
	if size == 0 {
		if waiting == 0 {
			return Resource{}, false
		}
		x := p.resource(connections, unknownSize(waiting, p.s.Dumps), "%s threads wait for one on average", say.Number(waiting))
		x.But = but
		return x, true
	}
	calls := p.calls()
	// What waits for a lock in the database would need no more connections without it.
	free := 1.0
	if c := (calls.Low + calls.High) / 2; c > 0 {
		free = 1 - min(1, p.blocked()/c)
	}
	queue := queued(waiting, p.s.Dumps)
	n := float64(size)
	held := max(calls.High, min(n, p.busy.High-queue.Low))
	most := QueueUse(size, queue.High).High
	if waiting == 0 {
		most = unqueued(size, p.s.Dumps)
	}
	used := Range{max(min(1, calls.Low/n), QueueUse(size, queue.Low).Low), min(held/n, max(calls.High/n, most))}
	used.High = max(used.Low, used.High)
	text := fmt.Sprintf("%s of %d in a call on average", say.Number((calls.Low+calls.High)/2), size)
	if waiting > 0 {
		text += fmt.Sprintf(", %s threads wait for one", say.Number(waiting))
	}
	x := p.resource(connections, used.times(free), "%s", text)
	x.But = but
	return x, true
}

// calls is how many threads are in a call of the database on average: by the samples of system calls, which are many, else by the dumps.
func (p *process) calls() Range {
	dumps := sampled(p.kinds[loss.Database], p.s.Dumps)
	if p.j == nil || p.j.Samples == nil || p.j.Samples.Rounds < 10*p.s.Dumps {
		return dumps
	}
	is := p.databaseAt()
	seen := 0
	for i := range p.j.Samples.List {
		if k := &p.j.Samples.List[i]; is(k.Conn.Remote) {
			seen += k.Count
		}
	}
	if seen == 0 && p.kinds[loss.Database] > 0 {
		return dumps
	}
	t := p.traffic[p.j]
	rounds := float64(p.j.Samples.Rounds)
	mean := float64(seen) / rounds
	r := sampled(mean, p.j.Samples.Rounds)
	return Range{min(r.Low, mean*(1-t.doubt())), max(r.High, mean*(1+t.doubt()))}
}

// databaseAt reports whether an address is of the database: the configuration names its port, or a thread that waits for the database reads from it.
func (p *process) databaseAt() func(netip.AddrPort) bool {
	ports := map[uint16]bool{}
	set := p.j.Settings()
	for i := range set.Pools {
		_, port, err := net.SplitHostPort(set.Pools[i].Server)
		if n, bad := strconv.ParseUint(port, 10, 16); err == nil && bad == nil {
			ports[uint16(n)] = true
		}
	}
	for i := range p.servers {
		ports[p.servers[i].port] = true
	}
	return func(a netip.AddrPort) bool { return a.Port() != 0 && ports[a.Port()] }
}

// pools are those of other things, whose size nothing tells.
func (p *process) pools() (out []Resource) {
	waiting := map[string]float64{}
	for _, part := range p.s.Parts {
		switch part.Kind {
		case loss.HTTPPool, loss.Pool, loss.Permit:
			waiting[part.Where] += part.Seconds / p.s.SpanSeconds
		}
	}
	for where, n := range waiting {
		out = append(out, p.resource("the pool at "+where, unknownSize(n, p.s.Dumps), "%s threads wait for one of its objects on average", say.Number(n)))
	}
	return out
}

// unknownSize is the use of a pool of any size that so many wait for: at least that of a pool of one.
func unknownSize(waiting float64, looks int) Range {
	return Range{LockUse(queued(waiting, looks).Low).Low, 1}
}
