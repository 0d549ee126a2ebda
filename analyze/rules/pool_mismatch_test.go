package rules

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"casefile/analyze"
	"casefile/analyze/appconf"
	"casefile/analyze/ids"
	"casefile/analyze/load"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// poolRules are the one under test and the one whose finding it may be part of.
func poolRules() []*analyze.Rule {
	return []*analyze.Rule{rule(ids.DBPoolExhausted), rule(ids.PoolMismatch), rule(ids.ConfigDrift)}
}

// Captured folders, with what is found in them at their end.
func TestPoolMismatch(t *testing.T) {
	files, err := filepath.Glob("testdata/pools/*.txtar")
	if err != nil || len(files) < 6 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir, want := t.TempDir(), ""
			var captured []txtar.File
			for _, f := range a.Files {
				if f.Name == "want" {
					want = string(f.Data)
					continue
				}
				captured = append(captured, f)
				full := filepath.Join(dir, f.Name)
				if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(full, f.Data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			c, err := load.Paths(t.Context(), []string{dir})
			if err != nil || len(c.Problems) > 0 {
				t.Fatal(err, c.Problems)
			}
			res, err := analyze.Run(t.Context(), c, poolRules())
			if err != nil || len(res.Broken) > 0 {
				t.Fatal(err, res.Broken)
			}
			got := show(res.Findings)
			for _, n := range res.NotEvaluated {
				got += fmt.Sprintf("not evaluated: %s: %s\n", n.ID, n.Needs)
			}
			if *update {
				a.Files = append(captured, txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(file, txtar.Format(a), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			for _, f := range res.Findings {
				wholeFinding(t, f)
			}
		})
	}
}

// A pool that is smaller than the threads is one of the causes once requests wait for it.
func TestPoolMismatchSeen(t *testing.T) {
	conf := func(pool int) []*appconf.File {
		f, err := appconf.Read("nodes/n1/jvm/4711-shop/config/application.properties", strings.NewReader(fmt.Sprintf(
			"server.tomcat.threads.max=40\nspring.datasource.url=jdbc:postgresql://db/shop\nspring.datasource.hikari.maximum-pool-size=%d\n", pool)))
		if err != nil {
			t.Fatal(err)
		}
		return []*appconf.File{f}
	}
	waits := scene(4, 5*time.Second, func(_ int, s *stage) {
		s.system()
		for k := range 20 {
			s.thread(fmt.Sprintf("http-nio-8080-exec-%d", k+1), "WAITING", 0, map[bool]string{true: queries, false: getsConn}[k < 10])
		}
	})
	calm := scene(4, 5*time.Second, func(_ int, s *stage) {
		s.system()
		s.idle("http-nio-8080", 1, 18)
		s.thread("http-nio-8080-exec-19", "RUNNABLE", 0, queries)
	})
	for _, c := range []struct {
		name, dumps string
		pool        int
		want        string
	}{
		{"waits", waits, 10, "critical db-pool-exhausted, warning pool-mismatch"},
		{"waits, and the pool is as large as the threads are many", waits, 40, "critical db-pool-exhausted"},
		{"calm", calm, 10, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cs := caseOf(parseText(t, "threads/1.txt", c.dumps))
			cs.Nodes[0].JVMs[0].Conf = conf(c.pool)
			res, err := analyze.Run(t.Context(), cs, poolRules())
			if err != nil || len(res.Broken) > 0 {
				t.Fatal(err, res.Broken)
			}
			if got := strings.Join(listed(res.Findings), ", "); got != c.want {
				t.Errorf("got %q, want %q\n%s", got, c.want, show(res.Findings))
			}
			if f := find(res, "db-pool-exhausted"); f != nil && f.Advice[1].Setting != "spring.datasource.hikari.maximum-pool-size in application.properties" {
				t.Errorf("%+v", f.Advice)
			}
			for _, f := range res.Findings {
				wholeFinding(t, f)
			}
		})
	}
}

// Tomcat begins with few threads. A pool all of whose threads are busy is exhausted
// only where it has as many as it may have.
func TestPoolThatMayGrow(t *testing.T) {
	dumps := scene(4, 5*time.Second, func(_ int, s *stage) {
		s.system()
		for k := range 10 {
			s.thread(fmt.Sprintf("http-nio-8090-exec-%d", k+1), "RUNNABLE", 0, queries)
		}
	})
	for _, c := range []struct {
		connector string
		want      bool
	}{
		{`port="8090" maxThreads="48" minSpareThreads="10"`, false},
		{`port="8090"`, false}, // 200
		{`port="8090" maxThreads="10"`, true},
		{`port="8091" maxThreads="48"`, true}, // another's
		{`port="8090" executor="elsewhere"`, true},
	} {
		cs := caseOf(parseText(t, "threads/1.txt", dumps))
		conf, err := appconf.Read("nodes/n1/jvm/4711-shop/config/server.xml", strings.NewReader("<Server><Service><Connector "+c.connector+"/></Service></Server>"))
		if err != nil {
			t.Fatal(err)
		}
		cs.Nodes[0].JVMs[0].Conf = []*appconf.File{conf}
		res := run(t, cs)
		if f := find(res, "thread-pool-exhausted"); (f != nil) != c.want {
			t.Errorf("%s: %v\n%s", c.connector, listed(res.Findings), show(res.Findings))
		} else if f != nil && (f.Advice[1].From != "10" || f.Advice[1].To != "12") {
			t.Errorf("%+v", f.Advice)
		}
	}
}
