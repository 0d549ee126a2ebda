package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"casefile/bundle/format/plan"
	"casefile/collectors"
	"casefile/collectors/rights"
)

// firstMinute says what casefile sees on this node, and the command to type.
func firstMinute(ctx context.Context, u *ui) bool {
	const patience = 5 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	host, _ := os.Hostname()
	c, err := collectors.Begin(ctx, host, plan.Default(), allCollectors(), nil)
	var b strings.Builder
	fmt.Fprintf(&b, "casefile %s sees on %s:\n", toolVersion(), host)
	if err != nil {
		fmt.Fprintf(&b, "  %v\n  %s\n", err, fixOf(err, "casefile doctor says more"))
	} else {
		offer(&b, c.Jobs)
	}
	b.WriteString("All nodes of a cluster at the same moment, over ssh:\n  casefile collect --node ssh://root@n1 --node ssh://root@n2\n" +
		"All verbs:\n  casefile --help\n")
	fmt.Fprint(u.out, b.String())
	return true
}

// offer lists the processes among what was found, and the command that captures them.
func offer(b *strings.Builder, jobs []collectors.Prepared) {
	const most = 12
	var pids []int
	for _, j := range jobs {
		if j.PID == 0 {
			continue
		}
		if pids = append(pids, j.PID); len(pids) <= most {
			fmt.Fprintf(b, "  %s\n", j.Title)
		}
	}
	if left := len(pids) - most; left > 0 {
		fmt.Fprintf(b, "  and %d more\n", left)
	}
	sudo := ""
	if !rights.Own().MayBecome() {
		sudo = "sudo "
	}
	fmt.Fprintf(b, "\nCapture all of it for a minute into one file, and read what it shows:\n  %scasefile collect\n", sudo)
	if len(pids) > 1 {
		fmt.Fprintf(b, "One process only:\n  %scasefile collect --pid %d\n", sudo, pids[0])
	}
}
