package timing

import "slices"

// Limit is from when on a measure is called good and bad, and who says so. Between
// the two it is neither.
type Limit struct {
	Measure string  `json:"measure"`
	Good    float64 `json:"good_ms"` // below
	Bad     float64 `json:"bad_ms"`  // above
	Source  string  `json:"source"`
}

// Verdict is what a Limit makes of a value.
type Verdict string

const (
	Good Verdict = "good"
	Fair Verdict = "fair"
	Bad  Verdict = "bad"
)

// Judge compares a value in milliseconds.
func (l Limit) Judge(ms float64) Verdict {
	switch {
	case ms > l.Bad:
		return Bad
	case ms > l.Good:
		return Fair
	}
	return Good
}

// Names of measures with a limit.
const (
	MeasureLink       = "internode latency"
	MeasureClock      = "clock skew"
	MeasureDatabase   = "database latency"
	MeasureSharedHome = "shared home write"
	MeasureLocalDisk  = "local disk write"
	MeasureNames      = "name lookup"
	MeasureHiccup     = "host stall"
	MeasureDirectory  = "user directory"
	atlassian         = "Atlassian, thresholds published for Confluence: "
	noPublishedFigure = "no published figure; "
)

var limits = []Limit{
	{MeasureLink, 10, 50, atlassian + "internode latency good below 10 ms, bad above 50 ms"},
	{MeasureClock, 1000, 5000, atlassian + "clocks must not diverge, no figure; other vendors warn from 1 s on and call 5 s critical"},
	{MeasureDatabase, 1, 4, atlassian + "database latency good up to 1 ms, bad above 4 ms"},
	{MeasureSharedHome, 20, 60, atlassian + "shared home write good below 20 ms, bad above 60 ms"},
	{MeasureLocalDisk, 5, 15, atlassian + "local disk write good below 5 ms, bad above 15 ms"},
	{MeasureNames, 100, 1000, noPublishedFigure + "a lost query is asked again after 5 s (resolv.conf), so above 1 s is never the name server's own work"},
	{MeasureDirectory, 100, 150, atlassian + "user directory good below 100 ms, bad above 150 ms"},
	{MeasureHiccup, 100, 1000, noPublishedFigure + "1 s is what users of an interactive service notice"},
}

// Limits returns all thresholds.
func Limits() []Limit { return slices.Clone(limits) }

// LimitFor returns the threshold of a measure; nil: there is none.
func LimitFor(measure string) *Limit {
	for _, l := range limits {
		if l.Measure == measure {
			return &l
		}
	}
	return nil
}
