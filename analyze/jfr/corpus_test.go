package jfr

import (
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const parserCorpus = "../../../shared/corpus/jfrparser/parser/testdata"

func gunzip(t testing.TB, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// expectations tells by the names in the files of another parser what they expect.
var expectations = []struct {
	name string
	// value gives the numbers of a sample; false: it is not in the profile.
	value func(r *Recording, s *Sample) ([2]int64, bool)
	// ticks: the second number is in ticks of the recording, ours in nanoseconds.
	ticks bool
}{
	{"process_cpu_cpu__nanoseconds", func(r *Recording, s *Sample) ([2]int64, bool) {
		return [2]int64{s.Count * 1e7}, s.Kind == Execution && r.Texts[s.State] != "STATE_SLEEPING"
	}, false},
	{"wall_wall__nanoseconds", func(r *Recording, s *Sample) ([2]int64, bool) { return [2]int64{s.Count * 1e7}, s.Kind == Execution }, false},
	{"memory_alloc_in_new_tlab_objects", both(AllocTLAB), false},
	{"memory_alloc_outside_tlab_objects", both(AllocOutside), false},
	{"memory_alloc_sample_objects", both(AllocSample), false},
	{"memory_live__count", func(r *Recording, s *Sample) ([2]int64, bool) { return [2]int64{s.Count}, s.Kind == LiveObject }, false},
	{"mutex_contentions", both(MonitorEnter), true},
	{"block_contentions", both(Park), true},
}

func both(k Kind) func(*Recording, *Sample) ([2]int64, bool) {
	return func(_ *Recording, s *Sample) ([2]int64, bool) { return [2]int64{s.Count, s.Amount}, s.Kind == k }
}

// The other parser folds names that are made at run time, with other placeholders in other versions.
var folding = []struct {
	re   *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`\$\$Lambda(_|\$?\d*[/.]?(0x[0-9a-f]+|\d+)?)`), "$$$$Lambda"},
	{regexp.MustCompile(`(Generated\w*Accessor)(\d+|_)`), "$1"},
	{regexp.MustCompile(`(LambdaForm\$\w+?)([/.](0x[0-9a-f]+|\d+)|_)`), "$1"},
	{regexp.MustCompile(`(\$Proxy)(\d+|_)`), "$1"},
}

func normalized(stack string) string {
	stack = strings.ReplaceAll(stack, "/", ".")
	for _, f := range folding {
		stack = f.re.ReplaceAllString(stack, f.with)
	}
	frames := strings.Split(stack, ";")
	for i, f := range frames {
		frames[i] = strings.TrimLeft(f, ".") // of an empty class, or of a path
	}
	return strings.Join(frames, ";")
}

// folded sums up samples by stack as the collapsed files write them.
func folded(r *Recording, value func(*Recording, *Sample) ([2]int64, bool)) map[string][2]int64 {
	sums := map[string][2]int64{}
	for i := range r.Samples {
		v, ok := value(r, &r.Samples[i])
		if !ok {
			continue
		}
		frames := r.Stacks[r.Samples[i].Stack].Frames
		if len(frames) == 0 {
			continue // the other parser drops these
		}
		var parts []string
		for j := len(frames) - 1; j >= 0; j-- {
			parts = append(parts, fmt.Sprintf("%s:%d", r.FunctionName(frames[j]), uint32(frames[j].Line)))
		}
		key := normalized(strings.Join(parts, ";"))
		have := sums[key]
		sums[key] = [2]int64{have[0] + v[0], have[1] + v[1]}
	}
	return sums
}

func readCollapsed(t *testing.T, path string) map[string][2]int64 {
	t.Helper()
	sums := map[string][2]int64{}
	for line := range strings.Lines(gunzip(t, path)) {
		stack, numbers, ok := strings.Cut(strings.TrimSpace(line), " [")
		if at := strings.LastIndex(line, " ["); at > 0 {
			stack, numbers = line[:at], strings.TrimSpace(line[at+2:])
		}
		if !ok {
			continue
		}
		var v [2]int64
		fmt.Sscan(strings.TrimSuffix(numbers, "]"), &v[0], &v[1])
		key := normalized(stack)
		have := sums[key]
		sums[key] = [2]int64{have[0] + v[0], have[1] + v[1]}
	}
	return sums
}

// Stacks of async-profiler and dd-trace are those that grafana/jfr-parser expects.
func TestStacksAreThoseExpected(t *testing.T) {
	files, _ := filepath.Glob(parserCorpus + "/*.jfr.gz")
	if len(files) == 0 {
		t.Skip("the shared corpus is not here")
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".jfr.gz")
		r, err := Read(strings.NewReader(gunzip(t, file)), name, Limits{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		compared := 0
		for _, e := range expectations {
			paths, _ := filepath.Glob(filepath.Join(parserCorpus, name+"_[0-9]_"+e.name+"*_expected_collapsed.txt.gz"))
			for _, path := range paths {
				compared++
				compareFolded(t, filepath.Base(path), readCollapsed(t, path), folded(r, e.value), e.ticks)
			}
		}
		if compared == 0 {
			t.Errorf("%s: nothing compared", name)
		}
	}
}

func compareFolded(t *testing.T, name string, want, got map[string][2]int64, ticks bool) {
	t.Helper()
	bad := 0
	tick := 1.0 // in nanoseconds
	if ticks {
		var ours, theirs float64
		for stack, w := range want {
			ours, theirs = ours+float64(got[stack][1]), theirs+float64(w[1])
		}
		tick = ours / max(theirs, 1)
	}
	for stack, w := range want {
		g := got[stack]
		if off := math.Abs(float64(g[1]) - float64(w[1])*tick); g[0] != w[0] || !ticks && off > 0 || off > float64(g[0])+1e-6*float64(g[1]) {
			if bad++; bad <= 2 {
				t.Errorf("%s: %v, want %v of %s", name, g, w, stack)
			}
		}
	}
	for stack, g := range got {
		if _, ok := want[stack]; !ok {
			if bad++; bad <= 2 {
				t.Errorf("%s: %v of %s, want none", name, g, stack)
			}
		}
	}
	if bad > 0 {
		t.Errorf("%s: %d of %d stacks differ", name, bad, len(want))
	}
}
