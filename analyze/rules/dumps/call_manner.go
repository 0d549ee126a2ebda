package dumps

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/rules/libs"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

var manyCalls = analyze.NewLimit(10.0, "calls a second", "of one thread in one place: many short calls, not a slow one",
	"own judgement: a tenth of a second is no slow call, and a page that makes ten in turn is slow by their number")

// callRate is how often a second a thread comes back from the place where it was seen in this dump and is seen again in the next: the median,
// by how often it was given a CPU. Threads that read rows are left out, they come back for each part of one answer. 0: not known.
func (v *view) callRate(list []views.Sighting) float64 {
	at := map[*threads.Thread]bool{}
	for _, s := range list {
		at[s.Thread] = true
	}
	var rates []float64
	for _, s := range list {
		tr := v.Series.TrackOf(s.Thread)
		if s.Dump+1 >= v.Dumps() || !at[tr.Obs[s.Dump+1]] || readsRows(s.Thread.Stack.Frames) {
			continue
		}
		n, span := tr.Switches(s.Dump, s.Dump+1), v.Series.Span(s.Dump, s.Dump+1)
		if n >= 0 && span > 0 {
			rates = append(rates, float64(n)/span.Seconds())
		}
	}
	if 3*len(rates) < len(list) {
		return 0
	}
	slices.Sort(rates)
	return rates[len(rates)/2]
}

// rowReads are methods in which a driver takes the rows of an answer, by the ends of their names.
var rowReads = []string{".next", ".receiveTupleV3", ".nextRow", ".readRow", ".fetch", ".fetchNext", ".readRows"}

func readsRows(frames []*threads.Frame) bool {
	for _, f := range frames {
		if !threads.InLibrary(f.Func) {
			return false
		}
		if slices.ContainsFunc(rowReads, func(end string) bool { return strings.HasSuffix(f.Func, end) }) {
			return true
		}
	}
	return false
}

// borrowing is what the pool does in most of some threads before it hands a connection out; nil: they wait for what the program asked.
func borrowing(list []views.Sighting) (most *libs.Borrowing) {
	n := 0
	for _, s := range list {
		if b := libs.Borrows(s.Thread.Stack.Frames); b != nil {
			n++
			most = b
		}
	}
	if 2*n <= len(list) {
		return nil
	}
	return most
}

// whose names the call and the one that made it: "Catalogue.item, called by Catalogue.page".
func whose(site *threads.Frame, frames []*threads.Frame) string {
	own := threads.Calls(frames)
	i := slices.IndexFunc(own, func(f *threads.Frame) bool { return f.Func == site.Func })
	for _, f := range own[i+1:] {
		if f.Func != site.Func {
			return say.Short(site.Func) + ", called by " + say.Short(f.Func)
		}
	}
	return say.Short(site.Func)
}

// askOnce advises about many short calls.
func askOnce(a *asked, rate float64) analyze.Advice {
	how := "one call for many (a bulk or batch interface of the other side), or a cache"
	if strings.HasPrefix(a.peer, "the database") {
		how = "a join, an IN list or a batch (Hibernate: JOIN FETCH, @BatchSize or hibernate.default_batch_fetch_size; JDBC: executeBatch), or a cache"
	}
	return analyze.Advice{
		Action: fmt.Sprintf("Ask %s once for what is asked one by one in %s: %s. Each call is short; what costs is their number, about %s a second in "+
			"each thread.", cmp.Or(a.peer, "the other side"), whose(a.site, a.sightings[0].Thread.Stack.Frames), how, say.Number(rate)),
		Effect: "One way to the other side and back, where there are hundreds now.",
		Risk:   codeChange,
		Verify: fmt.Sprintf("Fewer than %d threads are found under %s at the same load.", views.DownstreamThreads.Value, say.Short(a.site.Func)),
	}
}
