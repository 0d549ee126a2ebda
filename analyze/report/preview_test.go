package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/gc/gclog"
	"casefile/analyze/threads"
)

var preview = flag.String("preview", "", "write the pages of these tests into this folder, to look at")

func keepPage(t *testing.T, name string, page []byte) {
	t.Helper()
	if *preview == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(*preview, name), page, 0o600); err != nil {
		t.Fatal(err)
	}
}

// corpus finds public dumps and logs next to the project.
func corpus(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(dir) == dir {
			t.Skip("no go.mod above this folder")
		}
		dir = filepath.Dir(dir)
	}
	root := filepath.Join(dir, "../shared/corpus")
	if _, err := os.Stat(root); err != nil {
		t.Skip("no corpus next to the project")
	}
	return root
}

// corpusFile opens a file of the corpus; nil when it is not there.
func corpusFile(t *testing.T, path string) []byte {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Logf("left out: %v", err)
	}
	return b
}

// TestCorpusPage renders real dumps and GC logs of many origins as one case.
func TestCorpusPage(t *testing.T) {
	root := corpus(t)
	node := &analyze.Node{Name: "files"}
	dirs, _ := filepath.Glob(filepath.Join(root, "jthreaddump/src/test/resources/scenarios/*"))
	for _, dir := range dirs {
		var dumps []*threads.Dump
		j := &analyze.JVM{Node: node, Target: filepath.Base(dir)}
		files, _ := filepath.Glob(filepath.Join(dir, "dump-*.txt"))
		for _, f := range files {
			ds, sum, err := threads.ParseAll(filepath.Base(f), bytes.NewReader(corpusFile(t, f)))
			if err != nil {
				t.Fatalf("%s: %v", f, err)
			}
			dumps, j.DumpInfo = append(dumps, ds...), append(j.DumpInfo, sum)
		}
		if len(dumps) > 0 {
			j.Dumps = threads.NewSeries(dumps, nil)
		}
		node.JVMs = append(node.JVMs, j)
	}
	for _, f := range []string{"gctoolkit-testdata/gctoolkit-gclogs/preunified/cms/939_par.cms.nd.wt.log", "gctoolkit-testdata/gctoolkit-gclogs/unified/serial/gc.log",
		"gctoolkit-testdata/gctoolkit-gclogs/preunified/g1gc/details/tenuring/server1-gc.log", "gctoolkit-testdata/gctoolkit-gclogs-rolling/rolling/jdk14/rollinglogs/short_restart.log",
		"gctoolkit-testdata/gctoolkit-gclogs/preunified/ps/details/memoryleak1.log"} {
		content := corpusFile(t, filepath.Join(root, f))
		log, err := gclog.Parse(filepath.Base(f), bytes.NewReader(content), gclog.Options{})
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		node.JVMs = append(node.JVMs, &analyze.JVM{Node: node, Target: filepath.Base(f), GC: []*gc.Log{log}})
	}
	c := &analyze.Case{Nodes: []*analyze.Node{node}}
	page := renderHTML(t, c, &analyze.Result{}, Meta{})
	keepPage(t, "corpus.html", page)
	if n := len(page); n > 4<<20 {
		t.Errorf("the page has %d bytes", n)
	}
	for _, j := range node.JVMs {
		if !strings.Contains(string(page), j.Target) {
			t.Errorf("%s has no section", j.Target)
		}
	}
}
