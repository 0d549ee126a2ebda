package checklist

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/appconf"
	"casefile/analyze/host"
	"casefile/analyze/threads"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/hostseries"
	"casefile/bundle/format/series"
)

// product is a server of a product in order, on two nodes, as its files and flags tell of it.
type product struct {
	app    string
	files  map[string]string
	flags  map[string]string
	dump   string
	limits map[string]float64
	kernel map[string]string
	swap   float64
}

const springThread = `"container-0" #22 prio=5 os_prio=0 cpu=1.1ms elapsed=9.9s tid=0x00007f01 nid=0x1 waiting on condition  [0x00007f02]
   java.lang.Thread.State: TIMED_WAITING (sleeping)
	at java.lang.Thread.sleep(java.base@17.0.15/Native Method)
	at org.springframework.boot.web.embedded.tomcat.TomcatWebServer$1.run(TomcatWebServer.java:218)
`

func fleet() map[string]product {
	flags := map[string]string{"UseG1GC": "true", "UseSerialGC": "false", "InitialHeapSize": "4294967296", "MaxHeapSize": "4294967296", "UseCompressedOops": "true",
		"ExplicitGCInvokesConcurrent": "true", "DisableExplicitGC": "false", "TieredStopAtLevel": "4"}
	limits := map[string]float64{entries.ThreadLimit: 8192, entries.FileLimit: 200000, entries.OpenFiles: 300}
	kernel := map[string]string{"vm/max_map_count": "1048576", "net/core/somaxconn": "4096", "net/ipv4/tcp_retries2": "5", "vm/swappiness": "1"}
	const tomcat = `<Server><Service><Connector port="8080" maxThreads="150" acceptCount="100"/><Engine><Host autoDeploy="false"/></Engine></Service></Server>`
	base := product{flags: flags, limits: limits, kernel: kernel}
	of := func(app string, files map[string]string) product {
		p := base
		p.app, p.files = app, files
		return p
	}
	spring := of("shop", map[string]string{"application.properties": "server.tomcat.threads.max=40\nspring.jpa.open-in-view=false\nserver.shutdown=graceful\n"})
	spring.dump = springThread
	return map[string]product{
		"tomcat":        of("tomcat", map[string]string{"server.xml": tomcat}),
		"jira":          of("jira", map[string]string{"server.xml": tomcat, "dbconfig.xml": "<jira-database-config><jdbc-datasource><pool-max-size>200</pool-max-size></jdbc-datasource></jira-database-config>"}),
		"kafka":         of("kafka", map[string]string{"server.properties": "process.roles=broker\nnode.id=1\nlog.dirs=/var/lib/kafka\ndefault.replication.factor=3\n"}),
		"elasticsearch": of("elasticsearch", map[string]string{"elasticsearch.yml": "cluster.name: shop\ndiscovery.seed_hosts: [a, b]\n"}),
		"spring-boot":   spring,
	}
}

func (p product) on(t *testing.T) *analyze.Case {
	t.Helper()
	c := &analyze.Case{}
	var err error
	for i := range 2 {
		n := &analyze.Node{Name: fmt.Sprintf("n%d", i+1)}
		var sysctl []byte
		for path, value := range p.kernel {
			sysctl = hostseries.AppendSection(sysctl, "/proc/sys/"+path, []byte(value))
		}
		facts, errs := host.Load(func(string) ([]byte, error) { return sysctl, nil }, []string{"nodes/n1/host/" + hostseries.Sysctl})
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		facts.Memory.Total, facts.Memory.SwapTotal = number(32<<30), number(p.swap)
		facts.Network.ListenOverflows = number(0)
		n.Host = facts
		j := &analyze.JVM{Node: n, App: p.app, Target: "1-" + p.app, FlagsSource: "vm/flags.txt", ProcessSource: "process/series", Flags: map[string]analyze.Flag{}}
		for name, v := range p.flags {
			j.Flags[name] = analyze.Flag{Value: v}
		}
		for name, text := range p.files {
			f, err := appconf.Read("config/"+name, strings.NewReader(text))
			if err != nil || f == nil {
				t.Fatal(name, err)
			}
			j.Conf = append(j.Conf, f)
		}
		figures := series.NewEncoder(series.Header{Source: entries.ProcessSource})
		figures.Add(time.Unix(9, 0), p.limits)
		if j.Process, err = series.Read(bytes.NewReader(figures.Bytes())); err != nil {
			t.Fatal(err)
		}
		if p.dump != "" {
			dumps, _, err := threads.ParseAll("threads/dump-1.txt", strings.NewReader("2024-03-01 10:00:00\nFull thread dump OpenJDK 64-Bit Server VM (17.0.15+6 mixed mode):\n\n"+p.dump+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			j.Dumps = &threads.Series{Dumps: dumps}
		}
		n.JVMs = []*analyze.JVM{j}
		c.Nodes = append(c.Nodes, n)
	}
	return c
}

// productAnswers are the answers to the questions of a product.
func productAnswers(t *testing.T, c *analyze.Case) map[string]*Answer {
	t.Helper()
	l, err := Of(c, &analyze.Result{})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*Answer{}
	for i := range l.Answers {
		if a := &l.Answers[i]; a.Group == "product" {
			out[a.ID] = a
		}
	}
	return out
}

// Each product that the checklist knows is asked five questions at least, and one in order answers all of them with ok.
func TestProductsInOrder(t *testing.T) {
	for name, p := range fleet() {
		own := 0
		for id, a := range productAnswers(t, p.on(t)) {
			if a.State != OK {
				t.Errorf("%s: %s is %s: %q", name, id, a.State, a.Value)
			}
			if slices.Contains(a.Products, name) {
				own++
			}
		}
		if own < 5 {
			t.Errorf("%s: %d questions of its own", name, own)
		}
	}
}

// Each fault in a product's settings is told with its value and its fix, and nothing else is.
func TestProductsOutOfOrder(t *testing.T) {
	file := func(name, from, to string) func(*product) {
		return func(p *product) { p.files[name] = strings.ReplaceAll(p.files[name], from, to) }
	}
	flag := func(name, value string) func(*product) { return func(p *product) { p.flags[name] = value } }
	limit := func(name string, v float64) func(*product) { return func(p *product) { p.limits[name] = v } }
	kernel := func(path, value string) func(*product) { return func(p *product) { p.kernel[path] = value } }
	for _, f := range []struct {
		product string
		plant   func(*product)
		items   string
		value   string
	}{
		{"tomcat", file("server.xml", "acceptCount", `maxConnections="20" acceptCount`), "tomcat-max-connections", "maxConnections is 20, 150 threads"},
		{"tomcat", kernel("net/core/somaxconn", "64"), "tomcat-accept-queue", "acceptCount is 100, the kernel gives at most 64"},
		{"tomcat", file("server.xml", "acceptCount", `enableLookups="true" acceptCount`), "tomcat-look-ups", "enableLookups is true"},
		{"tomcat", file("server.xml", `<Host autoDeploy="false"/>`, `<Host/>`), "tomcat-auto-deploy", "autoDeploy is true, the default"},
		{"jira", limit(entries.ThreadLimit, 1024), "atlassian-threads", "1024"},
		{"jira", func(p *product) { p.flags["UseG1GC"], p.flags["UseParallelGC"] = "false", "true" }, "atlassian-collector", "Parallel"},
		{"jira", flag("ExplicitGCInvokesConcurrent", "false"), "jira-explicit-collections", "ExplicitGCInvokesConcurrent is false"},
		{"jira", flag("DisableExplicitGC", "true"), "jira-explicit-collections-off", "DisableExplicitGC is true"},
		{"jira", file("dbconfig.xml", "200", "40"), "pool-for-threads", "40 connections for 150 threads"},
		{"kafka", kernel("vm/max_map_count", "65530"), "kafka-maps", "65"},
		{"kafka", limit(entries.FileLimit, 4096), "kafka-files", "4096"},
		{"kafka", file("server.properties", "/var/lib/kafka", "/data/a,/tmp/kafka-logs"), "kafka-data", "/tmp/kafka-logs"},
		{"kafka", file("server.properties", "default.replication.factor=3\n", ""), "kafka-replicas", "default.replication.factor is 1, the default"},
		{"kafka", file("server.properties", "node.id", "offsets.topic.replication.factor=1\nnode.id"), "kafka-offsets", "offsets.topic.replication.factor is 1"},
		{"kafka", file("server.properties", "node.id", "unclean.leader.election.enable=true\nnode.id"), "kafka-elections", "is true"},
		{"kafka", func(p *product) { p.flags["MaxHeapSize"], p.flags["InitialHeapSize"] = "25769803776", "25769803776" }, "kafka-page-cache", "24 GB of 32 GB"},
		{"kafka", flag("InitialHeapSize", "1073741824"), "kafka-fixed-heap", "1 GB to 4 GB"},
		{"kafka", func(p *product) { p.swap, p.kernel["vm/swappiness"] = 4<<30, "60" }, "kafka-swappiness", "60"},
		{"elasticsearch", kernel("vm/max_map_count", "65530"), "elasticsearch-maps", "65"},
		{"elasticsearch", limit(entries.FileLimit, 4096), "elasticsearch-files", "4096"},
		{"elasticsearch", limit(entries.ThreadLimit, 1024), "elasticsearch-threads", "1024"},
		{"elasticsearch", flag("InitialHeapSize", "1073741824"), "elasticsearch-fixed-heap", "1 GB to 4 GB"},
		{"elasticsearch", flag("UseCompressedOops", "false"), "elasticsearch-compressed-pointers", "UseCompressedOops is false"},
		{"elasticsearch", flag("UseSerialGC", "true"), "elasticsearch-collector", "UseSerialGC is true"},
		{"elasticsearch", func(p *product) { p.flags["MaxHeapSize"], p.flags["InitialHeapSize"] = "25769803776", "25769803776" }, "elasticsearch-heap", "24 GB of 32 GB"},
		{"elasticsearch", func(p *product) { p.swap, p.kernel["vm/swappiness"] = 4<<30, "60" }, "elasticsearch-memory-lock", "bootstrap.memory_lock is false, the default, with 4 GB of swap"},
		{"elasticsearch", file("elasticsearch.yml", "discovery.seed_hosts: [a, b]\n", ""), "elasticsearch-discovery", "neither hosts"},
		{"elasticsearch", kernel("net/ipv4/tcp_retries2", "15"), "elasticsearch-retransmissions", "15"},
		{"spring-boot", file("application.properties", "open-in-view=false", "openInView=true"), "spring-open-in-view", "spring.jpa.open-in-view is true"},
		{"spring-boot", file("application.properties", "graceful", "immediate"), "spring-shutdown", "immediate"},
		{"spring-boot", flag("TieredStopAtLevel", "1"), "spring-compiler", "TieredStopAtLevel is 1"},
		{"spring-boot", func(p *product) {
			p.dump += "\n" + strings.NewReplacer("container-0", "File Watcher", "web.embedded.tomcat.TomcatWebServer$1", "devtools.filewatch.FileSystemWatcher$Watcher").Replace(springThread)
		}, "spring-devtools", "org.springframework.boot.devtools"},
	} {
		p := fleet()[f.product]
		f.plant(&p)
		var bad []string
		for id, a := range productAnswers(t, p.on(t)) {
			if a.State != NotOK {
				continue
			}
			bad = append(bad, id)
			if !strings.Contains(a.Value, f.value) || a.Do() == "" || len(a.At) == 0 {
				t.Errorf("%s: %s says %q at %v", f.product, id, a.Value, a.At)
			}
		}
		slices.Sort(bad)
		if got := strings.Join(bad, " "); got != f.items {
			t.Errorf("%s: not ok is %q, want %q", f.product, got, f.items)
		}
	}
}

// What people tell counts where nothing was measured, and nowhere else.
func TestTold(t *testing.T) {
	c := sound()
	for _, n := range c.Nodes {
		n.Timing.Databases = nil
	}
	c.Nodes[1].Host.CPU.Busy = level(97)
	l, err := Of(c, &analyze.Result{})
	if err != nil {
		t.Fatal(err)
	}
	open, asked := l.Open(), l.Asked()
	if open == 0 || asked != 1 {
		t.Fatalf("%d open, %d asked", open, asked)
	}
	if err := l.Tell(map[string]string{"database-latency": "n/a: it is on the node", "licence": "Not OK, 520 of 500", "cpu-enough": "ok"}); err != nil {
		t.Fatal(err)
	}
	want := map[string]State{"database-latency": OK, "licence": NotOK, "cpu-enough": NotOK}
	for i := range l.Answers {
		if a := &l.Answers[i]; want[a.ID] != "" && (a.State != want[a.ID] || a.Told == (a.ID == "cpu-enough")) {
			t.Errorf("%s: %s %q, told %v", a.ID, a.State, a.Value, a.Told)
		}
	}
	if l.Open() != open-1 || l.Asked() != 0 {
		t.Errorf("%d open, %d asked", l.Open(), l.Asked())
	}
	for _, wrong := range []string{"", "maybe", "okay", "nothing"} {
		if Verdict(wrong) == nil {
			t.Errorf("%q is an answer", wrong)
		}
	}
}
