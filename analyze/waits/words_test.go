package waits

import (
	"net/netip"
	"testing"
	"time"

	"casefile/analyze/database"
	"casefile/bundle/format/sessions"
)

func TestWords(t *testing.T) {
	for statement, want := range map[string]string{
		"update accounts set a = ?": "UPDATE accounts", "SELECT a FROM shop.orders o": "SELECT shop.orders", "INSERT INTO t(a) VALUES (?)": "INSERT t",
		"DELETE FROM t": "DELETE t", "COMMIT": "COMMIT", "": "a statement", "SELECT ?": "SELECT",
	} {
		if got := Verb(statement); got != want {
			t.Errorf("%q: %q, want %q", statement, got, want)
		}
	}
	for want, l := range map[string]*sessions.Lock{
		"row lock on table accounts": {Relation: "public.accounts", Type: "transactionid"}, "row lock on table shop.accounts": {Relation: "shop.accounts", Type: "RECORD"},
		"table lock on table t": {Relation: "t", Type: "relation"}, "advisory lock": {Type: "advisory"}, "lock": {Type: "object"}, "lock of another session": nil,
	} {
		if got := LockWords(l); got != want {
			t.Errorf("%+v: %q, want %q", l, got, want)
		}
	}
}

// A connection is the same from both ends, whatever form its addresses have.
func TestConnOf(t *testing.T) {
	a := ConnOf(netip.MustParseAddrPort("[::ffff:10.0.0.1]:50001"), netip.MustParseAddrPort("10.0.0.9:5432"))
	b := ConnOf(netip.MustParseAddrPort("10.0.0.9:5432"), netip.MustParseAddrPort("10.0.0.1:50001"))
	if a.Reverse() != b || !a.Known() || (Conn{}).Known() || ConnOf(netip.AddrPort{}, b.Local).Known() {
		t.Errorf("%v %v", a, b)
	}
}

// Looks without any dump are rounds of their own; of two looks at one server in one round the one that saw more counts.
func TestLooksWithoutDumps(t *testing.T) {
	now := time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC)
	look := func(node string, at time.Time, state sessions.State) *database.Look {
		return &database.Look{Node: node, Snapshot: &sessions.Snapshot{Taken: at, Server: sessions.Server{Identity: "1"},
			Sessions: []sessions.Session{{ID: 1, State: state}, {ID: 2, State: state, BlockedBy: []int64{1}}}}}
	}
	ahead := func(at time.Time) time.Time { return at.Add(-time.Minute) } // n2's clock is a minute ahead
	g := New(nil, []*database.Look{look("n1", now, ""), look("n2", now.Add(time.Minute), sessions.Active), look("n1", now.Add(20*time.Second), sessions.Active)}, nil,
		map[string]func(time.Time) time.Time{"n2": ahead})
	if len(g.Rounds) != 2 || len(g.Rounds[0].Looks) != 1 || g.Rounds[0].Looks[0].Node != "n2" {
		t.Fatalf("%d rounds, %+v", len(g.Rounds), g.Rounds[0].Looks)
	}
	if h := g.Holders(); len(h) != 1 || len(h[0].At) != 2 || h[0].Most() != 1 || h[0].Last().Session.ID != 1 {
		t.Errorf("%+v", h)
	}
}
