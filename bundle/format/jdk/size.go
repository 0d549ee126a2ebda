package jdk

import (
	"math"
	"strconv"
	"strings"
)

// Size reads a size as options of a JVM take it, "512m", "2G", "1073741824", in bytes; 0 when it is none.
func Size(s string) int64 {
	unit := int64(1)
	if len(s) > 0 {
		if i := strings.IndexByte("kmgt", s[len(s)-1]|0x20); i >= 0 {
			unit, s = 1<<(10*(i+1)), s[:len(s)-1]
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/unit {
		return 0
	}
	return n * unit
}
