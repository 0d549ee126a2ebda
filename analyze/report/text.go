package report

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"casefile/analyze/say"
)

// clean makes a text of the case safe to print: control characters, the marks
// that reorder text, and bytes that are no UTF-8 become U+FFFD, line ends a space.
func clean(s string) string {
	ok := true
	for _, r := range s {
		ok = ok && printable(r)
	}
	if ok {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t', r == '\r':
			return ' '
		case printable(r):
			return r
		}
		return utf8.RuneError
	}, s)
}

// Plain makes a text of several lines safe to print: each line as the reports have it.
func Plain(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = clean(lines[i])
	}
	return strings.Join(lines, "\n")
}

// printable refuses what XML 1.0 refuses, C1 controls, and bidirectional overrides.
func printable(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0, r == utf8.RuneError, r == 0xfffe, r == 0xffff:
		return false
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x061c, r == 0x2028, r == 0x2029:
		return false
	}
	return true
}

// cut shortens a text to n characters; the last one then is an ellipsis.
func cut(s string, n int) string {
	if n <= 0 || utf8.RuneCountInString(s) <= n {
		return s
	}
	return strings.TrimRight(string([]rune(s)[:n-1]), " ") + "…"
}

// wrap breaks a text into lines of at most width characters, at spaces where it can.
func wrap(s string, width int) []string {
	width = max(width, 8)
	var lines []string
	line, used := "", 0
	for _, word := range unbroken(s) {
		n := utf8.RuneCountInString(word)
		if used > 0 && used+1+n > width {
			lines = append(lines, line)
			line, used = "", 0
		}
		for n > width {
			r := []rune(word)
			lines = append(lines, string(r[:width]))
			word, n = string(r[width:]), n-width
		}
		if used > 0 {
			line, used = line+" ", used+1
		}
		line, used = line+word, used+n
	}
	if used > 0 {
		lines = append(lines, line)
	}
	return lines
}

// unbroken gives the words of a text; a number stays with its unit, and with its thousands.
func unbroken(s string) (words []string) {
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) && r != '\u202f' && r != '\u00a0' }) {
		if last := len(words) - 1; last >= 0 && units[word] && strings.ContainsAny(words[last][:1], "0123456789") {
			words[last] += " " + word
			continue
		}
		words = append(words, word)
	}
	return words
}

var units = map[string]bool{"%": true, "µs": true, "ms": true, "s": true, "min": true, "h": true, "B": true, "KB": true, "MB": true, "GB": true, "TB": true}

// count is "1 thread", "12 threads".
func count[N int | int64](n N, one string) string {
	if n == 1 {
		return "1 " + one
	}
	many := one + "s"
	if strings.HasSuffix(one, "ch") {
		many = one + "es"
	}
	return say.Whole(int64(n)) + " " + many
}

// millis writes a duration in milliseconds.
func millis(d time.Duration) string { return say.Number(float64(d) / float64(time.Millisecond)) }

// between is a time range in UTC: "2025-11-23 08:05:10 – 08:06:10 UTC (60 s)".
func between(from, to time.Time) string {
	if from.IsZero() {
		return ""
	}
	if !to.After(from) {
		return say.UTC(from, time.DateTime)
	}
	from, to = from.UTC(), to.UTC()
	text := from.Format(time.DateTime)
	switch {
	case to.Format(time.DateOnly) == from.Format(time.DateOnly):
		text += " – " + say.UTC(to, time.TimeOnly)
	default:
		text += " – " + say.UTC(to, time.DateTime)
	}
	return text + " (" + say.Took(to.Sub(from).Round(time.Second)) + ")"
}

func joined(sep string, parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, sep)
}
