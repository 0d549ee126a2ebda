// Package appconf reads what the configuration of a Java application says of its
// pools: threads that serve HTTP, and connections to databases. It knows Tomcat's
// server.xml and context.xml, confluence.cfg.xml (Bamboo and Crowd write the same
// form), Jira's dbconfig.xml, and Spring Boot's application.properties and .yml. Of
// Kafka's server.properties and Elasticsearch's YAML it keeps what a review looks at.
//
// A figure is only given where a file or the product's reference states it. What a
// file leaves open and another place may decide is left out.
package appconf

import (
	"bytes"
	"errors"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"casefile/bundle/format/charset"
	"casefile/bundle/format/jdbc"
)

// MaxFile is how much of one file is read, in bytes.
const MaxFile = 4 << 20

// maxItems bounds what is kept of one file.
const maxItems = 200

// File is what one configuration file says.
type File struct {
	Source     string
	Origin     string // the path on the node; "" where it is not known
	Connectors []Connector
	Pools      []Pool
	// Product is the one that the file's form belongs to: "confluence", "jira", "spring", "kafka", "elasticsearch"; "" for Tomcat.
	Product string
	// JNDI is the data source of the container that the product uses instead of a pool of its own.
	JNDI string
	// Cluster is what the file says of the cluster, by the product's own names.
	Cluster []Setting
	// Values are settings that a review of the product looks at.
	Values []Setting
	// Server is the database server of a Spring Boot application, and Profiles are those its command line makes active.
	Server   string
	Profiles []string
}

// Place is where something stands: a file and lines of it, counted from 1.
type Place struct {
	Source   string
	From, To int
}

// Connector is a pool of threads that serve requests.
type Connector struct {
	Port       string
	Setting    string // what limits it, "maxThreads of the Connector on port 8090"
	MaxThreads int
	Default    bool // not in the file: the product's default
	Place
}

// Setting is one name with its value.
type Setting struct {
	Name, Value string
	Default     bool // not in the file: the product's default
	Place
}

// Pool is a pool of connections to a database.
type Pool struct {
	Kind    string // "HikariCP", "c3p0", "DBCP 2", "Tomcat JDBC pool"
	Name    string // of a data source: "jdbc/confluence"; "" where the product has but one
	Setting string // what limits it, "hibernate.c3p0.max_size"
	Max     int    // connections
	Default bool
	// Server is the database server as host:port; "" where the file does not tell.
	Server string
	Place
}

// Read reads a file; nil: its form is not one of those known. A file that breaks off
// gives what stands before, and the error.
func Read(name string, in io.Reader) (*File, error) {
	base := again.ReplaceAllString(strings.ToLower(path.Base(name)), "")
	form := formOf(base)
	if form == nil {
		return nil, nil
	}
	content, err := io.ReadAll(io.LimitReader(in, MaxFile))
	if err != nil {
		return nil, err
	}
	f := &File{Source: name}
	if err = form(f, charset.Text(content)); errors.Is(err, errOther) {
		return nil, nil
	}
	f.stamp()
	return f, err
}

// stamp tells everything found which file it stands in.
func (f *File) stamp() {
	for i := range f.Connectors {
		f.Connectors[i].Source = f.Source
	}
	for i := range f.Pools {
		f.Pools[i].Source = f.Source
	}
	for _, list := range [][]Setting{f.Cluster, f.Values} {
		for i := range list {
			list[i].Source = f.Source
		}
	}
}

// again are the numbers behind names that several files of one application share: "application.yml.2".
var again = regexp.MustCompile(`\.\d+$`)

// Sniff reports whether Read knows the form of a file by its name and its first bytes.
// Names alone say little outside of a bundle.
func Sniff(name string, head []byte) bool {
	base := strings.ToLower(path.Base(name))
	if formOf(base) == nil {
		return false
	}
	if strings.HasSuffix(base, ".xml") {
		for _, root := range []string{"<Server", "<Context", "<confluence-configuration", "<application-configuration", "<jira-database-config"} {
			if bytes.Contains(head, []byte(root)) {
				return true
			}
		}
		return false
	}
	return slices.ContainsFunc([]string{"spring", "server", "broker.id", "process.roles", "cluster.name", "discovery."}, func(mark string) bool {
		return bytes.Contains(head, []byte(mark))
	})
}

// forms by what file names look like; first match wins.
var forms = []struct {
	glob string
	read func(*File, []byte) error
}{
	{"*.cfg.xml", (*File).readProperties}, // confluence.cfg.xml, bamboo.cfg.xml, crowd.cfg.xml
	{"dbconfig.xml", (*File).readJira},
	{"application*.properties", (*File).readSpringProperties},
	{"application*.yml", (*File).readSpringYAML},
	{"application*.yaml", (*File).readSpringYAML},
	{"elasticsearch.y*ml", (*File).readSearch},
	{"opensearch.y*ml", (*File).readSearch},
	{"*.properties", (*File).readKafka}, // those of a broker: an argument of its command line names the file
	{"*.xml", (*File).readTomcat},
}

func formOf(base string) func(*File, []byte) error {
	for _, f := range forms {
		if ok, _ := path.Match(f.glob, base); ok {
			return f.read
		}
	}
	return nil
}

// server gives the first host:port of a database URL; "" when it names none.
func server(url string) string {
	e, err := jdbc.Parse(url)
	if err != nil {
		return ""
	}
	return strings.ToLower(e.Hosts[0])
}

// poolKinds are the pools by a part of the class that makes them, with the setting that limits them and its default.
var poolKinds = []struct {
	factory, kind, setting string
	size                   int // 0: not stated by its reference
}{
	// HikariCP README; c3p0 reference, maxPoolSize; Apache DBCP 2 BasicDataSource; Tomcat JDBC Connection Pool; DBCP 1.
	{"hikari", "HikariCP", "maximumPoolSize", 10},
	{"c3p0", "c3p0", "maxPoolSize", 15},
	{"org.apache.tomcat.jdbc.pool", "Tomcat JDBC pool", "maxActive", 100},
	{"dbcp.dbcp2", "DBCP 2", "maxTotal", 8},
	{"commons.dbcp2", "DBCP 2", "maxTotal", 8},
	{"dbcp", "DBCP", "maxActive", 8},
}
