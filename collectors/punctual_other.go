//go:build !linux

package collectors

import (
	"context"
	"time"
)

// Punctually runs something at a moment, at once where that is past or zero; false:
// ctx ended first.
func Punctually(ctx context.Context, t time.Time, do func()) bool {
	if !Wait(ctx, t) {
		return false
	}
	do()
	return true
}
