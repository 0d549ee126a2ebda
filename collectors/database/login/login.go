// Package login opens one connection to a database server as JDBC does, and asks it questions in plain SQL. All
// collectors that log in to databases do it here.
package login

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"casefile/bundle/format/jdbc"
)

// Conn is one connection that is logged in. It is not for concurrent use.
type Conn interface {
	// Query runs SQL and gives the rows of its last statement as text, NULL as "". A connection whose query was given up
	// because ctx ended is closed.
	Query(ctx context.Context, sql string) ([][]string, error)
	// Local is the connection's end on this machine, host:port.
	Local() string
	// Close says goodbye and does not wait for an answer.
	Close()
}

// ApplicationName is how the server lists the connection.
const ApplicationName = "casefile"

const (
	// Limit is that of one login.
	Limit = 5 * time.Second
	// MaxAnswer is how many bytes of one answer are taken.
	MaxAnswer = 32 << 20
	// maxMessage bounds one message of PostgreSQL's, a row for one.
	maxMessage = 1 << 20
)

type opener func(ctx context.Context, e jdbc.Endpoint, address string, c *Credential) (Conn, error)

var openers = map[string]opener{jdbc.PostgreSQL: openPostgres, jdbc.MySQL: openMySQL, jdbc.MariaDB: openMySQL}

// Knows reports whether logging in to a kind of database is built in.
func Knows(kind string) bool { return openers[kind] != nil }

// Open logs in to one server of an endpoint.
func Open(ctx context.Context, e jdbc.Endpoint, address string, c *Credential) (Conn, error) {
	open := openers[e.Kind]
	if open == nil {
		return nil, fmt.Errorf("logging in to %q is not built in: %w", e.Kind, errors.ErrUnsupported)
	}
	return open(ctx, e, address, c)
}

// tlsFor is the link's security: verified where the URL asks for it, else as drivers
// do by default, encrypted without a check of the name.
func tlsFor(e jdbc.Endpoint, host string) *tls.Config {
	if e.TLS == "disable" {
		return nil
	}
	return &tls.Config{ServerName: host, InsecureSkipVerify: e.TLS != "verify", MinVersion: tls.VersionTLS12}
}

// errTooLarge is that of an answer beyond MaxAnswer.
var errTooLarge = fmt.Errorf("the server answered with more than %d MB", MaxAnswer>>20)

// dialer opens the connection of one login, and no other: pgx opens one more to cancel what was given up, which the
// server's own limits do as well, and which a server that hangs keeps open for long.
type dialer struct {
	net.Dialer
	done atomic.Bool // asked for by a goroutine of the driver's
	last net.Conn
}

var errNoFurther = errors.New("no further connection")

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if d.done.Load() {
		return nil, errNoFurther
	}
	conn, err := d.DialContext(ctx, network, address)
	if err == nil {
		d.last = conn
	}
	return conn, err
}

// close ends what a driver may still wait for.
func (d *dialer) close() {
	if d.last != nil {
		d.last.Close()
	}
}
