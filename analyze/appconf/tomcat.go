package appconf

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
)

// element is the start of an XML element and where it stands.
type element struct {
	name  string
	attrs map[string]string
	Place
}

func (e *element) attr(name string) string { return e.attrs[strings.ToLower(name)] }

// number reads an attribute that must be positive; 0 when it is not there or is none.
func (e *element) number(name string) int { return positive(e.attr(name)) }

func positive(text string) int {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 0 || n > 1<<20 {
		return 0
	}
	return n
}

// elements walks an XML file: start is called at each element, text with what stands in the innermost.
func elements(content []byte, start func(element), text func(of element, text string)) error {
	dec := xml.NewDecoder(bytes.NewReader(content))
	dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // names and figures are ASCII
	dec.Strict = false
	var open []element
	for {
		from, _ := dec.InputPos()
		tok, err := dec.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		to, _ := dec.InputPos()
		switch t := tok.(type) {
		case xml.StartElement:
			e := element{name: t.Name.Local, attrs: map[string]string{}, Place: Place{From: from, To: to}}
			for _, a := range t.Attr {
				e.attrs[strings.ToLower(a.Name.Local)] = a.Value
			}
			if start != nil {
				start(e)
			}
			if len(open) < maxItems {
				open = append(open, e)
			}
		case xml.EndElement:
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
		case xml.CharData:
			if trimmed := strings.TrimSpace(string(t)); trimmed != "" && text != nil && len(open) > 0 {
				of := open[len(open)-1]
				of.To = to
				text(of, trimmed)
			}
		}
	}
}

// tomcatThreads is the default of maxThreads of Connector and Executor: Apache Tomcat
// Configuration Reference, 7 to 11.
const tomcatThreads = 200

// readTomcat reads Connectors, their Executors and data sources.
func (f *File) readTomcat(content []byte) error {
	executors := map[string]element{}
	var connectors []element
	err := elements(content, func(e element) {
		switch {
		case e.name == "Executor" && len(executors) < maxItems:
			executors[e.attr("name")] = e
		case e.name == "Connector" && len(connectors) < maxItems:
			connectors = append(connectors, e)
			if !strings.Contains(strings.ToUpper(e.attr("protocol")), "AJP") {
				f.attributes(connectorWishes, e)
			}
		case e.name == "Host":
			f.attributes(hostWishes, e)
		case e.name == "Resource" && strings.HasSuffix(e.attr("type"), "DataSource"):
			if p, ok := resourcePool(e); ok && len(f.Pools) < maxItems {
				f.Pools = append(f.Pools, p)
			}
		}
	}, nil)
	for _, e := range connectors {
		if c, ok := connectorOf(e, executors); ok {
			f.Connectors = append(f.Connectors, c)
		}
	}
	return err
}

// connectorOf: one with virtual threads, or with an executor that is not there, has no limit that could be told.
func connectorOf(e element, executors map[string]element) (Connector, bool) {
	c := Connector{Port: e.attr("port"), Place: e.Place}
	of := "the Connector on port " + c.Port
	limit := e
	if name := e.attr("executor"); name != "" {
		x, known := executors[name]
		if !known || x.attr("className") != "" && !strings.HasSuffix(x.attr("className"), "StandardThreadExecutor") {
			return c, false
		}
		limit, c.Place, of = x, x.Place, "the Executor "+name
	}
	if limit.attr("useVirtualThreads") == "true" || strings.Contains(limit.attr("maxThreads"), "${") {
		return c, false
	}
	c.Setting = "maxThreads of " + of
	c.MaxThreads = limit.number("maxThreads")
	if limit.attr("maxThreads") == "" {
		c.MaxThreads, c.Default = tomcatThreads, true
	}
	return c, c.MaxThreads > 0
}

// resourcePool reads a data source of Tomcat. Without a factory it is DBCP: 2 since
// Tomcat 8, where maxTotal took the place of maxActive.
func resourcePool(e element) (Pool, bool) {
	p := Pool{Name: e.attr("name"), Server: server(firstOf(e.attr("url"), e.attr("jdbcUrl"))), Place: e.Place}
	factory := strings.ToLower(e.attr("factory"))
	switch {
	case strings.HasSuffix(factory, ".beanfactory"): // makes one of the class that the type names, as c3p0's manual shows
		factory = strings.ToLower(e.attr("type"))
	case factory == "" && e.attr("maxTotal") == "" && e.attr("maxActive") != "":
		factory = "dbcp" // of Tomcat 7; a later one ignores it, and says so in its log
	case factory == "":
		factory = "dbcp.dbcp2"
	}
	for _, k := range poolKinds {
		if !strings.Contains(factory, k.factory) {
			continue
		}
		p.Kind, p.Setting = k.kind, k.setting+" of the Resource "+p.Name
		switch text := e.attr(k.setting); text {
		case "":
			p.Max, p.Default = k.size, true
		default:
			p.Max = positive(text) // below zero: no limit
		}
		return p, p.Max > 0
	}
	return p, false
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}
