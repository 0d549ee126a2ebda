// Package envelope takes off what others put before each line of a process's output on its way to a file:
//
//	2025-12-22T13:19:53.123456789Z stdout F [0.005s][info][gc] Using G1      Kubernetes (CRI)
//	{"log":"[0.005s][info][gc] Using G1\n","stream":"stdout","time":"..."}   Docker's json-file, log shippers
//	2025-12-22T13:19:53.123456789Z [0.005s][info][gc] Using G1               docker logs -t, kubectl logs --timestamps
//	[pod/web-1/app] [0.005s][info][gc] Using G1                              kubectl logs --prefix
//	web-1  | [0.005s][info][gc] Using G1                                     docker compose
//	Dec 22 13:19:53 host1 java[4711]: [0.005s][info][gc] Using G1            syslog, journalctl
//	2025-12-22T13:19:53+0100 host1 java[4711]: [0.005s][info][gc] Using G1   the same, short-iso
//	[ 4711.123456] host1 java[4711]: [0.005s][info][gc] Using G1             the same, short-monotonic
//	2025-12-22T13:19:53.12+0100 [APP/PROC/WEB/0] OUT [0.005s][info][gc]      Cloud Foundry
//	2025-12-22T13:19:53.123456+00:00 app[web.1]: [0.005s][info][gc]          Heroku
//	INFO   | jvm 1    | 2025/12/22 13:19:53 | [0.005s][info][gc] Using G1    Java Service Wrapper
//
//	<30>Dec 22 13:19:53 host1 java[4711]: [0.005s][info][gc] Using G1        syslog as it is sent (RFC 3164)
//	<30>1 2025-12-22T13:19:53.1Z host1 java 4711 - - [0.005s][info][gc]      the same (RFC 5424)
//
// Colours and other escape sequences of terminals (ECMA-48) are taken out too. A line in no envelope stays as it is.
package envelope

import "bytes"

// deepest is how many envelopes may lie in one another, as with kubectl logs --prefix --timestamps.
const deepest = 3

// Open gives what is in the line's envelope, the line itself when there is none. A text that was put into JSON may hold
// several lines. The result shares memory with the line, or is new.
func Open(line []byte) []byte { return openAll(line, 0) }

// OpenUncoloured is Open of a line without the byte that begins an escape sequence. A reader that looks for it in all of its buffer saves
// the search in each line.
func OpenUncoloured(line []byte) []byte {
	inner, ok := unwrap(line)
	if !ok {
		return line
	}
	return openAll(inner, 1)
}

// Coloured reports whether a text may hold escape sequences.
func Coloured(text []byte) bool { return bytes.IndexByte(text, escape) >= 0 }

func openAll(line []byte, opened int) []byte {
	for range deepest - opened {
		inner, ok := open(line)
		if !ok {
			break
		}
		line = inner
	}
	return line
}

// open takes one envelope off.
func open(b []byte) ([]byte, bool) {
	if len(b) >= 4 && Coloured(b) {
		return withoutColours(b), true
	}
	return unwrap(b)
}

// unwrap takes one off that is no colour. The first byte decides, for most lines are in none.
func unwrap(b []byte) ([]byte, bool) {
	if len(b) < 4 {
		return b, false
	}
	switch c := b[0]; {
	case c == '{':
		return fromJSON(b)
	case c == '[':
		return bracketed(b)
	case c == '<':
		return prioritised(b)
	case isDigit(c):
		return stamped(b)
	case c >= 'A' && c <= 'Z':
		if rest, ok := syslog(b); ok {
			return rest, true
		}
		if rest, ok := wrapped(b); ok {
			return rest, true
		}
		return compose(b)
	case c >= 'a' && c <= 'z':
		return compose(b)
	}
	return b, false
}

// bracketed reads kubectl's prefix and the kernel's clock of journalctl.
func bracketed(b []byte) ([]byte, bool) {
	if bytes.HasPrefix(b, []byte("[pod/")) {
		i := bytes.IndexByte(b, ']')
		if i < 0 || i > 512 || bytes.IndexByte(b[:i], ' ') >= 0 {
			return b, false
		}
		return bytes.TrimPrefix(b[i+1:], []byte{' '}), true
	}
	if b[1] != ' ' && !isDigit(b[1]) {
		return b, false
	}
	end := bytes.IndexByte(b[:min(len(b), 24)], ']')
	if end < 2 || !isDigit(b[end-1]) || end+2 > len(b) || b[end+1] != ' ' {
		return b, false
	}
	for _, c := range bytes.TrimLeft(b[1:end], " ") {
		if !isDigit(c) && c != '.' {
			return b, false
		}
	}
	return tagged(b[end+2:])
}

// stamped reads what follows a time in RFC 3339. The dates of GC logs of JDK 8 and older end in a colon, not a blank.
func stamped(b []byte) ([]byte, bool) {
	if len(b) < 21 || b[4] != '-' || b[7] != '-' || b[10] != 'T' || b[13] != ':' {
		return b, false
	}
	end := bytes.IndexByte(b[:min(len(b), 40)], ' ')
	if end < 20 || b[end-1] == ':' || (b[end-1] != 'Z' && !zoned(b[19:end])) {
		return b, false
	}
	rest := b[end+1:]
	for _, mark := range streams {
		if inner, ok := bytes.CutPrefix(rest, mark); ok {
			return inner, true
		}
		if string(rest) == string(mark[:len(mark)-1]) { // a blank line whose last blank was cut off
			return nil, true
		}
	}
	if len(rest) > 4 && rest[0] == '[' && rest[1] >= 'A' && rest[1] <= 'Z' { // Cloud Foundry
		if i := bytes.Index(rest[:min(len(rest), 128)], []byte("] ")); i > 0 {
			for _, mark := range foundry {
				if inner, ok := bytes.CutPrefix(rest[i+2:], mark); ok {
					return inner, true
				}
				if string(rest[i+2:]) == string(mark[:len(mark)-1]) {
					return nil, true
				}
			}
		}
	}
	if inner, ok := tagged(rest); ok {
		return inner, true
	}
	return rest, true
}

var (
	streams = [][]byte{[]byte("stdout F "), []byte("stderr F "), []byte("stdout P "), []byte("stderr P ")}
	foundry = [][]byte{[]byte("OUT "), []byte("ERR ")}
)

// zoned says that what follows the seconds ends in an offset from UTC.
func zoned(b []byte) bool {
	i := bytes.LastIndexAny(b, "+-")
	return i >= 0 && len(b)-i >= 5 && len(b)-i <= 6 && isDigit(b[i+1])
}

// tagged takes "host1 java[4711]: " or "app[web.1]: " off.
func tagged(b []byte) ([]byte, bool) {
	end := bytes.Index(b[:min(len(b), 160)], []byte("]: "))
	if end < 0 {
		if len(b) > 2 && bytes.HasSuffix(b, []byte("]:")) && len(b) < 160 { // a blank line: the last blank may be cut off
			end = len(b) - 2
		} else {
			return b, false
		}
	}
	open := bytes.IndexByte(b[:end], '[')
	if open < 1 || bytes.Count(b[:end], []byte{' '}) > 1 || b[open-1] == ' ' {
		return b, false
	}
	return b[min(end+3, len(b)):], true
}

var months = map[string]bool{"Jan": true, "Feb": true, "Mar": true, "Apr": true, "May": true, "Jun": true,
	"Jul": true, "Aug": true, "Sep": true, "Oct": true, "Nov": true, "Dec": true}

// syslog reads "Dec 22 13:19:53 host1 java[4711]: ", also with a fraction of the second; the tag may have no number.
func syslog(b []byte) ([]byte, bool) {
	if len(b) < 20 || b[3] != ' ' || b[6] != ' ' || b[9] != ':' || b[12] != ':' || !months[string(b[:3])] {
		return b, false
	}
	i := 15
	for i < len(b) && (isDigit(b[i]) || b[i] == '.') {
		i++
	}
	if i >= len(b) || b[i] != ' ' {
		return b, false
	}
	rest := b[i+1:]
	if inner, ok := tagged(rest); ok {
		return inner, true
	}
	host, after, ok := bytes.Cut(rest, []byte{' '})
	tag, inner, ok2 := bytes.Cut(after, []byte(": "))
	if !ok2 { // a blank line whose last blank was cut off
		tag, ok2 = bytes.CutSuffix(after, []byte{':'})
	}
	if !ok || !ok2 || len(host) == 0 || len(tag) == 0 || bytes.ContainsAny(tag, " \"[(") {
		return b, false
	}
	return inner, true
}

var wrapperLevels = map[string]bool{"INFO": true, "STATUS": true, "DEBUG": true, "WARN": true, "ERROR": true, "FATAL": true, "ADVICE": true, "NOTICE": true}

// wrapped reads the columns of the Java Service Wrapper: level, source and, in most set-ups, time.
func wrapped(b []byte) ([]byte, bool) {
	level, rest, ok := bytes.Cut(b, []byte("| "))
	if !ok || !wrapperLevels[string(bytes.TrimRight(level, " "))] {
		return b, false
	}
	source, rest, ok := bytes.Cut(rest, []byte("| "))
	if !ok || (!bytes.HasPrefix(source, []byte("jvm ")) && !bytes.HasPrefix(source, []byte("wrapper"))) {
		return b, false
	}
	if at, inner, ok := bytes.Cut(rest, []byte("|")); ok && len(at) >= 19 && len(at) < 28 && at[4] == '/' && at[13] == ':' {
		rest = bytes.TrimPrefix(inner, []byte{' '})
	}
	return rest, true
}

func compose(b []byte) ([]byte, bool) {
	bar := bytes.IndexByte(b[:min(len(b), 64)], '|')
	if bar < 2 || b[bar-1] != ' ' {
		return b, false
	}
	name := bytes.TrimRight(b[:bar], " ")
	if wrapperLevels[string(name)] { // an application's own line
		return b, false
	}
	for _, c := range name {
		if !isDigit(c) && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' && c != '.' {
			return b, false
		}
	}
	return bytes.TrimPrefix(b[bar+1:], []byte{' '}), true
}

func isDigit(c byte) bool { return c-'0' < 10 }
