package rules

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"casefile/analyze"
	"casefile/analyze/load"
	"casefile/testdata/faults"
)

// evidence is files by their names.
type evidence map[string]string

func (e evidence) judge(t *testing.T) (v analyze.Verdict, failed error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range e {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := load.Paths(t.Context(), []string{dir})
	if err != nil {
		return v, err
	}
	res, err := analyze.Run(t.Context(), c, All())
	if err != nil {
		t.Fatal(err)
	}
	return analyze.Headline(c, res), nil
}

// sick are inputs with problems that last, and inputs that cannot tell.
func sick(t *testing.T) map[string]evidence {
	t.Helper()
	out := map[string]evidence{}
	for _, f := range faults.All(12) {
		out["dumps, "+f.Kind] = evidence{"dumps.txt": f.Text}
	}
	first := faults.All(1)[0].Text
	apart := evidence{}
	for i, d := range strings.Split(first, "\n2026-")[0:] {
		if i > 0 {
			d = "2026-" + d
		}
		apart[fmt.Sprintf("dump%d.txt", i+1)] = d
	}
	out["dumps in files"] = apart
	out["healthy, one dump"] = evidence{"dump.txt": strings.SplitAfterN(faults.All(1)[0].Twin, "JNI global", 2)[0]}
	out["full heap"] = evidence{"gc.log": fullHeap("[%[1]d.000s][info][gc] GC(%[2]d) ", 200)}
	out["full heap, dated"] = evidence{"gc.log": fullHeap("[2026-03-01T10:%02[3]d:%02[4]d.000+0000][%[1]d.000s][info][gc] GC(%[2]d) ", 200)}
	out["no stamps"] = evidence{"gc.log": fullHeap("[info][gc] GC(%[2]d) ", 100)}
	out["short log"] = evidence{"gc.log": fullHeap("[%[1]d.000s][info][gc] GC(%[2]d) ", 2)}
	for _, name := range []string{"threads/hotspot-17-jcmd-l.txt", "threads/hotspot-25-jstack.txt", "threads/javacore.txt", "threads/go-debug2.txt", "threads/dumpfile-25.json",
		"gc/g1-jdk17.log", "gc/zgc-jdk25.log", "gc/parallel-jdk25.log"} {
		text, err := os.ReadFile(filepath.Join("../../testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		out[name] = evidence{filepath.Base(name): string(text)}
	}
	return out
}

// fullHeap is a log of full collections that free nothing, one every other second.
func fullHeap(stamp string, n int) string {
	var b strings.Builder
	for i := range n {
		at := 1000 + 2*i
		begin := fmt.Sprintf(stamp, at, i, at/60%60, at%60)
		if k := strings.Index(begin, "%!(EXTRA"); k >= 0 {
			begin = begin[:k]
		}
		b.WriteString(begin + "Pause Full (G1 Compaction Pause) 1020M->1018M(1024M) 900.000ms\n")
	}
	return b.String()
}

// lose takes something out of a text.
func lose(r *rand.Rand, text string) (out, what string) {
	if len(text) < 2 {
		return "", "all"
	}
	from := r.IntN(len(text))
	to := from + r.IntN(len(text)-from) + 1
	lines := strings.SplitAfter(text, "\n")
	line := r.IntN(len(lines))
	until := min(line+1+r.IntN(len(lines)-line), len(lines))
	switch r.IntN(7) {
	case 0:
		return text[:from], fmt.Sprintf("from byte %d on", from)
	case 1:
		return text[from:], fmt.Sprintf("up to byte %d", from)
	case 2:
		return text[:from] + text[to:], fmt.Sprintf("bytes %d to %d", from, to)
	case 3:
		return strings.Join(append(lines[:line:line], lines[until:]...), ""), fmt.Sprintf("lines %d to %d", line+1, until)
	case 4:
		var b strings.Builder
		for _, l := range lines {
			if r.IntN(3) > 0 {
				b.WriteString(l)
			}
		}
		return b.String(), "every third line or so"
	case 5:
		return strings.Join(lines[:line], ""), fmt.Sprintf("lines from %d on", line+1)
	}
	return strings.Join(lines[line:], ""), fmt.Sprintf("lines up to %d", line)
}

// checkLoss holds a loss to what may be said of it.
func checkLoss(t *testing.T, name string, e evidence, r *rand.Rand) {
	t.Helper()
	cut := evidence{}
	var gone []string
	victim := r.IntN(len(e))
	for k, file := range sortedKeys(e) {
		cut[file] = e[file]
		if k != victim {
			continue
		}
		text, what := lose(r, e[file])
		if len(e) > 1 && r.IntN(4) == 0 {
			delete(cut, file)
			what = "all"
		} else {
			cut[file] = text
		}
		gone = append(gone, file+": "+what)
	}
	v, err := cut.judge(t)
	if err == nil && v.Kind == analyze.NothingFound && len(v.Why) == 0 {
		t.Errorf("%s without %s: %q", name, gone, v.Text)
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// What is taken out of an input never makes "nothing found" of a problem that lasts, or of what cannot be told, without a word.
func TestLossIsTold(t *testing.T) {
	tries := 40
	if testing.Short() {
		tries = 10
	}
	for name, e := range sick(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := e.judge(t)
			if err != nil || v.Kind == analyze.NothingFound {
				t.Fatalf("as a whole: %s, %v", v.Text, err)
			}
			r := rand.New(rand.NewPCG(14, uint64(len(name))))
			for range tries {
				checkLoss(t, name, e, r)
			}
		})
	}
}

// FuzzLossIsTold takes other things out.
func FuzzLossIsTold(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, seed))
		inputs := sick(t)
		names := sortedKeys(inputs)
		for range 3 {
			name := names[r.IntN(len(names))]
			checkLoss(t, name, inputs[name], r)
		}
	})
}
