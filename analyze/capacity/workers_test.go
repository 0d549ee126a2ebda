package capacity

import (
	"math/rand/v2"
	"strings"
	"testing"

	"casefile/analyze"
	"casefile/analyze/loss"
)

// Requests hand work to a pool of so many threads and wait for it: M/M/c, of which six dumps are taken. The pool is named where it is busy, and its
// true use is within what is told.
func TestWorkersThatRequestsWaitFor(t *testing.T) {
	const servers, dumps, span = 3, 6, 50.0
	random := rand.New(rand.NewPCG(7, 7)) //nolint:gosec // a property that holds for all
	for _, use := range []float64{0.3, 0.6, 0.85, 0.95} {
		within, named, runs := 0, 0, 300
		for range runs {
			busy, waiting := 0.0, 0.0
			for range dumps {
				// The number of requests at an M/M/c system, by its steady state.
				load, p, at := use*servers, 1.0, []float64{1}
				sum := 1.0
				for k := 1; k < 400; k++ {
					p *= load / float64(min(k, servers))
					at, sum = append(at, p), sum+p
				}
				n, left := 0, random.Float64()*sum
				for left > at[n] && n < len(at)-1 {
					left -= at[n]
					n++
				}
				busy += float64(min(n, servers)) / dumps
				waiting += float64(n) / dumps
			}
			s := statement("n1", loss.Part{Kind: loss.Future, Where: "Shop.mail", Seconds: waiting * span})
			s.Pools = []loss.Crew{{Name: "mail-sender-N", Threads: servers, ThreadSeconds: servers * span, Parts: []loss.Part{
				{Kind: loss.Idle, Seconds: (servers - busy) * span}, {Kind: loss.Sleep, Seconds: busy * span}}}}
			e := Of(machines(5), &analyze.Result{Loss: []*loss.Statement{s}})
			for i := range e.Resources {
				if x := &e.Resources[i]; strings.Contains(x.Name, "mail-sender-N") && x.Used.Low <= use && use <= x.Used.High {
					within++
				}
			}
			if e.First != nil && strings.Contains(e.First.Name, "mail-sender-N") {
				named++
			}
		}
		if within < runs*85/100 || use >= 0.85 && named < runs*85/100 {
			t.Errorf("used %g: within what is told in %d of %d, named in %d", use, within, runs, named)
		}
	}
}

// Workers that do what no request waits for end nothing.
func TestWorkersOfOthers(t *testing.T) {
	s := statement("n1", loss.Part{Kind: loss.Future, Where: "Shop.mail", Seconds: 25})
	s.Pools = []loss.Crew{{Name: "index-N", Threads: 8, ThreadSeconds: 400, Parts: []loss.Part{{Kind: loss.Disk, Seconds: 400}}}}
	for _, x := range Of(machines(5), &analyze.Result{Loss: []*loss.Statement{s}}).Resources {
		if strings.Contains(x.Name, "index-N") {
			t.Errorf("%+v", x)
		}
	}
}

// Where the load is low and most of it waits for something that is not seen, that is said, with what would tell more.
func TestElsewhere(t *testing.T) {
	for _, x := range []struct {
		part loss.Part
		says string
	}{
		{loss.Part{Kind: loss.Socket, Where: "Shop.peer", Seconds: 100}, "100 % of the time of requests at work goes to answers of another service, in Shop.peer"},
		{loss.Part{Kind: loss.Database, Where: "Shop.query", Seconds: 100}, "casefile check --use-app-credentials"},
		{loss.Part{Kind: loss.Socket, Where: "Shop.peer", Seconds: 20}, ""}, // seen two times
		{loss.Part{Kind: loss.Running, Where: "Shop.sum", Seconds: 100}, ""},
	} {
		e := Of(machines(5), &analyze.Result{Loss: []*loss.Statement{statement("n1", x.part)}})
		text := strings.Join(e.Sentences(), "\n")
		if !strings.Contains(text, x.says) || strings.Contains(text, "not seen here") != (x.says != "") {
			t.Errorf("%+v:\n%s", x.part, text)
		}
	}
}
