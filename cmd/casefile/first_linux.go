package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"casefile/collectors"
	"casefile/collectors/jvm"
)

// firstMinute says what casefile sees on this node, and the command to type. False: it sees nothing worth a word.
func firstMinute(ctx context.Context, u *ui) bool {
	const most, patience = 12, 3 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	found, err := jvm.Find(ctx, collectors.SystemRoots().Proc)
	if err != nil {
		return false
	}
	var b strings.Builder
	host, _ := os.Hostname()
	fmt.Fprintf(&b, "casefile %s sees on %s:\n", toolVersion(), host)
	for i, j := range found {
		if i == most {
			fmt.Fprintf(&b, "  and %d more\n", len(found)-most)
			break
		}
		fmt.Fprintf(&b, "  %s\n", j.Title())
	}
	sudo := ""
	if os.Geteuid() != 0 {
		sudo = "sudo "
	}
	if len(found) == 0 {
		b.WriteString("  no JVM")
		if sudo != "" {
			b.WriteString(" that this user can see")
		}
		b.WriteString("; Go services are found when they are captured\n")
	}
	fmt.Fprintf(&b, "\nCapture all of it for a minute into one file, and read what it shows:\n  %scasefile collect\n", sudo)
	if len(found) > 1 {
		fmt.Fprintf(&b, "One process only:\n  %scasefile collect --pid %d\n", sudo, found[0].PID)
	}
	b.WriteString("All nodes of a cluster at the same moment, over ssh:\n  casefile collect --node ssh://root@n1 --node ssh://root@n2\nAll verbs:\n  casefile --help\n")
	fmt.Fprint(u.out, b.String())
	return true
}
