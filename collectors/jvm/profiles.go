package jvm

import (
	"context"
	"time"

	"casefile/bundle/format/plan"
	"casefile/collectors"
)

// A wall profile of thread dumps needs many of them; each stops the JVM for about
// 3 ms per 100 threads.
const (
	wallEvery = time.Second
	wallDumps = 60
)

// profiles captures nothing but profiles: a recording, or where the JVM cannot
// record and for a wall profile a series of dumps.
func (c *capture) profiles(ctx context.Context) {
	if err := c.mayAttach(); err != nil {
		c.Lost(jfrItem, err.Error(), explainFix(err))
		return
	}
	if !c.Plan.FocusOn(plan.Wall) {
		c.recording = c.recordingOn(ctx)
	}
	if c.recording == nil {
		c.wallSeries(ctx)
	}
	collectors.Wait(ctx, c.End())
	c.recordingOff(ctx, c.recording)
}

// wallSeries takes dumps over the whole capture.
func (c *capture) wallSeries(ctx context.Context) {
	span := c.End().Sub(c.Start())
	every := max(wallEvery, span/wallDumps)
	total := int(span/every) + 1
	for k := range total {
		if !collectors.Wait(ctx, c.Start().Add(time.Duration(k)*every)) {
			return
		}
		c.dump(ctx, k)
		c.Tell("dumps", k+1, total, "")
	}
}
