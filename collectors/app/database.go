package app

import (
	"bytes"
	"encoding/xml"
	"io"
	"path"
	"strings"

	"casefile/bundle/format/charset"
)

// Database is what a product's configuration says of its database. Password is
// empty where it is encrypted.
type Database struct{ URL, User, Password string }

// String keeps the password out of what is printed.
func (d Database) String() string { return "database " + d.URL }

// databaseKeys are the names under which products keep their database, all of one row together.
var databaseKeys = []struct{ url, user, password, encrypted string }{
	{"hibernate.connection.url", "hibernate.connection.username", "hibernate.connection.password", "jdbc.password.decrypter.classname"}, // Confluence, confluence.cfg.xml
	{"url", "username", "password", "atlassian-password-cipher-provider"},                                                               // Jira, dbconfig.xml
	{"jdbc.url", "jdbc.user", "jdbc.password", "jdbc.password.decrypter.classname"},                                                     // Bitbucket, bitbucket.properties
	{"spring.datasource.url", "spring.datasource.username", "spring.datasource.password", ""},
}

// FindDatabase reads a configuration file; false: it names no database.
func FindDatabase(name string, content []byte) (Database, bool) {
	content = charset.Text(content)
	var values map[string]string
	switch path.Ext(name) {
	case ".xml":
		values = xmlValues(content)
	case ".properties":
		values = propertyValues(content)
	}
	for _, k := range databaseKeys {
		if url := values[k.url]; strings.HasPrefix(url, "jdbc:") {
			d := Database{URL: url, User: values[k.user], Password: values[k.password]}
			if values[k.encrypted] != "" || strings.HasPrefix(d.Password, "{") || strings.HasPrefix(d.Password, "ENC(") || strings.Contains(d.Password, "${") {
				d.Password = ""
			}
			return d, true
		}
	}
	return Database{}, false
}

// xmlValues are the texts of elements, by <property name="..."> or by the element's
// own name; the first of each. A file that breaks off gives what stands before.
func xmlValues(content []byte) map[string]string {
	values, name := map[string]string{}, ""
	dec := xml.NewDecoder(bytes.NewReader(content))
	dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // it is decoded
	for {
		tok, err := dec.Token()
		if err != nil {
			return values
		}
		switch t := tok.(type) {
		case xml.StartElement:
			name = t.Name.Local
			for _, a := range t.Attr {
				if name == "property" && a.Name.Local == "name" {
					name = a.Value
				}
			}
		case xml.CharData:
			if _, known := values[name]; !known && name != "" {
				if text := strings.TrimSpace(string(t)); text != "" {
					values[name] = text
				}
			}
		case xml.EndElement:
			name = ""
		}
	}
}

// propertyValues reads key=value lines; what else the format knows does not occur
// in a database's address.
func propertyValues(content []byte) map[string]string {
	values := map[string]string{}
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		if i := strings.IndexAny(line, "=:"); i > 0 {
			values[strings.TrimSpace(line[:i])] = strings.TrimSpace(strings.ReplaceAll(line[i+1:], `\:`, ":"))
		}
	}
	return values
}
