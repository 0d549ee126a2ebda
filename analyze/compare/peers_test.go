package compare

import (
	"bytes"
	"math"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	calls "casefile/analyze/waits"
	"casefile/bundle/format/series"
	format "casefile/bundle/format/waits"
)

var (
	databaseAt = netip.MustParseAddrPort("10.0.0.9:5432")
	clientAt   = netip.MustParseAddrPort("10.0.0.7:44444")
)

const (
	roundsASecond = 5
	listener      = 7 // a thread that serves nothing, and reads from the database for ever
)

// lookAtPeers adds to a run what its threads were seen at between the dumps: as many at the database as given, and one more
// that always stands there, for each MB that the run allocates in a second.
func lookAtPeers(t *testing.T, r *Run, perMB float64, seed uint64) {
	t.Helper()
	j := r.Case.Nodes[0].JVMs[0]
	rate, ok := perSecond((&subject{run: r, node: r.Case.Nodes[0], jvm: j}).megabytes())
	if !ok {
		t.Fatal("no allocation")
	}
	threadsAt := perMB * rate.Value()
	for _, d := range j.Dumps.Dumps {
		table := &calls.Table{Source: "waits.tsv", Taken: d.Time}
		for _, th := range d.Threads {
			if len(th.Stack.Frames) > 0 && th.Stack.Frames[0].Func == "java.net.SocketInputStream.socketRead0" {
				table.Calls = append(table.Calls, calls.Call{NID: th.NID, Name: "recvfrom", Conn: calls.ConnOf(clientAt, databaseAt)})
			}
		}
		j.Calls = append(j.Calls, table)
	}
	random := &simulation{r: rand.New(rand.NewPCG(seed, 5))}
	at := format.Object{Kind: format.TCP, Local: clientAt, Remote: databaseAt}
	e := series.NewEncoder(series.Header{})
	seen, rounds := 0, 0
	first := j.Dumps.Dumps[0].Time
	for second := range 150 {
		e.Add(first.Add(time.Duration(second)*time.Second), map[string]float64{format.RoundsSoFar: float64(rounds),
			at.Peer(): float64(seen), format.Accepted: float64(2 * rounds)})
		for range roundsASecond {
			seen += 1 + random.poisson(threadsAt)
			rounds++
		}
	}
	var err error
	if j.Peers, err = series.Read(bytes.NewReader(e.Bytes())); err != nil {
		t.Fatal(err)
	}
	j.Samples = &calls.Samples{Rounds: rounds, List: []calls.Sample{{Count: rounds,
		Call: calls.Call{NID: listener, Name: "recvfrom", Conn: calls.ConnOf(clientAt, databaseAt)}}}}
}

// Time at the database is counted between the dumps where they say which peer it is, without the threads that serve nothing.
func TestTimeAtPeers(t *testing.T) {
	p := programs["waiter"]
	p.noAccess = true
	perMB := p.db / p.allocated
	wait := func(change func(b, a *Run)) *Reading {
		for _, r := range sides(t, p, p, change).Readings {
			if r.Name == "database_wait_per_mb" {
				return r
			}
		}
		t.Fatal("the wait for the database is not measured")
		return nil
	}
	byDumps := wait(nil)
	sampled := wait(func(b, a *Run) {
		lookAtPeers(t, b, perMB, 1)
		lookAtPeers(t, a, 1.2*perMB, 2)
	})
	if sampled.Status != Changed || math.Abs(sampled.Change-0.2) > 0.1 || sampled.Half > 0.7*byDumps.Half {
		t.Errorf("by samples %+.3f, half width %.3f (%s); by dumps %.3f", sampled.Change, sampled.Half, sampled.Status, byDumps.Half)
	}
	if one := sampled.Before.Value; math.Abs(one-perMB) > perMB/20 {
		t.Errorf("%.4f s a MB, %.4f are", one, perMB)
	}
	oneSide := wait(func(b, _ *Run) { lookAtPeers(t, b, 3*perMB, 1) })
	if oneSide.Change != byDumps.Change || oneSide.Half != byDumps.Half {
		t.Errorf("one side has samples: %+.3f, by dumps %+.3f", oneSide.Change, byDumps.Change)
	}
	unknown := wait(func(b, a *Run) {
		for _, r := range []*Run{b, a} {
			lookAtPeers(t, r, 3*perMB, 1)
			r.Case.Nodes[0].JVMs[0].Calls = nil
		}
	})
	if unknown.Half != byDumps.Half {
		t.Error("the dumps do not say what the peer is, and it is taken for the database")
	}
}
