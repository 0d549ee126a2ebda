//go:build !linux

package main

import (
	"context"

	"github.com/spf13/cobra"
)

// nodeVerbs are the verbs that look at running processes, which is Linux only.
func nodeVerbs(*ui) []*cobra.Command { return nil }

func relayed([]string) bool { return false }

// newCheck reviews bundles only.
func newCheck(u *ui) *cobra.Command { return newCheckOf(u) }

// firstMinute has nothing to see where nothing can be captured.
func firstMinute(context.Context, *ui) bool { return false }
