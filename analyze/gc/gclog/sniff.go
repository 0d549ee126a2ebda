package gclog

import (
	"bufio"
	"bytes"
	"io"
	"slices"

	"casefile/bundle/format/envelope"
)

// Sniff tells whether the first bytes of a file look like a GC log, plain or compressed. Some kilobytes are enough; a log
// that begins with much other output may be missed.
func Sniff(head []byte) bool {
	plain, err := plainText(bufio.NewReader(bytes.NewReader(head)))
	if err != nil {
		return false
	}
	const enough = 64 << 10
	text, _ := io.ReadAll(io.LimitReader(narrowed(plain), enough)) // a cut archive gives what it has
	ds := decorators{cache: map[string]tags{}}
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

// sniffLine tells whether a line is of a GC log and hardly of anything else.
func sniffLine(ds *decorators, line []byte) bool {
	switch t := trimLeft(line); {
	case has(t, "<GC("), has(t, "<AF["), has(t, "<GC["), has(line, "<GC: "):
		return true
	case bytes.Contains(line[:min(len(line), 64)], []byte("[memory ]")) && (bytes.Contains(line, []byte("heap size:")) || bytes.Contains(line, []byte("GC "))):
		return true
	}
	if d, msg, ok := ds.readBehind(line); ok {
		if numberedGC(msg) {
			return true
		}
		if d.tags&tagGC != 0 || (d.tags&tagSafepoint != 0 && (d.timed || d.wall.given())) {
			return d.level != levelNone || d.timed || d.wall.given()
		}
		return false
	}
	_, _, timed, rest := lineStamps(line)
	switch {
	case has(rest, "[GC ") || has(rest, "[GC[") || has(rest, "[Full GC") || has(rest, "[CMS-concurrent") || has(rest, "[ParNew"):
		return true
	case timed && (has(rest, "[Pause ") || has(rest, "[Concurrent ") || has(rest, "[GC")):
		return true
	case has(rest, "Total time for which application threads were stopped") || (timed && has(rest, "Application time: ")):
		return true
	case numberedGC(rest):
		return true
	case has(rest, "<verbosegc "):
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
