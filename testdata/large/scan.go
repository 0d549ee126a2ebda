package large

import (
	"bufio"
	"bytes"
	"testing"
	"time"
)

// ScanLines is what a reader of lines costs that does nothing with them, on one CPU.
func ScanLines(text []byte) time.Duration {
	began := time.Now()
	in := bufio.NewReaderSize(bytes.NewReader(text), 64<<10)
	for {
		if _, err := in.ReadSlice('\n'); err != nil {
			return time.Since(began)
		}
	}
}

// BesideScan reports how many times as long as a scan for lines a benchmark takes for the same text, in the same run.
func BesideScan(b *testing.B, text []byte) {
	b.Helper()
	b.StopTimer()
	best := ScanLines(text)
	for range 4 {
		best = min(best, ScanLines(text))
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(best), "x-line-scan")
	perSecond := func(took time.Duration) float64 { return float64(len(text)) / 1e6 / took.Seconds() }
	b.ReportMetric(perSecond(best), "scan-MB/s")
	b.ReportMetric(perSecond(copied(text)), "copy-MB/s")
}

// copied is what a copy of a text in memory takes at best.
func copied(text []byte) time.Duration {
	to := bytes.Clone(text)
	best := time.Hour
	for range 5 {
		began := time.Now()
		copy(to, text)
		best = min(best, time.Since(began))
	}
	return best
}
