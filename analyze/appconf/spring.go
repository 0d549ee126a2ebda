package appconf

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// springKeys are the limits of Spring Boot, Common Application Properties, in the form of relaxed(): with the pool's kind, or
// "" for threads. Older names come behind the newer.
var springKeys = []struct{ key, kind, setting string }{
	{"server.tomcat.threads.max", "", "server.tomcat.threads.max"},
	{"server.tomcat.maxthreads", "", "server.tomcat.max-threads"},
	{"server.jetty.threads.max", "", "server.jetty.threads.max"},
	{"spring.datasource.hikari.maximumpoolsize", "HikariCP", "spring.datasource.hikari.maximum-pool-size"},
	{"spring.datasource.tomcat.maxactive", "Tomcat JDBC pool", "spring.datasource.tomcat.max-active"},
	{"spring.datasource.dbcp2.maxtotal", "DBCP 2", "spring.datasource.dbcp2.max-total"},
}

// Spring is what File.Product says of Spring Boot's files.
const Spring = "spring"

const springURL = "spring.datasource.url"

// relaxed is the form in which Spring compares names: "max-pool-size", "maxPoolSize" and "max_pool_size" are one.
func relaxed(key string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(strings.TrimSpace(key)))
}

// Options reads what options of the command line (-Dname=value) set; place gives the line of the i-th.
func Options(source string, options []string, place func(i int) int) *File {
	f := &File{Source: source}
	var values []line
	for i, o := range options {
		if name, v, ok := strings.Cut(strings.TrimPrefix(o, "-D"), "="); ok && strings.HasPrefix(o, "-D") {
			values = append(values, line{name, v, place(i)})
			if name == "spring.profiles.active" {
				f.Profiles = strings.Split(v, ",")
			}
		}
	}
	f.takeSpring(values)
	f.stamp()
	return f
}

func (f *File) takeSpring(values []line) {
	last := map[string]line{} // the last of a key counts
	for _, v := range values {
		last[relaxed(v.name)] = v
	}
	f.grant(springWishes, values, relaxed, Place{})
	f.Server = server(last[springURL].text)
	port := last["server.port"].text
	for _, k := range springKeys {
		v, there := last[k.key]
		n := positive(v.text)
		if !there || n == 0 {
			continue
		}
		at := Place{From: v.at, To: v.at}
		switch {
		case k.kind != "":
			f.Pools = append(f.Pools, Pool{Kind: k.kind, Setting: k.setting, Max: n, Server: f.Server, Place: at})
		case len(f.Connectors) == 0:
			f.Connectors = append(f.Connectors, Connector{Port: port, Setting: k.setting, MaxThreads: n, Place: at})
		}
	}
}

// readSpringProperties reads key=value lines up to the first "#---", which begins a part that may hold only for some profile.
func (f *File) readSpringProperties(content []byte) error {
	f.Product = Spring
	f.takeSpring(lines(content, func(text string) bool { return strings.HasPrefix(text, "#---") || strings.HasPrefix(text, "!---") }))
	return nil
}

// maxDepth is how deep keys of YAML may be nested.
const maxDepth = 32

// readSpringYAML reads the first document; others may hold only for some profile.
func (f *File) readSpringYAML(content []byte) error {
	f.Product = Spring
	values, err := yamlLines(content)
	f.takeSpring(values)
	return err
}

// flatten makes "a.b.c" of nested keys. Aliases are not followed.
func flatten(n *yaml.Node, prefix string, depth int, into *[]line) {
	if depth > maxDepth || len(*into) >= maxItems*10 {
		return
	}
	switch n.Kind {
	case yaml.DocumentNode:
		for _, c := range n.Content {
			flatten(c, prefix, depth+1, into)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i].Value
			if prefix != "" {
				key = prefix + "." + key
			}
			flatten(n.Content[i+1], key, depth+1, into)
		}
	case yaml.ScalarNode:
		*into = append(*into, line{prefix, n.Value, n.Line})
	case yaml.SequenceNode:
		var list []string
		for _, c := range n.Content {
			if c.Kind == yaml.ScalarNode && len(list) < maxItems {
				list = append(list, c.Value)
			}
		}
		*into = append(*into, line{prefix, strings.Join(list, ","), n.Line})
	}
}
