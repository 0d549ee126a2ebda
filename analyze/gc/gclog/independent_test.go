package gclog

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"casefile/analyze/gc"
)

// The counts here are made another way than the parser's: over the whole text at once, with regular expressions.

// counted is what an independent count found.
type counted struct {
	durations []time.Duration
	full      int
}

func (c counted) sum() (d time.Duration) {
	for _, v := range c.durations {
		d += v
	}
	return d
}

var (
	unifiedPause = regexp.MustCompile(`(?m)Pause ([A-Z][A-Za-z]*)[^\n]* ([0-9]+\.[0-9]+)ms\r?$`)

	concurrentRecord = regexp.MustCompile(`\[(CMS|GC )-?concurrent-[^\]]*\]( \[Times: [^\]]*\])?`)
	histogramLine    = regexp.MustCompile(`(?m)^ *\d+: +\d+ +\d+  .*$`)
	bracket          = regexp.MustCompile(`\[|,? (\d+[.,]\d+) secs\]|\]`)
	pauseRecord      = regexp.MustCompile(`^(Full )?GC(--)?(pause|remark|cleanup|Before|Adaptive|AdaptiveSize|[ (\[:\r\n\d-])`)
	notAPause        = regexp.MustCompile(`^GC( Worker| ref-proc|-)[^-]`)
	openj9Pause      = regexp.MustCompile(`<exclusive-end [^>]*durationms="([0-9.]+)"|<time totalms="([0-9.]+)"`)
	vendorPause      = regexp.MustCompile(`(?m)^<GC: .* ([0-9.]+) >|<GC\(\d+\): freed .* in (\d+) ms|\d: (?:[Pp]\w+ )?(?:Nursery |nursery )?[GOY]C \d.*(?:pauses|,) ([0-9.]+) ms`)
	shenandoah8      = regexp.MustCompile(`\[Pause [^\]]*, ([0-9.]+) ms\]`)
)

// countUnified counts the pause lines of -Xlog output.
func countUnified(text string) (c counted) {
	for _, m := range unifiedPause.FindAllStringSubmatch(text, -1) {
		if strings.Contains(m[0], "(ZWorker#") || strings.Contains(m[0], "(VM Thread)") {
			continue // what one thread did of a pause
		}
		c.durations = append(c.durations, number(m[2], time.Millisecond))
		if m[1] == "Full" {
			c.full++
		}
	}
	return c
}

// countLegacy counts the records of pauses before JDK 9 by matching brackets over the whole text.
func countLegacy(text string) (c counted) {
	for _, m := range shenandoah8.FindAllStringSubmatch(text, -1) {
		c.durations = append(c.durations, number(m[1], time.Millisecond))
	}
	text = concurrentRecord.ReplaceAllString(histogramLine.ReplaceAllString(text, ""), "")
	var open []string
	for _, m := range bracket.FindAllStringSubmatchIndex(text, -1) {
		switch t := text[m[0]:m[1]]; {
		case t == "[":
			if !strings.HasPrefix(text[m[1]:], "0x") {
				open = append(open, text[m[1]:min(len(text), m[1]+16)])
			}
		case len(open) > 0:
			name := open[len(open)-1]
			open = open[:len(open)-1]
			if t != "]" && pauseRecord.MatchString(name) && !notAPause.MatchString(name) {
				c.durations = append(c.durations, number(text[m[2]:m[3]], time.Second))
				if strings.HasPrefix(name, "Full") {
					c.full++
				}
			}
		}
	}
	return c
}

func countJ9(text string) (c counted) {
	for _, m := range openj9Pause.FindAllStringSubmatch(text, -1) {
		c.durations = append(c.durations, number(m[1]+m[2], time.Millisecond))
	}
	return c
}

// countVendors counts the collections of JRockit, IBM and HP-UX logs.
func countVendors(text string) (c counted) {
	for _, m := range vendorPause.FindAllStringSubmatch(text, -1) {
		unit := time.Millisecond
		if m[1] != "" {
			unit = time.Second
		}
		c.durations = append(c.durations, number(m[1]+m[2]+m[3], unit))
	}
	return c
}

func number(s string, unit time.Duration) time.Duration {
	f, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
	if err != nil {
		panic(err)
	}
	return time.Duration(math.Round(f * float64(unit)))
}

// agrees compares a log with an independent count: number, sum and percentiles, to the nanosecond.
func agrees(t *testing.T, name string, l *gc.Log, c counted) {
	t.Helper()
	if l.Total.Count != int64(len(c.durations)) || l.Total.Sum != c.sum() {
		t.Errorf("%s: %d pauses of %v, counted %d of %v", name, l.Total.Count, l.Total.Sum, len(c.durations), c.sum())
		return
	}
	if len(c.durations) == 0 {
		return
	}
	slices.Sort(c.durations)
	for _, p := range []float64{50, 90, 99, 99.9, 100} {
		rank := int(math.Ceil(p/100*float64(len(c.durations)) - 1e-9))
		if got, want := l.Total.Percentile(p), c.durations[max(rank, 1)-1]; got != want {
			t.Errorf("%s: p%v is %v, counted %v", name, p, got, want)
		}
	}
}
