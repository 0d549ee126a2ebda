package analyze

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"casefile/analyze/gc"
	"casefile/bundle/format/jdk"
)

// Major is the feature release of the JVM, 17 for "17.0.15+6" and 8 for "1.8.0_392"; 0 unknown.
func (j *JVM) Major() int { return jdk.Feature(j.Version) }

// Int reads a flag; ok is false when the flags were not captured, or do not have it.
func (j *JVM) Int(flag string) (n int64, ok bool) {
	v, err := strconv.ParseUint(j.Flags[flag].Value, 10, 64)
	if err != nil || v > 1<<62 { // "no limit" is the largest number of its type
		return 0, false
	}
	return int64(v), true
}

// Option gives what follows the beginning of an option on the command line, "2g" for "-Xmx". The last one counts, as it
// does for the JVM.
func (j *JVM) Option(prefix string) (value string, ok bool) {
	for _, o := range slices.Backward(j.Options) {
		if value, ok = strings.CutPrefix(o, prefix); ok {
			return value, true
		}
	}
	return "", false
}

// MaxHeap is the maximum heap in bytes: of the flags, else of the command line, else as a GC log states it; 0 unknown.
func (j *JVM) MaxHeap() int64 {
	if n, ok := j.Int("MaxHeapSize"); ok && n > 0 {
		return n
	}
	if text, ok := j.Option("-Xmx"); ok {
		if n := jdk.Size(text); n > 0 {
			return n
		}
	}
	for _, log := range j.GC {
		if log.Heap.MaxStated {
			return log.Heap.Max
		}
	}
	return 0
}

// Collector is the collector of the JVM by its GC log, else by its flags; empty: neither tells.
func (j *JVM) Collector() gc.Collector {
	for _, log := range j.GC {
		if log.Collector != "" {
			return log.Collector
		}
	}
	return gc.CollectorByFlags(func(flag string) bool { return j.Flags[flag].Value == "true" })
}

var release = regexp.MustCompile(`[\w-]*[-_/]v?(\d+\.\d+(?:\.\d+)*[\w.-]*?)(?:\.jar|\.war|/|$)`)

// Release is the number of a release in the path that the application was started from, "shop-1.4.2.jar" or
// "/opt/atlassian/confluence-8.5.1"; of a bare Tomcat that of the server, by its log. With the entry and the line (0: not one line) that names it;
// empty: none does.
func (j *JVM) Release() (number, source string, line int) {
	if j.Perf != nil {
		command, _ := j.Perf.Str("sun.rt.javaCommand")
		word, _, _ := strings.Cut(command, " ")
		started := strings.Contains(word, "/") || strings.HasSuffix(word, ".jar") || strings.HasSuffix(word, ".war")
		if m := release.FindStringSubmatch(word); m != nil && started {
			return m[1], j.PerfSource, 0
		}
	}
	for i, o := range j.Options {
		if v, ok := strings.CutPrefix(o, "-Dcatalina.home="); ok {
			if m := release.FindStringSubmatch(v); m != nil {
				return m[1], j.OptionsSource, i + 2 // the head of the entry comes first
			}
		}
	}
	if j.App == "tomcat" {
		return j.Tomcat()
	}
	return "", "", 0
}
