package load

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"casefile/analyze/gc"
	"casefile/analyze/say"
)

var uptime = regexp.MustCompile(`^(?:\[[^\]]*\])?\[(\d{1,9}\.\d{3})s\]`)

// interleavedClocks reports whether the uptimes of a GC log jump to and fro, as those of two JVMs in one stream do. A restart is a jump
// back that does not soon come again; a log with its newest line first only goes back.
func interleavedClocks(head []byte) bool {
	const slack, soon, enough = 1.0, 20, 3 // s, lines, times
	var before, from float64
	jumps, since := 0, soon+1
	for line := range bytes.Lines(head) {
		m := uptime.FindSubmatch(line)
		if m == nil {
			continue
		}
		at, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			continue
		}
		switch since++; {
		case at < before-slack:
			from, since = before, 0
		case since <= soon && at >= from:
			jumps++
			since = soon + 1
		}
		before = at
	}
	return jumps >= enough
}

// overlapping gives the first run of a log that began before the one before it had ended: no restart, but the log of another JVM.
func overlapping(log *gc.Log) (*gc.Run, bool) {
	const slack = 5 * time.Second // a clock that was set
	for i := 1; i < len(log.Runs); i++ {
		before, r := &log.Runs[i-1], &log.Runs[i]
		if r.Resumed || before.WallZero.IsZero() || r.WallZero.IsZero() || !say.Zoned(r.WallZero) {
			continue
		}
		ended, began := before.WallZero.Add(before.Last-before.Base), r.WallZero.Add(r.First-r.Base)
		if began.Before(ended.Add(-slack)) {
			return r, true
		}
	}
	return nil, false
}

// refuseOverlapping says why a log of several JVMs, one after the other, is not judged.
func (b *builder) refuseOverlapping(source string, r *gc.Run) {
	b.refuse(fmt.Sprintf("%s: the logs of several JVMs follow one another: the one that begins in line %d ran at the same time as the one before it; "+
		"the log is not timed. Give the log of each by itself", source, r.FirstLine))
}

// refuseInterleaved says why the GC log of a stream is not judged.
func (b *builder) refuseInterleaved(name string) {
	b.refuse(fmt.Sprintf("%s: the lines of several JVMs are mixed: their uptimes jump to and fro; the log is not timed. Take the log of each by itself, "+
		"or with its name before each line (kubectl logs --prefix, docker compose logs, -Xlog decorators hostname,pid)", name))
}
