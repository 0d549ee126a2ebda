package calls

import (
	"bytes"
	"time"

	"casefile/bundle/format/series"
	"casefile/bundle/format/waits"
)

// peerEvery is the period of the series of peers.
const peerEvery = time.Second

// peers writes how often threads were found at each peer, over time.
type peers struct {
	out   *series.Encoder
	known map[string]bool
	noted time.Time
}

func newPeers() peers {
	return peers{known: map[string]bool{}, out: series.NewEncoder(series.Header{Source: "/proc/PID/task/*/syscall"})}
}

// note adds a line where one is due.
func (t *tally) note(now time.Time, last bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := &t.peers; !last && now.Sub(p.noted) < peerEvery {
		return
	}
	t.peers.noted = now
	values := map[string]float64{waits.RoundsSoFar: float64(t.out.Rounds)}
	for _, r := range t.rows {
		name := r.object.Peer()
		if name == "" || r.Count == 0 {
			continue
		}
		if !t.peers.known[name] {
			if len(t.peers.known) >= waits.MaxPeers {
				name = waits.OtherPeers
			}
			t.peers.known[name] = true
		}
		values[name] += float64(r.Count)
	}
	t.peers.out.Add(now, values)
}

// Peers gives the series of peers so far.
func (t *tally) Peers() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Clone(t.peers.out.Bytes())
}
