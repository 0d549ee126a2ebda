package forms

import (
	"bytes"
	"regexp"

	"casefile/analyze/gc/gclog"
	"casefile/bundle/format/envelope"
)

// headers are the lines of dumps that nothing else looks like: of threads, of goroutines, of whole dumps, of a javacore.
var headers = []struct {
	first byte
	line  *regexp.Regexp
}{
	{'"', regexp.MustCompile(`^"[^"]*".*( tid=0x| nid=| prio=\d| Id=\d| #\d| J9VMThread:)`)},
	{'F', regexp.MustCompile(`^Full thread dump `)},
	{'g', regexp.MustCompile(`^goroutine (\d+ (gp=\S+ m=\S+ (mp=\S+ )?)?\[.*\]:|profile: total \d)`)},
	{'#', regexp.MustCompile(`^#\d+ "`)},
	{'T', regexp.MustCompile(`^Thread (\d+|t@\d+): \(state = `)},
}

var (
	javacoreLine  = regexp.MustCompile(`^(\d[A-Z]{2}[A-Z0-9]+|NULL|0SECTION) `)
	goroutineSet  = regexp.MustCompile(`^\d+ @( 0x[0-9a-f]+)+`)
	jsonDumpBegin = regexp.MustCompile(`^\s*\{\s*"threadDump"`)
)

// evidence counts the lines that look like those of dumps and GC logs.
func evidence(text []byte) int {
	n := gclog.CountLines(text)
	for line := range bytes.Lines(text) {
		inner := envelope.Open(bytes.TrimRight(line, " \t\r\n"))
		if header(inner) {
			n++
		}
	}
	if jsonDumpBegin.Match(text[:min(len(text), 4<<10)]) {
		n += bytes.Count(text, []byte(`"tid":`)) + 1
	}
	return n
}

// header reports whether a line is one of those of dumps that nothing else looks like.
func header(line []byte) bool {
	if len(line) < 4 {
		return false
	}
	for _, h := range headers {
		if line[0] == h.first {
			return h.line.Match(line)
		}
	}
	return (line[0]-'0' < 10 || line[0] == 'N') && (javacoreLine.Match(line) || goroutineSet.Match(line))
}
