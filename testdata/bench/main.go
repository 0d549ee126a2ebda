// Command bench reads what go test -bench prints, passes it on, and ends with a table of what was measured beside its goals.
// With -write it puts that table into a file, between two lines that mark its place. It fails when a benchmark failed.
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	write := flag.String("write", "", "file whose table is made anew")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *write); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer, file string) error {
	began, load := time.Now(), loadAverage()
	r, err := read(io.TeeReader(in, out))
	if err != nil {
		return err
	}
	text := machine(began, load) + "\n" + r.table()
	fmt.Fprintf(out, "\n%s", text)
	if file != "" {
		if err := place(file, text); err != nil {
			return err
		}
	}
	if len(r.failed) > 0 {
		return fmt.Errorf("failed: %s", strings.Join(r.failed, ", "))
	}
	return nil
}

// results are metrics by benchmark and unit: one value for each run.
type results struct {
	of     map[string]map[string][]float64
	failed []string
}

var (
	resultLine = regexp.MustCompile(`^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+(.*)`)
	failLine   = regexp.MustCompile(`^\s*--- FAIL: Benchmark(\S+)|^FAIL\s+(\S+)`)
)

// read takes the format of https://go.dev/design/14313-benchmark-format: a name, the number of iterations, pairs of value and unit.
func read(in io.Reader) (*results, error) {
	r := &results{of: map[string]map[string][]float64{}}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if m := failLine.FindStringSubmatch(lines.Text()); m != nil {
			r.failed = append(r.failed, m[1]+m[2])
		}
		m := resultLine.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		if r.of[m[1]] == nil {
			r.of[m[1]] = map[string][]float64{}
		}
		f := strings.Fields(m[2])
		for i := 1; i < len(f); i += 2 {
			if v, err := strconv.ParseFloat(f[i-1], 64); err == nil {
				r.of[m[1]][f[i]] = append(r.of[m[1]][f[i]], v)
			}
		}
	}
	return r, lines.Err()
}

// metric is the median of all runs; a benchmark may be given without the CPUs that its name ends with.
func (r *results) metric(bench, unit string) (float64, bool) {
	list := slices.Clone(r.of[bench][unit])
	if len(list) == 0 {
		return 0, false
	}
	slices.Sort(list)
	return list[len(list)/2], true
}

func (r *results) figure(g *goal) (float64, bool) {
	v, ok := r.metric(g.bench, g.metric)
	if ok && g.per != "" {
		var by float64
		if by, ok = r.metric(g.bench, g.per); ok {
			v /= by
		}
	}
	return v, ok
}

func (r *results) table() string {
	var b strings.Builder
	b.WriteString("| what | measured | goal |\n|---|---|---|\n")
	for i := range goals {
		g := &goals[i]
		v, ok := r.figure(g)
		measured := "not measured in this run"
		if ok {
			measured = number(v) + " " + g.unit
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", g.what, measured, g.words(v, ok))
	}
	return b.String()
}

func (g *goal) words(v float64, measured bool) string {
	var out string
	missed := false
	switch {
	case g.most > 0:
		out, missed = "at most "+number(g.most), v > g.most
	case g.least > 0:
		out, missed = "at least "+number(g.least), v < g.least
	default:
		return ""
	}
	if measured && missed {
		out += ": **not reached**"
	}
	return out
}

// number has three digits, or all of those before the point.
func number(v float64) string {
	digits := 2
	switch {
	case v >= 100:
		digits = 0
	case v >= 10:
		digits = 1
	}
	text := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	for i := len(text) - 3; i > 0 && digits == 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// machine says where and when this was.
func machine(began time.Time, load string) string {
	version, err := exec.Command("git", "describe", "--tags", "--always", "--dirty").Output()
	if err != nil {
		version = []byte("an unknown version")
	}
	return fmt.Sprintf("Version %s, %s to %s, %s/%s, %d CPUs (%s), %s; load %s at the start, %s at the end.\n",
		bytes.TrimSpace(version), began.UTC().Format("2006-01-02 15:04"), time.Now().UTC().Format("15:04 MST"), runtime.GOOS, runtime.GOARCH,
		runtime.NumCPU(), cpuModel(), runtime.Version(), load, loadAverage())
}

// cpuModel is empty where /proc does not tell.
func cpuModel() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(rest), ":"))
		}
	}
	return "unknown"
}

// loadAverage is that of the last minute.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

const (
	from = "<!-- make bench writes from here -->\n"
	to   = "<!-- to here -->\n"
)

// place puts the table between its marks.
func place(file, text string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(old), from)
	_, after, ended := strings.Cut(rest, to)
	if !found || !ended {
		return fmt.Errorf("%s has no place for the table: lines %q and %q", file, strings.TrimSpace(from), strings.TrimSpace(to))
	}
	return os.WriteFile(file, []byte(before+from+text+to+after), 0o644)
}
