package page

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/answer"
	"casefile/analyze/compare"
	"casefile/analyze/report"
	"casefile/analyze/rules"
	"casefile/analyze/say"
	"casefile/analyze/shelf"
)

// Policies of what a page may do: nothing from elsewhere, forms to this server. A report names the hashes of its own style
// and script in a second policy, and both count.
var (
	policy       = "default-src 'none'; style-src " + hashOf(listCSS) + "; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	reportPolicy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func utc(t time.Time) string {
	if t.IsZero() {
		return "not known"
	}
	return say.UTC(t, "2006-01-02 15:04")
}

// Pages are the pages of a shelf.
type Pages struct {
	shelf *shelf.Shelf
	meta  report.Meta
	busy  chan struct{}
	wake  chan struct{}
}

// Limits of the pages.
const (
	mostAtOnce  = 8   // requests that are answered at a time
	mostHits    = 200 // findings of a search
	mostQuery   = 200 // characters of what is looked for
	longestWork = 10 * time.Minute
)

// NewPages makes the pages of a shelf; version is that of casefile.
func NewPages(s *shelf.Shelf, version string) *Pages {
	return &Pages{s, report.Meta{Tool: "casefile", Version: version, Rules: rules.All()}, make(chan struct{}, mostAtOnce), make(chan struct{}, 1)}
}

// Handler serves the pages: "/", "/report/ID" and "/compare?before=ID&after=ID".
func (p *Pages) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.list)
	mux.HandleFunc("GET /report/{id}", p.report)
	mux.HandleFunc("GET /compare", p.compare)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case p.busy <- struct{}{}:
			defer func() { <-p.busy }()
		default:
			w.Header().Set("Retry-After", "5")
			refuse(w, http.StatusServiceUnavailable, "busy with other requests, try again")
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), longestWork)
		defer cancel()
		mux.ServeHTTP(w, r.WithContext(ctx))
	})
}

// Learn reads what is not known of the captures, one by one, and again when the list shows others, until the context ends. It
// returns what last kept it from remembering.
func (p *Pages) Learn(ctx context.Context) (last error) {
	for {
		list, err := p.shelf.List()
		if err != nil {
			last = err
		}
		for _, it := range list {
			if err := p.shelf.Learn(ctx, it); err != nil && ctx.Err() == nil {
				last = err
			}
		}
		select {
		case <-p.wake:
		case <-ctx.Done():
			return last
		}
	}
}

// more has Learn look for what is new.
func (p *Pages) more() {
	select {
	case p.wake <- struct{}{}:
	default: // it will
	}
}

// row is one capture of the list.
type row struct {
	shelf.Item
	shelf.Summary
	Known bool
}

// Level is the class of its mark.
func (r *row) Level() string {
	switch {
	case !r.Known:
		return "open"
	case r.Failed != "" || r.Kind == analyze.CannotTell:
		return "unknown"
	case r.Worst.AtLeast(analyze.Warning):
		return string(r.Worst)
	}
	return "fine"
}

// hit is a finding that a search has found.
type hit struct {
	Capture *row
	answer.FindingLine
}

// listView is what the list shows.
type listView struct {
	Query   string
	Rows    []row
	Hits    []hit
	More    int
	Unknown int // captures that are still to be read
}

func (p *Pages) list(w http.ResponseWriter, r *http.Request) {
	items, err := p.shelf.List()
	if err != nil {
		failed(w, err)
		return
	}
	v := &listView{Query: strings.TrimSpace(answer.Text(r.URL.Query().Get("q"), mostQuery))}
	for _, it := range items {
		one := row{Item: it}
		if one.Summary, one.Known = p.shelf.Summary(it); !one.Known {
			v.Unknown++
		}
		v.Rows = append(v.Rows, one)
	}
	if v.Query != "" {
		v.search()
	}
	if v.Unknown > 0 {
		p.more()
		w.Header().Set("Refresh", "5")
	}
	render(w, "casefile: captures", v.node())
}

// search looks for all words of the query in the findings of all captures.
func (v *listView) search() {
	words := strings.Fields(strings.ToLower(v.Query))
	for i := range v.Rows {
		for _, f := range v.Rows[i].Findings {
			text := strings.ToLower(strings.Join(append([]string{f.ID, string(f.Severity), f.Title, f.Impact, f.Subject,
				v.Rows[i].Name, v.Rows[i].Cluster}, f.Nodes...), " "))
			found := true
			for _, word := range words {
				found = found && strings.Contains(text, word)
			}
			switch {
			case !found:
			case len(v.Hits) == mostHits:
				v.More++
			default:
				v.Hits = append(v.Hits, hit{&v.Rows[i], f})
			}
		}
	}
}

func (p *Pages) report(w http.ResponseWriter, r *http.Request) {
	c, err := p.open(r, r.PathValue("id"))
	if err != nil {
		failed(w, err)
		return
	}
	m := p.meta
	m.Title, m.BundleName, m.Cited = c.Case.ID, c.Name, c.Cited(r.Context(), c.Result.Findings)
	if m.Review, err = report.NewReview(c.Case, c.Result, nil, nil); err != nil {
		failed(w, err)
		return
	}
	var b bytes.Buffer
	shown(w, &b, report.HTML(&b, c.Case, c.Result, m))
}

func (p *Pages) compare(w http.ResponseWriter, r *http.Request) {
	var runs []compare.Run
	for _, side := range []string{"before", "after"} {
		c, err := p.open(r, r.URL.Query().Get(side))
		if err != nil {
			failed(w, err)
			return
		}
		runs = append(runs, compare.Run{Name: c.Name, Case: c.Case, Result: c.Result})
	}
	c, err := compare.New(r.Context(), runs[:1], runs[1:])
	if err != nil {
		failed(w, err)
		return
	}
	var b bytes.Buffer
	shown(w, &b, report.CompareHTML(&b, c, p.meta))
}

var errNoCapture = errors.New("no such capture; it may have been moved or removed")

// open opens the capture of an id: nothing but what the list has can be named.
func (p *Pages) open(r *http.Request, id string) (*answer.Capture, error) {
	list, err := p.shelf.List()
	if err != nil {
		return nil, err
	}
	for _, it := range list {
		if it.ID == id {
			return p.shelf.Open(r.Context(), it)
		}
	}
	return nil, errNoCapture
}

func shown(w http.ResponseWriter, b *bytes.Buffer, err error) {
	if err != nil {
		failed(w, err)
		return
	}
	w.Header().Set("Content-Security-Policy", reportPolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}

func failed(w http.ResponseWriter, err error) {
	code := http.StatusInternalServerError
	if errors.Is(err, errNoCapture) {
		code = http.StatusNotFound
	}
	refuse(w, code, answer.Text(err.Error(), 500))
}
