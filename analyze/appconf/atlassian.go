package appconf

// poolProperties are the names of the limits in *.cfg.xml. Confluence takes HikariCP from
// 7.14 on and leaves what it had for c3p0 in the file: the first that is there counts.
var poolProperties = []struct{ name, kind string }{
	{"hibernate.hikari.maximumPoolSize", "HikariCP"},
	{"hibernate.c3p0.max_size", "c3p0"},
}

// clusterProperties are what confluence.cfg.xml says of the cluster that is no secret.
var clusterProperties = []string{"confluence.cluster", "confluence.cluster.name", ClusterHome, ClusterJoin, ClusterPeers, ClusterAddress, ClusterTTL}

// Names of settings of a Confluence cluster.
const (
	ClusterHome  = "confluence.cluster.home"
	ClusterJoin  = "confluence.cluster.join.type"
	ClusterPeers = "confluence.cluster.peers"
	// ClusterAddress and ClusterTTL are of multicast.
	ClusterAddress = "confluence.cluster.address"
	ClusterTTL     = "confluence.cluster.ttl"
)

// readProperties reads <property name="...">value</property>.
//
//	<property name="hibernate.hikari.maximumPoolSize">60</property>
//	<property name="hibernate.connection.url">jdbc:postgresql://db:5432/confluence</property>
func (f *File) readProperties(content []byte) error {
	type found struct {
		text string
		Place
	}
	values := map[string]found{}
	err := elements(content, func(e element) {
		if e.name == "confluence-configuration" {
			f.Product = "confluence"
		}
	}, func(of element, text string) {
		if name := of.attr("name"); of.name == "property" && len(values) < maxItems {
			if _, twice := values[name]; !twice {
				values[name] = found{text, of.Place}
			}
		}
	})
	f.JNDI = values["hibernate.connection.datasource"].text
	for _, name := range clusterProperties {
		if v, there := values[name]; there {
			f.Cluster = append(f.Cluster, Setting{Name: name, Value: v.text, Place: v.Place})
		}
	}
	for _, p := range poolProperties {
		v, there := values[p.name]
		if n := positive(v.text); there && n > 0 && f.JNDI == "" {
			f.Pools = append(f.Pools, Pool{Kind: p.kind, Setting: p.name, Max: n, Server: server(values["hibernate.connection.url"].text), Place: v.Place})
			break
		}
	}
	return err
}

// readJira reads dbconfig.xml.
//
//	<jdbc-datasource><url>jdbc:postgresql://db:5432/jira</url><pool-max-size>20</pool-max-size></jdbc-datasource>
func (f *File) readJira(content []byte) error {
	f.Product = "jira"
	p := Pool{Kind: "DBCP 2", Setting: "pool-max-size"}
	var found []line
	err := elements(content, nil, func(of element, text string) {
		found = append(found, line{of.name, text, of.From})
		switch of.name {
		case "url":
			p.Server = server(text)
		case "pool-max-size":
			p.Max, p.Place = positive(text), of.Place
		case "jndi-name":
			f.JNDI = text
		}
	})
	f.grant(jiraWishes, found, exact, Place{})
	if p.Max > 0 {
		f.Pools = append(f.Pools, p)
	}
	return err
}
