package rules

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"casefile/analyze"
	"casefile/analyze/loss"
	"casefile/analyze/threads"
	"casefile/testdata/faults"
)

var shareOfRequests = regexp.MustCompile(`^([\d.]+) % of request-thread time`)

// told holds the account of lost time and the findings to one evidence: what is called lost is so by a finding at warning or above, every such
// finding's share is in the figure, and much waiting that no finding explains is named where nothing was found.
func told(t *testing.T, name string, c *analyze.Case, res *analyze.Result) {
	t.Helper()
	verdict := analyze.Headline(c, res)
	for _, s := range res.Loss {
		lost, rest, largest := loss.Waited(s.Parts)
		if all, _ := loss.Lost(s.Parts); math.Abs(lost+rest-all) > 1e-9 {
			t.Errorf("%s: %.3f lost and %.3f not told are not %.3f", name, lost, rest, all)
		}
		warned := slices.ContainsFunc(res.Findings, func(f analyze.Finding) bool {
			return f.Severity.AtLeast(analyze.Warning) && slices.Contains(f.Nodes, s.Node) && (f.Subject == s.Subject || f.Subject == "" || len(f.Processes) > 0)
		})
		if lost > 0 && !warned {
			t.Errorf("%s: %.2f of the request time is called lost, and no finding warns\n%s", name, lost, show(res.Findings))
		}
		if rest >= analyze.WorthNaming && rest*s.RequestThreads >= 1 && !res.Worst().AtLeast(analyze.Warning) {
			if why := strings.Join(verdict.Why, "\n"); !strings.Contains(why, largest.Where) || !strings.Contains(why, s.Subject) {
				t.Errorf("%s: requests wait for %.2f of their time, most in %q, and the verdict does not name it: %s", name, rest, largest.Where, verdict.Text)
			}
		}
		for _, f := range res.Findings {
			m := shareOfRequests.FindStringSubmatch(f.Impact)
			if m == nil || !f.Severity.AtLeast(analyze.Warning) || f.Subject != s.Subject || !slices.Contains(f.Nodes, s.Node) {
				continue
			}
			waits := slices.ContainsFunc(s.Parts, func(p loss.Part) bool { return p.ClaimedBy == f.ID && !slices.Contains(atWork, p.Kind) })
			if share, err := strconv.ParseFloat(m[1], 64); err != nil || waits && lost < share/100-0.011 {
				t.Errorf("%s: %s says %s, the account %.3f: %s", name, f.ID, f.Impact, lost, f.Title)
			}
		}
	}
}

// atWork are kinds of time of which a finding may take hold without calling them a wait: a loop without end.
var atWork = []loss.Kind{loss.CPU, loss.Running, loss.Idle}

func TestLostTimeIsTold(t *testing.T) {
	judge := func(name string, c *analyze.Case) {
		t.Helper()
		told(t, name, c, run(t, c))
	}
	for i, f := range faults.All(80) {
		judge(fmt.Sprintf("%d %s", i, f.Kind), caseOf(parseText(t, "dumps.txt", f.Text)))
		judge(fmt.Sprintf("%d, twin of %s", i, f.Kind), caseOf(parseText(t, "dumps.txt", f.Twin)))
	}
	for _, m := range goMeetings {
		for _, made := range []int{0, 60, 20000} {
			judge(fmt.Sprintf("%s, %d goroutines made", m.name, made), dumpsOf(t, made, func(_ int, s *service) {
				for range 20 {
					s.request(m.state, m.top)
				}
			}))
		}
	}
}

// The same of all real dumps at hand.
func TestLostTimeOfCorpusIsTold(t *testing.T) {
	for _, dir := range []string{corpus(t), filepath.Join(corpus(t), "..", "cases", "threads")} {
		if _, err := os.Stat(dir); err != nil {
			continue
		}
		series := map[string][]*threads.Dump{}
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !slices.Contains([]string{".txt", ".log", ".tdump", ".out", ".json"}, filepath.Ext(path)) {
				return err
			}
			dumps := parseFiles(t, path)
			if len(dumps) > 0 {
				series[path] = dumps
				series[filepath.Dir(path)] = append(series[filepath.Dir(path)], dumps...) // a folder is mostly one process
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for path, dumps := range series {
			c := caseOf(dumps)
			if dumps[0].Format == threads.FormatGo {
				c = serviceOf(dumps)
			}
			told(t, path, c, run(t, c))
		}
		t.Logf("%s: %d series", dir, len(series))
	}
}
