package timing

import (
	"bytes"
	"context"
	"errors"
	"math"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"casefile/bundle/format/timing"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a responder whose clock is ahead.
func serve(t *testing.T, transport string, key []byte, ahead time.Duration) *Responder {
	t.Helper()
	r, err := Listen(t.Context(), transport+"://127.0.0.1:0", key)
	if err != nil {
		t.Fatal(err)
	}
	r.Clock = func() time.Time { return time.Now().Add(ahead) }
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return r
}

func hostport(r *Responder) string {
	_, hp, _ := timing.SplitAddress(r.Address())
	return hp
}

func TestProbeThroughDelays(t *testing.T) {
	proxies := map[string]func(*testing.T, string, delays) string{"udp": packetProxy, "tcp": streamProxy}
	for _, c := range []struct {
		name string
		delays
		ahead time.Duration
	}{
		{"plain", delays{}, 0},
		{"symmetric", delays{10 * time.Millisecond, 10 * time.Millisecond}, 1234 * time.Millisecond},
		{"slow there", delays{20 * time.Millisecond, time.Millisecond}, -3 * time.Minute},
		{"slow back", delays{0, 15 * time.Millisecond}, 40 * time.Millisecond},
	} {
		for _, transport := range []string{"udp", "tcp"} {
			t.Run(c.name+" "+transport, func(t *testing.T) {
				t.Parallel()
				key := NewKey()
				r := serve(t, transport, key, c.ahead)
				proxy := proxies[transport](t, hostport(r), c.delays)
				m := asking(t, Prober{Address: transport + "://" + proxy, Key: key, Every: 20 * time.Millisecond}, 600*time.Millisecond, 5)
				if m == nil || m.Count < 5 || m.Lost != 0 || m.Refused != 0 || m.Clock == nil || string(m.Transport) != transport {
					t.Fatalf("%+v", m)
				}
				off, want := m.Clock.OffsetMS, inMillis(c.ahead)
				if math.Abs(off-want) > m.Clock.ErrorMS {
					t.Errorf("offset %.4f ms give or take %.4f, truth %.4f", off, m.Clock.ErrorMS, want)
				}
				rtt := inMillis(c.there + c.back)
				if m.RTT.Min < rtt || m.Clock.ErrorMS < rtt/2 {
					t.Errorf("round trips from %.3f ms on, bound %.3f, but the ways take %.3f", m.RTT.Min, m.Clock.ErrorMS, rtt)
				}
				// A machine that comes to nothing for a while looks like another route.
				if slices.ContainsFunc(m.Clock.Steps, func(s timing.Step) bool { return s.Certain }) {
					t.Errorf("no clock was set: %+v", m.Clock.Steps)
				}
				t.Logf("rtt %+v, offset %.4f ± %.4f, truth %.4f, drift %.1f ± %.1f", m.RTT, off, m.Clock.ErrorMS, want, m.Clock.DriftPPM, m.Clock.DriftErrorPPM)
			})
		}
	}
}

// asking probes a peer that answers, for longer and longer until it was asked often
// enough, and however long an answer takes: a machine with other work is slow, which is
// no loss.
func asking(t *testing.T, p Prober, span time.Duration, atLeast int) *timing.Measured {
	t.Helper()
	p.Patience = time.Minute
	for ; ; span *= 4 {
		p.Until = time.Now().Add(span)
		m, err := p.Run(t.Context())
		if err != nil {
			t.Errorf("%+v, %v", m, err)
			return nil
		}
		if m.Count >= atLeast || span > time.Minute {
			return m
		}
	}
}

func TestProbeOfSilence(t *testing.T) {
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	m, err := Probe(t.Context(), silent.LocalAddr().String(), NewKey(), 10*time.Millisecond, time.Now().Add(50*time.Millisecond))
	if !errors.Is(err, ErrNoAnswer) || m.Count == 0 || m.Lost != m.Count || m.Clock != nil {
		t.Errorf("%+v, %v", m, err)
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	m, err = Probe(t.Context(), "tcp://"+closed.Addr().String(), NewKey(), 10*time.Millisecond, time.Now().Add(50*time.Millisecond))
	if err == nil || !strings.Contains(err.Error(), "refused") || m.Lost != m.Count || m.Count == 0 {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestProbeRefusesBadOrders(t *testing.T) {
	until := time.Now().Add(time.Hour)
	for name, p := range map[string]Prober{
		"scheme":    {Address: "ftp://h:1", Key: NewKey(), Every: time.Second},
		"no port":   {Address: "h", Key: NewKey(), Every: time.Second},
		"short key": {Address: "h:1", Key: []byte("x"), Every: time.Second},
		"flood":     {Address: "h:1", Key: NewKey(), Every: time.Microsecond},
	} {
		p.Until = until
		if m, err := p.Run(t.Context()); err == nil || m != nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Whatever is not a new question with the right key gets no answer; what is gets one
// of its own size.
func TestResponderAnswersNobodyElse(t *testing.T) {
	key := NewKey()
	r := &Responder{key: key, began: time.Now(), seen: sessions{}}
	ask := func(p timing.Packet, key []byte) []byte { return p.Append(nil, key) }
	question := timing.Packet{Kind: timing.Question, Session: 5, Sequence: 1, T1: time.Now()}
	good := ask(question, key)
	answer := r.answer(nil, good, r.now(), r.seen)
	if len(answer) != len(good) {
		t.Fatalf("answer of %d bytes to a question of %d", len(answer), len(good))
	}
	if got, err := timing.ParsePacket(answer, key); err != nil || got.Kind != timing.Answer || got.Up <= 0 || got.Hold < 0 {
		t.Errorf("%+v, %v", got, err)
	}
	forged := bytes.Clone(good)
	forged[20]++
	for name, in := range map[string][]byte{
		"replay": good, "own answer": answer, "forged": forged, "foreign key": ask(question, NewKey()),
		"empty": nil, "short": good[:40], "long": append(bytes.Clone(good), 0), "sequence 0": ask(timing.Packet{Kind: timing.Question, Session: 9}, key),
	} {
		if out := r.answer(nil, in, r.now(), r.seen); len(out) != 0 {
			t.Errorf("%s: answered", name)
		}
	}
}

func TestSessions(t *testing.T) {
	s := sessions{}
	for i, c := range []struct {
		sequence uint64
		want     bool
	}{{10, true}, {10, false}, {9, true}, {9, false}, {12, true}, {11, true}, {10, false}, {200, true}, {100, false}, {137, true}, {137, false}, {136, false}} {
		if got := s.fresh(1, c.sequence); got != c.want {
			t.Errorf("%d: sequence %d fresh: %v", i, c.sequence, got)
		}
	}
	for i := range uint64(2 * maxSessions) {
		s.fresh(i, 1)
	}
	if len(s) > maxSessions {
		t.Errorf("%d sessions are remembered", len(s))
	}
}

func TestPace(t *testing.T) {
	var p pace
	now, passed := time.Unix(0, 0), 0
	for range 2 * maxPerSecond {
		if p.allow(now) {
			passed++
		}
	}
	if passed != maxPerSecond || !p.allow(now.Add(time.Second)) {
		t.Errorf("%d passed", passed)
	}
}

// A peer with a foreign key cannot make its answers count.
func TestProbeIgnoresForeignAnswers(t *testing.T) {
	key := NewKey()
	p := newProbing(Prober{Key: key}, timing.UDP)
	q, err := timing.ParsePacket(p.question(nil), key)
	if err != nil {
		t.Fatal(err)
	}
	reply := q
	reply.Kind, reply.T2 = timing.Answer, time.Now()
	change := func(f func(*timing.Packet)) []byte { c := reply; f(&c); return c.Append(nil, key) }
	for name, in := range map[string][]byte{
		"question sent back": q.Append(nil, key),
		"foreign key":        reply.Append(nil, NewKey()),
		"other session":      change(func(c *timing.Packet) { c.Session++ }),
		"never asked":        change(func(c *timing.Packet) { c.Sequence += 7 }),
		"other T1":           change(func(c *timing.Packet) { c.T1 = c.T1.Add(1) }),
	} {
		if p.answer(in, time.Now()) {
			t.Errorf("%s: taken", name)
		}
	}
	if !p.answer(reply.Append(nil, key), time.Now()) || p.answer(reply.Append(nil, key), time.Now()) {
		t.Error("the true answer must count once")
	}
}

func TestResponderHangsUpOnStrangers(t *testing.T) {
	r := serve(t, "tcp", NewKey(), 0)
	conn, err := net.Dial("tcp", hostport(r))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	conn.Write(bytes.Repeat([]byte("GET / HTTP/1.1\r\n"), 10))
	if n, err := conn.Read(make([]byte, 100)); n > 0 || err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func TestMeshConnectsAll(t *testing.T) {
	for _, n := range []int{1, 2, 3, 16, 17, 40, 200} {
		reached, todo := map[int]bool{0: true}, []int{0}
		for len(todo) > 0 {
			i := todo[0]
			todo = todo[1:]
			peers := Mesh(n, i)
			if len(peers) > max(fullMesh, meshReach) {
				t.Fatalf("%d nodes: one asks %d", n, len(peers))
			}
			seen := map[int]bool{}
			for _, j := range peers {
				if j == i || j < 0 || j >= n || seen[j] {
					t.Fatalf("%d nodes: %d asks %v", n, i, peers)
				}
				seen[j] = true
				if !reached[j] {
					reached[j] = true
					todo = append(todo, j)
				}
			}
		}
		if len(reached) != n {
			t.Errorf("%d nodes: %d connected", n, len(reached))
		}
	}
}
