// Command casefile captures what a performance ticket needs from every JVM and
// Go service of a cluster, and says what it shows.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if relayed(os.Args) {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second signal ends at once
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
