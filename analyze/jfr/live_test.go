package jfr

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

// loadRun starts Load with a recorder.
func loadRun(t *testing.T, jdk live.JDK, dir string, millis int, options ...string) *exec.Cmd {
	t.Helper()
	classes := livetest.Compile(t, jdk, filepath.Join("testdata", "Load.java"))
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	t.Cleanup(cancel)
	args := append([]string{"-Xmx256m"}, options...)
	cmd := exec.CommandContext(ctx, filepath.Join(jdk.Home, "bin", "java"), append(args, "-cp", classes, "Load", strconv.Itoa(millis))...)
	cmd.Dir, cmd.Stdout = dir, &bytes.Buffer{}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	return cmd
}

func readFile(t *testing.T, file string) *Recording {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := Read(f, file, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A recording of each JDK at hand has the events that its own tool counts, and says of the JVM what is known from outside.
func TestRecordingsOfLiveJVMs(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		tool := livetest.Tool(t, jdk, "jfr")
		dir := t.TempDir()
		file := filepath.Join(dir, "r.jfr")
		millis, period, options := 3000, "500 ms", "filename="+file+",settings=profile,jdk.CPULoad#period=500ms,jdk.ThreadPark#threshold=0ms"
		if jdk.Major < 17 { // as the profile has it
			millis, period, options = 5000, "1000 ms", "filename="+file+",settings=profile"
		}
		cmd := loadRun(t, jdk, dir, millis, live.JFRArgs(jdk.Major, options)...)
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		r := readFile(t, file)
		if r.Truncated || r.Unknown+r.Broken > 0 || len(r.Lost) > 0 {
			t.Errorf("cuts %v, %d unknown, %d broken, lost %v", r.Cuts, r.Unknown, r.Broken, r.Lost)
		}
		compareSummary(t, tool, file, r)
		if r.JVM.PID != int64(cmd.Process.Pid) || !strings.Contains(r.JVM.Version, jdk.Version) || !strings.Contains(r.JVM.JavaArguments, "Load "+strconv.Itoa(millis)) || r.JVM.HeapMax != 256<<20 {
			t.Errorf("JVM %+v", r.JVM)
		}
		if r.System.HWThreads < 1 || r.Setting("jdk.ExecutionSample", "enabled") != "true" || r.Setting("jdk.CPULoad", "period") != period {
			t.Errorf("system %+v, CPULoad every %q", r.System, r.Setting("jdk.CPULoad", "period"))
		}
		compareLoad(t, r, cmd)
		named := 0
		for i := range r.Samples {
			for _, f := range r.Stacks[r.Samples[i].Stack].Frames {
				if r.Samples[i].Kind == Execution && r.FunctionName(f) == "Load.work" && strings.HasPrefix(r.Threads[r.Samples[i].Thread].Name, "load-") {
					named++
				}
			}
		}
		if named == 0 {
			t.Errorf("no execution sample of Load.work among %d samples", len(r.Samples))
		}
	})
}

func compareSummary(t *testing.T, tool, file string, r *Recording) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), tool, "summary", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) != 3 || !strings.HasPrefix(f[0], "jdk.") {
			continue
		}
		if n, _ := strconv.ParseInt(f[1], 10, 64); n > 0 {
			want[strings.Replace(f[0], "jdk.CheckPoint", "jdk.Checkpoint", 1)] = n
		}
	}
	if d := cmp.Diff(want, r.Events); d != "" || len(want) < 50 {
		t.Errorf("events (-jfr summary +ours):\n%s", d)
	}
}

// compareLoad holds the CPU that the recording saw between that of the program's threads, as it counted itself, and that of
// the process, which also started and wrote the recording. A reading is of the time since the one before it; what the
// program used before the first and after the last is in no reading, and is no more than all CPUs have in that time.
func compareLoad(t *testing.T, r *Recording, cmd *exec.Cmd) {
	t.Helper()
	load := r.Load.CPU
	if len(load) < 3 {
		t.Fatalf("%d readings of CPU load", len(load))
	}
	cpus, seen := float64(r.System.HWThreads), 0.0
	for i := 1; i < len(load); i++ {
		seen += float64(load[i].User+load[i].System) * cpus * load[i].Time.Sub(load[i-1].Time).Seconds()
	}
	used := (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	said := strings.Fields(cmd.Stdout.(*bytes.Buffer).String()) // the JVM may speak of its recording first
	nanos, err := strconv.ParseInt(said[len(said)-1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	own := float64(nanos) / 1e9
	unseen := cpus * (r.Covered - load[len(load)-1].Time.Sub(load[0].Time)).Seconds()
	if seen > used*1.1+0.1 || seen < (own-unseen)*0.9-0.1 || seen <= 0 {
		t.Errorf("the recording saw %.2f CPU seconds in %v, and may have missed %.2f; the process used %.2f, %.2f of it in its own threads", seen, r.Covered, unseen, used, own)
	}
	t.Logf("seen %.2f, missed at most %.2f, used %.2f, own %.2f CPU seconds", seen, unseen, used, own)
}

// The chunk that a running JVM still writes is read to what was flushed, with its stacks.
func TestOpenChunkOfARunningJVM(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		if jdk.Major < 14 {
			t.Skip("chunks are not flushed before JDK 14")
		}
		dir := t.TempDir()
		cmd := loadRun(t, jdk, dir, 300_000, append(live.JFRArgs(jdk.Major, "disk=true,settings=profile"), "-XX:FlightRecorderOptions:repository="+filepath.Join(dir, "repository"))...)
		deadline := time.Now().Add(2 * time.Minute)
		for {
			if time.Now().After(deadline) {
				t.Fatal("no samples in the open chunk")
			}
			if r := openChunk(t, dir); r != nil && r.Events["jdk.ExecutionSample"] > 20 {
				checkOpen(t, r)
				break
			}
			time.Sleep(100 * time.Millisecond) // until the JVM has flushed once more
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		// Killed: what was written stays readable.
		if r := openChunk(t, dir); r == nil || !r.Truncated || r.Events["jdk.ExecutionSample"] <= 20 {
			t.Errorf("after kill -9: %v", r)
		}
	})
}

func openChunk(t *testing.T, dir string) *Recording {
	files, _ := filepath.Glob(filepath.Join(dir, "repository", "*", "*.jfr"))
	if len(files) == 0 {
		return nil
	}
	raw, err := os.ReadFile(files[len(files)-1])
	if err != nil || len(raw) < 100 {
		return nil
	}
	r, err := Read(bytes.NewReader(raw), "open", Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func checkOpen(t *testing.T, r *Recording) {
	t.Helper()
	if !r.Truncated || r.Chunks != 1 {
		t.Errorf("%d chunks, truncated %v", r.Chunks, r.Truncated)
	}
	stacks := 0
	for i := range r.Samples {
		if s := &r.Samples[i]; s.Kind == Execution && s.Stack != 0 && r.Threads[s.Thread].Name != "" {
			stacks++
		}
	}
	if stacks == 0 {
		t.Error("no sample of the open chunk has its stack")
	}
}
