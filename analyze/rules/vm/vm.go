// Package vm reads the settings of a JVM, and writes them as its options take them.
package vm

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

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

// Int reads a flag of the JVM; ok is false when VM.flags was not captured or does not have it.
func Int(j *analyze.JVM, name string) (int64, bool) {
	v, err := strconv.ParseUint(j.Flags[name].Value, 10, 64)
	if err != nil || v > 1<<62 { // "no limit" is the largest number of its type
		return 0, false
	}
	return int64(v), true
}

// Chosen tells a flag that somebody set from one the JVM chose.
func Chosen(j *analyze.JVM, name string) bool {
	switch j.Flags[name].Origin {
	case "", "default", "ergonomic":
		return false
	}
	return true
}

// parseSize reads "512m", "2g", "1073741824"; 0 when it is none.
func Size(s string) int64 {
	unit := int64(1)
	if len(s) > 0 {
		if i := strings.IndexByte("kmgt", s[len(s)-1]|0x20); i >= 0 {
			unit, s = 1<<(10*(i+1)), s[:len(s)-1]
		}
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil && unit == 1 {
		n, err = strconv.ParseInt(s, 10, 62)
	}
	if err != nil || n < 0 {
		return 0
	}
	return n * unit
}

// hotspot is the version of an old HotSpot, "24.80-b11": it counts otherwise than the JDK that it is part of.
var hotspot = regexp.MustCompile(`^(\d+)\.\d+-b\d+`)

// Major gives the feature release of a version, 8 for "1.8.0_392" and for "25.392-b08", 17 for "17.0.15+6"; 0: it is
// none.
func Major(version string) int {
	if m := hotspot.FindStringSubmatch(version); m != nil {
		n, _ := strconv.Atoi(m[1]) // digits
		switch {
		case n >= 25:
			return 8
		case n >= 21:
			return 7
		}
		return 6
	}
	version = strings.TrimPrefix(version, "1.")
	end := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(version)
	}
	n, err := strconv.Atoi(version[:end])
	if err != nil {
		return 0
	}
	return n
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
