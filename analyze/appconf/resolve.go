package appconf

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Settings is what all configuration of one application says together.
type Settings struct {
	Product    string
	Connectors []Connector
	Pools      []Pool
	Values     []Setting
}

// Value gives all settings of a name: several connectors have one each.
func (s *Settings) Value(name string) (out []Setting) {
	for _, v := range s.Values {
		if v.Name == name && v.Value != "" {
			out = append(out, v)
		}
	}
	return out
}

// Threads is the connector with the largest pool of threads; nil: none is known.
func (s *Settings) Threads() *Connector {
	var most *Connector
	for i := range s.Connectors {
		if most == nil || s.Connectors[i].MaxThreads > most.MaxThreads {
			most = &s.Connectors[i]
		}
	}
	return most
}

// Resolve puts the files of one application together, and the options of its command
// line, which go before files. Where files contradict each other and nothing tells which
// one holds, what they say is left out.
func Resolve(files []*File, options *File) Settings {
	var s Settings
	var tomcat, own, spring []*File
	for _, f := range files {
		switch f.Product {
		case "":
			tomcat = append(tomcat, f)
		case Spring:
			spring = append(spring, f)
		default:
			s.Product = f.Product
			own = append(own, f)
		}
	}
	for _, f := range tomcat {
		s.Connectors = append(s.Connectors, f.Connectors...)
		s.Values = append(s.Values, f.Values...)
	}
	for _, f := range own {
		s.Values = append(s.Values, f.Values...)
	}
	switch {
	case len(own) > 0:
		s.Pools = ofProduct(own, tomcat)
	case len(spring) > 0 || options != nil && len(options.Pools)+len(options.Connectors)+len(options.Values) > 0:
		s.Product = Spring
		s.ofSpring(spring, options)
	default:
		for _, f := range tomcat {
			s.Pools = append(s.Pools, f.Pools...)
		}
	}
	return s
}

// ofProduct gives the pool of a product that has one: its own, or the container's that it names.
func ofProduct(own, tomcat []*File) []Pool {
	var pools []Pool
	for _, f := range own {
		if f.shared() && len(own) > 1 { // a node reads that of its own home
			continue
		}
		found := f.Pools
		if f.JNDI != "" {
			found = nil
			for _, t := range tomcat {
				for _, p := range t.Pools {
					if p.Name != "" && strings.HasSuffix(f.JNDI, p.Name) {
						found = append(found, p)
					}
				}
			}
		}
		pools = append(pools, found...)
	}
	return agreed(pools)
}

// shared tells a copy in the shared home from the node's own.
func (f *File) shared() bool { return strings.Contains(f.Origin, "shared") }

// agreed is one of the pools if all have the same limit, else none.
func agreed(pools []Pool) []Pool {
	for _, p := range pools {
		if p.Max != pools[0].Max || p.Kind != pools[0].Kind {
			return nil
		}
	}
	return pools[:min(1, len(pools))]
}

var profileName = regexp.MustCompile(`(?i)^application-([^.]+)\.`)

// ofSpring: options go before the files of active profiles, and those before the rest.
// A profile's file whose profile may or may not be active makes what it sets unknown.
func (s *Settings) ofSpring(files []*File, options *File) {
	var active []string
	if options != nil {
		active = options.Profiles
	}
	levels := make([][]*File, 3)
	if options != nil {
		levels[0] = []*File{options}
	}
	for _, f := range files {
		m := profileName.FindStringSubmatch(path.Base(f.Source))
		switch {
		case m == nil:
			levels[2] = append(levels[2], f)
		case slices.Contains(active, m[1]):
			levels[1] = append(levels[1], f)
		case len(active) == 0: // by the environment, maybe: it stands next to the others
			levels[2] = append(levels[2], f)
		}
	}
	var threads, connections bool // said on a level before
	for _, files := range levels {
		s.add(files)
		var connectors []Connector
		var pools []Pool
		for _, f := range files {
			connectors = append(connectors, f.Connectors...)
			pools = append(pools, f.Pools...)
		}
		if !connections && len(pools) > 0 {
			s.Pools, connections = agreed(pools), true
		}
		if !threads && len(connectors) > 0 {
			threads = true
			if !slices.ContainsFunc(connectors, func(c Connector) bool { return c.MaxThreads != connectors[0].MaxThreads }) {
				s.Connectors = connectors[:1]
			}
		}
	}
	if len(s.Pools) > 0 && s.Pools[0].Server == "" {
		s.Pools[0].Server = urlOf(files)
	}
}

// add takes the values of one level that no level before has. One that files of a level contradict is left out.
func (s *Settings) add(level []*File) {
	said := map[string][]Setting{}
	for _, f := range level {
		for _, v := range f.Values {
			if !slices.ContainsFunc(s.Values, func(x Setting) bool { return x.Name == v.Name }) {
				said[v.Name] = append(said[v.Name], v)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(said)) {
		first := said[name][0]
		if slices.ContainsFunc(said[name], func(v Setting) bool { return v.Value != first.Value }) {
			first.Value = ""
		}
		s.Values = append(s.Values, first)
	}
}

// urlOf finds the database of a pool whose size is set in another place than its URL.
func urlOf(files []*File) string {
	found := ""
	for _, f := range files {
		if f.Server != "" && found != "" && f.Server != found {
			return ""
		}
		found = firstOf(f.Server, found)
	}
	return found
}
