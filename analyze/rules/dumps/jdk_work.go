package dumps

import (
	"strings"

	"casefile/analyze/rules/views"
	"casefile/analyze/threads"
)

// jdkWork is code of the runtime that burns CPU for the program: what it is, and what the program can do. The
// runtime's own code is never to
// be changed.
var jdkWork = []struct{ prefix, what, advice string }{
	{"java.util.regex.", "a regular expression (java.util.regex)", "Simplify the regular expression that %s " +
		"matches with: nested or overlapping " +
		"repetition takes time that doubles with each character. Bound the length of what it matches."},
	{"java.util.HashMap", "a HashMap", "Find out what %s keeps in the map: keys whose hash codes collide make a " +
		"list of it, and a map that several threads " +
		"change without a lock can send a reader in a circle. Give the keys a good hashCode, or use a " +
		"ConcurrentHashMap."},
	{"java.util.concurrent.ConcurrentHashMap", "a ConcurrentHashMap", "Find out what %s keeps in the map: keys " +
		"whose hash codes collide make a list of it."},
	{"java.util.TreeMap", "a TreeMap", "Find out how large the map is that %s works on, and whether several " +
		"threads change it without a lock."},
	{"com.sun.org.apache.xerces.", "an XML parser", "Bound the size and the entities of the XML that %s reads " +
		"(secure processing), and read it as a stream."},
	{"com.sun.org.apache.xalan.", "an XSL transformation", "Compile the style sheet that %s uses once " +
		"(Templates), and bound its input."},
	{"com.sun.org.apache.xpath.", "an XPath search", "Compile the XPath expression that %s uses once, and search " +
		"a part of the document."},
	{"java.util.zip.", "compression (java.util.zip)", "Bound the size of what %s packs or unpacks, or lower the " +
		"level of compression."},
	{"java.util.ComparableTimSort.", "a sort", "Bound the number of elements that %s sorts, or let the database " +
		"sort them."},
	{"java.util.TimSort.", "a sort", "Bound the number of elements that %s sorts, or let the database sort them."},
	{"java.math.", "arithmetic with large numbers", "Bound the size of the numbers that %s computes with."},
	{"java.text.", "formatting of text", "Keep the formats that %s makes anew, and use java.time's."},
	{"sun.security.", "cryptography", "Keep what %s computes (sessions, keys), and check the cost factor of " +
		"password hashes."},
	{"com.sun.crypto.", "cryptography", "Keep what %s computes (sessions, keys), and check the cost factor of " +
		"password hashes."},
	{"java.io.ObjectInputStream", "deserialisation of Java objects", "Bound the size of the objects that %s " +
		"reads, and keep what was read."},
	{"java.lang.Throwable.fillInStackTrace", "stack traces of exceptions", "Find which exceptions %s throws again " +
		"and again, and ask before instead of catching."},
	{"java.util.LinkedList.", "a LinkedList", "Find how long the list is that %s walks through by index; use an " +
		"ArrayList or an iterator."},
}

// runtimeWork reports what the runtime does for the program on most of the stacks of some threads: -1 nothing that
// the table knows.
func runtimeWork(list []views.Sighting) int {
	counts := make([]int, len(jdkWork))
	seen := 0
	for _, s := range list {
		if len(s.Thread.Stack.Frames) == 0 {
			continue
		}
		seen++
		if k := workOf(s.Thread.Stack.Frames); k >= 0 {
			counts[k]++
		}
	}
	for k, n := range counts {
		if 2*n > seen {
			return k
		}
	}
	return -1
}

// workOf looks at the frames above the program's own.
func workOf(frames []*threads.Frame) int {
	for _, f := range frames {
		if !threads.InRuntime(f.Func) {
			return -1
		}
		for k := range jdkWork {
			if strings.HasPrefix(f.Func, jdkWork[k].prefix) {
				return k
			}
		}
	}
	return -1
}
