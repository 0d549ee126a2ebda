package load

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
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

// refuseInterleaved says why the GC log of a stream is not judged.
func (b *builder) refuseInterleaved(name string) {
	b.refuse(fmt.Sprintf("%s: the lines of several JVMs are mixed: their uptimes jump to and fro; the log is not timed. Take the log of each by itself, "+
		"or with its name before each line (kubectl logs --prefix, docker compose logs, -Xlog decorators hostname,pid)", name))
}
