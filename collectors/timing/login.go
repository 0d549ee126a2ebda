package timing

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"casefile/bundle/format/jdbc"
	"casefile/bundle/format/timing"
)

// session is one connection that is logged in.
type session interface {
	// selectOne runs SELECT 1.
	selectOne(ctx context.Context) error
	// connections asks for the server's limit of connections, and how many it has.
	connections(ctx context.Context) (timing.Connections, error)
	close()
}

type login func(ctx context.Context, e jdbc.Endpoint, address string, c *credential) (session, error)

var logins = map[string]login{jdbc.PostgreSQL: loginPostgres, jdbc.MySQL: loginMySQL, jdbc.MariaDB: loginMySQL}

const applicationName = "casefile"

// tlsFor is the link's security: verified where the URL asks for it, else as drivers
// do by default, encrypted without a check of the name.
func tlsFor(e jdbc.Endpoint, host string) *tls.Config {
	if e.TLS == "disable" {
		return nil
	}
	return &tls.Config{ServerName: host, InsecureSkipVerify: e.TLS != "verify", MinVersion: tls.VersionTLS12}
}

type postgresSession struct {
	conn *pgconn.PgConn
	port uint16
}

func loginPostgres(ctx context.Context, e jdbc.Endpoint, address string, c *credential) (session, error) {
	host, port, err := splitPort(address)
	if err != nil {
		return nil, err
	}
	// Nothing of the environment or of files in a home: only what the plan says.
	conf, err := pgconn.ParseConfig("host=127.0.0.1 user=none password=none dbname=none sslmode=disable")
	if err != nil {
		return nil, errors.New("a PG* variable of the environment stands in the way")
	}
	conf.Host, conf.Port, conf.User, conf.Password, conf.Database = host, port, c.user, c.password, e.Database
	conf.RuntimeParams = map[string]string{"application_name": applicationName, "statement_timeout": strconv.FormatInt(databaseLimit.Milliseconds(), 10)}
	conf.ConnectTimeout = databaseLimit
	conf.TLSConfig, conf.Fallbacks = tlsFor(e, host), nil
	if e.TLS == "" {
		conf.Fallbacks = []*pgconn.FallbackConfig{{Host: host, Port: port}}
	}
	if e.TLS != "verify" { // the password goes to nobody in clear who has not shown who he is
		conf.RequireAuth = "scram-sha-256,md5,none"
	}
	conf.MaxProtocolMessageBodyLen = 1 << 20
	conf.OnNotice = func(*pgconn.PgConn, *pgconn.Notice) {}
	conn, err := pgconn.ConnectConfig(ctx, conf)
	if err != nil {
		return nil, err
	}
	return postgresSession{conn, port}, nil
}

func (s postgresSession) selectOne(ctx context.Context) error {
	_, err := s.conn.Exec(ctx, "SELECT 1").ReadAll()
	return err
}

// errProxied: what answers listens elsewhere than where we asked, so a pooler or a proxy
// with a limit of its own stands between.
var errProxied = errors.New("limit of connections: not the server's own port")

// The settings and counts that every role may read. reserved_connections came with version 16.
const postgresConnections = `SELECT current_setting('max_connections'),
 current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true), '0')::int,
 (SELECT sum(numbackends) FROM pg_stat_database), inet_server_port()`

func (s postgresSession) connections(ctx context.Context) (timing.Connections, error) {
	results, err := s.conn.Exec(ctx, postgresConnections).ReadAll()
	if err != nil {
		return timing.Connections{}, err
	}
	if len(results) != 1 || len(results[0].Rows) != 1 || len(results[0].Rows[0]) != 4 {
		return timing.Connections{}, errors.New("limit of connections: not one row of four")
	}
	row := results[0].Rows[0]
	if string(row[3]) != strconv.Itoa(int(s.port)) {
		return timing.Connections{}, errProxied
	}
	return connectionsOf(string(row[0]), string(row[1]), string(row[2]))
}

// connectionsOf reads the three figures as a server writes them.
func connectionsOf(limit, reserved, used string) (c timing.Connections, err error) {
	for _, f := range []struct {
		text string
		into *int
	}{{limit, &c.Max}, {reserved, &c.Reserved}, {used, &c.Used}} {
		if *f.into, err = strconv.Atoi(f.text); err != nil || *f.into < 0 {
			return timing.Connections{}, fmt.Errorf("limit of connections: %.20q is no count", f.text)
		}
	}
	return c, nil
}

func (s postgresSession) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.conn.Close(ctx) // says goodbye if it can
}

type mysqlSession struct {
	conn driver.Conn
	port uint16
}

func loginMySQL(ctx context.Context, e jdbc.Endpoint, address string, c *credential) (session, error) {
	host, port, err := splitPort(address)
	if err != nil {
		return nil, err
	}
	conf := mysql.NewConfig()
	conf.Net, conf.Addr, conf.User, conf.Passwd, conf.DBName = "tcp", address, c.user, c.password, e.Database
	conf.Timeout, conf.ReadTimeout, conf.WriteTimeout = databaseLimit, databaseLimit, databaseLimit
	conf.ConnectionAttributes = "program_name:" + applicationName
	conf.Logger = &mysql.NopLogger{} // its own goes to the terminal
	conf.TLS = tlsFor(e, host)
	conf.AllowFallbackToPlaintext = e.TLS == ""
	connector, err := mysql.NewConnector(conf)
	if err != nil {
		return nil, err
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return mysqlSession{conn, port}, nil
}

func (s mysqlSession) selectOne(ctx context.Context) error {
	_, err := s.row(ctx, "SELECT 1")
	return err
}

// connections: the one that MySQL keeps for an administrator comes on top of its limit.
func (s mysqlSession) connections(ctx context.Context) (timing.Connections, error) {
	if port, err := s.row(ctx, "SELECT @@port"); err != nil || port != strconv.Itoa(int(s.port)) {
		return timing.Connections{}, errors.Join(errProxied, err)
	}
	limit, err := s.row(ctx, "SELECT @@max_connections")
	if err != nil {
		return timing.Connections{}, err
	}
	used, err := s.row(ctx, "SHOW GLOBAL STATUS LIKE 'Threads_connected'")
	if err != nil {
		return timing.Connections{}, err
	}
	return connectionsOf(limit, "0", used)
}

// row gives the last column of the first row.
func (s mysqlSession) row(ctx context.Context, query string) (string, error) {
	q, able := s.conn.(driver.QueryerContext)
	if !able {
		return "", errors.ErrUnsupported
	}
	rows, err := q.QueryContext(ctx, query, nil)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	row := make([]driver.Value, len(rows.Columns()))
	if err := rows.Next(row); err != nil {
		if errors.Is(err, io.EOF) {
			return "", errors.New("no row")
		}
		return "", err
	}
	if len(row) == 0 {
		return "", errors.New("no column")
	}
	if b, ok := row[len(row)-1].([]byte); ok {
		return string(b), nil
	}
	return fmt.Sprint(row[len(row)-1]), nil
}

func (s mysqlSession) close() { s.conn.Close() }

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
