package forms

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// marks are how lines of dumps begin; what stands before them on most of these lines was put there.
var marks = regexp.MustCompile(`"[^"]+" (#\d|\[?0x|daemon |prio=|tid=|nid=|Id=|J9VMThread:)|"[^"]+"( daemon)? prio=\d|Full thread dump |goroutine \d+ (gp=\S+ m=\S+ (mp=\S+ )?)?\[|goroutine profile: total |` +
	`\d[A-Z]{2}[A-Z0-9]{3,} |0SECTION `)

// hints are texts of which every dump has one among its lines: without them marks, a slow pattern, is not asked.
var hints = [][]byte{[]byte("prio="), []byte("tid="), []byte("nid="), []byte("Id="), []byte("J9VMThread:"), []byte("\" #"), []byte("\" 0x"), []byte("\" [0x"),
	[]byte("\" daemon "), []byte("Full thread dump "), []byte("goroutine "), []byte("SECTION "), []byte("XMTHREAD"), []byte("XESTACKTRACE"), []byte("TISIGINFO")}

func hinted(text []byte) bool {
	return slices.ContainsFunc(hints, func(h []byte) bool { return bytes.Contains(text, h) })
}

// inPrefix is a text with the same before each line but for its numbers: blanks, "> ", "12: ", what a logger puts there.
func inPrefix(head []byte) start {
	if head = wholeLines(head); bytes.Contains(head, []byte(dumpKey)) || !hinted(head) {
		return nil
	}
	seen, samples := map[string]int{}, map[string][]byte{}
	best := ""
	for line := range bytes.Lines(head) {
		if bytes.HasPrefix(line, []byte("\tat ")) || bytes.HasPrefix(line, []byte("\t- ")) { // as they are: most lines of a dump
			continue
		}
		at := marks.FindIndex(line)
		if at == nil || at[0] > longestPrefix || len(seen) > mostShapes || !utf8.Valid(line[:at[0]]) {
			continue
		}
		shape := shapeOf(line[:at[0]])
		if seen[shape]++; seen[shape] > seen[best] {
			best, samples[shape] = shape, line[:at[0]]
		}
	}
	if best == "" {
		return nil
	}
	return ifBetter(head, eachLine(without(samples[best])))
}

const longestPrefix, mostShapes = 200, 50

// without takes what looks like a sample, which is UTF-8, off the beginning of a line; of a blank line its last blanks may be gone.
func without(sample []byte) func([]byte) []byte {
	before := regexp.MustCompile("^(?:" + shapeOf(sample) + "|" + shapeOf(bytes.TrimRight(sample, " \t")) + `\s*$)`)
	return func(b []byte) []byte {
		if end := before.FindIndex(b); end != nil {
			return b[min(end[1], len(bytes.TrimRight(b, "\r\n"))):]
		}
		return b
	}
}

var numbers = regexp.MustCompile(`[ \t]*\d+`)

// shapeOf makes a pattern of what stands before a line: any number for each of its numbers.
func shapeOf(before []byte) string {
	var out strings.Builder
	at := 0
	for _, m := range numbers.FindAllIndex(before, -1) {
		out.WriteString(regexp.QuoteMeta(string(before[at:m[0]])))
		out.WriteString(`[ \t]*\d+`)
		at = m[1]
	}
	rest := before[at:]
	out.WriteString(regexp.QuoteMeta(string(rest)))
	return out.String()
}
