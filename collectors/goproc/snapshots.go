package goproc

import (
	"bytes"
	"context"
	"slices"

	"casefile/bundle/format/entries"
	"casefile/collectors"
)

// profiles are taken at the first round, in this order; those that count from
// the start of the process once more at the end.
var profiles = []struct {
	name       string
	cumulative bool
	// why says, for a profile that may be switched off, why it is empty.
	why func(*capture, context.Context) string
}{
	{name: "goroutine"},
	{name: "heap"},
	{name: "allocs", cumulative: true},
	{name: "mutex", cumulative: true, why: (*capture).noMutex},
	{name: "block", cumulative: true, why: (*capture).noBlock},
	{name: "threadcreate"},
}

// snapshots takes the profiles that are a moment's state. Once the service is
// silent, the rest are not asked for.
func (c *capture) snapshots(ctx context.Context) {
	if !collectors.Wait(ctx, c.Start()) {
		c.lost(entries.ItemProfiles, errEnded)
		return
	}
	empty, err := c.snapshotsAtStart(ctx)
	if err == nil && collectors.Wait(ctx, c.End()) {
		empty, err = c.snapshotsAtEnd(ctx, empty)
	}
	if err != nil {
		return
	}
	for _, p := range profiles {
		if slices.Contains(empty, p.name) {
			c.Absent(p.name+"-profile", entries.NotThere, p.why(c, ctx))
		}
	}
}

// snapshotsAtStart returns the names of profiles without records.
func (c *capture) snapshotsAtStart(ctx context.Context) (empty []string, err error) {
	for _, p := range profiles {
		records, listed := c.first[p.name]
		switch {
		case err != nil:
			c.lost(p.name+"-profile", err)
		case !listed:
			c.Absent(p.name+"-profile", entries.Unsupported, "this Go release has no such profile")
		case records == 0 && p.why != nil:
			empty = append(empty, p.name)
		default:
			if e := c.keepProfile(ctx, p.name, entries.GoProfile.Of(p.name)); silent(e) {
				err = e
			}
		}
	}
	return empty, err
}

// snapshotsAtEnd returns the names of profiles that still have no records.
func (c *capture) snapshotsAtEnd(ctx context.Context, empty []string) ([]string, error) {
	now, err := c.client.index(ctx, c.limits.index)
	var still []string
	for _, p := range profiles {
		if _, listed := c.first[p.name]; !listed || !p.cumulative {
			continue
		}
		switch {
		case err != nil:
			c.lost(p.name+"-profile", err)
		case now[p.name] == 0 && slices.Contains(empty, p.name):
			still = append(still, p.name)
		default:
			if e := c.keepProfile(ctx, p.name, entries.GoProfile.Of(p.name+".end")); silent(e) {
				err = e
			}
		}
	}
	return still, err
}

// noMutex asks for the sampling rate, which the text form of the mutex profile
// tells; an empty one is a few lines.
func (c *capture) noMutex(ctx context.Context) string {
	a, err := c.client.get(ctx, request{path: "mutex?debug=1", deadline: c.limits.index, limit: c.limits.page})
	switch {
	case err != nil:
		return "it has no records; if it is switched off: " + mutexFix
	case bytes.Contains(a.body, []byte("\nsampling period=0\n")):
		return "the service does not record it (its rate is 0); to have it, " + mutexFix
	}
	return "it is recorded, and no mutex was contended since the service started"
}

// noBlock cannot ask for the rate: the runtime tells it nowhere.
func (c *capture) noBlock(context.Context) string {
	return "the service does not record it (its rate is 0), or nothing blocked since it started; to have it, " + blockFix
}
