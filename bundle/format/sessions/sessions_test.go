package sessions

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"casefile/bundle/redact"
)

var at = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

var sample = Snapshot{
	Version: Version,
	Server: Server{Name: "db1-5432", Product: "postgresql", Version: "15.14", Address: "db1:5432", Listens: "10.0.0.5:5432",
		Database: "shop", Identity: "0f3a9c1e2b4d5566"},
	Taken: at, TookMS: 3.25,
	Own: Own{ID: 99, Local: "10.0.0.1:50001", Seen: "10.0.0.1:50001"},
	Hidden: []Hidden{{What: "clients and statements of other users", Why: "the role is no member of pg_monitor",
		Grant: "GRANT pg_monitor TO casefile"}},
	Databases: []Database{{Name: "shop", Values: map[string]float64{Commits: 123456, Deadlocks: 1, ReadSeconds: 0.25}}},
	LeftOut:   3,
	Sessions: []Session{
		{ID: 4711, Client: "10.0.0.1:50002", User: "shop", Database: "shop", Application: "PostgreSQL JDBC Driver", State: Active,
			TransactionSince: at.Add(-time.Minute), QuerySince: at.Add(-59 * time.Second), StateSince: at.Add(-59 * time.Second),
			WaitType: "Lock", WaitEvent: "transactionid", BlockedBy: []int64{4712},
			Lock:      &Lock{Relation: "public.orders", Type: "transactionid", Mode: "ShareLock", Since: at.Add(-58 * time.Second)},
			Statement: "UPDATE orders SET state = ? WHERE id IN (?)", Digest: "-8123456789012345678"},
		{ID: 4712, Client: "[fd00::2]:41230", User: "shop", Database: "shop", State: IdleInTransaction, WaitType: "Client", WaitEvent: "ClientRead",
			TransactionSince: at.Add(-2 * time.Minute), Statement: "SELECT a < b && c FROM t WHERE password = ? AND token = ?", Cut: true},
		{ID: 12, Kind: "autovacuum worker"},
	},
}

var sampleStatements = Statements{
	Version: Version, Server: sample.Server, Started: at, Ended: at.Add(time.Minute), Source: "pg_stat_statements", LeftOut: 7,
	Statements: []Statement{
		{Digest: "123", User: "shop", Database: "shop", Text: "SELECT * FROM orders WHERE id = ?", Calls: 4, TotalMS: 10, MeanMS: 2.5, Rows: 4},
		{Text: "COMMIT", Calls: 1, TotalMS: 0.5, MeanMS: 0.5},
	},
}

var noLines = cmp.Options{cmpopts.IgnoreFields(Session{}, "Line"), cmpopts.IgnoreFields(Statement{}, "Line")}

func TestRoundTrip(t *testing.T) {
	text, err := sample.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if d := cmp.Diff(&sample, got, noLines); d != "" {
		t.Error(d)
	}
	lines := strings.Split(string(text), "\n")
	for _, s := range got.Sessions {
		if s.Line == 0 || !strings.Contains(lines[s.Line-1], fmt.Sprintf(`{"id":%d`, s.ID)) {
			t.Errorf("session %d is not on line %d of\n%s", s.ID, s.Line, text)
		}
	}
	if got.Find(4712) != &got.Sessions[1] || got.Find(1) != nil {
		t.Error("Find")
	}
	empty := &Snapshot{Server: sample.Server, Taken: at}
	text, err = empty.Encode()
	if again, errRead := Read(bytes.NewReader(text)); err != nil || errRead != nil || len(again.Sessions) != 0 || again.Server != sample.Server {
		t.Errorf("no sessions: %v, %v\n%s", err, errRead, text)
	}
}

func TestStatementsRoundTrip(t *testing.T) {
	text, err := sampleStatements.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadStatements(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&sampleStatements, got, noLines); d != "" {
		t.Error(d)
	}
	if line := strings.Split(string(text), "\n")[got.Statements[1].Line-1]; !strings.Contains(line, "COMMIT") {
		t.Errorf("line %d is %q", got.Statements[1].Line, line)
	}
}

// What is no secret passes the scrubber as it is: its rules know session ids, tokens and keys by such names.
func TestSurvivesScrubbing(t *testing.T) {
	snapshot, err := sample.Encode()
	if err != nil {
		t.Fatal(err)
	}
	statements, err := sampleStatements.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range [][]byte{snapshot, statements} {
		got, err := redact.New(redact.NewSecrets()).Bytes(redact.JSON, text)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(text), string(got)); d != "" {
			t.Error(d)
		}
	}
}

func TestTranslated(t *testing.T) {
	for _, c := range []struct {
		local, seen string
		want        bool
	}{
		{"10.0.0.1:5000", "10.0.0.1:5000", false},
		{"10.0.0.1:5000", "[::ffff:10.0.0.1]:5000", false},
		{"10.0.0.1:5000", "10.0.0.9:6000", true},
		{"10.0.0.1:5000", "app1.example.com:5000", false},
		{"10.0.0.1:5000", "app1.example.com:5001", true},
		{"10.0.0.1:5000", "", false},
	} {
		s := Snapshot{Own: Own{Local: c.local, Seen: c.seen}}
		if got := s.Translated(); got != c.want {
			t.Errorf("%s seen as %s: %v", c.local, c.seen, got)
		}
	}
}

func TestPort(t *testing.T) {
	for text, want := range map[string]uint16{"10.0.0.1:5": 5, "[::1]:6": 6, "host:7": 7, "localhost": 0, "": 0, "a:b": 0, "a:99999": 0} {
		if got := Port(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestBad(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "no version": "{}", "newer": `{"version":2}`, "list": "[]",
		"too many": `{"version":1,"sessions":[` + strings.Repeat("{},", MaxSessions) + "{}]}",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.HasPrefix(err.Error(), "sessions: ") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := ReadStatements(strings.NewReader(text)); err == nil && name != "too many" {
			t.Errorf("%s: read as statements", name)
		}
	}
}

func FuzzRead(f *testing.F) {
	snapshot, err := sample.Encode()
	if err != nil {
		f.Fatal(err)
	}
	statements, err := sampleStatements.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(snapshot)
	f.Add(statements)
	f.Add([]byte(`{"version":1,"sessions":[{"id":1}],"sessions":[{"id":2},{"id":3}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if s, err := Read(bytes.NewReader(text)); err == nil {
			s.Translated()
			again := reread(t, s.Encode, Read)
			if again != nil && len(again.Sessions) != len(s.Sessions) {
				t.Errorf("%d sessions, then %d", len(s.Sessions), len(again.Sessions))
			}
		}
		if s, err := ReadStatements(bytes.NewReader(text)); err == nil {
			again := reread(t, s.Encode, ReadStatements)
			if again != nil && len(again.Statements) != len(s.Statements) {
				t.Errorf("%d statements, then %d", len(s.Statements), len(again.Statements))
			}
		}
	})
}

// reread writes and reads; what was read once is read again.
func reread[T any](t *testing.T, encode func() ([]byte, error), read func(io.Reader) (*T, error)) *T {
	t.Helper()
	text, err := encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := read(bytes.NewReader(text))
	if err != nil && len(text) <= MaxBytes {
		t.Fatalf("%v\n%s", err, text)
	}
	return again
}
