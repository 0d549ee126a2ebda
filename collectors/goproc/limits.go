package goproc

import (
	"fmt"
	"time"
)

// limits bound what one exchange may take of time and memory.
type limits struct {
	// probe is the deadline of one question to a socket that may be pprof.
	probe time.Duration
	// index is that of the index, and of a metrics page, of a known service.
	index time.Duration
	// request is that of one profile or dump; tail is how long after the end of
	// the series one may still run.
	request, tail time.Duration
	// wrapUp is how long an exchange may go on after the capture was ended early.
	wrapUp time.Duration
	// body is the size of one profile or dump; the runtime cuts full goroutine
	// dumps at the same size. page is that of the index, metrics of one page of
	// metrics. All in bytes.
	body, page, metrics int64
}

func defaultLimits() limits {
	return limits{probe: 500 * time.Millisecond, index: 3 * time.Second, request: 10 * time.Second, tail: 5 * time.Second,
		wrapUp: 2 * time.Second, body: 64 << 20, page: 256 << 10, metrics: 16 << 20}
}

// inMiB writes a size for people.
func inMiB(bytes int64) string { return fmt.Sprintf("%.3g MiB", float64(bytes)/(1<<20)) }
