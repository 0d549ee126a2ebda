// Command casefile captures what a performance ticket needs from every JVM and
// Go service of a cluster, and says what it shows.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"casefile/bundle/format/budget"
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
	var h holds
	go func() {
		h.lastCall(ctx)
		fmt.Fprintln(os.Stderr, "casefile: error: interrupted, and ended at once: what was written until then is kept")
		os.Exit(exitInterrupted)
	}()
	os.Exit(run(withHolds(budget.Interruptible(ctx), &h), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
