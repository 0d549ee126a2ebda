package report

import (
	"io"
	"testing"
)

func BenchmarkHTML(b *testing.B) {
	c, r := sampleCase(b)
	for b.Loop() {
		if err := HTML(io.Discard, c, r, sampleMeta()); err != nil {
			b.Fatal(err)
		}
	}
}
