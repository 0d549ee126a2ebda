package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"casefile/cmd/samples/live"
)

// comparedProgram is a program that can be made 20 % slower in one thing, and the measures that name it.
type comparedProgram struct {
	what     string
	rate     float64 // requests a second; 0: each of its threads asks again as soon as it has its answer
	options  []string
	measures []string
	// truth is what the program, or its GC log, tells of the thing itself.
	truth    func(figures) float64
	database bool
}

// figures are what a program counted during a capture.
type figures struct {
	requests, cpu, lock, query float64 // seconds
	pauses                     []float64
}

var young = []string{"-Xms96m", "-Xmx96m", "-Xmn24m"}

// At the lock all threads but one wait, always: a queue that comes and goes differs from itself by more than a fifth.
var comparedPrograms = []comparedProgram{
	{what: "cpu", rate: 60, options: young, measures: []string{"cpu_per_mb"},
		truth: func(f figures) float64 { return f.cpu / f.requests }},
	{what: "pauses", rate: 60, options: []string{"-Xms256m", "-Xmx256m", "-Xmn128m", "-XX:SurvivorRatio=1", "-XX:TargetSurvivorRatio=90", "-XX:MaxTenuringThreshold=15"},
		measures: []string{"pause_share", "pause_p50", "pause_of_kind", "pause_p99"},
		truth:    func(f figures) float64 { return median(f.pauses) }},
	{what: "locks", options: young, measures: []string{"lock_wait_per_mb"},
		truth: func(f figures) float64 { return f.lock / f.requests }},
	{what: "database", rate: 60, options: young, measures: []string{"database_wait_per_mb"}, database: true,
		truth: func(f figures) float64 { return f.query / f.requests }},
}

const slowedDown = 1.2

// compared is what compare prints, as far as this test reads it.
type compared struct {
	Verdict  struct{ Kind, Text string }
	Changed  []reading
	Settings []changedSetting
	Advice   []carriedOut
}

type reading struct {
	Name, Role, Goes  string
	Change, Low, High float64
}

type changedSetting struct {
	Name, Before, After string
	AdvisedBy           string `json:"advised_by"`
}

type carriedOut struct {
	Setting, To, Set, Expected string
	Fully                      bool
	Measured                   []reading
}

// capture is one run of a program.
type capture struct {
	path   string
	slower bool
	figures
}

// TestCompare runs the programs next to each other, each as it is and 20 % slower in turn, and captures each run by itself;
// half of them are slower in each round. Each run is compared with the next one, which differs, and with that after it,
// which does not, as often as CASEFILE_LAB_PAIRS says (1). The truth is the ratio of what all runs of a kind counted
// themselves.
func TestCompare(t *testing.T) {
	binary := os.Getenv("CASEFILE_LAB")
	if only := os.Getenv("CASEFILE_LAB_ONLY"); binary == "" || only != "" && only != "compare" {
		t.Skip("make lab LAB=compare")
	}
	pairs, err := strconv.Atoi(os.Getenv("CASEFILE_LAB_PAIRS"))
	if err != nil {
		pairs = 1
	}
	ctx := t.Context()
	jdks := live.JDKs(ctx)
	jdbc := postgres(ctx, t)
	classes := compileCompare(ctx, t, jdbc != "")
	runs := make([][]capture, len(comparedPrograms))
	for round := range pairs + 2 {
		jdk := jdks[len(jdks)-1]
		var all sync.WaitGroup
		for i, p := range comparedPrograms {
			if p.database && jdbc == "" {
				continue
			}
			runs[i] = append(runs[i], capture{slower: (round+i)%2 > 0})
			into := &runs[i][round]
			all.Go(func() { into.take(ctx, t, binary, jdk, classes, p, jdbc) })
		}
		all.Wait()
	}
	var told, found, held, slow int
	for i, p := range comparedPrograms {
		truth := truthOf(p, runs[i])
		for pair := range len(runs[i]) - 2 {
			a, b, again := &runs[i][pair], &runs[i][pair+1], &runs[i][pair+2]
			same := compareThem(ctx, t, binary, a.path, again.path)
			if a.slower {
				a, b = b, a
			}
			worse := compareThem(ctx, t, binary, a.path, b.path)
			t.Logf("%s, by its own figures %.3f and %.3f of %.3f\n  same: %s\n  slower: %s", p.what, p.truth(again.figures)/p.truth(runs[i][pair].figures),
				p.truth(b.figures)/p.truth(a.figures), truth, same.Verdict.Text, worse.Verdict.Text)
			if slices.Contains([]string{"regression", "improvement", "mixed"}, same.Verdict.Kind) {
				told++
			}
			slow++
			for k, m := range worse.Changed {
				if !slices.Contains(p.measures, m.Name) {
					continue
				}
				if k == 0 && worse.Verdict.Kind == "regression" {
					found++
				}
				if 1+m.Low <= truth && truth <= 1+m.High {
					held++
				}
				break
			}
		}
	}
	t.Logf("of %d pairs of one program %d are told to differ; of %d slower programs %d are found, the right measure first, "+
		"and %d intervals hold the truth", slow, told, slow, found, held)
}

// truthOf is by how many times the program was slower, by its own figures.
func truthOf(p comparedProgram, runs []capture) float64 {
	var slow, plain []float64
	for i := range runs {
		if into := &plain; runs[i].slower {
			slow = append(slow, p.truth(runs[i].figures))
		} else {
			*into = append(*into, p.truth(runs[i].figures))
		}
	}
	return mean(slow) / mean(plain)
}

func mean(v []float64) (sum float64) {
	for _, x := range v {
		sum += x / float64(len(v))
	}
	return sum
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	return slices.Sorted(slices.Values(v))[len(v)/2]
}

func compileCompare(ctx context.Context, t *testing.T, database bool) string {
	classes := t.TempDir()
	run(ctx, t, "javac", "--release", "17", "-d", classes, "compare/com/acme/compare/Compare.java")
	if database {
		classes += ":" + fetch(ctx, t, "pom.xml", "jars") + "/*"
	}
	return classes
}

// warm is how long a program runs before it is captured.
const warm = 8 * time.Second

// take runs the program for one capture.
func (c *capture) take(ctx context.Context, t *testing.T, binary string, jdk live.JDK, classes string, p comparedProgram, jdbc string) {
	dir := t.TempDir()
	times := 1.0
	if c.slower {
		times = slowedDown
	}
	args := slices.Concat(p.options, []string{"-XX:+UseSerialGC", "-Xlog:gc*,safepoint:file=" + filepath.Join(dir, "gc.log") + ":time,uptime,level,tags",
		"-cp", classes, "com.acme.compare.Compare", p.what, fmt.Sprint(times), fmt.Sprint(p.rate)})
	if p.database {
		args = append(args, jdbc)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(jdk.Home, "bin/java"), args...)
	cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Error(err)
		return
	}
	defer out.Close()
	cmd.Stdout = out
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	time.Sleep(warm) // for the compilers, which tell nobody when they are done
	before, seen := told(t, dir), pausesIn(t, dir)
	c.path = filepath.Join(dir, "capture.tar.zst")
	collect(ctx, t, binary, c.path, time.Minute, 20, 3*time.Second, []string{"--pid", fmt.Sprint(cmd.Process.Pid)})
	after := told(t, dir)
	c.figures = figures{requests: after[0] - before[0], cpu: (after[1] - before[1]) / 1e9, lock: (after[2] - before[2]) / 1e9,
		query: (after[3] - before[3]) / 1e9, pauses: pausesIn(t, dir)[len(seen):]}
}

// told are the last figures that a program has printed.
func told(t *testing.T, dir string) (last [4]float64) {
	text, err := os.ReadFile(filepath.Join(dir, "out"))
	if err != nil {
		t.Error(err)
		return last
	}
	for line := range strings.Lines(string(text)) {
		var f [4]float64
		if n, _ := fmt.Sscan(line, &f[0], &f[1], &f[2], &f[3]); n == len(f) {
			last = f
		}
	}
	if last[0] == 0 {
		t.Errorf("the program serves nothing:\n%s", text)
	}
	return last
}

var pauseLine = regexp.MustCompile(`\[gc *\] GC\(\d+\) Pause Young .* (\d+\.\d+)ms`)

func pausesIn(t *testing.T, dir string) (out []float64) {
	text, err := os.ReadFile(filepath.Join(dir, "gc.log"))
	if err != nil {
		t.Error(err)
	}
	for _, m := range pauseLine.FindAllSubmatch(text, -1) {
		ms, _ := strconv.ParseFloat(string(m[1]), 64)
		out = append(out, ms/1000)
	}
	return out
}

func compareThem(ctx context.Context, t *testing.T, binary, before, after string) (c compared) {
	var errs strings.Builder
	cmd := exec.CommandContext(ctx, binary, "compare", "--output", "json", before, after)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &c)
	}
	if err != nil {
		t.Fatalf("compare: %v\n%s", err, errs.String())
	}
	return c
}
