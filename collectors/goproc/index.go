package goproc

import (
	"bytes"
	"regexp"
	"strconv"
)

// index is what the page /debug/pprof/ lists: how many records each profile has.
// For goroutines that is their number, counted without looking at a stack.
type index map[string]int

// A row of the page, as Go has written it since 1.5:
//
//	<tr><td align=right>7<td><a href="goroutine?debug=1">goroutine</a>         up to 1.10
//	<tr><td>7</td><td><a href=goroutine?debug=1>goroutine</a></td></tr>        1.11 to 1.15
//	<tr><td>7</td><td><a href='goroutine?debug=1'>goroutine</a></td></tr>      since 1.16
var indexRow = regexp.MustCompile(`<td[^>]*>\s*(\d{1,9})\s*(?:</td>)?\s*<td>\s*<a href=["']?([A-Za-z0-9_./-]+)\?debug=1["']?>`)

// parseIndex returns what the page lists; ok is false when it is not the page of
// net/http/pprof.
func parseIndex(page []byte) (x index, ok bool) {
	if !bytes.Contains(page, []byte("<title>/debug/pprof/</title>")) {
		return nil, false
	}
	x = index{}
	for _, m := range indexRow.FindAllSubmatch(page, -1) {
		n, err := strconv.Atoi(string(m[1]))
		if err == nil {
			x[string(m[2])] = n
		}
	}
	_, goroutines := x["goroutine"]
	return x, goroutines
}
