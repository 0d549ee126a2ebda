package threads

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// corpus gives the folder of real dumps that lies next to the project, or skips.
func corpus(t *testing.T, elem ...string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
	path := filepath.Join(append([]string{dir, "..", "shared", "corpus"}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no corpus next to the project: %v", err)
	}
	return path
}

func parseFile(t *testing.T, path string) ([]*Dump, Summary) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dumps, sum, err := ParseAll(filepath.Base(path), f)
	if err != nil {
		t.Fatal(err)
	}
	return dumps, sum
}

// The count a person would make with grep: it shares nothing with the parser.
var (
	titleRE = regexp.MustCompile(`^Full thread dump|^===== FULL THREAD DUMP|^0SECTION +TITLE`)
	countRE = []*regexp.Regexp{
		regexp.MustCompile(`^".*" .*(tid=|prio=|#\d+ )`),
		regexp.MustCompile(`^".*" - Thread t@\d+`),
		regexp.MustCompile(`^".*" id=\d+ in [A-Z_]+`),
		regexp.MustCompile(`^os_prio=.* tid=`),
		regexp.MustCompile(`^ +Mounted virtual thread #`),
		regexp.MustCompile(`^\s*"tid": `),
	}
)

func countByHand(t *testing.T, path string) (dumps, threads int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	open := false
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		line := strings.TrimRight(sc.Text(), "\r")
		if titleRE.MatchString(line) {
			dumps++
			open = true
		}
		for _, re := range countRE {
			if re.MatchString(line) {
				threads++
				if !open {
					dumps++
					open = true
				}
				break
			}
		}
	}
	return dumps, threads
}

func corpusFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, dir := range []string{"tda", "threadlogic", "jthreaddump"} {
		err := filepath.WalkDir(corpus(t, dir), func(path string, d os.DirEntry, err error) error {
			if ext := filepath.Ext(path); err == nil && !d.IsDir() && ext != ".jfr" && d.Name() != "metadata.txt" {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// unparsedInCorpus are the files with lines that are no part of any format: the count is told, not hidden.
var unparsedInCorpus = map[string]int{
	"thread-dump-jstack.txt": 16, // printed bottom up: frames stand before their thread
}

func TestCorpusCounts(t *testing.T) {
	for _, path := range corpusFiles(t) {
		name := filepath.Base(path)
		t.Run(strings.TrimPrefix(path, corpus(t)), func(t *testing.T) {
			dumps, sum := parseFile(t, path)
			wantDumps, wantThreads := countByHand(t, path)
			if sum.Dumps != wantDumps || sum.Threads != wantThreads {
				t.Errorf("got %d dumps, %d threads; by hand %d, %d", sum.Dumps, sum.Threads, wantDumps, wantThreads)
			}
			if sum.UnparsedLines != unparsedInCorpus[name] {
				t.Errorf("%d lines not understood, want %d", sum.UnparsedLines, unparsedInCorpus[name])
				for _, d := range dumps {
					for _, u := range d.Unparsed {
						t.Logf("  %d: %s", u.Line, u.Text)
					}
				}
			}
			for _, d := range dumps {
				t.Logf("%v lines %d-%d threads=%d time=%v vm=%q other=%d truncated=%v", d.Format, d.Line, d.EndLine, len(d.Threads), d.Time, d.VM, sum.OtherLines, d.Truncated)
			}
		})
	}
}
