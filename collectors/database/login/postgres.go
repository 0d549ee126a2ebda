package login

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"casefile/bundle/format/jdbc"
)

type postgres struct {
	conn *pgconn.PgConn
	dial *dialer
}

func openPostgres(ctx context.Context, e jdbc.Endpoint, address string, c *Credential) (Conn, error) {
	host, port, err := splitPort(address)
	if err != nil {
		return nil, err
	}
	// Nothing of the environment or of files in a home: only what the plan says.
	conf, err := pgconn.ParseConfig("host=127.0.0.1 user=none password=none dbname=none sslmode=disable")
	if err != nil {
		return nil, errors.New("a PG* variable of the environment stands in the way")
	}
	conf.Host, conf.Port, conf.User, conf.Password, conf.Database = host, port, c.User, c.Password, e.Database
	// No others: PgBouncer refuses a client that sets what it does not know, statement_timeout for one.
	conf.RuntimeParams = map[string]string{"application_name": ApplicationName, "client_encoding": "UTF8"}
	conf.ConnectTimeout = Limit
	conf.TLSConfig, conf.Fallbacks = tlsFor(e, host), nil
	if e.TLS == "" {
		conf.Fallbacks = []*pgconn.FallbackConfig{{Host: host, Port: port}}
	}
	if e.TLS != "verify" { // the password goes to nobody in clear who has not shown who he is
		conf.RequireAuth = "scram-sha-256,md5,none"
	}
	conf.MaxProtocolMessageBodyLen = maxMessage
	conf.OnNotice = func(*pgconn.PgConn, *pgconn.Notice) {}
	d := &dialer{}
	conf.DialFunc = d.dial
	conn, err := pgconn.ConnectConfig(ctx, conf)
	d.done.Store(true)
	if err != nil {
		d.close()
		return nil, err
	}
	return &postgres{conn, d}, nil
}

// Query uses the simple protocol: a pooler that shares connections by transaction passes it on.
func (p *postgres) Query(ctx context.Context, sql string) ([][]string, error) {
	results := p.conn.Exec(ctx, sql)
	var rows [][]string
	size := 0
	for results.NextResult() {
		rows = rows[:0]
		reader := results.ResultReader()
		for reader.NextRow() {
			row := make([]string, 0, len(reader.FieldDescriptions()))
			for _, v := range reader.Values() {
				row = append(row, string(v))
				size += len(v) + wordBytes
			}
			if size > MaxAnswer {
				p.dial.close()
				return nil, errors.Join(errTooLarge, results.Close())
			}
			rows = append(rows, row)
		}
		if _, err := reader.Close(); err != nil {
			return nil, errors.Join(err, ignored(results.Close(), err))
		}
	}
	return rows, results.Close()
}

// wordBytes is what a value costs beyond its text.
const wordBytes = 16

// ignored drops an error that says the same again.
func ignored(err, known error) error {
	if err == nil || err.Error() == known.Error() {
		return nil
	}
	return err
}

func (p *postgres) Local() string { return p.conn.Conn().LocalAddr().String() }

func (p *postgres) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	_ = p.conn.Close(ctx)
	p.dial.close()
}

// goodbye is how long it may take to send a message that ends a session: a moment, unless the socket is full.
const goodbye = 100 * time.Millisecond

func splitPort(address string) (host string, port uint16, err error) {
	host, p, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(p, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("port %q", p)
	}
	return host, uint16(n), nil
}
