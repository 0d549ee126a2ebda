//go:build !linux

package main

import (
	"context"

	"github.com/spf13/cobra"
)

// nodeVerbs are the verbs that look at running processes, which is Linux only.
func nodeVerbs(*ui) []*cobra.Command { return nil }

func relayed([]string) bool { return false }

// newCheck is check where nothing can be captured: of bundles only.
func newCheck(u *ui) *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use: "check BUNDLE...", Short: "Answer the cluster's checklist, what limits it, and what support still needs",
		Long: checkHelp + checkExits, Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.checkBundle(cmd.Context(), u, args) },
	}
	o.flags(cmd.Flags())
	return cmd
}

// firstMinute has nothing to see where nothing can be captured.
func firstMinute(context.Context, *ui) bool { return false }
