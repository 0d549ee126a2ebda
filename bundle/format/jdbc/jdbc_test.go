package jdbc

import (
	"net"
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		url                         string
		kind, hosts, database, user string
	}{
		{"jdbc:postgresql://db.example.com:5433/confluence", PostgreSQL, "db.example.com:5433", "confluence", ""},
		{"jdbc:postgresql://h1,h2:5433/c?user=conf&password=hunter2&ssl=true", PostgreSQL, "h1:5432 h2:5433", "c", "conf"},
		{"jdbc:postgresql://[::1]:5432/c", PostgreSQL, "[::1]:5432", "c", ""},
		{"jdbc:postgresql://[fe80::1]/c", PostgreSQL, "[fe80::1]:5432", "c", ""},
		{"jdbc:postgresql:confluence", PostgreSQL, "localhost:5432", "confluence", ""},
		{"jdbc:postgresql:///c", PostgreSQL, "localhost:5432", "c", ""},
		{"postgres://conf:hunter2@h/c%20d", PostgreSQL, "h:5432", "c d", "conf"},
		{"JDBC:MySQL://h:3307/c?useUnicode=true&user=a%40b", MySQL, "h:3307", "c", "a@b"},
		{"jdbc:mysql:loadbalance://h1,h2/c", MySQL, "h1:3306 h2:3306", "c", ""},
		{"jdbc:mysql://address=(protocol=tcp)(host=h1)(port=3308),address=(host=h2)/c", MySQL, "h1:3308 h2:3306", "c", ""},
		{"jdbc:mysql://a:hunter2@h1,b:hunter2@h2/c", MySQL, "h1:3306 h2:3306", "c", "a"},
		{"jdbc:mariadb://h/c", MariaDB, "h:3306", "c", ""},
		{`jdbc:sqlserver://h\inst:1444;databaseName=c;user=sa;password=hunter2`, SQLServer, "h:1444", "c", "sa"},
		{`jdbc:sqlserver://h\inst;databaseName=c`, SQLServer, "h:1433", "c", ""},
		{"jdbc:sqlserver://;serverName=h;database=c", SQLServer, "h:1433", "c", ""},
		{"jdbc:jtds:sqlserver://h:1433/c;user=sa", SQLServer, "h:1433", "c", "sa"},
		{"jdbc:oracle:thin:@//h:1521/orcl", Oracle, "h:1521", "orcl", ""},
		{"jdbc:oracle:thin:@h:1522:orcl", Oracle, "h:1522", "orcl", ""},
		{"jdbc:oracle:thin:scott/hunt@er2@h:1522/orcl", Oracle, "h:1522", "orcl", "scott"},
		{"jdbc:oracle:thin:@tcps://h:2484/orcl?x=y", Oracle, "h:2484", "orcl", ""},
		{"jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=h1)(PORT=1521))(ADDRESS=(HOST=h2)(PORT=1522))(CONNECT_DATA=(SERVICE_NAME=orcl)))", Oracle, "h1:1521 h2:1522", "orcl", ""},
		{"db:5432", "", "db:5432", "", ""},
		{"10.0.0.1:99", "", "10.0.0.1:99", "", ""},
	} {
		e, err := Parse(c.url)
		if err != nil || e.Kind != c.kind || strings.Join(e.Hosts, " ") != c.hosts || e.Database != c.database || e.User != c.user {
			t.Errorf("%s: %+v, %v", c.url, e, err)
		}
	}
	for _, bad := range []string{"", "jdbc:", "x", "h:0", "h:65536", "h:x", "jdbc:h2:file:/x", "jdbc:postgresql://a b/c", "jdbc:postgresql://h:x/c", "jdbc:foo://h/c",
		"jdbc:oracle:oci8", "jdbc:sqlserver:h", "http://h:80/", "jdbc:mysql://" + strings.Repeat("h,", 20) + "h/c", strings.Repeat("h", 5000), "jdbc:mysql://address=(port=1)/c"} {
		if e, err := Parse(bad); err == nil {
			t.Errorf("%.60s: taken for %+v", bad, e)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"jdbc:postgresql://h1,h2:5433/c?user=conf", "jdbc:mysql://address=(host=h)(port=1)/c", `jdbc:sqlserver://h\i:1;user=a`,
		"jdbc:oracle:thin:a/b@(DESCRIPTION=(HOST=h)(PORT=1))", "jdbc:oracle:thin:@h:1:s", "postgres://a:b@[::1]:5/c", "h:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := Parse(s)
		if err != nil {
			return
		}
		if len(e.Hosts) == 0 || len(e.Hosts) > maxHosts || slices.Contains(e.Hosts, "") {
			t.Fatalf("%q: hosts %q", s, e.Hosts)
		}
		for _, h := range e.Hosts {
			host, port, err := net.SplitHostPort(h)
			if err != nil || host == "" || port == "" {
				t.Fatalf("%q: host %q: %v", s, h, err)
			}
			if again, err := Parse(h); err != nil || again.Hosts[0] != h {
				t.Fatalf("%q: host %q reads as %+v, %v", s, h, again, err)
			}
		}
	})
}
