package timing

import (
	"errors"
	"slices"
)

// Port is one try to connect from one node to a port of another that members of a cluster talk on.
type Port struct {
	Port int `json:"port"`
	// Any: the node that tried listens on this port too, at all its addresses. Ports of another kind are not tried.
	Any bool `json:"any_address,omitempty"`
	// ConnectMS is how long the TCP handshake took, in milliseconds; 0 with an Error.
	ConnectMS float64 `json:"connect_ms,omitempty"`
	// Error is why there was no connection.
	Error string `json:"error,omitempty"`
}

// ClusterPort is a port that all members of a cluster must reach at each other, as its vendor publishes it.
type ClusterPort struct {
	Port int
	Use  string
}

// clusterPorts by Atlassian's "Configuring Hazelcast ports", "Configuring Synchrony for Data Center" and "Installing Jira Data
// Center", "Elasticsearch: Networking", and "JGroups: TCP". Ports that only clients or a load balancer need to reach, as 8091 of
// Synchrony, are not among them: a firewall may rightly close them between nodes.
var clusterPorts = []ClusterPort{
	{5701, "Hazelcast"},
	{5801, "Hazelcast of Confluence"},
	{25500, "Aleph of Synchrony"},
	{40001, "Ehcache of Jira"},
	{40011, "Ehcache objects of Jira"},
	{7800, "JGroups"},
	{9300, "Elasticsearch transport"},
}

// ClusterPorts returns all of them.
func ClusterPorts() []ClusterPort { return slices.Clone(clusterPorts) }

// UseOf says what a port of a cluster is for; "" it is none.
func UseOf(port int) string {
	for _, p := range clusterPorts {
		if p.Port == port {
			return p.Use
		}
	}
	return ""
}

const maxPort = 1<<16 - 1

func (p *Port) validate() error {
	switch {
	case p.Port <= 0 || p.Port > maxPort:
		return errors.New("no port")
	case p.ConnectMS < 0:
		return errors.New("negative connect_ms")
	case len(p.Error) > maxName:
		return errors.New("error is too long")
	}
	return nil
}
