// Package say puts numbers, sizes, times, shares and names in words, the same way in findings, reports and on the
// terminal.
package say

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Count gives "1 thread", "5 threads".
func Count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func CountOf(n, all int, what string) string { return fmt.Sprintf("%d of %s", n, Count(all, what)) }

func Percent(share float64) string {
	if share > 0 && share < 0.01 {
		return "under 1%"
	}
	return fmt.Sprintf("%.0f%%", math.Floor(100*share+0.5))
}

func Seconds(d time.Duration) string {
	switch {
	case d <= 0:
		return "an unknown time"
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f min", d.Minutes())
}

// Quote bounds a name: some products put a whole URL into it.
func Quote(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, name)
	if len(name) > 60 {
		name = strings.ToValidUTF8(name[:57], "") + "..."
	}
	return name
}

// Short leaves class and method of a Java function, package and function of a Go one.
func Short(fn string) string {
	if i := strings.LastIndexByte(fn, '/'); i >= 0 || strings.Contains(fn, "(*") {
		return fn[i+1:]
	}
	method := strings.LastIndexByte(fn, '.')
	if method < 0 {
		return fn
	}
	return fn[strings.LastIndexByte(fn[:method], '.')+1:]
}

// ShortClass leaves the last part of a class's name, and what it is about for a class object.
func ShortClass(class string) string {
	if of, ok := strings.CutPrefix(class, "java.lang.Class for "); ok {
		return "class " + ShortClass(of)
	}
	class = class[strings.LastIndexByte(class, '.')+1:]
	for _, inner := range []string{"$NonfairSync", "$FairSync", "$Sync"} {
		class = strings.TrimSuffix(class, inner)
	}
	return class
}

// List joins words: "a, b and c".
func List(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// Sentence begins with a capital where a word of ours comes first, not a thread's name.
func Sentence(text string) string {
	if rest, ok := strings.CutPrefix(text, "all "); ok {
		return "All " + rest
	}
	return text
}

func Article(noun string) string {
	if strings.ContainsAny(noun[:min(len(noun), 1)], "AEIOUaeiou") {
		return "an " + noun
	}
	return "a " + noun
}

// Brief shortens the classes in the words for a wait.
func Brief(text string) string {
	words := strings.Split(text, " ")
	for i, w := range words {
		if strings.Count(w, ".") > 1 {
			words[i] = ShortClass(w)
		}
	}
	return strings.Join(words, " ")
}

const MB = 1 << 20

// bytesOf gives a size as people and JVM options write it: "96 MB", "1.5 GB".
func Bytes[T int64 | uint64 | float64](n T) string {
	switch f := float64(n); {
	case f >= 10<<30:
		return fmt.Sprintf("%.0f GB", f/(1<<30))
	case f >= 1<<30:
		return strings.Replace(fmt.Sprintf("%.1f GB", f/(1<<30)), ".0 ", " ", 1)
	case f >= 10*MB:
		return fmt.Sprintf("%.0f MB", f/MB)
	case f >= MB:
		return strings.Replace(fmt.Sprintf("%.1f MB", f/MB), ".0 ", " ", 1)
	default:
		return fmt.Sprintf("%.0f KB", f/1024)
	}
}

// Took gives a pause, or any time, with the digits that matter.
func Took(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.2f ms", d.Seconds()*1000)
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", d.Seconds()*1000)
	case d < 2*time.Hour:
		return Seconds(d)
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f hours", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}

func HowOften(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
