package identity

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"

	"casefile/bundle/format/plan"
)

// Cluster is cluster.yaml: who belongs to a cluster and how each node is reached.
type Cluster struct {
	Title string `yaml:"cluster"`
	// ID is that of the certificates; empty when no node is reached by agent.
	ID string `yaml:"id,omitempty"`
	// Identity is the admin's identity file, relative to the folder of cluster.yaml.
	Identity string   `yaml:"identity,omitempty"`
	Nodes    []Member `yaml:"nodes"`
	// Probes are what every node measures the latency of.
	Probes *plan.Probes `yaml:"probes,omitempty"`

	dir string
}

// Member is one node of a cluster.
type Member struct {
	Name string `yaml:"name"`
	// Addr is host:port of an agent, ssh://user@host[:port], or local.
	Addr   string            `yaml:"addr"`
	Labels map[string]string `yaml:"labels,omitempty"`
}

func (m Member) overSSH() bool { return strings.HasPrefix(m.Addr, "ssh://") || m.Addr == "local" }

// Member returns the node of that name; upper and lower case are the same, as in
// a host name.
func (c *Cluster) Member(name string) (Member, bool) {
	i := slices.IndexFunc(c.Nodes, func(m Member) bool { return strings.EqualFold(m.Name, name) })
	if i < 0 {
		return Member{}, false
	}
	return c.Nodes[i], true
}

// IdentityFile is where the admin's identity lies.
func (c *Cluster) IdentityFile() string {
	if c.Identity == "" || filepath.IsAbs(c.Identity) {
		return c.Identity
	}
	return filepath.Join(c.dir, c.Identity)
}

// Bounds of a cluster file.
const (
	maxClusterFile = 1 << 20
	maxNodes       = 1000
)

// ReadCluster reads a cluster file. What it does not know it refuses, so that a
// misspelt word is not silently without effect.
func ReadCluster(file string) (*Cluster, error) {
	raw, err := readLimited(file)
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: filepath.Dir(file)}
	if err := yaml.Load(raw, c, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return c, nil
}

func readLimited(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxClusterFile+1))
	if err == nil && len(raw) > maxClusterFile {
		err = fmt.Errorf("%s: larger than %d bytes", file, maxClusterFile)
	}
	return raw, err
}

func (c *Cluster) check() error {
	if len(c.Nodes) > maxNodes {
		return fmt.Errorf("%d nodes: at most %d", len(c.Nodes), maxNodes)
	}
	if err := c.Probes.Validate(); err != nil {
		return err
	}
	seen := map[string]int{}
	for i, m := range c.Nodes {
		if err := CheckName(m.Name); err != nil {
			return fmt.Errorf("nodes[%d]: %w", i, err)
		}
		if first, twice := seen[strings.ToLower(m.Name)]; twice {
			return fmt.Errorf("nodes[%d]: name %s is that of nodes[%d] too", i, m.Name, first)
		}
		seen[strings.ToLower(m.Name)] = i
		if m.overSSH() {
			continue
		}
		if err := checkAddr(m.Addr); err != nil {
			return fmt.Errorf("nodes[%d] %s: %w", i, m.Name, err)
		}
	}
	return nil
}

func checkAddr(addr string) error {
	host, port, err := net.SplitHostPort(strings.TrimPrefix(addr, "https://"))
	if err != nil {
		return fmt.Errorf("address %q: want host:port", addr)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return fmt.Errorf("address %q: port must be 1 to 65535", addr)
	}
	if host == "" || strings.ContainsFunc(host, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("/@?#", r) }) {
		return fmt.Errorf("address %q: no host name", addr)
	}
	return nil
}

func checkTitle(title string) error {
	if title == "" || len(title) > 100 || strings.ContainsFunc(title, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("cluster name %q: want 1 to 100 printable characters", title)
	}
	return nil
}

const clusterHead = `# The nodes of a cluster, for casefile collect --cluster.
# addr: host:port of the agent, ssh://user@host[:port], or local.
# labels: anything that tells nodes apart (zone: a); they stand in the bundle.
# probes: databases (url, credential: env:NAME or file:/path on the node), storage
# (path, kind: shared-home, local-home, other) and names to measure the latency of.
`

func (c *Cluster) write(file string) error {
	raw, err := yaml.Dump(c, yaml.WithIndent(2))
	if err != nil {
		return err
	}
	return replaceFile(file, append([]byte(clusterHead), raw...))
}

// appendMember adds a node and leaves what an admin wrote into the file as it is,
// comments too.
func appendMember(file string, m Member) error {
	raw, err := readLimited(file)
	if err != nil {
		return err
	}
	var doc yaml.Node
	if err := yaml.Load(raw, &doc); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	nodes, err := nodesOf(&doc)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	var item yaml.Node
	if err := item.Encode(m); err != nil {
		return err
	}
	nodes.Kind, nodes.Tag, nodes.Style = yaml.SequenceNode, "!!seq", 0
	nodes.Content = append(nodes.Content, &item)
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(&doc), enc.Close()); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return replaceFile(file, out.Bytes())
}

// nodesOf finds the list of nodes, or makes one.
func nodesOf(doc *yaml.Node) (*yaml.Node, error) {
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("not a mapping")
	}
	top := doc.Content[0]
	for i := 0; i+1 < len(top.Content); i += 2 {
		if top.Content[i].Value == "nodes" {
			return top.Content[i+1], nil
		}
	}
	list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	top.Content = append(top.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "nodes"}, list)
	return list, nil
}
