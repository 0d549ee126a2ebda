package capacity

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"casefile/analyze/applog"
)

// A log of ten requests a second, 50 ms each, that is written up to a moment.
func evenLog(t *testing.T, from time.Time, written time.Duration) *applog.Access {
	t.Helper()
	var b strings.Builder
	for at := time.Duration(0); at < written; at += 100 * time.Millisecond {
		fmt.Fprintf(&b, "[%s] - http-nio-8090-exec-1 10.0.0.9 GET /pages/view HTTP/1.1 200 50ms 100 - browser\n", from.Add(at).Format("02/Jan/2006:15:04:05 -0700"))
	}
	a, err := applog.ReadAccess("logs/access.log", strings.NewReader(b.String()), applog.Known())
	if err != nil || a.Unparsed > 0 {
		t.Fatal(a.Unparsed, err)
	}
	a.InMilliseconds()
	return a
}

// What a server has not written yet is no quiet, and what came after its last request is.
func TestTraffic(t *testing.T) {
	began := time.Date(2024, 3, 1, 9, 0, 0, 0, time.UTC)
	for _, x := range []struct {
		name     string
		from, to time.Duration // of the capture
		written  time.Duration
		rate     float64
	}{
		{"all is written", 10 * time.Second, 25 * time.Second, 40 * time.Second, 10},
		{"the capture begins within a second", 10*time.Second + 700*time.Millisecond, 25*time.Second + 300*time.Millisecond, 40 * time.Second, 10},
		{"in blocks: the last 9 s are not there", 10 * time.Second, 25 * time.Second, 16 * time.Second, 10},
		{"nothing is written yet", 10 * time.Second, 25 * time.Second, 9 * time.Second, 0},
	} {
		got := trafficIn(evenLog(t, began, x.written), began.Add(x.from), began.Add(x.to))
		if got.rate() != x.rate {
			t.Errorf("%s: %+v, want %g a second", x.name, got, x.rate)
		}
		if x.rate > 0 && (got.busy.Low < 0.4999 || got.busy.Low > 0.5001 || got.busy.High < got.busy.Low) {
			t.Errorf("%s: %+v in work, want 0.5", x.name, got.busy)
		}
	}
}
