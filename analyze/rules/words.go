package rules

import (
	"fmt"
	"math"
	"strings"
	"time"

	"casefile/analyze/threads"
)

// needsDumps says how to record what a thread rule needs.
func needsDumps(n int) string {
	if n <= 1 {
		return "a thread dump: casefile collect"
	}
	return fmt.Sprintf("at least %d thread dumps some seconds apart: casefile collect --dumps 6", n)
}

// count gives "1 thread", "5 threads".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func countOf(n, all int, what string) string { return fmt.Sprintf("%d of %s", n, count(all, what)) }

func percent(share float64) string {
	if share > 0 && share < 0.01 {
		return "under 1%"
	}
	return fmt.Sprintf("%.0f%%", math.Floor(100*share+0.5))
}

func seconds(d time.Duration) string {
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

// quote bounds a name: some products put a whole URL into it.
func quote(name string) string {
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

// short leaves class and method of a Java function, package and function of a Go one.
func short(fn string) string {
	if i := strings.LastIndexByte(fn, '/'); i >= 0 || strings.Contains(fn, "(*") {
		return fn[i+1:]
	}
	method := strings.LastIndexByte(fn, '.')
	if method < 0 {
		return fn
	}
	return fn[strings.LastIndexByte(fn[:method], '.')+1:]
}

// shortClass leaves the last part of a class's name, and what it is about for a class object.
func shortClass(class string) string {
	if of, ok := strings.CutPrefix(class, "java.lang.Class for "); ok {
		return "class " + shortClass(of)
	}
	class = class[strings.LastIndexByte(class, '.')+1:]
	for _, inner := range []string{"$NonfairSync", "$FairSync", "$Sync"} {
		class = strings.TrimSuffix(class, inner)
	}
	return class
}

// whereIs names the program's own innermost call, or the innermost at all.
func whereIs(t *threads.Thread, w threads.Wait) string {
	if w.Site != nil {
		return short(w.Site.Func)
	}
	return short(t.Stack.Top())
}

// list joins words: "a, b and c".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// sentence begins with a capital where a word of ours comes first, not a thread's name.
func sentence(text string) string {
	if rest, ok := strings.CutPrefix(text, "all "); ok {
		return "All " + rest
	}
	return text
}

func article(noun string) string {
	if strings.ContainsAny(noun[:min(len(noun), 1)], "AEIOUaeiou") {
		return "an " + noun
	}
	return "a " + noun
}

// brief shortens the classes in the words for a wait.
func brief(text string) string {
	words := strings.Split(text, " ")
	for i, w := range words {
		if strings.Count(w, ".") > 1 {
			words[i] = shortClass(w)
		}
	}
	return strings.Join(words, " ")
}
