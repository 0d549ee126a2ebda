package say

import "time"

// NoZone is the location of a time whose text gave no zone: some place's local time. It counts as UTC where times are compared, and is
// never printed as such.
var NoZone = time.FixedZone("", 0)

// Zoned reports whether a time is an instant: its text gave a zone.
func Zoned(t time.Time) bool { return t.Location() != NoZone }

// Instant writes a time in RFC 3339, to the millisecond; without a zone where none is known.
func Instant(t time.Time) string {
	const local = "2006-01-02T15:04:05.000"
	if !Zoned(t) {
		return t.Format(local)
	}
	return t.Format(local + "Z07:00")
}

// UTC writes a time for people as it was in UTC, by a layout without zone: "10:00:05 UTC"; one without a zone is written as it stood.
func UTC(t time.Time, layout string) string {
	if !Zoned(t) {
		return t.Format(layout)
	}
	return t.UTC().Format(layout) + " UTC"
}

// Local writes a time for people by the clock of its own zone, by a layout without zone: "11:00:05 (UTC+01:00)"; one without a zone is written as
// it stood.
func Local(t time.Time, layout string) string {
	if !Zoned(t) {
		return t.Format(layout)
	}
	return t.Format(layout + " (UTC-07:00)")
}
