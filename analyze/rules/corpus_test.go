package rules

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// corpus gives the folder of real dumps that lies next to the project, or skips.
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
		if up := filepath.Dir(dir); up != dir {
			dir = up
			continue
		}
		t.Fatal("no go.mod above the test")
	}
	path := filepath.Join(dir, "..", "shared", "corpus")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no corpus next to the project: %v", err)
	}
	return path
}

// The labelled series of jthreaddump, with what each was recorded to show; those without a problem show none.
func TestCorpusScenarios(t *testing.T) {
	dir := filepath.Join(corpus(t), "jthreaddump", "src", "test", "resources", "scenarios")
	for label, want := range map[string][]string{
		"lock-contention":        {"warning lock-contention", "info thread-pool-exhausted"},
		"reentrant-lock":         {"warning lock-contention", "info thread-pool-exhausted"},
		"io-stall":               {"info slow-downstream"},
		"thread-pool-exhaustion": {"warning thread-pool-exhausted", "warning hot-thread"}, // four workers that compute
		"mixed-workload":         {"warning hot-thread", "warning hot-thread", "info thread-pool-exhausted"},
		"producer-consumer":      nil,
		"thread-waiting":         nil,
		"class-loading":          nil, // the recorded program sleeps
	} {
		t.Run(label, func(t *testing.T) {
			files, err := filepath.Glob(filepath.Join(dir, label, "dump-*.txt"))
			if err != nil || len(files) == 0 {
				t.Fatal("no dumps", err)
			}
			res := run(t, caseOf(parseFiles(t, files...)))
			if got := listed(res.Findings); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v\n%s", got, want, show(res.Findings))
			}
			for _, f := range res.Findings {
				complete(t, f)
			}
		})
	}
}

// warnedInCorpus is what single files show at warning or above: most are one dump, and most dumps are of healthy programs.
var warnedInCorpus = map[string]bool{"deadlock": true}

func TestCorpusFiles(t *testing.T) {
	seen := map[string]int{}
	for _, dir := range []string{"tda", "threadlogic", "jthreaddump"} {
		err := filepath.WalkDir(filepath.Join(corpus(t), dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) == ".jfr" || d.Name() == "metadata.txt" {
				return err
			}
			dumps := parseFiles(t, path)
			if len(dumps) == 0 {
				t.Errorf("no dump in %s", path)
				return nil
			}
			res := run(t, caseOf(dumps)) // also of threads that no rule expects: nothing may break
			deadlocks := 0
			for _, f := range res.Findings {
				complete(t, f)
				seen[f.ID]++
				if f.ID == "deadlock" {
					deadlocks++
				}
				if f.Severity != "info" && !warnedInCorpus[f.ID] {
					t.Errorf("%s: %s", path, show(res.Findings))
				}
			}
			reported := dumps[len(dumps)-1].ReportedDeadlocks
			if strings.HasSuffix(path, "thread-dump-deadlock.txt") { // two threads, and no report of the JVM's
				reported = 1
			}
			if deadlocks != reported {
				t.Errorf("%s: %d deadlocks found, the JVM reports %d", path, deadlocks, reported)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("findings: %v", seen)
	if seen["deadlock"] == 0 {
		t.Error("no deadlock in the whole corpus")
	}
}
