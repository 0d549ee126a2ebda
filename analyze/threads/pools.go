package threads

import (
	"cmp"
	"slices"
	"strings"
)

// PoolCount is a pool in one dump. Busy = Running + Waiting.
type PoolCount struct {
	Size    int
	Idle    int
	Busy    int
	Running int // busy and on, or ready for, a CPU
	Waiting int // busy and waiting: for a lock, a connection, a socket, ...
}

// Doing is what busy threads of a pool do, in threads times dumps.
type Doing struct {
	Kind  WaitKind
	Text  string
	Site  string // the function that waits or runs; "" none
	Count int
}

// Pool is a group of like threads that take work from one place.
type Pool struct {
	Name, Kind string
	Requests   bool        // its threads serve requests
	Virtual    bool        // of virtual threads: each lives as long as its work, and nothing limits their number
	Counts     []PoolCount // parallel to Series.Dumps
	Doing      []Doing     // most frequent first
	Threads    []*Track
}

// Exhausted counts the dumps in which the pool had threads and none was idle.
func (p *Pool) Exhausted() int {
	n := 0
	for _, c := range p.Counts {
		if c.Size > 0 && c.Idle == 0 {
			n++
		}
	}
	return n
}

// MaxSize is the largest size over the dumps.
func (p *Pool) MaxSize() int {
	n := 0
	for _, c := range p.Counts {
		n = max(n, c.Size)
	}
	return n
}

type poolKey struct {
	name, kind string
	requests   bool
}

// poolNamer finds the pool of a thread by name, and remembers.
type poolNamer struct {
	patterns []PoolPattern
	known    map[string]poolKey
}

func newPoolNamer(own []PoolPattern) *poolNamer {
	return &poolNamer{patterns: append(slices.Clone(own), DefaultPools()...), known: map[string]poolKey{}}
}

// of gives the pool of a thread, a zero key when it is of none. Names are cut at 200 bytes: what follows is never part of a pool's name.
func (p *poolNamer) of(thread string) poolKey {
	if k, ok := p.known[thread]; ok {
		return k
	}
	var k poolKey
	short := thread[:min(len(thread), 200)]
	for i := range p.patterns {
		m := p.patterns[i].Name.FindStringSubmatch(short)
		if m == nil {
			continue
		}
		k = poolKey{p.patterns[i].Kind, p.patterns[i].Kind, p.patterns[i].Requests}
		if len(m) > 1 && m[1] != "" {
			k.name = strings.TrimRight(m[1], "-_# ")
		}
		break
	}
	p.known[thread] = k
	return k
}

// PoolNames gives a function that names the pool of a thread by the thread's name, "" when it is of none. It remembers, and is not for
// several goroutines. Patterns of the caller come before [DefaultPools].
func PoolNames(own ...PoolPattern) func(thread string) string {
	namer := newPoolNamer(own)
	return func(thread string) string { return namer.of(thread).name }
}

func (s *Series) poolNames() *poolNamer {
	if s.namer == nil {
		s.namer = newPoolNamer(s.own)
	}
	return s.namer
}

// SetPools gives patterns of the user's, which come before all others whenever the series is asked for pools.
func (s *Series) SetPools(own []PoolPattern) {
	s.own, s.namer, s.crews, s.idle = own, nil, nil, nil
}

// PoolOf gives name and kind of the pool that a thread belongs to by its name; "" when to none.
func (s *Series) PoolOf(t *Thread) (name, kind string) {
	k := s.poolNames().of(t.Name)
	return k.name, k.kind
}

// Pools gives the pools of the series, largest first. Patterns of the caller come before [DefaultPools].
func (s *Series) Pools(own []PoolPattern) []*Pool {
	namer := s.poolNames()
	if len(own) > 0 {
		namer = newPoolNamer(append(slices.Clone(own), s.own...))
	}
	pools := map[poolKey]*Pool{}
	var order []*Pool
	for _, tr := range s.tracks {
		k := namer.of(tr.Name)
		if k.name == "" {
			continue
		}
		p := pools[k]
		if p == nil {
			p = &Pool{Name: k.name, Kind: k.kind, Requests: k.requests, Virtual: true, Counts: make([]PoolCount, len(s.Dumps))}
			pools[k] = p
			order = append(order, p)
		}
		p.Threads = append(p.Threads, tr)
		p.Virtual = p.Virtual && tr.Obs[tr.First].Virtual
	}
	for _, p := range order {
		s.count(p)
	}
	slices.SortStableFunc(order, func(a, b *Pool) int { return cmp.Compare(b.MaxSize(), a.MaxSize()) })
	return order
}

func (s *Series) count(p *Pool) {
	doing := map[Doing]int{}
	for _, tr := range p.Threads {
		for i, t := range tr.Obs {
			if t == nil {
				continue
			}
			c := &p.Counts[i]
			c.Size++
			w := s.Wait(t)
			switch {
			case !w.Busy():
				c.Idle++
				continue
			case w.Kind == WaitRunning:
				c.Running++
			default:
				c.Waiting++
			}
			c.Busy++
			at := ""
			if w.Site != nil {
				at = w.Site.Func
			} else if w.Kind == WaitRunning {
				at = t.Stack.Top()
			}
			doing[Doing{Kind: w.Kind, Text: w.Text, Site: at}]++
		}
	}
	for d, n := range doing {
		d.Count = n
		p.Doing = append(p.Doing, d)
	}
	slices.SortFunc(p.Doing, func(a, b Doing) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Text, b.Text), cmp.Compare(a.Site, b.Site))
	})
}

// Family is all threads whose names differ in numbers only.
type Family struct {
	Name           string // numbers replaced by N
	Counts         []int  // per dump
	Births, Deaths int
	Growth         int  // last count - first count
	Steady         bool // never fell, and grew in most steps
}

// Families counts threads by [NormalizeName], those that grew most first.
func (s *Series) Families() []*Family {
	families := map[string]*Family{}
	var order []*Family
	for _, tr := range s.tracks {
		name := NormalizeName(tr.Name)
		f := families[name]
		if f == nil {
			f = &Family{Name: name, Counts: make([]int, len(s.Dumps))}
			families[name] = f
			order = append(order, f)
		}
		for i, t := range tr.Obs {
			if t != nil {
				f.Counts[i] += max(1, int(t.Count))
			}
		}
		if tr.Born() {
			f.Births++
		}
		if tr.Died() {
			f.Deaths++
		}
	}
	for _, f := range order {
		f.judge()
	}
	slices.SortStableFunc(order, func(a, b *Family) int { return cmp.Compare(b.Growth, a.Growth) })
	return order
}

func (f *Family) judge() {
	n := len(f.Counts)
	f.Growth = f.Counts[n-1] - f.Counts[0]
	ups := 0
	f.Steady = n > 2
	for i := 1; i < n; i++ {
		if f.Counts[i] < f.Counts[i-1] {
			f.Steady = false
		}
		if f.Counts[i] > f.Counts[i-1] {
			ups++
		}
	}
	f.Steady = f.Steady && ups*2 > n-1
}

// NormalizeName replaces each run of digits by N, and each run of eight or more hexadecimal digits that has a digit among them.
func NormalizeName(name string) string {
	if !strings.ContainsAny(name, "0123456789") {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); {
		if hex := runOf(name[i:], isHex); hex >= 8 && strings.ContainsAny(name[i:i+hex], "0123456789") {
			b.WriteByte('N')
			i += hex
			continue
		}
		if d := runOf(name[i:], isDigit); d > 0 {
			b.WriteByte('N')
			i += d
			continue
		}
		b.WriteByte(name[i])
		i++
	}
	return b.String()
}

func runOf(s string, is func(byte) bool) int {
	n := 0
	for n < len(s) && is(s[n]) {
		n++
	}
	return n
}
