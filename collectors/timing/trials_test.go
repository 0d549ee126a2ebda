package timing

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// Two hundred runs over real sockets, through a proxy that delays each way by another
// time, to a clock that is wrong: the offset is within its own bound of the truth in
// 99 of 100, and no round trip is shorter than the proxy kept it. How much longer it is
// depends on the machine: where both ways are alike it is right in a tenth at least, since
// what is wrong in the code is wrong in all (TestSimulatedFigures holds the figures).
func TestTrialsThroughProxies(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 3))
	slots := make(chan struct{}, 20)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var wrong, short, slow []string
	symmetric := 0
	for i := range trials {
		d := delays{time.Duration(rng.IntN(20_000)) * time.Microsecond, time.Duration(rng.IntN(20_000)) * time.Microsecond}
		if i%2 == 0 {
			d.back = d.there
			symmetric++
		}
		ahead := time.Duration(rng.Int64N(int64(2*time.Minute))) - time.Minute
		key := NewKey()
		there, back := &held{}, &held{}
		proxy := meteredProxy(t, hostport(serve(t, "udp", key, ahead)), d, there, back)
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			p := Prober{Address: "udp://" + proxy, Key: key, Every: 20 * time.Millisecond, Until: time.Now().Add(300 * time.Millisecond), Patience: time.Minute}
			m, err := p.Run(t.Context())
			mu.Lock()
			defer mu.Unlock()
			if err != nil || m.Clock == nil {
				wrong = append(wrong, fmt.Sprintf("%d: %v", i, err))
				return
			}
			if off := math.Abs(m.Clock.OffsetMS - inMillis(ahead)); off > m.Clock.ErrorMS {
				wrong = append(wrong, fmt.Sprintf("%d: off by %.4f ms, bound %.4f", i, off, m.Clock.ErrorMS))
			}
			rtt := inMillis(fastest(there, back))
			if m.RTT.Min < rtt {
				short = append(short, fmt.Sprintf("%d: round trip %.4f ms, kept for %.4f", i, m.RTT.Min, rtt))
			}
			if d.there == d.back && m.RTT.Min-rtt > max(0.1*rtt, 0.2) {
				slow = append(slow, fmt.Sprintf("%d: round trip %.4f ms, kept for %.4f", i, m.RTT.Min, rtt))
			}
		})
	}
	wg.Wait()
	t.Logf("the truth was within the bound in %d of %d trials; the round trip of equal ways right in %d of %d", trials-len(wrong), trials, symmetric-len(slow), symmetric)
	if 100*len(wrong) > trials {
		t.Errorf("the truth is outside of the bound: %v", wrong)
	}
	if len(short) > 0 {
		t.Errorf("faster than the way: %v", short)
	}
	if 10*(symmetric-len(slow)) < symmetric {
		t.Errorf("round trips are wrong: %v", slow)
	}
}
