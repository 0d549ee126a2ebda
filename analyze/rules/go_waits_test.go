package rules

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/threads"
)

// service writes dumps of a Go service, 5 s apart, as /debug/pprof/goroutine?debug=2 prints them. Each request has a connection of its own, and so a
// goroutine that serves it and one that watches its connection; between two dumps so many goroutines are made as the scene says.
type service struct {
	made int
	b    strings.Builder
	next int // number of the next goroutine
}

const modules = "/root/go/pkg/mod/"

// handled are the frames of net/http below a handler, for one request.
func handled(request int) string {
	return fmt.Sprintf(`main.main.func1({0x975328, %#[1]x}, %#[2]x)
	/srv/shop/main.go:25 +0x25
net/http.HandlerFunc.ServeHTTP(0xd499a0?, {0x975328?, %#[1]x?}, 0x6725f6?)
	/usr/local/go/src/net/http/server.go:2286 +0x29
net/http.(*ServeMux).ServeHTTP(0x487619?, {0x975328, %#[1]x}, %#[2]x)
	/usr/local/go/src/net/http/server.go:2828 +0x1c7
net/http.serverHandler.ServeHTTP({0x371c59fd6240?}, {0x975328?, %#[1]x?}, 0x1?)
	/usr/local/go/src/net/http/server.go:3311 +0x8e
net/http.(*conn).serve(0xc000148090, {0x9767f0, 0xc0000199b0})
	/usr/local/go/src/net/http/server.go:2067 +0x690
created by net/http.(*Server).Serve in goroutine 1
	/usr/local/go/src/net/http/server.go:3464 +0x485

`, 0xc001000000+request*0x400, 0xc001000200+request*0x400)
}

// request is a goroutine that serves one, in a state, below some frames; and the one that watches its connection. It gives the number.
func (s *service) request(state, top string) int { return s.numbered(s.number(), s.next, state, top) }

// numbered is the same of a connection's goroutine that may have served other requests before.
func (s *service) numbered(n, request int, state, top string) int {
	fmt.Fprintf(&s.b, "goroutine %d [%s]:\n%s%s", n, state, top, handled(request))
	fmt.Fprintf(&s.b, `goroutine %d [IO wait]:
internal/poll.runtime_pollWait(0x7f, 0x72)
	/usr/local/go/src/runtime/netpoll.go:351 +0x85
net.(*conn).Read(0xc000046048, {0xc0003c2131, 0x1, 0x1})
	/usr/local/go/src/net/net.go:196 +0x45
net/http.(*connReader).backgroundRead(0xc0003c2120)
	/usr/local/go/src/net/http/server.go:702 +0x33
created by net/http.(*connReader).startBackgroundRead in goroutine %d
	/usr/local/go/src/net/http/server.go:698 +0xb6

`, s.number(), n)
	return n
}

// goroutine is one that serves no request.
func (s *service) goroutine(state, top, creator string, parent int) {
	fmt.Fprintf(&s.b, "goroutine %d [%s]:\n%screated by %s in goroutine %d\n\t/srv/shop/main.go:9 +0x1f\n\n", s.number(), state, top, creator, parent)
}

func (s *service) number() int {
	s.next++
	return s.next
}

// dumpsOf lets act write each dump of a service in which so many goroutines are made between two dumps.
func dumpsOf(t *testing.T, made int, act func(dump int, s *service)) *analyze.Case {
	t.Helper()
	var all []*threads.Dump
	for i := range 4 {
		s := &service{next: 100 + i*made}
		act(i, s)
		dumps := parseText(t, fmt.Sprintf("go-%d.txt", i), s.b.String())
		dumps[0].Time = time.Date(2026, 3, 1, 12, 0, 5*i, 0, time.UTC)
		all = append(all, dumps...)
	}
	return serviceOf(all)
}

// call is a frame with its place.
func call(fn, place string) string { return fn + "\n\t" + place + " +0x25\n" }

// Waits of requests at one object, each for some seconds: others stand there in each dump. What tells the fault from a healthy service that does
// the same in milliseconds is how many requests come in the time.
var goMeetings = []struct {
	name, state, top string
	id               string
	says             []string
}{
	{"singleflight", "sync.WaitGroup.Wait", call("sync.runtime_SemacquireWaitGroup(0x6?, 0x0?)", "/usr/local/go/src/runtime/sema.go:114") +
		call("sync.(*WaitGroup).Wait(0xc00007a410)", "/usr/local/go/src/sync/waitgroup.go:206") +
		call("golang.org/x/sync/singleflight.(*Group).Do(0xc0000261f8, {0x93c964, 0x3}, 0xc000122a48)", modules+"golang.org/x/sync@v0.25.0/singleflight/singleflight.go:99") +
		call("main.(*catalog).entry(...)", "/srv/shop/catalog.go:27"),
		"unexplained-wait", []string{"singleflight", "catalog).entry"}},
	{"errgroup", "sync.WaitGroup.Wait", call("sync.runtime_SemacquireWaitGroup(0x6?, 0x0?)", "/usr/local/go/src/runtime/sema.go:114") +
		call("sync.(*WaitGroup).Wait(0xc00007a410)", "/usr/local/go/src/sync/waitgroup.go:206") +
		call("golang.org/x/sync/errgroup.(*Group).Wait(0xc0000261f8)", modules+"golang.org/x/sync@v0.25.0/errgroup/errgroup.go:56") +
		call("main.(*quote).best(0xc000010000)", "/srv/shop/quote.go:27"),
		"unexplained-wait", []string{"errgroup", "quote).best"}},
	{"once", "sync.Mutex.Lock", call("internal/sync.runtime_SemacquireMutex(0xc0000b69c0?, 0x0?, 0x6?)", "/usr/local/go/src/runtime/sema.go:95") +
		call("internal/sync.(*Mutex).lockSlow(0xc00008022c)", "/usr/local/go/src/internal/sync/mutex.go:149") +
		call("sync.(*Once).doSlow(0x970a00?, 0xc0000b6a48)", "/usr/local/go/src/sync/once.go:74") +
		call("main.(*currency).convert(...)", "/srv/shop/currency.go:69"),
		"unexplained-wait", []string{"sync.Once", "currency).convert"}},
	{"semaphore", "select", call("golang.org/x/sync/semaphore.(*Weighted).Acquire(0xc0000261f8, {0x1, 0x2}, 0x1)", modules+"golang.org/x/sync@v0.25.0/semaphore/semaphore.go:106") +
		call("main.(*press).print(0xc000010000)", "/srv/shop/press.go:80"),
		"object-pool-exhausted", []string{"semaphore.Weighted", "press).print"}},
	{"limiter", "select", call("golang.org/x/time/rate.(*Limiter).wait(0xc0000261f8, {0x1, 0x2}, 0x1)", modules+"golang.org/x/time@v0.15.0/rate/rate.go:285") +
		call("golang.org/x/time/rate.(*Limiter).WaitN(0xc0000261f8, {0x1, 0x2}, 0x1)", modules+"golang.org/x/time@v0.15.0/rate/rate.go:248") +
		call("main.(*doorman).admit(0xc000010000)", "/srv/shop/doorman.go:105"),
		"object-pool-exhausted", []string{"rate.Limiter", "doorman).admit"}},
	{"pgxpool", "select", call("golang.org/x/sync/semaphore.(*Weighted).Acquire(0xc0000261f8, {0x1, 0x2}, 0x1)", modules+"golang.org/x/sync@v0.25.0/semaphore/semaphore.go:106") +
		call("github.com/jackc/puddle/v2.(*Pool[...]).acquire(0x98b1a0, {0x1, 0x2})", modules+"github.com/jackc/puddle/v2@v2.2.3/pool.go:353") +
		call("github.com/jackc/puddle/v2.(*Pool[...]).Acquire(0x98b1a0?, {0x1, 0x2})", modules+"github.com/jackc/puddle/v2@v2.2.3/pool.go:338") +
		call("github.com/jackc/pgx/v5/pgxpool.(*Pool).Acquire(0xc000138000, {0x1, 0x2})", modules+"github.com/jackc/pgx/v5@v5.12.0/pgxpool/pool.go:537") +
		call("main.(*vault).balance(0xc000010000)", "/srv/shop/vault.go:22"),
		"db-pool-exhausted", []string{"pgxpool.Pool", "vault).balance"}},
	{"database/sql", "select", call("database/sql.(*DB).conn(0xc000138000, {0x1, 0x2}, 0x1)", "/usr/local/go/src/database/sql/sql.go:1369") +
		call("database/sql.(*DB).QueryContext(0xc000138000, {0x1, 0x2}, {0x3, 0x4})", "/usr/local/go/src/database/sql/sql.go:1749") +
		call("example.com/shop/orders.(*Book).List(0xc000010000)", "/srv/shop/orders/book.go:22"),
		"db-pool-exhausted", []string{"database/sql", "orders.(*Book).List"}},
	{"redigo", "select", call("github.com/gomodule/redigo/redis.(*Pool).waitVacantConn(0xc000138000, {0x1, 0x2})", modules+"github.com/gomodule/redigo@v1.9.2/redis/pool.go:355") +
		call("github.com/gomodule/redigo/redis.(*Pool).GetContext(0xc000138000, {0x1, 0x2})", modules+"github.com/gomodule/redigo@v1.9.2/redis/pool.go:209") +
		call("main.(*cart).load(0xc000010000)", "/srv/shop/cart.go:22"),
		"object-pool-exhausted", []string{"redis.Pool", "cart).load"}},
	{"go-redis", "select", call("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).waitTurn(0xc000138000, {0x1, 0x2})", modules+"github.com/redis/go-redis/v9@v9.7.0/internal/pool/pool.go:330") +
		call("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).Get(0xc000138000, {0x1, 0x2})", modules+"github.com/redis/go-redis/v9@v9.7.0/internal/pool/pool.go:258") +
		call("github.com/redis/go-redis/v9.(*baseClient).getConn(0xc000138000, {0x1, 0x2})", modules+"github.com/redis/go-redis/v9@v9.7.0/redis.go:246") +
		call("github.com/redis/go-redis/v9.cmdable.Get(0xc000138000, {0x1, 0x2})", modules+"github.com/redis/go-redis/v9@v9.7.0/string_commands.go:57") +
		call("main.(*cart).load(0xc000010000)", "/srv/shop/cart.go:22"),
		"object-pool-exhausted", []string{"go-redis/pool.ConnPool", "cart).load"}},
	{"a pool of one's own", "chan receive", call("main.(*ToolPool).borrow(0xc000138000)", "/srv/shop/tools.go:22") + call("main.(*workshop).repair(0xc000010000)", "/srv/shop/tools.go:40"),
		"unexplained-wait|object-pool-exhausted", []string{"ToolPool).borrow"}},
	{"a semaphore of one's own", "chan send", call("main.(*gate).pass(0xc000138000)", "/srv/shop/gate.go:22"), "unexplained-wait", []string{"sends to a channel|send to a channel", "gate).pass"}},
	{"select on a full channel", "select", call("main.(*mailer).send(0xc000138000)", "/srv/shop/mail.go:22"), "unexplained-wait", []string{"mailer).send"}},
	{"condition", "sync.Cond.Wait", call("sync.runtime_notifyListWait(0xc000138010, 0x5)", "/usr/local/go/src/runtime/sema.go:617") +
		call("sync.(*Cond).Wait(0xc000138000)", "/usr/local/go/src/sync/cond.go:71") + call("main.(*lane).take(0xc000010000)", "/srv/shop/lane.go:22"),
		"unexplained-wait", []string{"condition", "lane).take"}},
	{"connections of one host", "select", call("net/http.(*Transport).getConn(0xc000138000, 0xc000238000, {{}, 0x0, {0x1, 0x2}})", "/usr/local/go/src/net/http/transport.go:1550") +
		call("net/http.(*Transport).roundTrip(0xc000138000, 0xc000238000)", "/usr/local/go/src/net/http/transport.go:658") +
		call("net/http.(*Client).Do(...)", "/usr/local/go/src/net/http/client.go:585") + call("main.(*freight).price(0xc000010000)", "/srv/shop/freight.go:22"),
		"object-pool-exhausted", []string{"HTTP connection", "freight).price"}},
}

func TestGoroutinesThatMeet(t *testing.T) {
	for _, c := range goMeetings {
		scene := func(made int) *analyze.Case {
			return dumpsOf(t, made, func(_ int, s *service) {
				for range 20 {
					s.request(c.state, c.top)
				}
				s.goroutine("chan receive", call("main.(*worker).run(0xc000010000)", "/srv/shop/worker.go:9"), "main.main", 1)
			})
		}
		res := run(t, scene(60)) // 40 of them the requests' own: 3 s each
		if len(res.Findings) == 0 || !strings.Contains(c.id, res.Findings[0].ID) || !res.Findings[0].Severity.AtLeast(analyze.Warning) {
			t.Errorf("%s: want %s\n%s", c.name, c.id, show(res.Findings))
			continue
		}
		f := res.Findings[0]
		for _, part := range append(c.says, "20 of 20|all 20") {
			said := false
			for _, either := range strings.Split(part, "|") {
				said = said || strings.Contains(strings.ToLower(f.Title), strings.ToLower(either))
			}
			if !said {
				t.Errorf("%s: the title lacks %q: %s", c.name, part, f.Title)
			}
		}
		if strings.Contains(f.Title, "mutex") {
			t.Errorf("%s: a mutex in %s", c.name, f.Title)
		}
		if c.id == "db-pool-exhausted" { // no healthy service has any wait for a connection
			continue
		}
		if res := run(t, scene(20000)); res.Worst().AtLeast(analyze.Warning) { // 10 ms each
			t.Errorf("%s, healthy: %s", c.name, show(res.Findings))
		}
	}
}

// Goroutines of connections that stay open are the same in each dump; they stand only where the request is the same too.
func TestConnectionsThatStay(t *testing.T) {
	ask := call("internal/poll.runtime_pollWait(0x7f, 0x72)", "/usr/local/go/src/runtime/netpoll.go:351") +
		call("net.(*conn).Read(0xc000046048, {0xc0003c2131, 0x1, 0x1})", "/usr/local/go/src/net/net.go:196") + call("main.(*bank).ask(0xc000010000)", "/srv/shop/bank.go:22")
	for name, c := range map[string]struct {
		made  int
		next  bool // request in each dump
		warns bool
	}{
		"the same request":         {40, false, true},
		"the next one, quick":      {20000, true, false},
		"the next one after 4.6 s": {0, true, true},
	} {
		res := run(t, dumpsOf(t, c.made, func(dump int, s *service) {
			for k := range 20 {
				request := k
				if c.next {
					request += 20 * dump
				}
				s.numbered(10+k, request, "IO wait", ask)
			}
		}))
		if warned := res.Worst().AtLeast(analyze.Warning); warned != c.warns {
			t.Errorf("%s: %s", name, show(res.Findings))
		}
	}
}

// A select of the handler itself is a stream of events or a long poll where it lasts, and a wait for something where requests come and go.
func TestSelectOfHandlers(t *testing.T) {
	for name, c := range map[string]struct {
		made int
		next bool
		want analyze.Severity
	}{
		"streams":        {0, false, analyze.Info},
		"waits of 3 s":   {60, true, analyze.Critical},
		"waits of 10 ms": {20000, true, analyze.Info},
	} {
		res := run(t, dumpsOf(t, c.made, func(dump int, s *service) {
			for k := range 20 {
				if c.next {
					s.request("select", "")
				} else {
					s.numbered(10+k, k, "select", "")
				}
			}
		}))
		f := find(res, "unexplained-wait")
		if f == nil || f.Severity != c.want || len(res.Findings) != 1 {
			t.Errorf("%s: want one of %s\n%s", name, c.want, show(res.Findings))
		}
	}
}

// Two mutexes that are taken in different order are one deadlock; in one order they are a mutex that many want.
func TestMutexOrder(t *testing.T) {
	lock := func(mutex int, fn string, line int) string {
		return call("internal/sync.runtime_SemacquireMutex(0x0?, 0x0?, 0x0?)", "/usr/local/go/src/runtime/sema.go:95") +
			call(fmt.Sprintf("internal/sync.(*Mutex).lockSlow(%#x)", mutex), "/usr/local/go/src/internal/sync/mutex.go:149") +
			call("sync.(*Mutex).Lock(...)", "/usr/local/go/src/sync/mutex.go:46") + call("main.(*ledger)."+fn+"(0xc000010000)", fmt.Sprintf("/srv/shop/ledger.go:%d", line))
	}
	const debit, credit = 0xc000020000, 0xc000020008
	scene := func(second int) *analyze.Result {
		return run(t, dumpsOf(t, 0, func(_ int, s *service) {
			s.request("sync.Mutex.Lock", lock(credit, "pay", 12))
			s.request("sync.Mutex.Lock", lock(second, "refund", 22))
			for range 9 {
				s.request("sync.Mutex.Lock", lock(debit, "pay", 10))
				s.request("sync.Mutex.Lock", lock(debit+credit-second, "refund", 20))
			}
		}))
	}
	res := scene(debit)
	if len(res.Findings) != 1 || res.Findings[0].ID != "hidden-deadlock" || !strings.Contains(res.Findings[0].Title, "20 goroutines") ||
		!strings.Contains(res.Findings[0].Title, "pay") || !strings.Contains(res.Findings[0].Title, "refund") {
		t.Errorf("different order: %s", show(res.Findings))
	}
	if res := scene(credit); find(res, "hidden-deadlock") != nil || find(res, "lock-contention") == nil {
		t.Errorf("one order: %s", show(res.Findings))
	}
}

// A writer that waits for a RWMutex keeps new readers out, and is told.
func TestWriterThatWaits(t *testing.T) {
	res := run(t, dumpsOf(t, 60, func(_ int, s *service) {
		s.goroutine("sync.RWMutex.Lock", call("sync.runtime_SemacquireRWMutex(0xc0000b67b0?, 0xc5?, 0xc0d9ad691e4?)", "/usr/local/go/src/runtime/sema.go:105")+
			call("sync.(*RWMutex).Lock(0x0?)", "/usr/local/go/src/sync/rwmutex.go:155")+call("main.(*stock).refill(0xc000010000)", "/srv/shop/stock.go:128"), "main.main", 1)
		for range 10 {
			s.request("sync.RWMutex.RLock", call("sync.runtime_SemacquireRWMutexR(0x0?, 0x4?, 0x0?)", "/usr/local/go/src/runtime/sema.go:100")+
				call("sync.(*RWMutex).RLock(...)", "/usr/local/go/src/sync/rwmutex.go:74")+call("main.(*stock).count(0xc000010000)", "/srv/shop/stock.go:121"))
			s.request("sleep", call("time.Sleep(0xb2d05e00)", "/usr/local/go/src/runtime/time.go:364")+call("main.(*stock).count(0xc000010000)", "/srv/shop/stock.go:123"))
		}
	}))
	f := find(res, "lock-contention")
	if f == nil || !strings.Contains(f.Title, "RWMutex in main.(*stock).count and main.(*stock).refill") || !strings.Contains(f.Title, "a writer waits") {
		t.Error(show(res.Findings))
	}
}
