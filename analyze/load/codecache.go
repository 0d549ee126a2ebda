package load

import (
	"bufio"
	"io"
	"strconv"
	"strings"

	"casefile/analyze"
)

// ParseCodeCache reads Compiler.codecache. JDK 17 and 25 write:
//
//	CodeHeap 'profiled nmethods': size=120032Kb used=1715Kb max_used=1715Kb free=118316Kb
//	 compilation: enabled                                             |  CodeCache: size=245764Kb, used=3417Kb, max_used=3443Kb, free=242344Kb
//	              stopped_count=0, restarted_count=0                  |   total_blobs=1682, nmethods=1226, adapters=361, full_count=0
//	 full_count=0                                                     |  Compilation: enabled, stopped_count=0, restarted_count=0
//
// A line that sums up the parts is no part.
func ParseCodeCache(source string, r io.Reader) (*analyze.CodeCache, error) {
	c := &analyze.CodeCache{Source: source, Compiles: true}
	sc := bufio.NewScanner(r)
	for n := 1; sc.Scan(); n++ {
		line := sc.Text()
		name, rest, _ := strings.Cut(line, ": ")
		if strings.HasPrefix(name, "CodeHeap ") || name == "CodeCache" && len(c.Heaps) == 0 {
			h := analyze.CodeHeap{Name: name, Line: n}
			h.Size, h.Used, h.MaxUsed, h.Free = kilobytes(rest, "size="), kilobytes(rest, " used="), kilobytes(rest, "max_used="), kilobytes(rest, "free=")
			c.Heaps = append(c.Heaps, h)
		}
		if strings.EqualFold(strings.TrimSpace(name), "compilation") {
			c.State, _, _ = strings.Cut(rest, ", ")
			c.Compiles, c.StateLine = strings.HasPrefix(rest, "enabled"), n
		}
		if k, ok := amount(line, "full_count="); ok {
			c.Full, c.FullLine = int(k), n
		}
		if k, ok := amount(line, "stopped_count="); ok {
			c.Stopped = int(k)
		}
	}
	return c, sc.Err()
}

// amount reads the number behind a key.
func amount(text, key string) (int64, bool) {
	_, rest, ok := strings.Cut(text, key)
	if !ok {
		return 0, false
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(rest)
	}
	n, err := strconv.ParseInt(rest[:end], 10, 32)
	return n, err == nil
}

func kilobytes(text, key string) int64 {
	n, _ := amount(text, key)
	return n << 10
}
