// Package say puts numbers, sizes, times, shares and names in words, the same way in findings, reports and on the
// terminal.
package say

import "strings"

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

// Article gives "a lock", "an object".
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
