// Package service is a small Go service with net/http/pprof on a loopback port,
// to test and show what casefile captures of one.
//
// With a problem it has one planted fault, of known size:
//
//	hot    service.hash has 70 % of the CPU, service.encode has the rest
//	mutex  eight workers contend for one mutex in service.(*ledger).book
//	leak   service.forget starts a goroutine that never ends, 200 a second
//
// Without ("none") it serves a little work of its own and is healthy.
package service

import (
	"context"
	_ "expvar"
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"sync"
	"time"
)

// Options of Run.
type Options struct {
	Addr       string // to serve on, e.g. "127.0.0.1:0"
	Problem    string // none, hot, mutex, leak
	Goroutines int    // to park from the start
	Files      int    // to hold open
}

// Run serves until ctx ends; ready is told the base URL.
func Run(ctx context.Context, o Options, ready func(url string)) error {
	work, known := problems[o.Problem]
	if !known {
		return fmt.Errorf("no problem named %q", o.Problem)
	}
	for range o.Files {
		f, err := os.Open(os.DevNull)
		if err != nil {
			return err
		}
		defer f.Close()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	listener, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return err
	}
	http.HandleFunc("GET /work", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, hash(1000)) })
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() })

	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	for range o.Goroutines {
		all.Go(func() { park(ctx) })
	}
	all.Go(func() { work(ctx) })
	ready("http://" + listener.Addr().String())
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}

//go:noinline
func park(ctx context.Context) { <-ctx.Done() }
