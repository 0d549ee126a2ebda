package timing

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"casefile/bundle/format/jdbc"
	"casefile/bundle/format/timing"
	"casefile/collectors/database/login"
)

// session is one connection that is logged in.
type session struct {
	login.Conn
	kind, port string
}

// openSession logs in to one server of the probe.
func (s *server) openSession(ctx context.Context) (*session, error) {
	_, port, err := net.SplitHostPort(s.address)
	if err != nil {
		return nil, err
	}
	conn, err := login.Open(ctx, s.Endpoint, s.address, s.Credential)
	if err != nil {
		return nil, err
	}
	return &session{conn, s.Kind, port}, nil
}

func (s *session) selectOne(ctx context.Context) error {
	_, err := s.Query(ctx, "SELECT 1")
	return err
}

// errProxied: what answers listens elsewhere than where we asked, so a pooler or a proxy
// with a limit of its own stands between.
var errProxied = errors.New("limit of connections: not the server's own port")

// connectionQueries ask, of each kind of database, for what every role may read: the limit
// of connections, how many of them are reserved, how many there are, and the server's port.
// The one that MySQL keeps for an administrator comes on top of its limit.
var connectionQueries = map[string][]string{
	// reserved_connections came with version 16.
	jdbc.PostgreSQL: {"SELECT current_setting('max_connections')",
		`SELECT current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true), '0')::int`,
		"SELECT sum(numbackends) FROM pg_stat_database", "SELECT inet_server_port()"},
	jdbc.MySQL:   mysqlConnections,
	jdbc.MariaDB: mysqlConnections,
}

var mysqlConnections = []string{"SELECT @@max_connections", "SELECT 0", "SHOW GLOBAL STATUS LIKE 'Threads_connected'", "SELECT @@port"}

// connections asks for the server's limit of connections, and how many it has.
func (s *session) connections(ctx context.Context) (timing.Connections, error) {
	var values [4]string
	for i, query := range connectionQueries[s.kind] {
		rows, err := s.Query(ctx, query)
		if err != nil {
			return timing.Connections{}, err
		}
		if len(rows) != 1 || len(rows[0]) == 0 {
			return timing.Connections{}, errors.New("limit of connections: not one row")
		}
		values[i] = rows[0][len(rows[0])-1]
	}
	if values[3] != s.port {
		return timing.Connections{}, errProxied
	}
	return connectionsOf(values[0], values[1], values[2])
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

// settingQueries ask, of each kind of database, for what every role may read. The last column of the one row is the answer.
var settingQueries = map[string]map[string]string{
	jdbc.PostgreSQL: {
		timing.SettingIsolation: "SELECT current_setting('default_transaction_isolation')",
		timing.SettingEncoding:  "SELECT current_setting('server_encoding')",
		timing.SettingCollation: "SELECT datcollate FROM pg_database WHERE datname = current_database()",
	},
	jdbc.MySQL:   mysqlSettings,
	jdbc.MariaDB: mysqlSettings,
}

// mysqlSettings: tx_isolation is what MySQL before 8 and MariaDB before 11.1 call transaction_isolation.
var mysqlSettings = map[string]string{
	timing.SettingIsolation: "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('transaction_isolation', 'tx_isolation')",
	timing.SettingEncoding:  "SELECT @@character_set_database",
	timing.SettingCollation: "SELECT @@collation_database",
}

// maxSetting is how much of a setting is kept, in bytes.
const maxSetting = 100

// settings asks what the database says of itself. What it does not tell is left out.
func (s *session) settings(ctx context.Context) map[string]string {
	out := map[string]string{}
	for name, query := range settingQueries[s.kind] {
		rows, err := s.Query(ctx, query)
		if err != nil || len(rows) == 0 || len(rows[0]) == 0 {
			continue
		}
		if text := rows[0][len(rows[0])-1]; text != "" && len(text) <= maxSetting {
			out[name] = text
		}
	}
	return out
}
