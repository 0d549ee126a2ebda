package timing

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"casefile/bundle/format/timing"
)

const (
	// nameLimit is that of one lookup; resolvers give a query up after 5 s.
	nameLimit = 6 * time.Second
	nameEvery = 5 * time.Second
)

// lookup is what net.Resolver.LookupHost does.
type lookup func(ctx context.Context, name string) ([]string, error)

// nameProbe looks one name up again and again. The first time nothing between us and
// the name server may know the answer; the other times a cache may.
type nameProbe struct {
	name   string
	every  time.Duration
	lookup lookup
}

func newNameProbe(name string) *nameProbe {
	// The resolver of Go reads /etc/hosts and resolv.conf each time and keeps nothing.
	r := &net.Resolver{PreferGo: true}
	return &nameProbe{name: name, every: nameEvery, lookup: r.LookupHost}
}

func (p *nameProbe) run(ctx context.Context, until time.Time) timing.Probe {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	out := timing.Probe{Target: p.name, Limit: timing.LimitFor(timing.MeasureNames),
		Note: "first is without our own cache; a caching resolver on the machine or next to it may answer the others"}
	if net.ParseIP(p.name) != nil {
		out.Refused = "an address needs no lookup"
		return out
	}
	d := newDist()
	for tick := newTick(p.every, until); tick.wait(ctx); {
		took, err := p.once(ctx)
		if err != nil && over(ctx) {
			break // cut short by the end
		}
		out.Tries++
		if err != nil {
			out.Failures++
			out.Errors = noteError(out.Errors, err)
			continue
		}
		d.add(took)
	}
	if d.any {
		out.Steps = []timing.Timed{d.timed(timing.StepLookup)}
	}
	return out
}

func (p *nameProbe) once(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, nameLimit)
	defer cancel()
	from := time.Now()
	_, err := p.lookup(ctx, p.name)
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		err = errors.New("no such host")
	case errors.As(err, &dns) && dns.IsTimeout:
		err = fmt.Errorf("no answer within %v", nameLimit)
	}
	return time.Since(from), err
}
