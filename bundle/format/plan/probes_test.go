package plan

import (
	"strings"
	"testing"
)

func TestProbes(t *testing.T) {
	good := Probes{
		Databases: []Database{
			{URL: "jdbc:postgresql://db1:5432,db2/confluence?user=conf&ssl=true", Credential: "env:DB_PASS"},
			{URL: "jdbc:mysql://db/confluence", Credential: "file:/etc/casefile/db"},
			{URL: "postgres://conf@db/confluence"}, {URL: "db:5432"}, {URL: "jdbc:oracle:thin:@//db:1521/orcl"},
		},
		Storage: []Storage{{Path: "/var/shared", Kind: SharedHome}, {Path: "/", Kind: OtherPlace}, {Path: "/dev/shm", Kind: LocalHome}},
		Names:   []string{"db.example.com", "n1", "10.0.0.1"},
	}
	p := Default()
	p.Probes = &good
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	database := func(url, credential string) *Probes {
		return &Probes{Databases: []Database{{URL: url, Credential: credential}}}
	}
	storage := func(path, kind string) *Probes { return &Probes{Storage: []Storage{{path, kind}}} }
	for name, bad := range map[string]*Probes{
		"no url":               database("", ""),
		"long url":             database(strings.Repeat("x", 4096), ""),
		"space in url":         database("jdbc:mysql://h/ x", ""),
		"password parameter":   database("jdbc:postgresql://h/db?user=a&password=hunter2", ""),
		"password, semicolon":  database("jdbc:sqlserver://h:1433;user=a;Password=hunter2", ""),
		"password before host": database("postgres://a:hunter2@h/db", ""),
		"password, MySQL":      database("jdbc:mysql://a:hunter2@h1,h2/db", ""),
		"password, 2nd host":   database("jdbc:mysql://h1,b:hunter2@h2/db", ""),
		"password, Oracle":     database("jdbc:oracle:thin:scott/hunter2@h:1521:orcl", ""),
		"password, address":    database("jdbc:mysql://address=(host=h)(password=hunter2)/db", ""),
		"credential in clear":  database("h:1", "hunter2"),
		"credential, command":  database("h:1", "cmd:cat /etc/shadow"),
		"credential, relative": database("h:1", "file:etc/x"),
		"credential, dots":     database("h:1", "file:/a/../etc/x"),
		"credential, no name":  database("h:1", "env:"),
		"credential, bad name": database("h:1", "env:A B"),
		"relative path":        storage("home", SharedHome),
		"dots in path":         storage("/home/../etc", SharedHome),
		"kernel's path":        storage("/proc/self/cwd", SharedHome),
		"unknown kind":         storage("/home", "tape"),
		"shell in name":        {Names: []string{"$(id)"}},
		"option as name":       {Names: []string{"-h"}},
		"empty name":           {Names: []string{""}},
		"many names":           {Names: make([]string, MaxNames+1)},
		"many folders":         {Storage: make([]Storage, MaxStorage+1)},
		"many databases":       {Databases: make([]Database, MaxDatabases+1)},
	} {
		p.Probes = bad
		err := p.Validate()
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error tells the password: %v", name, err)
		}
	}
}
