package rules

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/load"
	"casefile/analyze/rules/recordings"
	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

// recordedIDs are the findings of which Recorded has the problems.
var recordedIDs = []string{"hot-code", "costly-calls", "allocation-site", "lock-site", "io-site", "exception-flow"}

// The rules over recordings find in a recording of a program with their problems what is there, and nothing in one of its healthy twin.
func TestRecordedLive(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		classes := livetest.Compile(t, jdk, filepath.Join("testdata", "Recorded.java"))
		// A JVM that gets little of a busy machine uses few cores, however hot its code is.
		cores := recordings.HotCodeCores.Value
		recordings.HotCodeCores.Value /= 2
		defer func() { recordings.HotCodeCores.Value = cores }()
		const tries = 3
		for try := 1; ; try++ {
			files := map[string]string{}
			for _, kind := range []string{"sick", "healthy"} {
				files[kind] = filepath.Join(t.TempDir(), kind+".jfr")
			}
			recordPrograms(t, jdk, classes, files)
			for kind, file := range files {
				res := judgeFile(t, file)
				var wrong []string
				for _, id := range recordedIDs {
					if f := find(res, id); (f != nil) != (kind == "sick") {
						wrong = append(wrong, id)
					} else if f != nil && (len(f.Evidence) == 0 || f.Evidence[0].Entry != file) {
						t.Errorf("%s: the evidence does not name the recording: %+v", id, f.Evidence)
					}
				}
				switch {
				case len(wrong) == 0:
					continue
				case try < tries: // who holds a lock may wait for a CPU, and the others for him
					t.Logf("%s, try %d: wrong about %v\n%s", kind, try, wrong, show(res.Findings))
				default:
					t.Errorf("%s: wrong about %v\n%s", kind, wrong, show(res.Findings))
				}
				delete(files, kind)
			}
			if len(files) == 2 || t.Failed() || try == tries {
				return
			}
		}
	})
}

// recordPrograms runs the program as each kind at the same time and records it into the kind's file.
func recordPrograms(t *testing.T, jdk live.JDK, classes string, files map[string]string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	const seconds = 6 // a recording of five is the shortest that is judged
	var running []*exec.Cmd
	defer func() {
		for _, cmd := range running {
			_ = cmd.Wait()
		}
	}()
	for kind, file := range files {
		args := append(live.JFRArgs(jdk.Major, "filename="+file+",settings=profile"), "-Xmx128m", "-XX:+UseParallelGC", "-cp", classes, "Recorded", kind, strconv.Itoa(seconds))
		cmd := exec.CommandContext(ctx, filepath.Join(jdk.Home, "bin", "java"), args...)
		var said strings.Builder
		cmd.Stdout, cmd.Stderr, cmd.Dir = &said, &said, t.TempDir()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		running = append(running, cmd)
	}
	for len(running) > 0 {
		cmd := running[0]
		running = running[1:]
		if err := cmd.Wait(); err != nil {
			t.Fatalf("%v: %v\n%s", cmd.Args, err, cmd.Stdout)
		}
	}
}

// judgeFile analyses a loose file as casefile analyze does.
func judgeFile(t *testing.T, file string) *analyze.Result {
	t.Helper()
	c, err := load.Paths(t.Context(), []string{file})
	if err != nil {
		t.Fatal(err)
	}
	res, err := analyze.Run(t.Context(), c, All())
	if err != nil || len(res.Broken) > 0 {
		t.Fatal(err, res.Broken)
	}
	return res
}

// dumpRecording writes what the JVM has recorded into a file.
func dumpRecording(t *testing.T, p *live.Process) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "r.jfr")
	if out, err := exec.CommandContext(t.Context(), livetest.Tool(t, p.JDK, "jcmd"), strconv.Itoa(p.PID), "JFR.dump", "filename="+file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return file
}

// judgeRecorded says what is wrong with the findings of a recording alone; nothing when what a log or the JVM's own answer
// would tell is there.
func judgeRecorded(t *testing.T, file, id string) string {
	t.Helper()
	res := judgeFile(t, file)
	f := find(res, id)
	switch {
	case f == nil:
		return "the recording alone does not tell\n" + show(res.Findings)
	case len(f.Evidence) == 0 || f.Evidence[0].Entry != file || !f.Severity.AtLeast(analyze.Warning):
		return fmt.Sprintf("%s, %+v", f.Severity, f.Evidence)
	}
	return ""
}
