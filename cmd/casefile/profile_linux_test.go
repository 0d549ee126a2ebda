package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"casefile/testdata/live"
	"casefile/testdata/live/livetest"
)

// result is what profile --output json prints.
type result struct {
	Kind  string   `json:"kind"`
	Files []string `json:"files"`
	Top   []struct {
		Frame   string  `json:"frame"`
		SelfPct float64 `json:"self_pct"`
	} `json:"top"`
	Notes    []string `json:"notes"`
	Pushed   bool     `json:"pushed"`
	Coverage []struct {
		Item, Status, Reason string
	} `json:"coverage"`
}

// profileOf runs the verb in this process; the exit code must be as wanted.
func profileOf(t *testing.T, want int, args ...string) (result, string) {
	t.Helper()
	t.Setenv("CASEFILE_CONFIG", "/dev/null")
	var out, said bytes.Buffer
	args = append([]string{"profile", "--output", "json"}, args...)
	if code := run(t.Context(), args, strings.NewReader(""), &out, &said); code != want {
		t.Fatalf("%v: exit code %d, want %d: %s", args, code, want, said.String())
	}
	var r result
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &r); err != nil {
			t.Fatalf("%v: %s", err, out.String())
		}
	}
	return r, said.String()
}

// truths are the first function of each kind of profile of the sample.
var truths = []struct{ kind, length, frame string }{
	{"cpu", "5s", "com.example.shop.Profiled.discount"}, // the fewest samples of all
	{"alloc", "3s", "com.example.shop.Profiled.invoice"},
	{"lock", "3s", "com.example.shop.Profiled.reserve"},
	{"io", "3s", "com.example.shop.Profiled.catalogue"},
}

// The function that has most is the first of its profile, with the share that the
// program itself has measured.
func TestProfileTellsTheTruth(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		for _, c := range truths {
			t.Run(c.kind, func(t *testing.T) {
				p := livetest.Start(t, jdk, "profiled", live.Options{Args: []string{c.kind}})
				tell(t, p, "begin", "begun")
				base := filepath.Join(t.TempDir(), "p.html")
				r, said := profileOf(t, 0, "--pid", strconv.Itoa(p.PID), "--"+c.kind, "--duration", c.length, "--out", base)
				var truth, elapsed float64
				if _, err := fmt.Sscan(tell(t, p, "end", "truth "), &truth, &elapsed); err != nil {
					t.Fatal(err)
				}
				if len(r.Top) == 0 || r.Top[0].Frame != c.frame {
					t.Fatalf("first is %+v, want %s: %s", r.Top[:min(3, len(r.Top))], c.frame, said)
				}
				t.Logf("%.1f %%, in truth %.1f %%; %.1f %% of the time that passed", r.Top[0].SelfPct, truth, elapsed)
				off := math.Abs(r.Top[0].SelfPct - truth)
				if c.kind == "cpu" && jdk.Major < 25 { // execution samples are of threads that run, or wait for a CPU
					off = min(off, math.Abs(r.Top[0].SelfPct-elapsed))
				}
				if off > 5 {
					t.Errorf("%s has %.1f %%, in truth %.1f %%", c.frame, r.Top[0].SelfPct, truth)
				}
				for _, f := range []string{base, strings.TrimSuffix(base, ".html") + ".pb.gz"} {
					if st, err := os.Stat(f); err != nil || st.Size() == 0 {
						t.Errorf("%s: %v", f, err)
					}
				}
			})
		}
	})
}

// tell writes a line to the sample and returns what it answers behind prefix.
func tell(t *testing.T, p *live.Process, line, prefix string) string {
	t.Helper()
	if err := p.Tell(line); err != nil {
		t.Fatal(err)
	}
	answer, err := p.Line(t.Context(), prefix)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(answer, prefix)
}

// goService starts the sample Go service as a process of its own.
func goService(t *testing.T, problem string) (url string, pid int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "busy")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", file, "casefile/testdata/programs/go/busy").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command(file, "-problem", problem)
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	if _, err := fmt.Fscanf(pipe, "ready %s\n", &url); err != nil {
		t.Fatal(err)
	}
	return url, cmd.Process.Pid
}

func TestProfileOfGoService(t *testing.T) {
	if testing.Short() {
		t.Skip("profiles for seconds")
	}
	_, pid := goService(t, "hot")
	r, _ := profileOf(t, 0, "--pid", strconv.Itoa(pid), "--duration", "4s", "--top")
	const hash, share = "casefile/testdata/programs/go/service.hash", 70.0
	if len(r.Top) == 0 || r.Top[0].Frame != hash || math.Abs(r.Top[0].SelfPct-share) > 5 {
		t.Errorf("first is %+v, want %s with %v %%", r.Top[:min(2, len(r.Top))], hash, share)
	}
	if len(r.Files) > 0 {
		t.Errorf("--top wrote %v", r.Files)
	}

	url, _ := goService(t, "mutex")
	out := filepath.Join(t.TempDir(), "lock.folded")
	r, _ = profileOf(t, 0, "--go", url, "--lock", "--duration", "2s", "--out", out)
	const book = "casefile/testdata/programs/go/service.(*ledger).book"
	if len(r.Top) == 0 || r.Top[0].Frame != book || r.Top[0].SelfPct < 95 {
		t.Errorf("first is %+v, want %s with all of it", r.Top[:min(2, len(r.Top))], book)
	}
	if b, err := os.ReadFile(out); err != nil || !strings.Contains(string(b), book) {
		t.Errorf("folded stacks: %v: %.200s", err, b)
	}
}
