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
		if d, ok := resourceDatabase(content); ok {
			return d, true
		}
		values = xmlValues(content)
	case ".properties":
		values = propertyValues(content)
	}
	for _, k := range databaseKeys {
		if url := values[k.url]; strings.HasPrefix(url, "jdbc:") {
			return database(url, values[k.user], values[k.password], values[k.encrypted] != ""), true
		}
	}
	return Database{}, false
}

// database leaves out a password that only the application can read.
func database(url, user, password string, encrypted bool) Database {
	if encrypted || strings.HasPrefix(password, "{") || strings.HasPrefix(password, "ENC(") || strings.Contains(password, "${") {
		password = ""
	}
	return Database{URL: url, User: user, Password: password}
}

// resourceDatabase reads the first data source among the elements of Tomcat's server.xml and context.xml, whose pools name their attributes each in its way
// (https://tomcat.apache.org/tomcat-10.1-doc/jndi-datasource-examples-howto.html):
//
//	<Resource name="jdbc/shop" type="javax.sql.DataSource" url="jdbc:postgresql://db/shop" username="shop" password="..."/>
//	<Resource factory="com.zaxxer.hikari.HikariJNDIFactory" jdbcUrl="jdbc:..." dataSource.user="shop" dataSource.password="..."/>
func resourceDatabase(content []byte) (Database, bool) {
	dec := xml.NewDecoder(bytes.NewReader(content))
	dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // it is decoded
	for {
		tok, err := dec.Token()
		if err != nil {
			return Database{}, false
		}
		e, ok := tok.(xml.StartElement)
		if !ok || e.Name.Local != "Resource" {
			continue
		}
		var url, user, password string
		for _, a := range e.Attr {
			_, last, dotted := strings.Cut(strings.ToLower(a.Name.Local), ".")
			if !dotted {
				last = strings.ToLower(a.Name.Local)
			}
			switch last {
			case "url", "jdbcurl":
				url = a.Value
			case "user", "username":
				user = a.Value
			case "password":
				password = a.Value
			}
		}
		if strings.HasPrefix(url, "jdbc:") {
			return database(url, user, password, false), true
		}
	}
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
