package collections

import (
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/bundle/format/jdk"
)

// holding leaves the advice that can be followed: a setting has a value that is none of nothing, it changes something, and the JVM at hand
// has the option.
func (v *gcView) holding(list []analyze.Advice) []analyze.Advice {
	return slices.DeleteFunc(list, func(a analyze.Advice) bool {
		return emptySize(a.To) || emptySize(a.From) || emptySize(a.Action) || hardlyChanges(a.From, a.To) || !v.hasOptions(a)
	})
}

// emptySize reports whether a text names a size of nothing, as when what it was worked out from is not known.
func emptySize(text string) bool {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,;:()=", r) }) {
		for _, option := range []string{"-Xmx", "-Xms", "-Xmn"} {
			word = strings.TrimPrefix(word, option)
		}
		if word == "0" || word == "0m" || word == "0g" || word == "0k" {
			return true
		}
	}
	return strings.Contains(" "+text, " 0 KB")
}

// leastChange is the share by which a size has to differ for a change to be worth a restart.
const leastChange = 0.05

func hardlyChanges(from, to string) bool {
	for _, option := range []string{"-Xmx", "-Xmn"} {
		a, b := sizeOf(from, option), sizeOf(to, option)
		if a > 0 && b > 0 {
			return float64(max(a-b, b-a)) < leastChange*float64(a)
		}
	}
	return false
}

func sizeOf(text, option string) int64 {
	_, rest, ok := strings.Cut(text, option)
	if !ok {
		return 0
	}
	word, _, _ := strings.Cut(rest, " ")
	return jdk.Size(word)
}

func (v *gcView) hasOptions(a analyze.Advice) bool {
	return v.Log.Collector.HotSpot() || !strings.Contains(a.Setting+a.To+a.Action, "-XX:") && !strings.Contains(a.Action+a.To, "-Xlog")
}
