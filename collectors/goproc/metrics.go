package goproc

import (
	"bytes"
	"context"
	"errors"
	"mime"
	"net/http"

	"casefile/bundle/format/entries"
	"casefile/collectors"
)

const metricsItem = entries.ItemMetrics

// pages are where services show metrics of their runtime.
var pages = []struct {
	path, name, suffix string
	begins             []string // one of them begins the page
}{
	{"/debug/vars", "vars", "json", []string{"{"}},
	{"/debug/metrics", "debug-metrics", "txt", []string{"{", "#", "go_"}},
	{"/metrics", "prom", "txt", []string{"#", "go_", "process_"}},
}

// metrics takes those pages that the service has, at each dump round.
type metrics struct {
	*capture
	gone map[string]bool // not served here, or not to be asked again
	got  int
	err  error // of the last page that was served but failed
}

func newMetrics(c *capture) *metrics { return &metrics{capture: c, gone: map[string]bool{}} }

func (m *metrics) round(ctx context.Context, k int) {
	for _, p := range pages {
		if m.gone[p.path] {
			continue
		}
		a, err := m.client.get(ctx, request{path: p.path, deadline: min(m.deadline(), m.limits.index), limit: m.limits.metrics})
		if err == nil && !isPage(a, p.begins) {
			err = errForeign
		}
		if err != nil {
			m.gone[p.path] = true
			if !elsewhere(err) {
				m.err = err
			}
			continue
		}
		m.got++
		_ = m.Add(collectors.Evidence{Name: entries.GoMetrics.Of(p.name + "." + entries.GoRound(k) + "." + p.suffix), Item: metricsItem,
			Source: m.source(p.path), Started: a.started, Ended: a.ended}, a.body)
	}
}

// elsewhere tells that the service simply has no such page.
func elsewhere(err error) bool {
	var no *refusal
	return errors.As(err, &no) && no.status < http.StatusInternalServerError || same(errForeign, errRedirect)(err)
}

func isPage(a answer, begins []string) bool {
	if kind, _, _ := mime.ParseMediaType(a.kind); kind == "text/html" {
		return false
	}
	text := bytes.TrimLeft(a.body, " \r\n\t")
	for _, b := range begins {
		if bytes.HasPrefix(text, []byte(b)) {
			return true
		}
	}
	return false
}

// close notes what is missing: nothing when there was a page.
func (m *metrics) close() {
	switch {
	case m.err != nil:
		m.lost(metricsItem, m.err)
	case m.got == 0 && m.Plan.Dumps > 0:
		m.Absent(metricsItem, entries.NotThere, `the service serves neither /debug/vars nor /metrics next to its pprof; import _ "expvar" to have the first`)
	}
}
