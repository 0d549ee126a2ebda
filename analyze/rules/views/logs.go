package views

import (
	"time"

	"casefile/analyze"
	"casefile/analyze/applog"
)

// LogRecent is how far back the lines of a log count.
var LogRecent = analyze.NewLimit(24*time.Hour, "", "before its end that a log's line counts", "a log may reach back for months")

// LogEnd is the moment up to which a log tells, in the time of its stamps: the capture's end, or its own.
func LogEnd(p *analyze.Pass, n *analyze.Node, l *applog.Log) time.Time {
	if end := p.Ended.Add(n.Clock.Offset); !p.Ended.IsZero() && l.Last.ZoneKnown {
		return end
	}
	return l.Last.Time
}
