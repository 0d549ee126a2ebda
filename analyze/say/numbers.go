package say

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// MB is 2^20 bytes.
const MB = 1 << 20

// Number writes a number with three significant digits, no needless zeros, and thin spaces between thousands.
func Number(v float64) string {
	switch a := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "?"
	case a >= 1e15:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case a >= 100:
		return Whole(int64(math.Round(v)))
	case a >= 10:
		return fixed(v, 1)
	case a >= 1:
		return fixed(v, 2)
	}
	return fixed(v, 3)
}

// Whole writes a whole number with thin spaces between thousands, from five digits on.
func Whole(n int64) string {
	s := strconv.FormatInt(n, 10)
	digits := strings.TrimPrefix(s, "-")
	if len(digits) <= 4 {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:len(s)-len(digits)])
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString("\u202f")
		}
		b.WriteRune(d)
	}
	return b.String()
}

// fixed writes so many decimals at most.
func fixed(v float64, decimals int) string {
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if !strings.Contains(s, ".") {
		return s
	}
	if s = strings.TrimRight(strings.TrimRight(s, "0"), "."); s == "-0" {
		return "0"
	}
	return s
}

// Percent writes a share, 0 to 1, with the digits that tell it from none and from all: "58 %", "2.4 %", "99.93 %".
func Percent(share float64) string {
	p := 100 * share
	rest := math.Min(math.Abs(p), math.Abs(100-p))
	if p > 100 {
		rest = p
	}
	switch {
	case math.IsNaN(p) || math.IsInf(p, 0):
		return "? %"
	case p > 0 && p < 0.01:
		return "under 0.01 %"
	case rest >= 10:
		return fixed(math.Floor(p+0.5), 0) + " %"
	case rest >= 1:
		return fixed(p, 1) + " %"
	}
	return fixed(p, 2) + " %"
}

var byteUnits = []string{"B", "KB", "MB", "GB", "TB", "PB", "EB"}

// Bytes writes a size in powers of 1024, as JVM options mean them: "96 MB", "1.5 GB".
func Bytes[T int64 | uint64 | float64](n T) string {
	v, i := float64(n), 0
	for math.Abs(v) >= 1023.95 && i < len(byteUnits)-1 {
		v /= 1024
		i++
	}
	if math.Abs(v) >= 100 || i == 0 {
		return fixed(v, 0) + " " + byteUnits[i]
	}
	return fixed(v, 1) + " " + byteUnits[i]
}

// Took writes a time with the digits that matter, to two units at most: "250 µs", "12.3 ms", "1.4 s", "3 min 5 s".
func Took(d time.Duration) string {
	switch a := d.Abs(); {
	case a == 0:
		return "0 s"
	case a < time.Millisecond:
		return Number(float64(d)/float64(time.Microsecond)) + " µs"
	case a < 999500*time.Microsecond:
		return Number(float64(d)/float64(time.Millisecond)) + " ms"
	case a < 9950*time.Millisecond:
		return fixed(d.Seconds(), 1) + " s"
	case a < 2*time.Minute:
		return fixed(d.Seconds(), 0) + " s"
	case a < 2*time.Hour:
		return twoUnits(int(math.Round(d.Seconds())), 60, "min", "s")
	case a < 48*time.Hour:
		return twoUnits(int(math.Round(d.Minutes())), 60, "h", "min")
	}
	return twoUnits(int(math.Round(d.Hours())), 24, "d", "h")
}

// twoUnits leaves out the smaller one when there is none of it.
func twoUnits(n, per int, large, small string) string {
	if n%per == 0 {
		return fmt.Sprintf("%d %s", n/per, large)
	}
	return fmt.Sprintf("%d %s %d %s", n/per, large, n%per, small)
}

// Seconds is as Took, of a time that may not be known.
func Seconds(d time.Duration) string {
	if d <= 0 {
		return "an unknown time"
	}
	return Took(d)
}

// Count gives "1 thread", "5 threads".
func Count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return Whole(int64(n)) + " " + what + "s"
}

// HowOften gives "once", "3 times".
func HowOften(n int) string {
	if n == 1 {
		return "once"
	}
	return Whole(int64(n)) + " times"
}
