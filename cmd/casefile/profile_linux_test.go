package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	pprof "github.com/google/pprof/profile"

	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
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
	return profileWhile(t, want, func() {}, args...)
}

// listener keeps what is said, and acts once when the recording runs.
type listener struct {
	bytes.Buffer
	recording func()
}

func (l *listener) Write(b []byte) (int, error) {
	if l.recording != nil && bytes.Contains(b, []byte(": recording")) {
		l.recording()
		l.recording = nil
	}
	return l.Buffer.Write(b)
}

// profileWhile is profileOf that tells when a recording of JFR has begun.
func profileWhile(t *testing.T, want int, recording func(), args ...string) (result, string) {
	t.Helper()
	t.Setenv("CASEFILE_CONFIG", "/dev/null")
	var out bytes.Buffer
	said := listener{recording: recording}
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
var truths = []truth{
	{"cpu", "5s", "com.example.shop.Profiled.discount", func(p, n float64) float64 { return fourSigma(p*(1-p), n) }}, // the fewest samples of all
	{"alloc", "3s", "com.example.shop.Profiled.invoice", func(float64, float64) float64 { return enough }},
	// Sums of two kinds of waits, of which each varies by half of itself on a machine with other work.
	{"lock", "3s", "com.example.shop.Profiled.reserve", func(p, n float64) float64 { return fourSigma(p*p*(1-p)*(1-p), n) }},
	{"io", "3s", "com.example.shop.Profiled.catalogue", func(p, n float64) float64 { return fourSigma(p*p*(1-p)*(1-p), n) }},
}

type truth struct {
	kind, length, frame string
	spread              func(share, n float64) float64
}

// enough is what the share of a profile is right to, in percent, where n is large.
const enough = 5

// fourSigma is what n samples of a variance tell a share to, in percent.
func fourSigma(variance, n float64) float64 { return 400 * math.Sqrt(variance/n) }

// margin is how far apart profile and truth may be, in percent: what the number of samples
// leaves open, and a turn of the program that one of them has in part.
func (c truth) margin(share float64, n int64) float64 {
	return max(enough, c.spread(share, float64(max(n, 1)))+2)
}

// countOf is how many samples the profile next to a page holds.
func countOf(t *testing.T, page string) (n int64) {
	t.Helper()
	f, err := os.Open(strings.TrimSuffix(page, ".html") + ".pb.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := pprof.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(p.SampleType, func(v *pprof.ValueType) bool { return v.Unit == "count" })
	if i < 0 {
		t.Fatalf("no counts among %+v", p.SampleType)
	}
	for _, s := range p.Sample {
		n += s.Value[i]
	}
	return n
}

// The function that has most is the first of its profile, with the share that the
// program itself has measured.
func TestProfileTellsTheTruth(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		for _, c := range truths {
			t.Run(c.kind, func(t *testing.T) {
				var options []string
				if jdk.Major < 9 { // without, it drops samples of loops, and the profile says so
					options = []string{"-XX:+UnlockDiagnosticVMOptions", "-XX:+DebugNonSafepoints"}
				}
				p := livetest.Start(t, jdk, "profiled", live.Options{Args: []string{c.kind}, JVM: options})
				base := filepath.Join(t.TempDir(), "p.html")
				// What the JVM does to start a recording belongs to neither side.
				begun := false
				begin := func() { begun = p.Tell("begin") == nil }
				r, said := profileWhile(t, 0, begin, "--pid", strconv.Itoa(p.PID), "--"+c.kind, "--duration", c.length, "--out", base)
				if !begun {
					t.Fatalf("no recording has begun: %s", said)
				}
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
				if most := c.margin(truth/100, countOf(t, base)); off > most {
					t.Errorf("%s has %.1f %%, in truth %.1f %%: more than %.1f apart", c.frame, r.Top[0].SelfPct, truth, most)
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
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", file, "casefile/cmd/samples/busy").CombinedOutput(); err != nil {
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
	r, _ := profileOf(t, 0, "--pid", strconv.Itoa(pid), "--duration", "1s", "--top")
	if len(r.Files) > 0 || len(r.Top) == 0 {
		t.Errorf("--top wrote %v and shows %+v", r.Files, r.Top)
	}
	// A process that shares its machine gets fewer samples: the time is longer until there are enough.
	page := filepath.Join(t.TempDir(), "cpu.html")
	samples := int64(0)
	for seconds := 4; samples < 150 && seconds < 60; seconds *= 3 {
		r, _ = profileOf(t, 0, "--pid", strconv.Itoa(pid), "--duration", fmt.Sprintf("%ds", seconds), "--out", page)
		samples = countOf(t, page)
	}
	const hash, share = "casefile/cmd/samples/service.hash", 70.0
	most := fourSigma(0.7*0.3, float64(samples)) + 1000/float64(samples) // a turn of its loop is ten samples at most
	if len(r.Top) == 0 || r.Top[0].Frame != hash || math.Abs(r.Top[0].SelfPct-share) > most {
		t.Errorf("first is %+v of %d samples, want %s with %v %% give or take %.0f", r.Top[:min(2, len(r.Top))], samples, hash, share, most)
	}

	url, _ := goService(t, "mutex")
	out := filepath.Join(t.TempDir(), "lock.folded")
	r, _ = profileOf(t, 0, "--go", url, "--lock", "--duration", "2s", "--out", out)
	const book = "casefile/cmd/samples/service.(*ledger).book"
	if len(r.Top) == 0 || r.Top[0].Frame != book || r.Top[0].SelfPct < 90 {
		t.Errorf("first is %+v, want %s with all of it", r.Top[:min(2, len(r.Top))], book)
	}
	if b, err := os.ReadFile(out); err != nil || !strings.Contains(string(b), book) {
		t.Errorf("folded stacks: %v: %.200s", err, b)
	}
}
