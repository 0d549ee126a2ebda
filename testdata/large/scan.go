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
}
