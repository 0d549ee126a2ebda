package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"casefile/cmd/samples/live"
)

// slower is one thing of a program that compare must find 20 % slower, and the measures that name it.
type slower struct {
	what     string
	rate     float64 // requests a second
	heap     string
	measures []string
	database bool
}

// The rate of locks keeps one lock busy for three quarters of the time: nearer to all of it a queue differs from itself by more than a fifth.
var comparedPrograms = []slower{
	{what: "cpu", rate: 60, heap: "96m", measures: []string{"cpu_per_mb"}},
	{what: "pauses", rate: 60, heap: "320m", measures: []string{"pause_share", "pause_p50", "pause_of_kind"}},
	{what: "locks", rate: 75, heap: "96m", measures: []string{"lock_wait_per_mb"}},
	{what: "database", rate: 60, heap: "96m", measures: []string{"database_wait_per_mb"}, database: true},
}

const slowedDown = 1.2

// compared is what compare prints, as far as this test reads it.
type compared struct {
	Verdict struct{ Kind, Text string }
	Changed []struct {
		Name, Role string
		Low, High  float64
	}
}

// TestCompare captures each program twice as it is, and once 20 % slower, as often as CASEFILE_LAB_PAIRS says (1). It
// counts the pairs of one program that are told to differ, and the slower ones that are found.
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
	var told, found, held, slow int
	for _, p := range comparedPrograms {
		if p.database && jdbc == "" {
			continue
		}
		for pair := range pairs {
			jdk := jdks[pair%len(jdks)]
			before := captureCompared(ctx, t, binary, jdk, classes, p, 1, jdbc)
			again := captureCompared(ctx, t, binary, jdk, classes, p, 1, jdbc)
			after := captureCompared(ctx, t, binary, jdk, classes, p, slowedDown, jdbc)
			same, worse := compareThem(ctx, t, binary, before, again), compareThem(ctx, t, binary, before, after)
			t.Logf("%s, JDK %d\n  same: %s\n  slower: %s", p.what, jdk.Major, same.Verdict.Text, worse.Verdict.Text)
			if slices.Contains([]string{"regression", "improvement", "mixed"}, same.Verdict.Kind) {
				told++
			}
			slow++
			for i, m := range worse.Changed {
				if !slices.Contains(p.measures, m.Name) {
					continue
				}
				if i == 0 && worse.Verdict.Kind == "regression" {
					found++
				}
				if 1+m.Low <= slowedDown && slowedDown <= 1+m.High {
					held++
				}
				break
			}
		}
	}
	t.Logf("of %d pairs of one program %d are told to differ; of %d slower programs %d are found, the right measure first, "+
		"and %d intervals hold the truth", slow, told, slow, found, held)
}

func compileCompare(ctx context.Context, t *testing.T, database bool) string {
	classes := t.TempDir()
	run(ctx, t, "javac", "--release", "17", "-d", classes, "compare/com/acme/compare/Compare.java")
	if database {
		classes += ":" + fetch(ctx, t, "pom.xml", "jars") + "/*"
	}
	return classes
}

// captureCompared runs a program for one capture, and gives its bundle.
func captureCompared(ctx context.Context, t *testing.T, binary string, jdk live.JDK, classes string, p slower, times float64, jdbc string) string {
	dir := t.TempDir()
	cmd := exec.CommandContext(ctx, filepath.Join(jdk.Home, "bin/java"), "-Xms"+p.heap, "-Xmx"+p.heap, "-Xmn16m", "-XX:+UseParallelGC",
		"-XX:-UseAdaptiveSizePolicy", "-Xlog:gc*,safepoint:file="+filepath.Join(dir, "gc.log")+":time,uptime,level,tags", "-cp", classes,
		"com.acme.compare.Compare", p.what, fmt.Sprint(times), fmt.Sprint(p.rate))
	if p.database {
		cmd.Args = append(cmd.Args, jdbc)
	}
	cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	await(ctx, t, func() error {
		said, err := os.ReadFile(out.Name())
		if err == nil && !bytes.HasPrefix(said, []byte("ready")) {
			err = fmt.Errorf("%s does not run:\n%s", p.what, said)
		}
		return err
	})
	path := filepath.Join(dir, "capture.tar.zst")
	collect(ctx, t, binary, path, time.Minute, 20, 3*time.Second, []string{"--pid", fmt.Sprint(cmd.Process.Pid)})
	return path
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
