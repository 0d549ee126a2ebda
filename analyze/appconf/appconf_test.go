package appconf

import (
	"fmt"
	"strings"
	"testing"
)

const serverXML = `<?xml version="1.0"?>
<Server port="8000">
  <GlobalNamingResources>
    <Resource name="jdbc/wiki" type="javax.sql.DataSource"
              url="jdbc:postgresql://db:5432/wiki" maxTotal="40"/>
    <Resource name="UserDatabase" type="org.apache.catalina.UserDatabase"/>
  </GlobalNamingResources>
  <Service name="Tomcat-Standalone">
    <!-- <Connector port="1" maxThreads="999"/> -->
    <Executor name="pool" maxThreads="150"/>
    <Connector port="8090" maxThreads="48"
               acceptCount="10"/>
    <Connector port="8091"/>
    <Connector port="8092" executor="pool"/>
    <Connector port="8093" executor="other"/>
    <Connector port="8094" useVirtualThreads="true"/>
  </Service>
</Server>
`

// said puts a file's content in a form to compare.
func said(f *File) string {
	var b strings.Builder
	for _, c := range f.Connectors {
		fmt.Fprintf(&b, "%d threads (%s, default %v, %d-%d)\n", c.MaxThreads, c.Setting, c.Default, c.From, c.To)
	}
	for _, p := range f.Pools {
		fmt.Fprintf(&b, "%d connections to %q (%s %s, default %v, %d-%d)\n", p.Max, p.Server, p.Kind, p.Setting, p.Default, p.From, p.To)
	}
	return strings.TrimSpace(b.String())
}

func TestRead(t *testing.T) {
	for _, c := range []struct{ name, file, text, want string }{
		{"tomcat", "server.xml", serverXML, `48 threads (maxThreads of the Connector on port 8090, default false, 11-12)
200 threads (maxThreads of the Connector on port 8091, default true, 13-13)
150 threads (maxThreads of the Executor pool, default false, 10-10)
40 connections to "db:5432" (DBCP 2 maxTotal of the Resource jdbc/wiki, default false, 4-5)`},
		{"c3p0 of the container", "server.xml", "<Server><GlobalNamingResources>\n<Resource name=\"jdbc/shop\" type=\"com.mchange.v2.c3p0.ComboPooledDataSource\" factory=\"org.apache.naming.factory.BeanFactory\" jdbcUrl=\"jdbc:postgresql://db/s\" maxPoolSize=\"35\"/>\n</GlobalNamingResources></Server>",
			`35 connections to "db:5432" (c3p0 maxPoolSize of the Resource jdbc/shop, default false, 2-2)`},
		{"cut", "server.xml", serverXML[:strings.Index(serverXML, "<Service name")+40], `40 connections to "db:5432" (DBCP 2 maxTotal of the Resource jdbc/wiki, default false, 4-5)`},
		{"context", "context.xml", `<Context><Resource name="a" type="javax.sql.DataSource" factory="org.apache.tomcat.jdbc.pool.DataSourceFactory" url="jdbc:mysql://DB/x"/>
<Resource name="b" type="javax.sql.DataSource" maxTotal="-1"/><Resource name="c" type="javax.sql.DataSource" maxActive="30"/><Resource name="d" type="javax.sql.DataSource" factory="com.example.Own"/></Context>`,
			`100 connections to "db:3306" (Tomcat JDBC pool maxActive of the Resource a, default true, 1-1)
30 connections to "" (DBCP maxActive of the Resource c, default false, 2-2)`},
		{"confluence", "confluence.cfg.xml.2", "<confluence-configuration><properties>\n<property name=\"hibernate.c3p0.max_size\">30</property>\n<property name=\"hibernate.connection.url\">jdbc:postgresql://db/c</property>\n</properties></confluence-configuration>",
			`30 connections to "db:5432" (c3p0 hibernate.c3p0.max_size, default false, 2-2)`},
		{"confluence after 7.14", "confluence.cfg.xml", "<confluence-configuration>\n<property name=\"hibernate.c3p0.max_size\">30</property>\n<property name=\"hibernate.hikari.maximumPoolSize\">60</property></confluence-configuration>",
			`60 connections to "" (HikariCP hibernate.hikari.maximumPoolSize, default false, 3-3)`},
		{"jira", "dbconfig.xml", "<jira-database-config><jdbc-datasource><url>jdbc:postgresql://db:1/j</url>\n<pool-max-size>20</pool-max-size></jdbc-datasource></jira-database-config>",
			`20 connections to "db:1" (DBCP 2 pool-max-size, default false, 2-2)`},
		{"spring", "application.properties", "# x\nserver.tomcat.threads.max = 90\nspring.datasource.url=jdbc\\:postgresql\\://db/s\nspring.datasource.hikari.maximumPoolSize: 25\n#---\nspring.datasource.hikari.maximum-pool-size=99\n",
			`90 threads (server.tomcat.threads.max, default false, 2-2)
25 connections to "db:5432" (HikariCP spring.datasource.hikari.maximum-pool-size, default false, 4-4)`},
		{"spring, no sizes", "application.properties", "spring.datasource.url=jdbc:postgresql://db/s\n", ""},
		{"yaml", "application-prod.yml", "server:\n  tomcat.threads:\n    max: 64\nspring:\n  datasource:\n    url: jdbc:postgresql://db/s\n    hikari:\n      maximum-pool-size: 20\n---\nspring.datasource.hikari.maximum-pool-size: 99\n",
			`64 threads (server.tomcat.threads.max, default false, 3-3)
20 connections to "db:5432" (HikariCP spring.datasource.hikari.maximum-pool-size, default false, 8-8)`},
		{"yaml, a variable", "application.yml", "spring.datasource.hikari.maximum-pool-size: ${POOL:10}\n", ""},
	} {
		f, err := Read(c.file, strings.NewReader(c.text))
		if f == nil || err != nil && c.name != "cut" {
			t.Errorf("%s: %v, %v", c.name, f, err)
			continue
		}
		if got := said(f); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
	if f, err := Read("setenv.sh", strings.NewReader("x")); f != nil || err != nil {
		t.Error(f, err)
	}
}

// What a review looks at is kept with its place, or with the product's default; what a variable stands for is not known.
func TestValues(t *testing.T) {
	for _, c := range []struct{ file, text, name, want string }{
		{"server.properties", "broker.id=1\nlog.dirs=/a,/b\n", KafkaLogs, "/a,/b 2"},
		{"server.properties", "broker.id=1\nlog.dir=/a\n", KafkaLogs, "/a 2"},
		{"broker.properties", "process.roles=broker\n", KafkaLogs, "/tmp/kafka-logs default"},
		{"server.properties", "broker.id=1\nmin.insync.replicas=2\nmin.insync.replicas=3\n", "min.insync.replicas", "3 3"},
		{"elasticsearch.yml", "cluster:\n  name: shop\ndiscovery.seed_hosts:\n- a\n- b\n", SeedHosts, "a,b 4"},
		{"opensearch.yml", "bootstrap:\n  memory_lock: true\n", "bootstrap.memory_lock", "true 2"},
		{"elasticsearch.yml", "cluster.name: ${CLUSTER}\n", "cluster.name", ""},
		{"application.yml", "spring:\n  jpa:\n    openInView: false\n", "spring.jpa.open-in-view", "false 3"},
		{"application.properties", "server.shutdown=${SHUTDOWN:graceful}\n", "server.shutdown", ""},
		{"application.properties", "server.port=1\n", "server.shutdown", ""},
		{"server.xml", "<Server>\n<Connector port=\"1\" maxThreads=\"9\" acceptCount=\"7\"/></Server>", AcceptCount, "7 2"},
		{"server.xml", "<Server><Connector port=\"1\" protocol=\"AJP/1.3\"/></Server>", AcceptCount, ""},
		{"dbconfig.xml", "<jira-database-config>\n<pool-min-size>5</pool-min-size></jira-database-config>", "pool-min-size", "5 2"},
	} {
		f, err := Read(c.file, strings.NewReader(c.text))
		if f == nil || err != nil {
			t.Fatal(c.file, err)
		}
		got := ""
		for _, v := range f.Values {
			switch {
			case v.Name != c.name:
			case v.Default:
				got = v.Value + " default"
			default:
				got = fmt.Sprint(v.Value, " ", v.From)
			}
		}
		if got != c.want {
			t.Errorf("%s, %s: %q, want %q", c.text, c.name, got, c.want)
		}
	}
	for _, other := range []string{"node.id=1\nnode.environment=x\n", "log.dir=/x\n", ""} {
		if f, err := Read("node.properties", strings.NewReader(other)); f != nil || err != nil {
			t.Errorf("%q is a broker's: %+v, %v", other, f, err)
		}
	}
}

func TestResolve(t *testing.T) {
	read := func(name, text string) *File {
		f, err := Read(name, strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		f.Origin = name
		return f
	}
	confluence := func(name, properties string) *File {
		return read(name, "<confluence-configuration>"+properties+"</confluence-configuration>")
	}
	tomcat := read("conf/server.xml", serverXML)
	hikari := func(n string) string { return "spring.datasource.hikari.maximum-pool-size=" + n + "\n" }
	url := "spring.datasource.url=jdbc:postgresql://db/s\n"
	options := func(list ...string) *File { return Options("cmdline", list, func(i int) int { return i + 2 }) }
	for _, c := range []struct {
		name    string
		files   []*File
		options *File
		threads int
		pools   string
	}{
		{"tomcat", []*File{tomcat}, nil, 200, "40@db:5432"},
		{"confluence's own pool, not the container's", []*File{tomcat, confluence("confluence.cfg.xml", `<property name="hibernate.c3p0.max_size">60</property>`)}, nil, 200, "60@"},
		{"a data source of the container", []*File{tomcat, confluence("confluence.cfg.xml", `<property name="hibernate.connection.datasource">java:comp/env/jdbc/wiki</property>`)}, nil, 200, "40@db:5432"},
		{"the shared home's copy is old", []*File{confluence("shared-home/confluence.cfg.xml", `<property name="hibernate.c3p0.max_size">30</property>`), confluence("confluence.cfg.xml", `<property name="hibernate.c3p0.max_size">60</property>`)}, nil, 0, "60@"},
		{"profile not known to be active", []*File{read("application.properties", url+hikari("10")), read("application-prod.properties", hikari("50"))}, nil, 0, ""},
		{"active profile", []*File{read("application.properties", url+hikari("10")), read("application-prod.properties", hikari("50"))}, options("-Dspring.profiles.active=prod"), 0, "50@db:5432"},
		{"other profile", []*File{read("application.properties", url+hikari("10")), read("application-test.properties", hikari("50"))}, options("-Dspring.profiles.active=prod"), 0, "10@db:5432"},
		{"option", []*File{read("application.properties", url+hikari("10"))}, options("-Xmx1g", "-Dspring.datasource.hikari.maximumPoolSize=70", "-Dserver.tomcat.threads.max=20"), 20, "70@db:5432"},
	} {
		s := Resolve(c.files, c.options)
		threads, pools := 0, ""
		if x := s.Threads(); x != nil {
			threads = x.MaxThreads
		}
		for _, p := range s.Pools {
			pools += fmt.Sprintf("%d@%s", p.Max, p.Server)
		}
		if threads != c.threads || pools != c.pools {
			t.Errorf("%s: %d threads, pools %q; want %d, %q", c.name, threads, pools, c.threads, c.pools)
		}
	}
	if f := options("-Dspring.datasource.hikari.maximumPoolSize=70"); len(f.Pools) != 1 || f.Pools[0].Place != (Place{"cmdline", 2, 2}) {
		t.Errorf("%+v", f.Pools)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("server.xml", serverXML)
	f.Add("confluence.cfg.xml", `<confluence-configuration><property name="hibernate.c3p0.max_size">30</property>`)
	f.Add("dbconfig.xml", `<a><url>jdbc:mysql://h/x</url><pool-max-size>2</pool-max-size></a>`)
	f.Add("application.yml", "a: &x {b: 1}\nspring.datasource: *x\nc: !!binary x\n")
	f.Add("application.properties", "server.tomcat.threads.max=3\n=\n:\n")
	f.Add("server.properties", "process.roles=broker\nlog.dir=/tmp\n")
	f.Add("elasticsearch.yml", "discovery:\n  seed_hosts: [a, [b], *x]\n")
	f.Fuzz(func(t *testing.T, name, text string) {
		file, _ := Read(name, strings.NewReader(text))
		if file == nil {
			return
		}
		lines := strings.Count(text, "\n") + 1
		for _, p := range file.Pools {
			if p.Max <= 0 || p.From < 1 || p.To > lines || p.From > p.To {
				t.Errorf("%+v of %d lines", p, lines)
			}
		}
		for _, v := range file.Values {
			if v.Value == "" || !v.Default && (v.From < 1 || v.To > lines || v.From > v.To) {
				t.Errorf("%+v of %d lines", v, lines)
			}
		}
		for _, c := range file.Connectors {
			if c.MaxThreads <= 0 || c.From < 1 || c.To > lines || c.From > c.To {
				t.Errorf("%+v of %d lines", c, lines)
			}
		}
		Resolve([]*File{file}, nil)
	})
}
