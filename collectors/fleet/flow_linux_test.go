package fleet

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// trickle serves a bundle in pieces, with pauses; after so many pieces of it nothing comes any more, and the link stays.
func trickle(path string, piece int64, pause time.Duration, pieces int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f, err := os.Open(path)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer f.Close()
		w.Header().Set("Trailer", "Casefile-Stream")
		w.Header().Set("Casefile-Generation", "1")
		for ; pieces > 0; pieces-- {
			n, err := io.CopyN(w, f, piece)
			if n == 0 || err != nil {
				w.Header().Set("Casefile-Stream", "end")
				return
			}
			_ = http.NewResponseController(w).Flush()
			select {
			case <-time.After(pause):
			case <-r.Context().Done():
				return
			}
		}
		<-r.Context().Done()
	}
}

// A node of which bytes come is waited for beyond the limit, and one of which none come is not.
func TestNodesAreWaitedForWhileBytesCome(t *testing.T) {
	c := newCluster(t, "slow", "silent")
	dir := t.TempDir()
	const piece, pause = 128 << 10, 100 * time.Millisecond
	for name, pieces := range map[string]int{"slow": 1 << 20, "silent": 3} {
		path := prepared(t, dir, name)
		c.simulateAs(name, path, trickle(path, piece, pause, pieces))
	}
	began := time.Now()
	r := c.run(t.Context(), func(o *Options) {
		times := defaultTimes // the bundle takes 4 s
		times.whole, times.end, times.halt, times.flow = 2*time.Second, time.Second, 500*time.Millisecond, time.Second
		o.times = &times
	})
	if r.err != nil {
		t.Fatal(r.err)
	}
	gaps := map[string]bool{}
	for _, g := range r.Reader.Manifest.Gaps() {
		gaps[g.Node] = true
	}
	if gaps["slow"] || !gaps["silent"] {
		t.Errorf("gaps of %v after %v", gaps, time.Since(began))
	}
	entries := 0
	for _, e := range r.Reader.Manifest.Entries {
		if e.Node == "slow" && filepath.Ext(e.Path) == ".bin" {
			entries++
		}
	}
	if entries != 5 {
		t.Errorf("%d of 5 entries of the slow node", entries)
	}
}
