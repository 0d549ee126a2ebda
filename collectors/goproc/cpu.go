package goproc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"casefile/bundle/format/entries"
	"casefile/collectors"
)

// cpu takes the CPU profile, from the first round on.
func (c *capture) cpu(ctx context.Context) {
	const item = entries.ItemCPUProfile
	if !collectors.Wait(ctx, c.Start()) {
		c.lost(item, errEnded)
		return
	}
	for length := cpuLength(c.Plan); ; length = (length / 2).Truncate(time.Second) {
		path := fmt.Sprintf("profile?seconds=%d", int(length.Seconds()))
		a, err := c.client.get(ctx, request{path: path, deadline: length + c.limits.tail, limit: c.limits.body, endEarly: true})
		if refusedAsTooLong(err) && length >= 2*time.Second {
			continue
		}
		_ = c.store(a, err, item, entries.GoProfile.Of("cpu"), path)
		return
	}
}

// refusedAsTooLong recognises the answer of services whose WriteTimeout is
// shorter than the profile (Go up to 1.22). It comes at once, so that a shorter
// one can be asked for.
func refusedAsTooLong(err error) bool {
	var no *refusal
	return errors.As(err, &no) && strings.Contains(no.text, "profile duration exceeds server's WriteTimeout")
}
