package appconf

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// wish is a setting that is kept by its name, with the value that holds where a file leaves it out; "" where another place may decide.
type wish struct{ name, standard string }

// Wishes by product. Defaults are those of the products' references: Apache Tomcat, The HTTP Connector and The Host Container; Apache
// Kafka, Broker Configs; Elasticsearch, Important settings; Apache Commons DBCP, BasicDataSource, as Jira's dbconfig.xml passes them on.
var (
	connectorWishes = []wish{{AcceptCount, "100"}, {MaxConnections, "8192"}, {"enableLookups", "false"}, {"connectionTimeout", "60000"}}
	hostWishes      = []wish{{"autoDeploy", "true"}}
	springWishes    = []wish{{"spring.jpa.open-in-view", ""}, {"server.tomcat.accept-count", ""}, {"server.tomcat.max-connections", ""},
		{"server.shutdown", ""}, {"spring.datasource.hikari.max-lifetime", ""}, {"server.tomcat.accesslog.enabled", ""}}
	kafkaWishes = []wish{{"default.replication.factor", "1"}, {"min.insync.replicas", "1"}, {"unclean.leader.election.enable", "false"},
		{"auto.create.topics.enable", "true"}, {"offsets.topic.replication.factor", "3"}, {"transaction.state.log.replication.factor", "3"},
		{KafkaLogs, "/tmp/kafka-logs"}}
	searchWishes = []wish{{"bootstrap.memory_lock", "false"}, {"cluster.name", "elasticsearch"}, {SeedHosts, ""}, {"discovery.seed_providers", ""},
		{"cluster.initial_master_nodes", ""}, {"discovery.type", ""}}
	jiraWishes = []wish{{"pool-min-size", ""}, {"pool-max-size", ""}, {"validation-query", ""}, {"pool-test-on-borrow", ""}, {"pool-test-while-idle", ""}}
)

// Names of settings that measures read by themselves.
const (
	AcceptCount    = "acceptCount"
	MaxConnections = "maxConnections"
	KafkaLogs      = "log.dirs"
	SeedHosts      = "discovery.seed_hosts"
)

// line is one setting as a file writes it.
type line struct {
	name, text string
	at         int
}

// grant keeps what is wished for; the last of a name counts. of says where what is left out would stand. A value that a variable stands for is not
// known.
func (f *File) grant(wishes []wish, lines []line, same func(string) string, of Place) {
	for _, w := range wishes {
		s := Setting{Name: w.name, Value: w.standard, Default: true, Place: of}
		for _, l := range slices.Backward(lines) {
			if same(l.name) == same(w.name) {
				s = Setting{Name: w.name, Value: l.text, Place: Place{From: l.at, To: l.at}}
				break
			}
		}
		if s.Value != "" && !strings.Contains(s.Value, "${") && len(f.Values) < maxItems {
			f.Values = append(f.Values, s)
		}
	}
}

// attributes grants what attributes of an element set.
func (f *File) attributes(wishes []wish, e element) {
	var lines []line
	for _, w := range wishes {
		if text, there := e.attrs[strings.ToLower(w.name)]; there {
			lines = append(lines, line{w.name, text, e.From})
		}
	}
	f.grant(wishes, lines, exact, e.Place)
}

func exact(name string) string { return name }

// lines reads a .properties file, without lines that go on in the next one.
func lines(content []byte, isEnd func(line string) bool) (out []line) {
	n := 0
	for text := range strings.Lines(string(content)) {
		n++
		text = strings.TrimSpace(text)
		if isEnd(text) {
			break
		}
		if text == "" || text[0] == '#' || text[0] == '!' {
			continue
		}
		if i := strings.IndexAny(text, "=:"); i > 0 && len(out) < maxItems*10 {
			out = append(out, line{strings.TrimSpace(text[:i]), strings.ReplaceAll(strings.TrimSpace(text[i+1:]), `\:`, ":"), n})
		}
	}
	return out
}

// readKafka reads server.properties of a broker.
//
//	log.dirs=/var/lib/kafka
//	default.replication.factor=3
func (f *File) readKafka(content []byte) error {
	found := lines(content, func(string) bool { return false })
	if !slices.ContainsFunc(found, func(l line) bool { return slices.Contains(kafkaMarks, l.name) }) {
		return errOther
	}
	f.Product = "kafka"
	for i := range found {
		if found[i].name == "log.dir" && !slices.ContainsFunc(found, func(l line) bool { return l.name == KafkaLogs }) {
			found[i].name = KafkaLogs // the older name, which counts where the newer is not there
		}
	}
	f.grant(kafkaWishes, found, exact, Place{From: 1, To: 1})
	return nil
}

// errOther is that of a file whose name fits a form, and whose content is something else.
var errOther = errors.New("another form")

// kafkaMarks are settings of which each broker has one, and nobody else.
var kafkaMarks = []string{"broker.id", "process.roles", "zookeeper.connect"}

// readSearch reads elasticsearch.yml and opensearch.yml, whose names may be nested or have dots.
func (f *File) readSearch(content []byte) error {
	f.Product = "elasticsearch"
	found, err := yamlLines(content)
	f.grant(searchWishes, found, exact, Place{From: 1, To: 1})
	return err
}

// yamlLines flattens the first document of a YAML file.
func yamlLines(content []byte) (out []line, err error) {
	defer func() { // a file from outside must not end the analysis
		if r := recover(); r != nil {
			err = fmt.Errorf("YAML: %v", r)
		}
	}()
	var doc yaml.Node
	if err := yaml.Unmarshal(content, &doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return nil, fmt.Errorf("YAML: %w", err)
	}
	flatten(&doc, "", 0, &out)
	return out, nil
}
