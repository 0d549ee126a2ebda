package dumps

import (
	"fmt"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/loss"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

// fewCalls is a number of calls that run at once whatever the number of those that wait for them: a limit.
type fewCalls struct {
	n       int
	waiting int // threads, in the dump with most
	client  clientLimit
}

// clientLimit is what bounds how many calls of a client run at once.
type clientLimit struct{ prefix, client, setting, from string }

// clientLimits are by a method on the stack of a call that runs, as the clients' manuals have them.
var clientLimits = []clientLimit{
	{"okhttp3.", "OkHttp", "Dispatcher.setMaxRequestsPerHost", "5 (the default)"},
	{"org.asynchttpclient.", "AsyncHttpClient", "maxConnectionsPerHost", "not limited (the default)"},
	{"org.eclipse.jetty.client.", "Jetty's HttpClient", "HttpClient.setMaxConnectionsPerDestination", "64 (the default)"},
	{"org.apache.hc.", "HttpClient 5", "setMaxConnPerRoute of the connection manager", "5 (the default)"},
	{"org.apache.http.", "HttpClient 4", "setMaxConnPerRoute", "2 (the default)"},
	{"io.vertx.", "Vert.x's HttpClient", "PoolOptions.setHttp1MaxSize", "5 (the default)"},
}

// fewAtOnce finds out whether the threads at work for a wait are the same number in every dump, fewer than those that wait; nil: they are not, or
// they do not ask one peer by one client.
func (w *place) fewAtOnce(list []loss.Sighting) *fewCalls {
	const dumps, least = 3, 2
	if w.v.Dumps() < dumps || !w.Requests {
		return nil
	}
	calls := slices.DeleteFunc(slices.Clone(list), func(s views.Sighting) bool {
		p := w.v.Series.Wait(s.Thread)
		return w.client(s) == nil || !p.Busy()
	})
	counts := w.v.PerDump(calls)
	n := slices.Max(counts)
	if n < least {
		return nil
	}
	full := 0
	for i, c := range counts {
		if w.PerDump[i] <= c {
			return nil
		}
		if c == n {
			full++
		}
	}
	if 4*len(counts) > 5*full { // one of five may have been looked at between two calls
		return nil
	}
	peak, _ := w.Peak()
	return &fewCalls{n: n, waiting: peak, client: *w.client(calls[0])}
}

func (w *place) client(s views.Sighting) *clientLimit {
	for _, f := range s.Thread.Stack.Frames {
		for i := range clientLimits {
			if strings.HasPrefix(f.Func, clientLimits[i].prefix) {
				return &clientLimits[i]
			}
		}
	}
	return nil
}

func (f *fewCalls) story() string {
	return fmt.Sprintf(" There are %d of them in the dumps, however many wait: %s lets no more run at once, and keeps the others in a queue of its own, which is on no stack.",
		f.n, f.client.client)
}

func (f *fewCalls) advice(w *place) analyze.Advice {
	return analyze.Advice{
		Action: fmt.Sprintf("Let %s run as many calls at once as %s needs: %d run, %d wait. First see whether the other side answers as fast as it should; it gets more load.",
			f.client.client, w.at(), f.n, f.waiting-f.n),
		Setting: f.client.setting, From: f.client.from, To: fmt.Sprint(max(f.waiting+f.waiting/4, 2*f.n)),
		Effect: "Calls begin when they are made.", Risk: "The other side gets as many calls at once.", Rollback: "The old limit.",
		Verify: "At the same load more than " + say.Count(f.n, "call") + " run at once, and fewer threads stand in " + w.at() + ".",
	}
}
