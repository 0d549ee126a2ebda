package timing

import (
	"context"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/plan"
	"casefile/bundle/format/timing"
	"casefile/bundle/redact"
	"casefile/collectors"
)

// links runs the collector of a node for a second and returns its record and its
// line of the ledger.
func runLinks(t *testing.T, o timing.Order, w Ways, patience time.Duration, ports ...int) (*timing.Record, bundle.Coverage) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "bundle")
	p := plan.Default()
	p.Duration, p.Dumps, p.Start = plan.Duration(time.Second), 1, time.Now().Add(time.Second)
	b, err := bundle.Create(out, "dir", bundle.Manifest{Plan: p}, redact.NewSecrets())
	if err != nil {
		t.Fatal(err)
	}
	s := &collectors.Session{Node: "n1", Plan: p, Roots: collectors.SystemRoots(), Out: b, Secrets: redact.NewSecrets()}
	collectors.Run(t.Context(), s, collectors.Prepare(t.Context(), s, []collectors.Collector{links{order: o, ways: w, patience: patience, ports: ports}}))
	if _, err := b.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(find(t, out, timing.LinksFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rec, err := timing.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range b.Manifest().Coverage {
		if c.Item == itemLinks {
			return rec, c
		}
	}
	t.Fatalf("no line of the ledger: %+v", b.Manifest().Coverage)
	return nil, bundle.Coverage{}
}

// patient is for how long these tests count an answer that a busy machine holds up.
const patient = 3 * time.Second

func TestLinks(t *testing.T) {
	key := NewKey()
	a, b := serve(t, "udp", key, time.Second), serve(t, "tcp", key, -time.Second)
	foreign := serve(t, "udp", NewKey(), 0)
	slow := serve(t, "udp", key, 0)
	proxy := packetProxy(t, hostport(slow), delays{120 * time.Millisecond, 120 * time.Millisecond})
	calls := 0
	ways := Ways{Admit: func(a netip.Addr) bool { return a.IsLoopback() }, Call: func(name, hostport string) (func(context.Context) (Exchange, error), func(), error) {
		return func(context.Context) (Exchange, error) {
			calls++
			now := time.Now()
			return Exchange{T1: now, T2: now.Add(3 * time.Second), T3: now.Add(3 * time.Second), T4: now.Add(time.Millisecond)}, nil
		}, func() {}, nil
	}}
	peer := func(name string, addresses ...string) timing.Peer {
		return timing.Peer{Name: name, Addresses: addresses}
	}
	rec, ledger := runLinks(t, timing.Order{Key: key, Every: 50 * time.Millisecond, Peers: []timing.Peer{
		peer("ahead", a.Address()),
		peer("behind", b.Address()),
		peer("far", "udp://"+proxy),
		peer("agent", foreign.Address(), "https://127.0.0.1:7443"),
		peer("stranger", foreign.Address()),
		peer("outside", "udp://192.0.2.1:7443"),
	}}, ways, patient)
	if rec.Reference != "n1" || len(rec.Links) != 6 {
		t.Fatalf("%+v", rec)
	}
	for i, want := range []struct {
		offset, rtt float64
		transport   timing.Transport
	}{{1000, 0, timing.UDP}, {-1000, 0, timing.TCP}, {0, 240, timing.UDP}, {2999.5, 1, timing.HTTP}} {
		l := rec.Links[i]
		if l.Clock == nil || math.Abs(l.Clock.OffsetMS-want.offset) > l.Clock.ErrorMS || l.Transport != want.transport {
			t.Errorf("%s: %+v", l.To, l)
			continue
		}
		var whens []timing.When
		for _, p := range l.Phases {
			whens = append(whens, p.When)
			if p.Lost > 0 || p.RTT.Min < want.rtt*0.99 {
				t.Errorf("%s %s: %+v", l.To, p.When, p)
			}
		}
		if len(whens) != 3 || whens[0] != timing.Before || whens[1] != timing.During || whens[2] != timing.After {
			if l.To != "agent" { // the silent address before it took the time before the start
				t.Errorf("%s: phases %v", l.To, whens)
			}
		}
	}
	if l := rec.Links[3]; calls == 0 || !strings.Contains(l.Failure, "no answer at all") {
		t.Errorf("that UDP does not pass is not told: %q", l.Failure)
	}
	for _, l := range rec.Links[4:] {
		if l.Clock != nil || len(l.Phases) > 0 || l.Failure == "" {
			t.Errorf("%s: %+v", l.To, l)
		}
	}
	if ledger.Status != bundle.Partial || !strings.Contains(ledger.Reason, "4 of 5") || !strings.Contains(ledger.Reason, "does not admit 192.0.2.1") || ledger.Fix == "" {
		t.Errorf("%+v", ledger)
	}
}

// A lost answer is waited for, and does not cost the exchanges after the capture.
func TestLinksWithLoss(t *testing.T) {
	t.Parallel()
	key := NewKey()
	proxy := lossyProxy(t, hostport(serve(t, "udp", key, 0)), delays{}, &held{}, &held{}, func(n int) bool { return n%5 == 3 })
	rec, _ := runLinks(t, timing.Order{Key: key, Every: 50 * time.Millisecond, Peers: []timing.Peer{{Name: "lossy", Addresses: []string{"udp://" + proxy}}}},
		Ways{Admit: func(a netip.Addr) bool { return a.IsLoopback() }}, time.Second)
	l, lost := rec.Links[0], 0
	for _, p := range l.Phases {
		lost += p.Lost
	}
	if n := len(l.Phases); lost == 0 || n == 0 || l.Phases[n-1].When != timing.After {
		t.Errorf("%d lost, %+v", lost, l)
	}
}

// An address that never answers gets few questions, one that has answered gets them
// to the end.
func TestSilenceIsNotFlooded(t *testing.T) {
	key := NewKey()
	r := serve(t, "udp", NewKey(), 0)
	p := Prober{Address: r.Address(), Key: key, Every: timing.MinEvery, Patience: 50 * time.Millisecond}
	for span := 400 * time.Millisecond; ; span *= 4 {
		p.Known, p.Until = true, time.Now().Add(span)
		m, err := p.Run(t.Context())
		if err == nil || m.Lost != m.Count {
			t.Errorf("%d questions, %d lost, %v", m.Count, m.Lost, err)
		}
		if m.Count <= unproven && span < time.Minute {
			continue // this machine came to ask too few
		}
		if m.Count <= unproven {
			t.Errorf("an address that has answered was asked %d times only", m.Count)
		}
		p.Known, p.Until = false, time.Now().Add(span)
		if m, err = p.Run(t.Context()); err == nil || m.Count > unproven || m.Lost != m.Count {
			t.Errorf("an address that never answered: %d questions, %d lost, %v", m.Count, m.Lost, err)
		}
		return
	}
}
