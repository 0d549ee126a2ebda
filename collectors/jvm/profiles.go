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
		c.LostFor(jfrItem, err, explainFix(err))
		return
	}
	c.recordAll(ctx)
	if c.recording == nil && c.asyncDir == "" {
		c.wallSeries(ctx)
	}
	collectors.Wait(ctx, c.recordedEnough())
	c.keepAll(ctx)
}

// recordedEnough is when a profile has its whole length. JFR needs up to three seconds
// to start in a JVM for the first time; of the time that jobs have behind the planned
// end, the rest is needed to end the recording.
func (c *capture) recordedEnough() time.Time {
	end := c.End()
	if c.recording == nil || c.recording.began.IsZero() {
		return end
	}
	if full := c.recording.began.Add(time.Duration(c.Plan.Duration)); full.After(end) {
		return minTime(full, end.Add(collectors.Grace-jfrStopWithin))
	}
	return end
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// recordAll starts async-profiler if one is named, and JFR where it has something to
// add: what async-profiler samples, JFR need not, and dumps make the wall profile.
func (c *capture) recordAll(ctx context.Context) {
	c.asyncDir = c.asyncOn(ctx)
	if only := c.Plan.ProfilesOnly(); only && (c.asyncDir != "" || c.Plan.FocusOn(plan.Wall)) {
		return
	}
	c.recording = c.recordingOn(ctx)
}

// keepAll ends both.
func (c *capture) keepAll(ctx context.Context) {
	c.asyncOff(ctx, c.asyncDir)
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
		c.dump(ctx, k, time.Time{})
		c.Tell("dumps", k+1, total, "")
	}
}
