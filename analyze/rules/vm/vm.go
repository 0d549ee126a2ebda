// Package vm reads the settings of a JVM, and writes them as its options take them.
package vm

import (
	"fmt"

	"casefile/analyze"
	"casefile/analyze/say"
)

// Heaps in which object references take more room.
var (
	CompressedOopsLimit = analyze.NewLimit(int64(32<<30), "bytes", "heap from which on object references take 8 "+
		"bytes", "HotSpot: UseCompressedOops")
	CompressedOopsAgain = analyze.NewLimit(
		int64(48<<30),
		"bytes",
		"heap that makes up for larger references",
		"own judgement: room for references of twice the size, and half as much again",
	)
)

// Chosen distinguishes a flag that somebody set from one the JVM chose.
func Chosen(j *analyze.JVM, name string) bool {
	switch j.Flags[name].Origin {
	case "", "default", "ergonomic":
		return false
	}
	return true
}

// RoundUp64 rounds up to whole 64 MB.
func RoundUp64(n float64) int64 {
	const unit = 64 * say.MB
	return (int64(n) + unit - 1) / unit * unit
}

// Xmx writes a size as the option takes it.
func Xmx(n int64) string {
	if n%(1<<30) == 0 {
		return fmt.Sprintf("-Xmx%dg", n>>30)
	}
	return fmt.Sprintf("-Xmx%dm", n>>20)
}
