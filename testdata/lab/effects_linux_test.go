package lab

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"casefile/cmd/samples/live"
)

// effect is one advised size, what it is said to do, and what it did.
type effect struct {
	name              string
	low, high, before float64 // shares of the time
	measured          float64
	compared
}

// recognised reports whether the comparison says that it is better, names the setting as what changed and as advised,
// and has the measured share in its interval.
func (e *effect) recognised() bool {
	return e.Verdict.Kind == "improvement" && slices.ContainsFunc(e.Advice, func(a carriedOut) bool {
		return a.Fully && slices.ContainsFunc(a.Measured, func(m reading) bool { return m.Name == "pause_share" && m.Goes == "better" })
	}) && slices.ContainsFunc(e.Settings, func(s changedSetting) bool { return s.AdvisedBy != "" })
}

var (
	effectRange = regexp.MustCompile(`between (\S+) ?% and (\S+) ?% of the time instead of (\S+) ?%`)
	jvmOption   = regexp.MustCompile(`-X\S+`)
)

// sizes are settings whose advice is applied.
var sizes = []struct {
	name, collector string
	options, args   []string
}{
	{"heap", "Serial", []string{"-Xmx96m"}, []string{"56", "40", "300"}},
	{"heap", "Parallel", []string{"-Xmx96m"}, []string{"56", "40", "170"}},
	{"heap", "G1", []string{"-Xmx96m"}, []string{"74", "20", "400"}},
	{"young", "Serial", []string{"-Xmx512m", "-Xmn512k"}, []string{"60", "60", "1200"}},
	{"young", "Parallel", []string{"-Xmx512m", "-Xmn1m"}, []string{"60", "15", "150"}},
}

// TestMemoryEffects applies advised sizes of the heap and of its young generation, and holds what collections then take to the range that was stated.
func TestMemoryEffects(t *testing.T) {
	binary := os.Getenv("CASEFILE_LAB")
	if binary == "" {
		t.Skip("CASEFILE_LAB names no casefile; make lab sets it")
	}
	only := regexp.MustCompile(os.Getenv("CASEFILE_LAB_ONLY"))
	ctx := t.Context()
	classes := compileMemory(ctx, t)
	var all []effect
	runs := 0
	for _, jdk := range labJDKs(ctx) {
		for _, s := range sizes {
			for _, c := range Collectors {
				if s.collector != c.Name || !only.MatchString("gc/effects/"+s.name+"/"+c.Name) {
					continue
				}
				runs++
				p := pick{MemoryFault{Name: s.name, Sick: append([]string{"sessions", "sick"}, s.args...), Options: s.options}, c.Name, c.Options}
				if e, ok := p.effect(ctx, t, jdk, classes, binary); ok {
					all = append(all, e)
					t.Logf("%s: %.3g to %.3g %% stated, %.3g %% measured, %.3g %% before\n  compare: %s", e.name, 100*e.low, 100*e.high,
						100*e.measured, 100*e.before, e.Verdict.Text)
				}
			}
		}
	}
	within, recognised := 0, 0
	for _, e := range all {
		if e.recognised() {
			recognised++
		} else {
			t.Logf("%s: not recognised: %+v", e.name, e.compared)
		}
		if e.measured >= e.low && e.measured <= e.high {
			within++
		}
	}
	t.Logf("%d runs: for %d a range is stated, %d lie in it; compare recognises %d", runs, len(all), within, recognised)
	if 10*within < 9*len(all) || 2*len(all) < runs {
		t.Errorf("%d runs, %d ranges, %d of them right: want 9 of 10 right, and a range for half of the runs", runs, len(all), within)
	}
}

// TestRegionsCure applies advised sizes of G1's regions: objects that were humongous no longer are.
func TestRegionsCure(t *testing.T) {
	binary := os.Getenv("CASEFILE_LAB")
	if binary == "" || !regexp.MustCompile(os.Getenv("CASEFILE_LAB_ONLY")).MatchString("gc/regions") {
		t.Skip("CASEFILE_LAB names no casefile, or other kinds are asked for; make lab sets it")
	}
	const regions = "-XX:G1HeapRegionSize"
	const length = 10 * time.Second
	ctx := t.Context()
	classes := compileMemory(ctx, t)
	for _, jdk := range labJDKs(ctx) {
		for _, f := range MemoryFaults {
			if !strings.HasPrefix(f.Name, "humongous") {
				continue
			}
			p := pick{f, "G1", []string{"-XX:+UseG1GC"}}
			advice := func() (to string) {
				for _, f := range measured(ctx, t, binary, p.runFor(ctx, t, jdk, classes, length)).Findings {
					for _, a := range f.Advice {
						if f.ID == "humongous-allocations" && (a.Setting == regions || to == "") {
							to = cmp.Or(map[bool]string{true: a.To}[a.Setting == regions], "none")
						}
					}
				}
				return to
			}
			to := advice()
			p.fault.Options = append(slices.Clone(f.Options), regions+"="+to)
			if to == "" || to == "none" {
				t.Errorf("%s on %s: no size of regions is advised", f.Name, jdk.Version)
			} else if left := advice(); left != "" {
				t.Errorf("%s on %s: with %s=%s there are humongous objects still", f.Name, jdk.Version, regions, to)
			} else {
				t.Logf("%s on %s: %s=%s cures", f.Name, jdk.Version, regions, to)
			}
		}
	}
}

// effect runs the program as it is, takes the first advice that states a range, and runs it again as advised.
func (p pick) effect(ctx context.Context, t *testing.T, jdk live.JDK, classes, binary string) (e effect, ok bool) {
	e.name = fmt.Sprintf("%s/%s on %s", p.fault.Name, p.collector, jdk.Version)
	path := p.captured(ctx, t, jdk, classes, binary)
	for i, f := range measured(ctx, t, binary, path).Findings {
		if i == 0 {
			t.Logf("%s: first %s: %s", e.name, f.ID, f.Title)
		}
		for _, a := range f.Advice {
			m := effectRange.FindStringSubmatch(a.Effect)
			if m == nil {
				continue
			}
			for i, to := range []*float64{&e.low, &e.high, &e.before} {
				v, err := strconv.ParseFloat(m[i+1], 64)
				if err != nil {
					t.Fatalf("%s: %q", e.name, a.Effect)
				}
				*to = v / 100
			}
			p.fault.Options = applied(p.fault.Options, a)
			after := p.captured(ctx, t, jdk, classes, binary)
			e.measured, e.compared = paused(ctx, t, binary, after), compareThem(ctx, t, binary, path, after)
			return e, true
		}
	}
	t.Logf("%s: no advice states an effect", e.name)
	return e, false
}

// captured runs the program for one capture.
func (p pick) captured(ctx context.Context, t *testing.T, jdk live.JDK, classes, binary string) (path string) {
	r := p.start(ctx, t, jdk, classes, true)
	defer r.stop()
	path = filepath.Join(t.TempDir(), "x.tar.zst")
	collect(ctx, t, binary, path, 20*time.Second, 3, 5*time.Second, []string{"--pid", fmt.Sprint(r.cmd.Process.Pid)})
	return path
}

// applied are options as advised: the advised ones in place of those of their kind.
func applied(options []string, a advised) []string {
	to := jvmOption.FindAllString(a.To, -1)
	out := slices.DeleteFunc(slices.Clone(options), func(o string) bool {
		return a.To == "not set" && strings.Contains(a.From, o) || slices.ContainsFunc(to, func(n string) bool { return strings.HasPrefix(o, n[:min(4, len(n))]) })
	})
	return append(out, to...)
}

func (p pick) runFor(ctx context.Context, t *testing.T, jdk live.JDK, classes string, length time.Duration) string {
	r := p.start(ctx, t, jdk, classes, true)
	select {
	case <-time.After(length):
	case <-ctx.Done():
	}
	r.stop()
	return r.log()
}

type advised struct{ Action, Setting, From, To, Effect string }

// measures is what casefile says of a log, with the effects of its advice.
type measures struct {
	Findings []struct {
		ID, Title string
		Advice    []advised
	}
	GC []struct {
		PauseTotalMs float64 `json:"pause_total_ms"`
		SpanS        float64 `json:"span_s"`
	}
}

func measured(ctx context.Context, t *testing.T, binary, log string) (m measures) {
	out, err := exec.CommandContext(ctx, binary, "analyze", "--output", "json", log).Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// paused is the share of the time that collections stop the program.
func paused(ctx context.Context, t *testing.T, binary, log string) float64 {
	m := measured(ctx, t, binary, log)
	if len(m.GC) == 0 || m.GC[0].SpanS == 0 {
		return 0 // no collection
	}
	return m.GC[0].PauseTotalMs / 1000 / m.GC[0].SpanS
}
