package goproc

import (
	"testing"

	"casefile/collectors"
)

// BenchmarkDiscover is the search through all processes of this machine.
func BenchmarkDiscover(b *testing.B) {
	s := &collectors.Session{Roots: collectors.SystemRoots()}
	for b.Loop() {
		found, err := discover(b.Context(), s)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(found)), "processes")
	}
}
