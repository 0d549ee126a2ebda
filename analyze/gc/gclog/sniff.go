package gclog

import (
	"bufio"
	"bytes"
	"io"
	"slices"

	"casefile/bundle/format/envelope"
)

// Sniff reports whether the first bytes of a file look like a GC log, plain or compressed. Some kilobytes are enough; a log
// that begins with much other output may be missed.
func Sniff(head []byte) bool {
	plain, err := plainText(bufio.NewReader(bytes.NewReader(head)))
	if err != nil {
		return false
	}
	const enough = 64 << 10
	text, _ := io.ReadAll(io.LimitReader(plain, enough)) // a cut archive gives what it has
	ds := decorators{cache: map[string]*field{}}
	for line := range bytes.Lines(text) {
		inner := envelope.Open(trimEnds(bytes.TrimRight(line, "\n")))
		for part := range bytes.SplitSeq(inner, []byte{'\n'}) { // only JSON holds several
			if sniffLine(&ds, trimEnds(part)) {
				return true
			}
		}
	}
	return false
}

// CountLines counts the lines of a plain text that are of a GC log and hardly of anything else.
func CountLines(text []byte) (n int) {
	ds := decorators{cache: map[string]*field{}}
	for line := range bytes.Lines(text) {
		if sniffLine(&ds, trimEnds(envelope.Open(trimEnds(bytes.TrimRight(line, "\r\n"))))) {
			n++
		}
	}
	return n
}

// sniffLine reports whether a line is of a GC log and hardly of anything else.
func sniffLine(ds *decorators, line []byte) bool {
	for _, f := range formats {
		if f.begins(ds, line) {
			return true
		}
	}
	return false
}

// beginsUnifiedLog reports whether a line is of -Xlog's gc or safepoint tags.
func beginsUnifiedLog(ds *decorators, line []byte) bool {
	d, msg, ok := ds.readBehind(line)
	if !ok {
		return numberedGC(line)
	}
	stamped := d.timed || d.wall.given()
	switch {
	case numberedGC(msg):
		return true
	case d.tags&tagGC != 0, d.tags&tagSafepoint != 0 && stamped:
		return d.level != levelNone || stamped
	case d.tags&tagNone != 0 && stamped: // the tags are not among the decorators
		return anySafepoint(msg)
	}
	return false
}

// anySafepoint reports whether a message is of the safepoint tag.
func anySafepoint(msg []byte) bool {
	return has(msg, "Safepoint \"") || has(msg, "Entering safepoint region: ") || has(msg, "Total time for which application threads") ||
		has(msg, "Application time: ")
}

// beginsLegacy reports whether a line is of a log of JDK 8 or older.
func beginsLegacy(_ *decorators, line []byte) bool {
	w, _, timed, rest := lineStamps(line)
	stamped := timed || w.given()
	switch {
	case has(rest, "[GC ") || has(rest, "[GC[") || has(rest, "[Full GC") || has(rest, "[CMS-concurrent") || has(rest, "[ParNew"):
		return true
	case stamped && (has(rest, "[Pause ") || has(rest, "[Concurrent ") || has(rest, "[GC")):
		return true
	case has(rest, "Total time for which application threads were stopped") || (stamped && has(rest, "Application time: ")):
		return true
	case numberedGC(rest):
		return true
	}
	return has(rest, "CommandLine flags: -XX:") || bytes.Contains(rest, []byte(" GC log file created "))
}

// collectionWords are how messages of -Xlog:gc begin behind the number of their collection, "GC(4) ".
var collectionWords = []string{"Pause ", "Concurrent ", "Garbage Collection (", "Minor Collection (", "Major Collection (", "Y: ", "y: ", "O: ", "o: "}

// numberedGC tells a message of unified logging that stands without its tags.
func numberedGC(msg []byte) bool {
	if !has(msg, "GC(") {
		return false
	}
	n := len("GC(")
	for n < len(msg) && isDigit(msg[n]) {
		n++
	}
	rest, ok := bytes.CutPrefix(msg[n:], []byte(") "))
	if !ok || n == len("GC(") {
		return false
	}
	return slices.ContainsFunc(collectionWords, func(w string) bool { return has(rest, w) })
}
