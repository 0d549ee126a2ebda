package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"casefile/bundle/format/plan"
	"casefile/collectors"
	"casefile/collectors/database"
	"casefile/collectors/database/login"
	"casefile/collectors/goproc"
	"casefile/collectors/host"
	"casefile/collectors/jvm"
	"casefile/collectors/timing"
)

// nodeVerbs are the verbs that look at running processes, which is Linux only.
func nodeVerbs(u *ui) []*cobra.Command {
	return []*cobra.Command{newCollect(u), newProfile(u), newAgent(u), newCluster(u), newDoctor(u), newDemo(u), newService(u)}
}

// allCollectors is every source of this node, in the order of --dry-run.
func allCollectors() []collectors.Collector {
	return []collectors.Collector{jvm.New(), goproc.New(), host.New()}
}

// nodeCollectors is what a node of a cluster captures: besides all else how well
// it keeps time, how fast what it shares with others answers, and what its databases do.
func nodeCollectors() []collectors.Collector {
	return append(allCollectors(), database.New(appLogins), timing.New(plan.Probes{}, appLogins))
}

// appLogins are the databases of the JVMs that are captured.
func appLogins(ctx context.Context, s *collectors.Session) []login.App {
	var list []login.App
	for _, d := range jvm.Databases(ctx, s) {
		list = append(list, login.App(d))
	}
	return list
}

// relayed runs as the helper process that speaks to a JDK 8 as its own user.
func relayed(args []string) bool {
	if len(args) != 3 || args[1] != jvm.RelayCommand {
		return false
	}
	if err := jvm.Relay(args[2], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "casefile: error:", err)
		os.Exit(exitFailed)
	}
	return true
}
