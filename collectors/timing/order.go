package timing

import (
	"context"
	"fmt"
	"sync"
	"time"

	"casefile/bundle/format/timing"
)

// Carry exchanges times with all peers of an order at once and returns a link for
// each, in their order, of one phase. A peer that does not answer costs its own link.
func Carry(ctx context.Context, self string, when timing.When, o timing.Order) ([]timing.Link, error) {
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("timing: %w", err)
	}
	links := make([]timing.Link, len(o.Peers))
	var wg sync.WaitGroup
	for i, p := range o.Peers {
		links[i] = timing.Link{From: self, To: p.Name}
		wg.Go(func() {
			// Questions to the peers are spread over the period instead of sent at once.
			if sleep(ctx, o.Every*time.Duration(i)/time.Duration(len(o.Peers))) {
				carry(ctx, &links[i], p, when, o)
			}
		})
	}
	wg.Wait()
	return links, nil
}

func carry(ctx context.Context, l *timing.Link, p timing.Peer, when timing.When, o timing.Order) {
	m, err := Probe(ctx, p.Address, o.Key, o.Every, o.Until)
	if err != nil {
		l.Failure = err.Error()
	}
	if m != nil {
		l.Transport, l.Clock = m.Transport, m.Clock
		l.Phases = []timing.Phase{{When: when, Measured: *m}}
	}
}

// fullMesh is up to how many nodes each asks each other; above, each asks meshReach others.
const (
	fullMesh  = 16
	meshReach = 8
)

// Mesh tells which nodes the i-th of n asks. In large clusters it is those after it
// at growing distance, so that all are connected and the traffic grows only with n.
func Mesh(n, i int) []int {
	var peers []int
	if n <= fullMesh {
		for j := range n {
			if j != i {
				peers = append(peers, j)
			}
		}
		return peers
	}
	for k := range meshReach {
		d := 1 + k*(n-1)/meshReach
		peers = append(peers, (i+d)%n)
	}
	return peers
}
