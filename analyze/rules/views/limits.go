package views

import (
	"time"

	"casefile/analyze"
)

// Limits of more than one kind of evidence.
var (
	DownstreamThreads = analyze.NewLimit(
		5,
		"threads",
		"in one call, on average over the dumps",
		"as for waiters at a monitor",
	)
	HotThreadShare = analyze.NewLimit(
		0.25,
		"1",
		"cores that the process may use, taken in one place: warning",
		"a good part of the CPU is missing elsewhere",
	)
	StuckCPU = analyze.NewLimit(
		50*time.Microsecond,
		"",
		"CPU of a thread that does not move, at most",
		"one short call to a socket costs 0.1 ms, measured on JDK 17 and 25",
	)
	GCOverheadWarn = analyze.NewLimit(0.10, "1", "time in collections: warning", "GC log analysers: 5 to 10 % "+
		"over a minute, throughput below 95 to 90 %")
)

// Behind is what puts a finding after the one it goes with.
const Behind = 0.9

// StretchLimits choose the stretch of a GC log that is judged, and say how much it proves.
var StretchLimits = []analyze.Threshold{RecentSpan, RecentLoose, MinuteShare, SpanLeast, SpanSure, StartUpSpan, StartUpFactor}
