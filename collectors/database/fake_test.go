package database

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// answers are what a server says to SQL that holds a text; the first that fits counts.
type answers []answer

type answer struct {
	to   string
	rows [][]string
	err  error
}

func (a answers) of(sql string) ([][]string, error) {
	for _, one := range a {
		if strings.Contains(sql, one.to) {
			return one.rows, one.err
		}
	}
	return nil, nil
}

// recorded is a connection that answers from what was recorded of a server.
type recorded struct {
	answers
	asked []string
}

func (r *recorded) Query(_ context.Context, sql string) ([][]string, error) {
	r.asked = append(r.asked, sql)
	return r.of(sql)
}

func (r *recorded) Local() string { return "10.0.0.1:50009" }
func (r *recorded) Close()        {}

// has reports whether something was asked.
func (r *recorded) has(text string) bool {
	for _, sql := range r.asked {
		if strings.Contains(sql, text) {
			return true
		}
	}
	return false
}

// fakePostgres speaks PostgreSQL's protocol on loopback.
type fakePostgres struct {
	address string
	logins  atomic.Int32
	// reply answers SQL; errSilent: not at all.
	reply func(sql string) ([][]string, error)
	// refuse ends each login with this code.
	refuse string
}

var errSilent = errors.New("no answer")

func newFakePostgres(t *testing.T, reply func(string) ([][]string, error)) *fakePostgres {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fakePostgres{address: l.Addr().String(), reply: reply}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(time.Minute))
				f.serve(conn)
			})
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return f
}

func (f *fakePostgres) serve(conn net.Conn) {
	b := pgproto3.NewBackend(conn, conn)
	if _, err := b.ReceiveStartupMessage(); err != nil {
		return
	}
	f.logins.Add(1)
	if f.refuse != "" {
		b.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: f.refuse, Message: "refused for the test"})
		b.Flush()
		return
	}
	b.Send(&pgproto3.AuthenticationOk{})
	b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	for b.Flush() == nil {
		m, err := b.Receive()
		query, is := m.(*pgproto3.Query)
		if err != nil || !is {
			return
		}
		rows, err := f.reply(query.String)
		if errors.Is(err, errSilent) {
			conn.Read(make([]byte, 1)) // until the asker goes
			return
		}
		answerQuery(b, rows, err)
	}
}

func answerQuery(b *pgproto3.Backend, rows [][]string, err error) {
	if err != nil {
		b.Send(&pgproto3.ErrorResponse{Severity: "ERROR", Code: err.Error(), Message: "for the test"})
		b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		return
	}
	if len(rows) > 0 {
		d := &pgproto3.RowDescription{}
		for i := range rows[0] {
			d.Fields = append(d.Fields, pgproto3.FieldDescription{Name: fmt.Appendf(nil, "c%d", i), DataTypeOID: 25})
		}
		b.Send(d)
	}
	for _, row := range rows {
		m := &pgproto3.DataRow{}
		for _, v := range row {
			m.Values = append(m.Values, []byte(v))
		}
		b.Send(m)
	}
	b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT")})
	b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
}
