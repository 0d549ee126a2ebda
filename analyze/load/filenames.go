package load

import (
	"cmp"
	"path"
	"regexp"
	"strings"
)

// dates are the ways in which a file name gives a moment: a number that says when, not whose.
var dates = regexp.MustCompile(`(19|20)\d\d[-_.]?[01]\d[-_.]?[0-3]\d([-_T.]?[0-2]\d[-_.:]?[0-5]\d([-_.:]?[0-5]\d)?)?([-_.]?\d{3})?([-+]\d{4}|Z)?|\b\d{10}(\d{3})?\b`)

// sequenceWords stand before the number of a file within a series.
var sequenceWords = map[string]bool{"": true, "dump": true, "dumps": true, "thread": true, "threads": true, "threaddump": true, "jstack": true, "td": true, "tdump": true,
	"stack": true, "stacks": true, "trace": true, "traces": true, "goroutine": true, "goroutines": true, "javacore": true, "print": true,
	"stackdump": true, "heap": true, "part": true, "no": true, "nr": true, "n": true, "t": true, "sample": true, "snapshot": true, "log": true, "out": true, "txt": true}

// numbers finds the numbers of a name, each with the letters right before it.
var numbers = regexp.MustCompile(`([A-Za-z]*)(\d+)`)

// seriesOf gives the name of a file without what only counts the files of one series or dates them: "wiki1-threads-3.txt" and
// "wiki1-threads-4.txt" are of one, "wiki2-threads-3.txt" is of another. That names are of one series proves nothing yet.
func seriesOf(name string) string {
	base := dates.ReplaceAllString(path.Base(name), "DATE")
	list := numbers.FindAllStringSubmatchIndex(base, -1)
	for i := len(list) - 1; i >= 0; i-- {
		word, digits := base[list[i][2]:list[i][3]], base[list[i][4]:list[i][5]]
		if len(digits) <= 4 && sequenceWords[strings.ToLower(word)] {
			base = base[:list[i][4]] + "N" + base[list[i][5]:]
			break
		}
	}
	return path.Join(dates.ReplaceAllString(path.Dir(name), "DATE"), base)
}

// natural compares names with numbers in them as people do: dump2 before dump10.
func natural(a, b string) int {
	for a != "" && b != "" {
		i, j := digitsOf(a), digitsOf(b)
		if i > 0 && j > 0 {
			x, y := strings.TrimLeft(a[:i], "0"), strings.TrimLeft(b[:j], "0")
			if c := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); c != 0 {
				return c
			}
			a, b = a[i:], b[j:]
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

func digitsOf(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// archiveEnds are what is cut off a name to name what lies in it.
var archiveEnds = []string{".gz", ".zst", ".bz2", ".tar", ".tgz", ".zip", ".json", ".txt", ".log", ".out", ".tdump"}

// stem is a name without its endings.
func stem(name string) string {
	for cut := true; cut; {
		cut = false
		for _, end := range archiveEnds {
			if s, ok := strings.CutSuffix(name, end); ok && s != "" {
				name, cut = s, true
			}
		}
	}
	return name
}
