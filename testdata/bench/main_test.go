package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const printed = `goos: linux
BenchmarkJoin-2   	       1	20035075435 ns/op	  52.43 MB/s	        17.74 capture-s	        93.41 joiner-MB	         8.87 plain-copy-s
BenchmarkDumps/join-2         	       4	 289583745 ns/op	         0.1053 size/zip-9
BenchmarkUnifiedG1Debug-2   	      28	  41642800 ns/op	1407.02 MB/s	         8.008 x-line-scan
BenchmarkUnifiedG1Debug-2   	      28	  41642800 ns/op	1409.02 MB/s	         4.008 x-line-scan
BenchmarkUnifiedG1Debug-2   	      28	  41642800 ns/op	1408.02 MB/s	         6.008 x-line-scan
`

func TestTable(t *testing.T) {
	r, err := read(strings.NewReader(printed))
	if err != nil {
		t.Fatal(err)
	}
	table := r.table()
	for _, want := range []string{
		"| time of it | 2 x a plain copy | at most 2 |",
		"| memory of the admin | 93.4 MB | at most 300 |",
		"| GC log, G1 debug | 1,408 MB/s | at least 800 |",
		"| the same | 6.01 x a scan for lines | at most 5: **not reached** |",
		"| dumps | not measured in this run | at least 1,000 |",
	} {
		if !strings.Contains(table, want+"\n") {
			t.Errorf("want %q in\n%s", want, table)
		}
	}
}

func TestFailuresAreFailures(t *testing.T) {
	for text, want := range map[string]string{
		"--- FAIL: BenchmarkIdleAgent\n    idle_linux_test.go:37: 35.2 MB\n": "IdleAgent",
		"FAIL\tcasefile/cmd/casefile\t788.974s\n":                            "casefile/cmd/casefile",
	} {
		if err := run(strings.NewReader(text), &strings.Builder{}, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := run(strings.NewReader(printed), &strings.Builder{}, ""); err != nil {
		t.Error(err)
	}
}

func TestTableHasItsPlace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "performance.md")
	if err := os.WriteFile(file, []byte("# Costs\n\n"+from+"old\n"+to+"\nmore\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(strings.NewReader(printed), &strings.Builder{}, file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(text); !strings.HasPrefix(s, "# Costs\n\n"+from+"Version ") || !strings.HasSuffix(s, "|\n"+to+"\nmore\n") || strings.Contains(s, "old") {
		t.Errorf("%s", s)
	}
	if err := place(filepath.Join("..", "..", "go.mod"), ""); err == nil {
		t.Error("a file without marks was taken")
	}
}

// A goal whose benchmark was renamed would never be measured again.
func TestGoalsHaveBenchmarks(t *testing.T) {
	var sources strings.Builder
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), "func Benchmark") {
			sources.Write(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// helpers of benchmarks
	text, err := os.ReadFile(filepath.Join(root, "testdata", "large", "scan.go"))
	if err != nil {
		t.Fatal(err)
	}
	sources.Write(text)
	all := sources.String()
	for _, g := range goals {
		name, _, _ := strings.Cut(g.bench, "/")
		if !strings.Contains(all, "func Benchmark"+name+"(b *testing.B)") {
			t.Errorf("%s: there is no Benchmark%s", g.what, name)
		}
		for _, metric := range []string{g.metric, g.per} {
			what := regexp.MustCompile(`^(wall|cpu|pause)-times-less$`).ReplaceAllString(metric, "-times-less")
			if metric != "" && metric != "MB/s" && !strings.Contains(all, `"`+what+`"`) {
				t.Errorf("%s: nothing reports %q", g.what, metric)
			}
		}
	}
}
