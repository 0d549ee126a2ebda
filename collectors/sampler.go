package collectors

import (
	"context"
	"time"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/series"
)

// seriesPart is how much time one file of a series covers: that much is lost at
// most when casefile is killed.
const seriesPart = 20 * time.Second

// Sample runs read once a period from the start to the end of the capture and
// stores what it returns as a series, in parts of its own name each. A read that
// fails counts as lost with its reason; the series goes on.
func (c *Scope) Sample(ctx context.Context, file entries.File, item string, head series.Header, read func(time.Time) (map[string]float64, error)) {
	enc := series.NewEncoder(head)
	part, samples, began := 0, 0, time.Time{}
	flush := func() {
		if samples == 0 {
			return
		}
		c.Add(Evidence{Name: file.Of(entries.Part(part)), Item: item, Started: began, Ended: time.Now()}, enc.Bytes())
		enc.Reset()
		part, samples = part+1, 0
	}
	defer flush()
	period := time.Duration(c.Plan.SampleEvery)
	for due := c.Start(); !due.After(c.End()) && Wait(ctx, due); due = next(due, period) {
		now := time.Now()
		values, err := read(now)
		if err != nil {
			c.LostErr(item, err)
			continue
		}
		if samples == 0 {
			began = now
		}
		enc.Add(now, values)
		samples++
		if now.Sub(began) >= seriesPart {
			flush()
		}
	}
}

// next is the first moment on the grid after now: samples that were missed
// (a stall of the machine) are not made up for.
func next(due time.Time, period time.Duration) time.Time {
	due = due.Add(period)
	if late := time.Since(due); late > 0 {
		due = due.Add(late.Truncate(period) + period)
	}
	return due
}
