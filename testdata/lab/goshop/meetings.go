package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"
)

// Requests that meet at one object, each for a while only: from dump to dump they are others.

// catalog is loaded by one request for all that ask at the same time.
type catalog struct {
	loads singleflight.Group
	takes time.Duration
}

func (c *catalog) entry() error {
	_, err, _ := c.loads.Do("all", c.load)
	return err
}

func (c *catalog) load() (any, error) {
	time.Sleep(c.takes)
	return nil, nil
}

func flight(sick bool) work {
	c := &catalog{takes: choose(sick, 7*time.Second, time.Millisecond)}
	return c.entry
}

// quote asks three partners at once.
type quote struct{ takes time.Duration }

func (q *quote) best() error {
	var g errgroup.Group
	for range 3 {
		g.Go(q.ask)
	}
	return g.Wait()
}

func (q *quote) ask() error {
	time.Sleep(q.takes)
	return nil
}

func group(sick bool) work {
	q := &quote{choose(sick, 4*time.Second, time.Millisecond)}
	return q.best
}

// currency is set up by the first request.
type currency struct {
	set   sync.Once
	takes time.Duration
}

func (c *currency) convert() error {
	c.set.Do(c.fetch)
	return nil
}

func (c *currency) fetch() { time.Sleep(c.takes) }

func once(sick bool) work {
	c := &currency{takes: choose(sick, time.Hour, time.Millisecond)}
	return c.convert
}

// press prints few pages at once.
type press struct {
	slots *semaphore.Weighted
	takes time.Duration
}

func (p *press) print() error {
	if err := p.slots.Acquire(context.Background(), 1); err != nil {
		return err
	}
	defer p.slots.Release(1)
	return p.ink()
}

func (p *press) ink() error {
	time.Sleep(p.takes)
	return nil
}

func weighted(sick bool) work {
	p := &press{semaphore.NewWeighted(choose[int64](sick, 2, 100)), choose(sick, 700*time.Millisecond, time.Millisecond)}
	return p.print
}

// doorman lets so many in each second.
type doorman struct{ rate *rate.Limiter }

func (d *doorman) admit() error { return d.rate.Wait(context.Background()) }

func limiter(sick bool) work {
	d := &doorman{rate.NewLimiter(choose[rate.Limit](sick, 2, 10000), 1)}
	return d.admit
}

// stock is read for long, and written now and then: a writer that waits keeps new readers out.
type stock struct {
	mu    sync.RWMutex
	takes time.Duration
}

func (s *stock) count() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	time.Sleep(s.takes)
	return nil
}

func (s *stock) refill() {
	s.mu.Lock()
	defer s.mu.Unlock()
}

func writer(sick bool) work {
	s := &stock{takes: choose(sick, 3*time.Second, time.Millisecond)}
	go func() {
		for {
			s.refill()
			time.Sleep(10 * time.Millisecond)
		}
	}()
	return s.count
}

// freight asks a partner over few connections.
type freight struct {
	client *http.Client
	url    string
}

func (f *freight) price() error {
	resp, err := f.client.Get(f.url)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return errors.Join(err, resp.Body.Close())
}

func hosts(sick bool) work {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(l, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		time.Sleep(choose(sick, 300*time.Millisecond, time.Millisecond))
	}))
	f := &freight{&http.Client{Transport: &http.Transport{MaxConnsPerHost: choose(sick, 1, 100)}}, "http://" + l.Addr().String() + "/price"}
	return f.price
}

// ledger moves money under two locks, which both ways take in one order, or not.
type ledger struct {
	debit, credit sync.Mutex
	odd           bool
	takes         time.Duration
	turn          chan bool
}

func (l *ledger) pay() error {
	l.debit.Lock()
	defer l.debit.Unlock()
	time.Sleep(l.takes)
	l.credit.Lock()
	defer l.credit.Unlock()
	return nil
}

func (l *ledger) refund() error {
	first, second := &l.debit, &l.credit
	if l.odd {
		first, second = second, first
	}
	first.Lock()
	defer first.Unlock()
	time.Sleep(l.takes)
	second.Lock()
	defer second.Unlock()
	return nil
}

func (l *ledger) book() error {
	select {
	case l.turn <- true:
		return l.pay()
	case <-l.turn:
		return l.refund()
	}
}

func order(sick bool) work {
	l := &ledger{odd: sick, takes: choose(sick, 10*time.Millisecond, 0), turn: make(chan bool, 1)}
	return l.book
}

// mailer has a queue with room, or a full one.
type mailer struct{ letters chan string }

func (m *mailer) send() error {
	select {
	case m.letters <- "mail":
		return nil
	case <-time.After(time.Minute):
		return errors.New("no room")
	}
}

func full(sick bool) work {
	m := &mailer{make(chan string, 4)}
	go func() {
		for range m.letters {
			time.Sleep(choose(sick, 400*time.Millisecond, 0))
		}
	}()
	return m.send
}

// desk has clerks that hand each result over.
type desk struct {
	asks    chan bool
	answers chan bool
}

func (d *desk) clerk(takes time.Duration) {
	for range d.asks {
		time.Sleep(takes)
		d.answers <- true
	}
}

func (d *desk) ask() error {
	d.asks <- true
	<-d.answers
	return nil
}

func results(sick bool) work {
	d := &desk{make(chan bool, 100), make(chan bool)}
	for range choose(sick, 1, 40) {
		go d.clerk(choose(sick, 400*time.Millisecond, time.Millisecond))
	}
	return d.ask
}

// lane is a bounded pool by a condition.
type lane struct {
	mu    sync.Mutex
	freed *sync.Cond
	free  int
	takes time.Duration
}

func (l *lane) take() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.free == 0 {
		l.freed.Wait()
	}
	l.free--
}

func (l *lane) give() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free++
	l.freed.Signal()
}

func (l *lane) drive() error {
	l.take()
	defer l.give()
	time.Sleep(l.takes)
	return nil
}

func lanes(sick bool) work {
	l := &lane{free: choose(sick, 2, 100), takes: choose(sick, 600*time.Millisecond, time.Millisecond)}
	l.freed = sync.NewCond(&l.mu)
	return l.drive
}
