package checklist

import (
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/timing"
)

// What the case shows anything of. Each reads something where there is such a thing, or where nobody could look; the items about it are asked then.

// seenProbe reads nodes where people named such a thing to measure.
func seenProbe(list func(*timing.Node) []timing.Probe) measure {
	return func(c *analyze.Case) (out []Reading) {
		for _, n := range c.Nodes {
			if n.Timing != nil && len(list(n.Timing)) > 0 {
				out = append(out, Reading{Node: n.Name})
			}
		}
		return append(out, notAdmitted(c)...)
	}
}

// notAdmitted reads nodes whose agents refused to measure what people named.
func notAdmitted(c *analyze.Case) (out []Reading) {
	for _, g := range c.Gaps {
		if g.Item == entries.ItemStorage {
			out = append(out, Reading{Node: g.Node})
		}
	}
	return out
}

func ofMeasure(list []timing.Probe, measure string) []timing.Probe {
	return slices.DeleteFunc(slices.Clone(list), func(p timing.Probe) bool { return p.Limit == nil || p.Limit.Measure != measure })
}

// seenSharedHome reads nodes with a shared folder that people named, and those that have a network file system as another node has.
func seenSharedHome(c *analyze.Case) []Reading {
	out := seenProbe(func(n *timing.Node) []timing.Probe { return ofMeasure(n.Storage, timing.MeasureSharedHome) })(c)
	sources := map[string][]string{}
	for _, n := range c.Nodes {
		if n.Host == nil {
			continue
		}
		for _, fs := range n.Host.FileSystems {
			if fs.Kind == "network" {
				sources[fs.Filesystem.Source] = append(sources[fs.Filesystem.Source], n.Name)
			}
		}
	}
	for _, nodes := range sources {
		if len(slices.Compact(nodes)) > 1 {
			out = append(out, Reading{Node: nodes[0]})
		}
	}
	return out
}

// databasePorts are those that servers listen at unless told otherwise: PostgreSQL, MySQL, SQL Server, Oracle, DB2.
var databasePorts = []uint16{5432, 3306, 1433, 1521, 50000}

// directoryPorts are those of LDAP, with and without TLS, and of Active Directory's global catalogue.
var directoryPorts = []uint16{389, 636, 3268, 3269}

// drivers are packages whose code talks to databases.
var drivers = []string{"org.postgresql.", "com.mysql.", "org.mariadb.jdbc.", "oracle.jdbc.", "oracle.net.", "com.microsoft.sqlserver.", "net.sourceforge.jtds.", "com.ibm.db2.",
	"com.zaxxer.hikari.", "com.mchange.v2.", "org.apache.commons.dbcp2.", "org.apache.tomcat.dbcp.", "org.apache.tomcat.jdbc."}

// seenDatabase reads JVMs that have to do with a database, and those of which neither configuration nor threads are known.
func seenDatabase(c *analyze.Case) (out []Reading) {
	for _, n := range c.Nodes {
		if n.Timing != nil && len(n.Timing.Databases) > 0 {
			out = append(out, Reading{Node: n.Name})
		}
		for _, j := range n.JVMs {
			s := j.Settings()
			if len(s.Pools) > 0 || j.Dumps == nil || calls(j, drivers) || connected(j, databasePorts) {
				out = append(out, Reading{Node: n.Name})
			}
		}
	}
	return out
}

// seenDirectory reads nodes with a directory that people named, and JVMs that talk to one.
func seenDirectory(c *analyze.Case) []Reading {
	var out []Reading
	for _, n := range c.Nodes {
		if n.Timing != nil && len(n.Timing.Directories) > 0 {
			out = append(out, Reading{Node: n.Name})
		}
		for _, j := range n.JVMs {
			if calls(j, []string{"com.sun.jndi.ldap."}) || connected(j, directoryPorts) {
				out = append(out, Reading{Node: n.Name})
			}
		}
	}
	return out
}

// calls reports whether a thread of the dumps is in code of one of some packages.
func calls(j *analyze.JVM, packages []string) bool {
	if j.Dumps == nil {
		return false
	}
	for _, d := range j.Dumps.Dumps {
		for _, t := range d.Threads {
			for _, f := range t.Stack.Frames {
				if slices.ContainsFunc(packages, func(p string) bool { return strings.HasPrefix(f.Func, p) }) {
					return true
				}
			}
		}
	}
	return false
}

// connected reports whether a JVM had a connection to one of some ports of others.
func connected(j *analyze.JVM, ports []uint16) bool {
	for _, s := range j.Sockets {
		for _, k := range s.Sockets {
			if slices.Contains(ports, k.Remote.Port()) {
				return true
			}
		}
	}
	return false
}
