package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"
)

// faults make the work of a request, sick or healthy.
var faults = map[string]func(sick bool) work{
	"idle":      func(bool) work { return func() error { return nil } },
	"mutex":     mutex,
	"rwmutex":   rwmutex,
	"chan":      channel,
	"limit":     limit,
	"waitgroup": waitGroup,
	"cond":      cond,
	"leak":      leak,
	"sql":       pool,
	"upstream":  upstream,
	"files":     files,
	"hot":       hot,
	"flight":    flight,
	"group":     group,
	"once":      once,
	"weighted":  weighted,
	"limiter":   limiter,
	"writer":    writer,
	"hosts":     hosts,
	"order":     order,
	"full":      full,
	"results":   results,
	"lanes":     lanes,
	"pgx":       pgx,
	"tools":     tooling,
}

// choose gives one of two values.
func choose[T any](sick bool, yes, no T) T {
	if sick {
		return yes
	}
	return no
}

// prices are read under a mutex that a reload keeps for long.
type prices struct {
	mu sync.Mutex
	rw sync.RWMutex
}

func (p *prices) reload(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	time.Sleep(d)
}

func (p *prices) lookup() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return nil
}

func (p *prices) refill(d time.Duration) {
	p.rw.Lock()
	defer p.rw.Unlock()
	time.Sleep(d)
}

func (p *prices) read() error {
	p.rw.RLock()
	defer p.rw.RUnlock()
	return nil
}

func mutex(sick bool) work {
	p := new(prices)
	go func() {
		for {
			p.reload(choose(sick, 4*time.Second, time.Millisecond))
			time.Sleep(choose(sick, time.Millisecond, time.Second))
		}
	}()
	return p.lookup
}

func rwmutex(sick bool) work {
	p := new(prices)
	go func() {
		for {
			p.refill(choose(sick, 4*time.Second, time.Millisecond))
			time.Sleep(choose(sick, time.Millisecond, time.Second))
		}
	}()
	return p.read
}

// outbox has a sender, or none.
type outbox struct{ letters chan string }

func (o *outbox) post() error {
	o.letters <- "mail"
	return nil
}

func channel(sick bool) work {
	o := &outbox{make(chan string)}
	if !sick {
		go func() {
			for range o.letters {
			}
		}()
	}
	return o.post
}

// gate lets some through at once.
type gate struct {
	slots chan struct{}
	held  time.Duration
}

func (g *gate) pass() error {
	g.slots <- struct{}{}
	defer func() { <-g.slots }()
	return g.scan()
}

func (g *gate) scan() error {
	time.Sleep(g.held)
	return nil
}

func limit(sick bool) work {
	g := &gate{make(chan struct{}, choose(sick, 2, 100)), choose(sick, 5*time.Second, time.Millisecond)}
	return g.pass
}

// batch waits for parts of which one never ends.
type batch struct{ parts sync.WaitGroup }

func (b *batch) settle() error {
	b.parts.Wait()
	return nil
}

func waitGroup(sick bool) work {
	b := new(batch)
	if sick {
		b.parts.Add(1)
	}
	return b.settle
}

// turnstile is opened by a signal that came before all waited.
type turnstile struct {
	mu     sync.Mutex
	turned *sync.Cond
	open   bool
}

func (t *turnstile) enter() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for !t.open {
		t.turned.Wait()
	}
	return nil
}

func cond(sick bool) work {
	t := &turnstile{open: !sick}
	t.turned = sync.NewCond(&t.mu)
	return t.enter
}

// audit sends to a channel that is read, or not.
func audit(sick bool, done chan bool) {
	if sick {
		<-done
	}
}

func leak(sick bool) work {
	never := make(chan bool)
	return func() error {
		go audit(sick, never)
		return nil
	}
}

// peer accepts connections and says nothing, or answers.
func peer(sick bool, answer string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		var open []net.Conn
		defer func() {
			for _, c := range open {
				c.Close()
			}
		}()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if open = append(open, c); !sick {
				io.WriteString(c, answer)
				c.Close()
			}
		}
	}()
	return l.Addr().String()
}

// rates asks another service without a time limit.
type rates struct{ url string }

func (r *rates) fetch() error {
	resp, err := http.Get(r.url)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

func upstream(sick bool) work {
	r := &rates{"http://" + peer(sick, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") + "/rates"}
	return r.fetch
}

// files keeps all files open that it opens, up to nearly the limit.
func files(sick bool) work {
	const most = 256
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
		panic(err)
	}
	var mu sync.Mutex
	var open []*os.File
	return func() error {
		mu.Lock()
		defer mu.Unlock()
		f, err := os.Open(os.DevNull)
		if err != nil {
			return err
		}
		if !sick || len(open) > most-40 {
			return f.Close()
		}
		open = append(open, f)
		return nil
	}
}

// report adds up without end.
func report(rounds uint64) error {
	var sum uint64
	for i := range rounds {
		sum = sum*31 + i
	}
	if sum == 1 { // it has to be computed
		return errors.New("an odd sum")
	}
	return nil
}

func hot(sick bool) work {
	return func() error { return report(choose(sick, uint64(1)<<62, 1000)) }
}
