package agent

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/plan"
	wire "casefile/bundle/format/timing"
	"casefile/collectors"
	"casefile/collectors/timing"
)

func meetingOf(t *testing.T, key []byte, span time.Duration) Meeting {
	t.Helper()
	id, err := NewID()
	if err != nil {
		t.Fatal(err)
	}
	return Meeting{ID: id, Key: key, For: plan.Duration(span)}
}

// How long an answer is waited for that must come, and one that must not.
const (
	patient = time.Minute
	brief   = 200 * time.Millisecond
)

// probe asks a port of this machine for a moment.
func probe(t *testing.T, key []byte, port int, patience time.Duration) (*wire.Measured, error) {
	t.Helper()
	p := timing.Prober{Address: "udp://127.0.0.1:" + strconv.Itoa(port), Key: key, Every: wire.MinEvery, Until: time.Now().Add(50 * time.Millisecond), Patience: patience}
	return p.Run(t.Context())
}

// Only who knows the key of the last meeting is answered, and only while it lasts.
func TestMeeting(t *testing.T) {
	n := newNode(t, newScript())
	c := local(t, n)
	first, second := timing.NewKey(), timing.NewKey()
	p, err := c.Meet(t.Context(), meetingOf(t, first, time.Minute))
	if err != nil || p.UDP == 0 || p.TCP == 0 {
		t.Fatalf("%+v, %v", p, err)
	}
	if m, err := probe(t, first, p.UDP, patient); err != nil || m.Lost > 0 {
		t.Errorf("%+v, %v", m, err)
	}
	if m, err := probe(t, second, p.UDP, brief); err == nil || m.Lost != m.Count {
		t.Errorf("a stranger was answered: %+v, %v", m, err)
	}
	q, err := c.Meet(t.Context(), meetingOf(t, second, time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if m, err := probe(t, second, q.UDP, patient); err != nil || m.Lost > 0 {
		t.Errorf("%+v, %v", m, err)
	}
	if m, err := probe(t, first, q.UDP, brief); err == nil {
		t.Errorf("the key of an earlier meeting is good still: %+v", m)
	}
	id := begin(t, c)
	refused(t, ask(t, c, http.MethodPost, "/v1/meeting", strings.NewReader(meetingJSON(meetingOf(t, first, time.Minute)))), Busy)
	if err := c.Stop(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Events(t.Context(), id, func(collectors.Event) {}); err != nil {
		t.Fatal(err)
	}
	short, err := c.Meet(t.Context(), meetingOf(t, first, time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	n.meetings.Lock()
	n.meeting.served.Wait() // ends by itself
	n.meetings.Unlock()
	if m, err := probe(t, first, short.UDP, brief); err == nil {
		t.Errorf("answered after its time: %+v", m)
	}
}

func meetingJSON(m Meeting) string {
	return fmt.Sprintf(`{"id":%q,"key":%q,"for":%q}`, m.ID, strings.Repeat("A", 43)+"=", time.Duration(m.For))
}

func TestMeetingsThatAreRefused(t *testing.T) {
	c := local(t, newNode(t, newScript()))
	for name, change := range map[string]func(*Meeting){
		"id": func(m *Meeting) { m.ID = "../x" }, "no key": func(m *Meeting) { m.Key = nil }, "short key": func(m *Meeting) { m.Key = m.Key[1:] },
		"no end": func(m *Meeting) { m.For = 0 }, "for ever": func(m *Meeting) { m.For = plan.Duration(24 * time.Hour) },
	} {
		m := meetingOf(t, timing.NewKey(), time.Minute)
		change(&m)
		_, err := c.Meet(t.Context(), m)
		if text := refused(t, err, BadRequest); !strings.HasPrefix(text, "meeting: ") {
			t.Errorf("%s: %q", name, text)
		}
	}
	id, err := NewID()
	if err != nil {
		t.Fatal(err)
	}
	for name, peer := range map[string]wire.Peer{
		"no address": {Name: "n2"}, "no name": {Addresses: []string{"udp://127.0.0.1:7443"}},
		"service's port": {Name: "n2", Addresses: []string{"udp://127.0.0.1:53"}}, "no port": {Name: "n2", Addresses: []string{"udp://127.0.0.1:x"}},
		"file": {Name: "n2", Addresses: []string{"file:///etc/passwd"}}, "plain HTTP": {Name: "n2", Addresses: []string{"http://127.0.0.1:7443"}},
	} {
		err := c.Order(t.Context(), Order{ID: id, Plan: shortPlan(), Peers: &wire.Order{Key: timing.NewKey(), Every: time.Second, Peers: []wire.Peer{peer}}})
		if text := refused(t, err, BadPlan); !strings.HasPrefix(text, "peers: ") {
			t.Errorf("%s: %q", name, text)
		}
	}
}

// What the policy does not admit hears nothing, and the ledger says so.
func TestPeersThatThePolicyKeepsAway(t *testing.T) {
	ln, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	s := newScript()
	n := newNode(t, s)
	n.Allow.Peers = []string{"10.0.0.0/8"}
	c := local(t, n)
	id, err := NewID()
	if err != nil {
		t.Fatal(err)
	}
	order := Order{ID: id, Plan: shortPlan(), Peers: &wire.Order{Key: timing.NewKey(), Every: time.Second,
		Peers: []wire.Peer{{Name: "n2", Addresses: []string{"udp://" + ln.LocalAddr().String()}}}}}
	if err := c.Order(t.Context(), order); err != nil {
		t.Fatal(err)
	}
	s.end()
	if _, err := c.Events(t.Context(), id, func(collectors.Event) {}); err != nil {
		t.Fatal(err)
	}
	ln.SetReadDeadline(time.Now())
	if got, _, err := ln.ReadFrom(make([]byte, 100)); err == nil {
		t.Errorf("a packet of %d bytes came", got)
	}
	got := &kept{}
	if _, err := c.Download(t.Context(), id, 1<<30, got); err != nil {
		t.Fatal(err)
	}
	rep := check(t, got.buf.Bytes())
	told := false
	for _, line := range rep.Reader.Manifest.Coverage {
		told = told || line.Status == bundle.Skipped && strings.Contains(line.Reason, "n2: ") && strings.Contains(line.Fix, "--allow-peer")
	}
	if !told {
		t.Errorf("%+v", rep.Reader.Manifest.Coverage)
	}
	if key := order.Peers.Key; strings.Contains(got.buf.String(), string(key)) {
		t.Error("the key is in the bundle")
	}
	if _, err := rep.Reader.ReadEntry(context.Background(), "nodes/n1/timing/"+wire.LinksFile, 1<<20); err != nil {
		t.Error(err)
	}
}

func TestPolicyOfPeers(t *testing.T) {
	for _, k := range []struct {
		peers []string
		addr  string
		want  bool
	}{
		{nil, "10.0.0.1", false}, {[]string{"none"}, "10.0.0.1", false}, {[]string{"any"}, "10.0.0.1", true}, {[]string{"any"}, "2001:db8::1", true},
		{[]string{"10.0.0.0/8", "192.168.0.7"}, "10.9.9.9", true}, {[]string{"10.0.0.0/8", "192.168.0.7"}, "192.168.0.7", true}, {[]string{"10.0.0.0/8"}, "11.0.0.1", false},
		{[]string{"10.0.0.0/8"}, "::ffff:10.0.0.1", true}, {[]string{"any"}, "255.255.255.255", false}, {[]string{"any"}, "224.0.0.1", false}, {[]string{"any"}, "ff02::1", false},
		{[]string{"any"}, "0.0.0.0", false}, {[]string{"any"}, "127.255.255.255", false},
	} {
		if got := (Policy{Peers: k.peers}).peer(netip.MustParseAddr(k.addr)); got != k.want {
			t.Errorf("%v, %s: %v", k.peers, k.addr, got)
		}
	}
	if (Policy{Any: true}).peer(netip.MustParseAddr("224.0.0.1")) {
		t.Error("a multicast address is no peer")
	}
	if err := (Policy{Peers: []string{"any", "none", "10.0.0.1", "fd00::/8"}}).Check(); err != nil {
		t.Error(err)
	}
	if (Policy{Peers: []string{"wiki1"}}).Check() == nil {
		t.Error("a name was taken for an address")
	}
}
