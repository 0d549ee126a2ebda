package checklist

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/appconf"
	"casefile/analyze/host"
	"casefile/bundle/format/hostseries"
	"casefile/bundle/format/jdbc"
	record "casefile/bundle/format/timing"
)

func TestItems(t *testing.T) {
	items, err := Items()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, i := range items {
		used[i.Measure], used[i.Absent], used[i.Where] = true, true, true
	}
	for name := range measures {
		if !used[name] {
			t.Errorf("no item asks for the measure %s", name)
		}
	}
	if !slices.ContainsFunc(items, func(i *Item) bool { return i.Test == Ask }) {
		t.Error("casefile claims to know everything")
	}
}

func ref(source string) host.Ref { return host.Ref{Source: source, Line: 3} }

func number(v float64) host.Number { return host.Number{Value: v, Ref: ref("host/meminfo.txt")} }

func level(mean float64) host.Spread {
	return host.Spread{Mean: mean, P95: mean, Max: mean, Ref: ref("host/series")}
}

func probe(target, measure, step string, ms float64) record.Probe {
	return record.Probe{Target: target, Tries: 10, Steps: []record.Timed{{Name: step, Spread: record.Spread{Count: 10, P50: ms}}}, Limit: record.LimitFor(measure)}
}

// sound is a cluster of three Confluence nodes without a fault.
func sound() *analyze.Case {
	c := &analyze.Case{Timing: &record.Record{}}
	for i := range 3 {
		n := &analyze.Node{Name: fmt.Sprintf("n%d", i+1), TimingSource: "timing/probes.json"}
		n.Host = &host.Facts{
			System: host.System{OS: host.Text{Value: "Debian 12", Ref: ref("os-release")}, Kernel: host.Text{Value: "6.1", Ref: ref("version")},
				THP: host.Text{Value: "madvise", Ref: ref("sysctl")}, Hypervisor: host.Text{Value: "KVM", Ref: ref("platform.json")}},
			CPU:     host.CPU{Count: number(8), Busy: level(40), Steal: level(0)},
			Memory:  host.Memory{Balloon: number(0), Total: number(32 << 30), Available: number(12 << 30), AvailablePercent: number(38), SwapTotal: number(0), SwapUsed: number(0)},
			Network: host.Network{Interfaces: []host.Interface{{Name: "lo", MTU: number(65536)}, {Name: "eth0", MTU: number(1500)}}},
			Clock:   host.Clock{Synchronised: true, Ref: ref("clock.json")},
			FileSystems: []host.FileSystem{{Filesystem: hostseries.Filesystem{Mount: "/", Type: "ext4", Source: "/dev/vda1", Available: 90 << 30}, Kind: "disk", Real: true, Ref: ref("df.json")},
				{Filesystem: hostseries.Filesystem{Mount: "/shared", Type: "nfs4", Source: "filer:/conf", Available: 900 << 30}, Kind: "network", Real: true, Ref: ref("df.json")}},
			Processes: host.Processes{TopTable: hostseries.TopTable{Processes: []hostseries.Process{{Comm: "java", CPUPercent: 90}}}, Ref: ref("top.json")},
		}
		n.Timing = &record.Node{Name: n.Name, Databases: []record.Probe{probe("db:5432", record.MeasureDatabase, record.StepQuery, 0.6)},
			Storage: []record.Probe{sharedHome(8)}, Directories: []record.Probe{probe("ldap://ad", record.MeasureDirectory, record.StepSearch, 12)}}
		n.Timing.Databases[0].Connections = &record.Connections{Max: 500, Reserved: 3, Used: 40}
		n.Timing.Databases[0].Kind = jdbc.PostgreSQL
		n.Timing.Databases[0].Settings = map[string]string{record.SettingIsolation: "read committed", record.SettingEncoding: "UTF8", record.SettingCollation: "en_US.UTF-8"}
		j := &analyze.JVM{Node: n, App: "confluence", Target: "1-confluence", Version: "17.0.15+6", FlagsSource: "vm/flags.txt", PropertiesSource: "vm/system_properties.properties",
			Flags:      map[string]analyze.Flag{"MaxHeapSize": {Value: "8589934592"}, "InitialHeapSize": {Value: "8589934592"}, "UseG1GC": {Value: "true"}},
			Properties: map[string]string{analyze.PropTimeZone: "Europe/Berlin", analyze.PropLanguage: "en", analyze.PropEncoding: "UTF-8"}}
		place := appconf.Place{Source: "config/server.xml", From: 9, To: 9}
		j.Plugins, j.PluginsSource = []string{fmt.Sprintf("calendar-5.1_171100000000%d.jar", i), "draw-1.0.jar"}, "plugins.txt"
		j.Conf = []*appconf.File{
			{Source: "config/server.xml", Connectors: []appconf.Connector{{Port: "8090", Setting: "maxThreads", MaxThreads: 48, Place: place}}},
			{Source: "config/confluence.cfg.xml", Product: "confluence", Pools: []appconf.Pool{{Kind: "HikariCP", Setting: "hibernate.hikari.maximumPoolSize", Max: 60, Place: place}},
				Cluster: []appconf.Setting{{Name: "confluence.cluster.join.type", Value: "tcp_ip", Place: place}, {Name: "confluence.cluster.peers", Value: "10.0.0.1,10.0.0.2,10.0.0.3", Place: place}}},
		}
		n.JVMs = []*analyze.JVM{j}
		c.Nodes = append(c.Nodes, n)
	}
	for _, from := range c.Nodes {
		for _, to := range c.Nodes {
			if from != to {
				m := record.Measured{Transport: record.UDP, Count: 200, RTT: record.Spread{Count: 200, Min: 0.2, P50: 0.3, P90: 0.4, P99: 0.6, Max: 1}}
				c.Timing.Links = append(c.Timing.Links, record.Link{From: from.Name, To: to.Name, Transport: record.UDP, Path: &record.Path{MTU: 1500, Carried: 1500}, Phases: []record.Phase{{When: record.During, Measured: m}},
					Ports: []record.Port{{Port: 5801, Any: true, ConnectMS: 0.3}, {Port: 25500, Any: true, ConnectMS: 0.3}}})
			}
		}
	}
	return c
}

// sharedHome is a probe of a folder that keeps and renames files.
func sharedHome(ms float64) record.Probe {
	p := probe("/shared", record.MeasureSharedHome, record.StepDurable, ms)
	p.Steps = append(p.Steps, record.Timed{Name: record.StepRename, Spread: record.Spread{Count: 10, P50: ms / 4}},
		record.Timed{Name: record.StepLock, Spread: record.Spread{Count: 1, P50: ms / 4}})
	return p
}

func ports(c *analyze.Case, from, to string) []record.Port {
	for i := range c.Timing.Links {
		if l := &c.Timing.Links[i]; l.From == from && l.To == to {
			return l.Ports
		}
	}
	return nil
}

func link(c *analyze.Case, from, to string) *record.Measured {
	for i := range c.Timing.Links {
		if l := &c.Timing.Links[i]; l.From == from && l.To == to {
			return &l.Phases[0].Measured
		}
	}
	return nil
}

// Each planted fault is answered with "not ok", its value and its node, and nothing else is; without one all is ok.
func TestPlantedFaults(t *testing.T) {
	conf := func(c *analyze.Case) *appconf.File { return c.Nodes[1].JVMs[0].Conf[1] }
	for _, f := range []struct {
		name  string
		plant func(c *analyze.Case)
		items string // that are not ok
		value string
	}{
		{"none", func(*analyze.Case) {}, "", ""},
		{"another heap", func(c *analyze.Case) { c.Nodes[1].JVMs[0].Flags["MaxHeapSize"] = analyze.Flag{Value: "4294967296"} }, "same-heap", "4 GB on n2"},
		{"another JVM", func(c *analyze.Case) { c.Nodes[2].JVMs[0].Version = "17.0.9+9" }, "same-jvm", "17.0.9+9 on n3"},
		{"another time zone", func(c *analyze.Case) { c.Nodes[1].JVMs[0].Properties[analyze.PropTimeZone] = "Etc/UTC" }, "same-time-zone", "Etc/UTC on n2"},
		{"another encoding", func(c *analyze.Case) { c.Nodes[1].JVMs[0].Properties[analyze.PropEncoding] = "ISO-8859-1" }, "same-locale", "ISO-8859-1 on n2"},
		{"a pool too small", func(c *analyze.Case) {
			for _, n := range c.Nodes {
				n.JVMs[0].Conf[1].Pools[0].Max = 48
			}
		}, "pool-for-threads", "48 connections for 48 threads, wanted 60"},
		{"another pool", func(c *analyze.Case) { conf(c).Pools[0].Max = 80 }, "same-pool", "80 on n2"},
		{"peers in another order", func(c *analyze.Case) { conf(c).Cluster[1].Value = "10.0.0.3, 10.0.0.2,10.0.0.1" }, "", ""},
		{"other peers", func(c *analyze.Case) { conf(c).Cluster[1].Value = "10.0.0.1,10.0.0.2,10.0.0.9" }, "cluster-join", "tcp_ip 10.0.0.1,10.0.0.2,10.0.0.9 on n2"},
		{"too few peers", func(c *analyze.Case) {
			for _, n := range c.Nodes {
				n.JVMs[0].Conf[1].Cluster[1].Value = "10.0.0.1 10.0.0.2"
			}
		}, "cluster-peers", "2 peers named, 3 nodes captured on n1"},
		{"another hypervisor", func(c *analyze.Case) { c.Nodes[1].Host.System.Hypervisor.Value = "VMware" }, "same-machine", "VMware on n2"},
		{"a clock ahead", func(c *analyze.Case) {
			c.Nodes[1].Clock = analyze.Clock{Offset: 3 * time.Second, Error: time.Millisecond}
		}, "clocks-together", "apart"},
		{"no NTP", func(c *analyze.Case) { c.Nodes[1].Host.Clock.Synchronised = false }, "clock-kept", "no"},
		{"another kernel", func(c *analyze.Case) { c.Nodes[1].Host.System.Kernel.Value = "5.10" }, "same-kernel", "5.10 on n2"},
		{"another MTU", func(c *analyze.Case) { c.Nodes[1].Host.Network.Interfaces[1].MTU = number(9000) }, "same-mtu", "9000 on n2"},
		{"fewer CPUs", func(c *analyze.Case) { c.Nodes[1].Host.CPU.Count = number(4) }, "same-cpus", "4 on n2"},
		{"a busy node", func(c *analyze.Case) { c.Nodes[1].Host.CPU.Busy = level(97) }, "cpu-enough", "97 %"},
		{"steal", func(c *analyze.Case) { c.Nodes[1].Host.CPU.Steal = level(12) }, "steal", "12 %"},
		{"swap in use", func(c *analyze.Case) {
			c.Nodes[1].Host.Memory.SwapTotal, c.Nodes[1].Host.Memory.SwapUsed = number(8<<30), number(2<<30)
		}, "swap-unused", "2048 MB on n2"},
		{"a heap for all memory", func(c *analyze.Case) {
			for _, n := range c.Nodes {
				n.Host.Memory.Total = number(8 << 30)
			}
		}, "memory-enough", "of 8 GB"},
		{"a full disk", func(c *analyze.Case) { c.Nodes[2].Host.FileSystems[0].Available = 300 << 20 }, "disk-room", "300 MB free, in /"},
		{"another share", func(c *analyze.Case) { c.Nodes[2].Host.FileSystems[1].Filesystem.Source = "old:/conf" }, "same-shared-home", "from old:/conf (nfs4) on n3"},
		{"a slow share", func(c *analyze.Case) {
			c.Nodes[1].Timing.Storage[0] = sharedHome(140)
		}, "shared-home-write", "140 ms, /shared on n2"},
		{"a share that renames nothing", func(c *analyze.Case) {
			p := &c.Nodes[1].Timing.Storage[0]
			p.Failures, p.Errors, p.Steps = p.Tries, []string{"rename: operation not supported"}, p.Steps[:1]
		}, "shared-home-rename", "rename: operation not supported, /shared on n2"},
		{"a share that locks nothing", func(c *analyze.Case) {
			p := &c.Nodes[1].Timing.Storage[0]
			p.Errors, p.Steps = []string{"lock: no locks available"}, p.Steps[:2]
		}, "shared-home-locks", "lock: no locks available, /shared on n2"},
		{"locks that stay on the node", func(c *analyze.Case) {
			c.Nodes[2].Host.FileSystems[1].Options = []string{"rw", "nolock"}
		}, "shared-home-locks", "mounted with nolock: other nodes do not see the lock, /shared on n3"},
		{"a way that swallows large packets", func(c *analyze.Case) {
			for i := range c.Timing.Links {
				if l := &c.Timing.Links[i]; l.From == "n2" && l.To == "n3" {
					l.Path.Carried = 1400
				}
			}
		}, "path-mtu", "packets of 1400 bytes arrive, of 1500 bytes vanish, to n3 on n2"},
		{"another isolation", func(c *analyze.Case) {
			c.Nodes[0].Timing.Databases[0].Settings[record.SettingIsolation] = "repeatable read"
		}, "database-isolation", "repeatable read, db:5432 on n1"},
		{"a collation without regard to case", func(c *analyze.Case) {
			for _, n := range c.Nodes {
				n.Timing.Databases[0].Kind = jdbc.MySQL
				n.Timing.Databases[0].Settings = map[string]string{record.SettingIsolation: "READ-COMMITTED", record.SettingEncoding: "utf8mb4",
					record.SettingCollation: "utf8mb4_0900_ai_ci"}
			}
		}, "database-collation", "utf8mb4_0900_ai_ci, db:5432 on n1"},
		{"latin", func(c *analyze.Case) { c.Nodes[0].Timing.Databases[0].Settings[record.SettingEncoding] = "SQL_ASCII" }, "database-encoding", "SQL_ASCII, db:5432 on n1"},
		{"another version of a plugin", func(c *analyze.Case) {
			c.Nodes[2].JVMs[0].Plugins = []string{"calendar-5.2_1711999999999.jar", "plugin.330703607863099.draw-1.0.jar"}
		}, "same-plugins", "2 plugins on n1 and n2, 2 plugins without calendar-5.1.jar with calendar-5.2.jar on n3"},
		{"a balloon", func(c *analyze.Case) { c.Nodes[1].Host.Memory.Balloon = number(8 << 30) }, "ballooning", "25 % of the memory on n2"},
		{"a port closed one way", func(c *analyze.Case) {
			ports(c, "n3", "n1")[0] = record.Port{Port: 5801, Any: true, Error: "no answer within 2.5s"}
		}, "cluster-ports", "port 5801 (Hazelcast of Confluence): no answer within 2.5s, to n1 on n3"},
		{"a port that one node does not serve", func(c *analyze.Case) {
			for i := range c.Timing.Links {
				switch l := &c.Timing.Links[i]; {
				case l.From == "n1":
					l.Ports = l.Ports[:1]
				case l.To == "n1":
					l.Ports[1] = record.Port{Port: 25500, Any: true, Error: "refused"}
				}
			}
		}, "", ""},
		{"a far node", func(c *analyze.Case) { link(c, "n1", "n3").RTT.P50 = 80 }, "internode-latency", "80 ms, to n3 on n1"},
		{"loss", func(c *analyze.Case) { link(c, "n1", "n3").Lost = 20 }, "internode-loss", "20 of 200 lost"},
		{"a far database", func(c *analyze.Case) {
			p := probe("db:5432", record.MeasureDatabase, record.StepQuery, 9)
			p.Connections = c.Nodes[1].Timing.Databases[0].Connections
			c.Nodes[1].Timing.Databases[0] = p
		}, "database-latency", "9 ms, db:5432 on n2"},
		{"a far directory", func(c *analyze.Case) {
			c.Nodes[2].Timing.Directories[0] = probe("ldap://ad", record.MeasureDirectory, record.StepSearch, 400)
		}, "user-directory", "400 ms, ldap://ad on n3"},
		{"a directory that is down", func(c *analyze.Case) {
			c.Nodes[2].Timing.Directories[0] = record.Probe{Target: "ldap://ad", Tries: 5, Failures: 5, Limit: record.LimitFor(record.MeasureDirectory)}
		}, "user-directory", "does not answer, ldap://ad on n3"},
		{"a database with few connections", func(c *analyze.Case) { c.Nodes[0].Timing.Databases[0].Connections.Max = 150 }, "database-connections", "pools may open 180"},
		{"a virus scanner", func(c *analyze.Case) {
			p := &c.Nodes[1].Host.Processes
			p.Processes = append(p.Processes, hostseries.Process{Comm: "clamscan", CPUPercent: 95})
		}, "scanners", "clamscan uses 95 %"},
		{"huge pages for all", func(c *analyze.Case) { c.Nodes[1].Host.System.THP.Value = "always" }, "huge-pages", "no"},
	} {
		c := sound()
		f.plant(c)
		l, err := Of(c, &analyze.Result{})
		if err != nil {
			t.Fatal(err)
		}
		var bad []string
		for i := range l.Answers {
			a := &l.Answers[i]
			if a.State != NotOK {
				continue
			}
			bad = append(bad, a.ID)
			if !strings.Contains(a.Value, f.value) || a.Fix == "" || len(a.At) == 0 {
				t.Errorf("%s: %s says %q at %v", f.name, a.ID, a.Value, a.At)
			}
		}
		if got := strings.Join(bad, " "); got != f.items {
			t.Errorf("%s: not ok is %q, want %q", f.name, got, f.items)
		}
	}
}

// What one node does not tell is not known of it, whatever the others say.
func TestSilentNode(t *testing.T) {
	c := sound()
	c.Nodes[2].Host, c.Nodes[2].Timing, c.Nodes[2].JVMs = nil, nil, nil
	l, err := Of(c, &analyze.Result{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range l.Answers {
		if a := &l.Answers[i]; a.ID == "same-heap" || a.ID == "cpu-enough" || a.ID == "shared-home-write" {
			if a.State != NotKnown || !slices.Equal(a.Nodes, []string{"n3"}) || a.Do() == "" {
				t.Errorf("%s: %s %q %v", a.ID, a.State, a.Value, a.Nodes)
			}
		}
	}
}

// What a rule cannot look at is ok where nothing of it is there, and not known where nobody looked.
func TestNothingToLookAt(t *testing.T) {
	r := &analyze.Result{NotEvaluated: []analyze.NotEvaluated{{ID: "cpu-throttled", Needs: "a limit"}}}
	for _, x := range []struct {
		looked, limited bool
		want            State
	}{{true, false, OK}, {true, true, NotKnown}, {false, false, NotKnown}} {
		c := sound()
		for _, n := range c.Nodes {
			if x.looked {
				n.Host.CgroupTable = ref("cgroups.json")
			}
			if x.limited {
				n.Host.Cgroups = []host.Cgroup{{CPULimit: number(2)}}
			}
		}
		l, err := Of(c, r)
		if err != nil {
			t.Fatal(err)
		}
		for i := range l.Answers {
			if a := &l.Answers[i]; a.ID == "cpu-limits" && a.State != x.want {
				t.Errorf("%+v: %s %q", x, a.State, a.Value)
			}
		}
	}
}

func TestFindingsAnswer(t *testing.T) {
	r := &analyze.Result{Findings: []analyze.Finding{{ID: "cpu-throttled", Severity: analyze.Warning, Title: "held back", Nodes: []string{"n2"}}},
		NotEvaluated: []analyze.NotEvaluated{{ID: "disk-full", Needs: "df"}}}
	l, err := Of(sound(), r)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]State{"cpu-limits": NotOK, "disk-not-full": NotKnown, "known-problems": OK}
	for i := range l.Answers {
		if a := &l.Answers[i]; want[a.ID] != "" && a.State != want[a.ID] {
			t.Errorf("%s: %s", a.ID, a.State)
		}
	}
	if l.Worst() != analyze.Warning {
		t.Errorf("worst %q", l.Worst())
	}
}

// Unknown is no number, and no figure is taken for one.
func TestUnreachable(t *testing.T) {
	c := sound()
	c.Nodes[0].Timing.Databases[0] = record.Probe{Target: "db:5432", Tries: 5, Failures: 5, Limit: record.LimitFor(record.MeasureDatabase)}
	for _, r := range latency(record.MeasureDatabase)(c) {
		if r.Node == "n1" && (!math.IsInf(r.Value, 1) || r.Text != "does not answer") {
			t.Errorf("%+v", r)
		}
	}
}
