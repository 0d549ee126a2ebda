package gc

import (
	"fmt"
	"time"

	"casefile/analyze/say"
)

// Summary is the short form of a Log, one element of the "gc" array of `analyze --output json`. Pointers are null where
// the log gives no answer.
type Summary struct {
	Source        string    `json:"source"`
	Collector     Collector `json:"collector"`
	JVMVersion    string    `json:"jvm_version,omitempty"`
	Pauses        int64     `json:"pauses"`
	PauseTotalMS  float64   `json:"pause_total_ms"`
	PauseMaxMS    float64   `json:"pause_max_ms"`
	PauseP50MS    float64   `json:"pause_p50_ms"`
	PauseP90MS    float64   `json:"pause_p90_ms"`
	PauseP99MS    float64   `json:"pause_p99_ms"`
	PauseP999MS   float64   `json:"pause_p999_ms"`
	FullGCs       int64     `json:"full_gcs"`
	ThroughputPct *float64  `json:"throughput_pct"`
	AllocRateMBs  *float64  `json:"alloc_rate_mb_s"`
	LiveSetMB     *float64  `json:"live_set_mb"`
	First         string    `json:"first"` // RFC 3339 where the wall clock is known, without a zone where none is, else the stamp in seconds ("12.345s")
	Last          string    `json:"last"`
	SpanS         float64   `json:"span_s"`
	Lines         int64     `json:"lines"`
	UnparsedLines int64     `json:"unparsed_lines"`
	Stalls        int64     `json:"allocation_stalls,omitempty"`
	Safepoints    int64     `json:"safepoints,omitempty"`
	PromoRateMBs  *float64  `json:"promotion_rate_mb_s,omitempty"`
	// Checks counts the figures that the JVM states too; Differs names those that are not ours.
	Checks  int      `json:"checks,omitempty"`
	Differs []string `json:"differs,omitempty"`
}

// Summary gives the short form. MB are 2^20 bytes.
func (l *Log) Summary() Summary {
	const mb = 1 << 20
	s := Summary{
		Source: l.Source, Collector: l.Collector, JVMVersion: l.JVMVersion,
		Pauses: l.Total.Count, PauseTotalMS: millis(l.Total.Sum), PauseMaxMS: millis(l.Total.Max),
		PauseP50MS: millis(l.Total.Percentile(50)), PauseP90MS: millis(l.Total.Percentile(90)),
		PauseP99MS: millis(l.Total.Percentile(99)), PauseP999MS: millis(l.Total.Percentile(99.9)),
		FullGCs: l.FullGCs, SpanS: l.Span.Seconds(), Lines: l.Lines, UnparsedLines: l.Unparsed.Count,
		Stalls: l.Stalls.Total.Count, Safepoints: l.Safepoints.Count,
		First: l.stamp(l.First), Last: l.stamp(l.Last),
	}
	if v, ok := l.Throughput(); ok {
		s.ThroughputPct = &v
	}
	if v, ok := l.AllocationRate(); ok {
		v /= mb
		s.AllocRateMBs = &v
	}
	if v, ok := l.PromotionRate(); ok {
		v /= mb
		s.PromoRateMBs = &v
	}
	s.Checks = len(l.Checks)
	for _, c := range l.Checks {
		if !c.Agree {
			s.Differs = append(s.Differs, fmt.Sprintf("%s: %g %s, the JVM says %g", c.What, c.Ours, c.Unit, c.JVM))
		}
	}
	if v, _, ok := l.LiveSet(); ok {
		f := float64(v) / mb
		s.LiveSetMB = &f
	}
	return s
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (l *Log) stamp(at time.Duration) string {
	if !l.Timed {
		return ""
	}
	if t, ok := l.Wall(at); ok {
		return say.Instant(t)
	}
	return at.String()
}
