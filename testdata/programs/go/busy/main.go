// Busy is a small Go service with net/http/pprof on a loopback port, to test and
// show what casefile captures of one. It prints
//
//	ready http://127.0.0.1:PORT
//
// when it serves, and ends by itself after the time of -for.
//
// With -problem it has one planted fault, of known size:
//
//	hot    main.hash has 70 % of the CPU, main.encode has the rest
//	mutex  eight workers contend for one mutex in main.(*ledger).book
//	leak   main.forget starts a goroutine that never ends, 200 a second
//
// Without, it serves a little work of its own and is healthy.
package main

import (
	"context"
	_ "expvar"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"os/signal"
	"sync"
	"time"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "address to serve on")
	problem := flag.String("problem", "none", "planted fault: none, hot, mutex, leak")
	parked := flag.Int("goroutines", 0, "goroutines to park from the start")
	life := flag.Duration("for", 10*time.Minute, "end after this time")
	flag.Parse()
	if err := run(*addr, *problem, *parked, *life); err != nil {
		log.Fatal(err)
	}
}

func run(addr, problem string, parked int, life time.Duration) error {
	work, known := problems[problem]
	if !known {
		return fmt.Errorf("no problem named %q", problem)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, life)
	defer cancel()

	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	http.HandleFunc("GET /work", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, hash(1000)) })
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() })

	var all sync.WaitGroup
	defer all.Wait()
	for range parked {
		all.Go(func() { park(ctx) })
	}
	all.Go(func() { work(ctx) })
	fmt.Printf("ready http://%s\n", listener.Addr())
	if err := server.Serve(listener); err != http.ErrServerClosed {
		cancel()
		return err
	}
	return nil
}

//go:noinline
func park(ctx context.Context) { <-ctx.Done() }
