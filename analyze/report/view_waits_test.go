package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/database"
	"casefile/analyze/waits"
	"casefile/bundle/format/sessions"
)

// chained is the detail of a finding about a chain.
type chained []waits.Link

func (c chained) Links() []waits.Link { return c }

// withWaits adds a chain and what a server said to the sample; the names would be markup.
func withWaits(r *analyze.Result) {
	since := began.Add(-50 * time.Second)
	snap := &sessions.Snapshot{Taken: began, Server: sessions.Server{Product: "postgresql", Address: "db1:5432", Identity: "1"}, Sessions: []sessions.Session{
		{ID: 4711, Client: "10.0.0.2:50100", State: sessions.IdleInTransaction, StateSince: since, Statement: "UPDATE <accounts> SET a = ?"},
		{ID: 5001, Client: "10.0.0.1:50001", State: sessions.Active, QuerySince: since, BlockedBy: []int64{4711},
			Lock: &sessions.Lock{Relation: "public.accounts", Type: "transactionid"}, Statement: "SELECT 1"},
		{ID: 5002, Client: "10.0.0.1:50002", State: sessions.Idle, StateSince: since, Statement: "COMMIT"},
		{ID: 12, Kind: "autovacuum worker", State: sessions.Active},
	}, Hidden: []sessions.Hidden{{What: "clients of other users", Grant: "GRANT pg_monitor TO casefile"}}}
	r.Waits = waits.New(nil, []*database.Look{{Source: "nodes/wiki-1/database/db1/sessions/dump-01.json", Node: "wiki-1", Snapshot: snap}}, nil, nil)
	chain := chained{{Kind: waits.OfThread, Name: "20 request threads on n1 & n3"}, {Kind: waits.OfLock, Name: "row lock on table <accounts>"},
		{Kind: waits.OfSession, Name: "session 4711", Sub: "idle in transaction for 50 s"}, {Kind: waits.OfThread, Name: "n2 wiki, exec-7 in ExportJob.run", By: "the only thread left"}}
	r.Findings = append([]analyze.Finding{{ID: "db-lock-wait", Severity: analyze.Critical, Confidence: analyze.High, Title: "20 request threads wait",
		Nodes: []string{"wiki-1"}, Chain: waits.Line(chain), Detail: chain}}, r.Findings...)
}

func TestWaitsAreShown(t *testing.T) {
	c, r := sampleCase(t)
	withWaits(r)
	var page, terminal, summary bytes.Buffer
	if err := errors.Join(HTML(&page, c, r, Meta{}), Terminal(&terminal, c, r, Options{}), Markdown(&summary, c, r, Meta{})); err != nil {
		t.Fatal(err)
	}
	text := page.String()
	for _, want := range []string{`id="waits"`, `class="chart chain"`, "row lock on table &lt;accounts&gt;", "step unsure", "the only thread left", "idle in transaction",
		"held by 4711", "UPDATE &lt;accounts&gt; SET a = ?", "GRANT pg_monitor TO casefile"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, none := range []string{">5002<", "autovacuum"} {
		if strings.Contains(text, none) {
			t.Errorf("the page has %q: an idle session, or a worker of the server", none)
		}
	}
	svg := text[strings.Index(text, `<svg class="chart chain"`):]
	svg = svg[:strings.Index(svg, "</svg>")+len("</svg>")]
	dec := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the picture is not well-formed: %v", err)
		}
	}
	joined := strings.Join(strings.Fields(terminal.String()), " ")
	if want := "-> session 4711 idle in transaction for 50 s -> n2 wiki, exec-7 in ExportJob.run"; !strings.Contains(joined, want) {
		t.Errorf("the terminal lacks %q:\n%s", want, terminal.String())
	}
	if !strings.Contains(summary.String(), "session 4711 idle in transaction for 50 s") {
		t.Errorf("the summary lacks the chain:\n%s", summary.String())
	}
}
