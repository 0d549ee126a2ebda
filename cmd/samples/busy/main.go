// Busy runs the sample service. It prints
//
//	ready http://127.0.0.1:PORT
//
// when it serves, and ends by itself after the time of -for.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"casefile/cmd/samples/service"
)

func main() {
	var o service.Options
	flag.StringVar(&o.Addr, "addr", "127.0.0.1:0", "address to serve on")
	flag.StringVar(&o.Problem, "problem", "none", "planted fault: none, hot, mutex, leak")
	flag.IntVar(&o.Goroutines, "goroutines", 0, "goroutines to park from the start")
	flag.IntVar(&o.Files, "files", 0, "files to hold open")
	most := flag.Uint64("most-files", 0, "limit of open files; 0: as it is")
	life := flag.Duration("for", 10*time.Minute, "end after this time")
	flag.Parse()
	if *most > 0 {
		if err := limitFiles(*most); err != nil {
			log.Fatal(err)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *life)
	defer cancel()
	if err := service.Run(ctx, o, func(url string) { fmt.Println("ready", url) }); err != nil {
		log.Fatal(err)
	}
}
