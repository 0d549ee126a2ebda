// Package jdbc reads the addresses of databases as products write them.
package jdbc

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Kinds of database, as JDBC calls them.
const (
	PostgreSQL = "postgresql"
	MySQL      = "mysql"
	MariaDB    = "mariadb"
	SQLServer  = "sqlserver"
	Oracle     = "oracle"
)

// defaultPorts are those that a URL without a port means.
var defaultPorts = map[string]string{PostgreSQL: "5432", MySQL: "3306", MariaDB: "3306", SQLServer: "1433", Oracle: "1521"}

// Endpoint is what a database URL says of how to reach it. A password in the URL
// is dropped.
type Endpoint struct {
	Kind     string   // "" for a plain host:port
	Hosts    []string // host:port, in the order of the URL
	Database string
	User     string
	// TLS is what the URL asks for: "disable", "require", "verify"; "" where it leaves
	// that to the driver.
	TLS string
}

const (
	maxDatabaseURL = 4096
	maxHosts       = 16
)

// Errors of Parse. None holds any part of the URL: there may be a password in it.
var (
	ErrNotDatabaseURL = errors.New("not a database URL: want jdbc:..., postgres://..., mysql://... or host:port")
	ErrNoServer       = errors.New("the database is inside the service, there is no server to measure")
)

// Parse reads a JDBC URL (PostgreSQL, MySQL, MariaDB, SQL Server, Oracle), a
// postgres:// or mysql:// URL, or host:port.
func Parse(s string) (Endpoint, error) {
	if len(s) > maxDatabaseURL {
		return Endpoint{}, fmt.Errorf("database URL of more than %d bytes", maxDatabaseURL)
	}
	e, err := parseDatabase(strings.TrimSpace(s))
	if err != nil {
		return Endpoint{}, err
	}
	if len(e.Hosts) == 0 || len(e.Hosts) > maxHosts {
		return Endpoint{}, ErrNotDatabaseURL
	}
	for i, h := range e.Hosts {
		if e.Hosts[i], err = withPort(h, defaultPorts[e.Kind]); err != nil {
			return Endpoint{}, err
		}
	}
	return e, nil
}

func parseDatabase(s string) (Endpoint, error) {
	if rest, jdbc := cutFold(s, "jdbc:"); jdbc {
		s = rest
		scheme, _, _ := strings.Cut(strings.ToLower(rest), ":")
		switch scheme {
		case PostgreSQL, MySQL, MariaDB:
			return parseURL(scheme, s)
		case SQLServer, "jtds":
			return parseSQLServer(s)
		case Oracle:
			return parseOracle(s)
		case "h2", "hsqldb", "derby", "sqlite":
			return Endpoint{}, ErrNoServer
		}
		return Endpoint{}, ErrNotDatabaseURL
	}
	for prefix, kind := range map[string]string{"postgres://": PostgreSQL, "postgresql://": PostgreSQL, "mysql://": MySQL, "mariadb://": MariaDB} {
		if _, found := cutFold(s, prefix); found {
			return parseURL(kind, s)
		}
	}
	if strings.ContainsAny(s, "/?@;=") {
		return Endpoint{}, ErrNotDatabaseURL
	}
	if _, _, err := net.SplitHostPort(s); err != nil {
		return Endpoint{}, ErrNotDatabaseURL
	}
	return Endpoint{Hosts: []string{s}}, nil
}

// cutFold is CutPrefix without regard to case.
func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// parseURL reads scheme:[sub:]//[user@]host[:port][,...]/database?user=...
func parseURL(kind, s string) (Endpoint, error) {
	e := Endpoint{Kind: kind}
	before, rest, found := strings.Cut(s, "//")
	if !found {
		// jdbc:postgresql:database is on this machine.
		_, name, _ := strings.Cut(before, ":")
		e.Hosts = []string{"localhost"}
		e.Database, rest, _ = strings.Cut(name, "?")
		e.params(rest)
		return e, nil
	}
	authority, params, _ := strings.Cut(rest, "?")
	authority, e.Database, _ = strings.Cut(authority, "/")
	e.Database = unescape(e.Database)
	e.params(params)
	if strings.Contains(authority, "(") {
		return e, e.described(authority)
	}
	for h := range strings.SplitSeq(authority, ",") {
		if i := strings.LastIndexByte(h, '@'); i >= 0 { // user:password@
			name, _, _ := strings.Cut(h[:i], ":")
			if e.User == "" {
				e.User = unescape(name)
			}
			h = h[i+1:]
		}
		if h == "" && authority == "" {
			h = "localhost"
		}
		e.Hosts = append(e.Hosts, h)
	}
	return e, nil
}

// params reads the parameters that matter: the user, and how the link is secured.
func (e *Endpoint) params(params string) {
	for p := range strings.SplitSeq(params, "&") {
		name, value, _ := strings.Cut(p, "=")
		low := strings.ToLower(value)
		switch strings.ToLower(name) {
		case "user":
			e.User = unescape(value)
		case "sslmode":
			switch {
			case strings.HasPrefix(low, "verify"):
				e.TLS = "verify"
			case low == "require" || low == "required":
				e.TLS = "require"
			case strings.HasPrefix(low, "disable"):
				e.TLS = "disable"
			}
		case "ssl", "usessl", "requiressl":
			if low == "true" || value == "" {
				e.TLS = "require"
			}
		}
	}
}

func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// described reads MySQL's address=(host=h)(port=p) and Oracle's descriptors.
func (e *Endpoint) described(s string) error {
	host := ""
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '(' || r == ')' || r == ',' }) {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "host":
			if host != "" {
				e.Hosts = append(e.Hosts, host)
			}
			host = value
		case "port":
			if host != "" {
				e.Hosts = append(e.Hosts, net.JoinHostPort(strings.Trim(host, "[]"), value))
				host = ""
			}
		case "service_name", "sid":
			e.Database = value
		}
	}
	if host != "" {
		e.Hosts = append(e.Hosts, host)
	}
	if len(e.Hosts) == 0 {
		return ErrNotDatabaseURL
	}
	return nil
}

// parseSQLServer reads sqlserver://host\instance:port;databaseName=d;user=u
// and jtds:sqlserver://host:port/database;...
func parseSQLServer(s string) (Endpoint, error) {
	e := Endpoint{Kind: SQLServer}
	_, rest, found := strings.Cut(s, "//")
	if !found {
		return e, ErrNotDatabaseURL
	}
	parts := strings.Split(rest, ";")
	authority, database, _ := strings.Cut(parts[0], "/")
	e.Database = database
	for _, p := range parts[1:] {
		name, value, _ := strings.Cut(p, "=")
		switch strings.ToLower(name) {
		case "databasename", "database":
			e.Database = value
		case "user", "username":
			e.User = value
		case "servername", "server":
			if authority == "" {
				authority = value
			}
		}
	}
	if host, instance, named := strings.Cut(authority, `\`); named {
		if _, port, found := strings.Cut(instance, ":"); found {
			host += ":" + port
		}
		authority = host
	}
	if authority == "" {
		return e, ErrNotDatabaseURL
	}
	e.Hosts = []string{authority}
	return e, nil
}

// parseOracle reads oracle:thin:[user/password]@ followed by //host:port/service,
// host:port:sid, host:port/service or a descriptor.
func parseOracle(s string) (Endpoint, error) {
	e := Endpoint{Kind: Oracle}
	before, where, found := strings.Cut(s, "@")
	if !found {
		return e, ErrNotDatabaseURL
	}
	if i := strings.LastIndexByte(where, '@'); i >= 0 && !strings.HasPrefix(where, "(") {
		where = where[i+1:] // the password held one
	}
	name, _, _ := strings.Cut(before[strings.LastIndexByte(before, ':')+1:], "/")
	e.User = name
	if strings.HasPrefix(where, "(") {
		return e, e.described(where)
	}
	if i := strings.Index(where, "//"); i >= 0 { // tcp://, tcps://, //
		where = where[i+2:]
	}
	where, _, _ = strings.Cut(where, "?")
	host, service, slash := strings.Cut(where, "/")
	if parts := strings.Split(host, ":"); !slash && len(parts) == 3 && !strings.HasPrefix(host, "[") {
		host, service = parts[0]+":"+parts[1], parts[2]
	}
	e.Database, _, _ = strings.Cut(service, ":") // :dedicated
	e.Hosts = strings.Split(host, ",")
	return e, nil
}

// withPort completes and checks host[:port].
func withPort(s, port string) (string, error) {
	host := strings.Trim(s, "[]")
	if h, p, err := net.SplitHostPort(s); err == nil {
		host = h
		if p != "" {
			port = p
		}
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n > 65535 || !plausibleHost(host) {
		return "", ErrNotDatabaseURL
	}
	return net.JoinHostPort(host, strconv.Itoa(n)), nil
}

func plausibleHost(h string) bool {
	if h == "" || len(h) > 253 {
		return false
	}
	if strings.Contains(h, ":") {
		_, err := netip.ParseAddr(h)
		return err == nil && !strings.Contains(h, "%")
	}
	for _, r := range h {
		if r <= ' ' || r > '~' || strings.ContainsRune(`/\?#@;=()[]"'`, r) {
			return false
		}
	}
	return true
}
