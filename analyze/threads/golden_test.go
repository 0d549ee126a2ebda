package threads

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const fixtures = "../../testdata/threads"

// render writes what the parser and the graph made of a source: every field that a fixture can show.
func render(dumps []*Dump, sum Summary) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "dumps %d, threads %d, other lines %d, unparsed %d\n", sum.Dumps, sum.Threads, sum.OtherLines, sum.UnparsedLines)
	c := NewClassifier()
	for _, d := range dumps {
		fmt.Fprintf(&b, "\n%v lines %d-%d pid %d time %s zone %v truncated %v reported %d vm %q\n", d.Format, d.Line, d.EndLine, d.PID, d.Time.Format("2006-01-02T15:04:05.999Z07:00"), d.ZoneKnown, d.Truncated, d.ReportedDeadlocks, d.VM)
		for _, u := range d.Unparsed {
			fmt.Fprintf(&b, "  unparsed %d: %s\n", u.Line, u.Text)
		}
		g := NewLockGraph(d)
		for _, t := range d.Threads {
			renderThread(&b, t, c.Classify(t), g)
		}
		for _, dl := range g.Deadlocks() {
			var names []string
			for i, t := range dl.Threads {
				names = append(names, fmt.Sprintf("%q wants %s", t.Name, dl.Locks[i].Class))
			}
			fmt.Fprintf(&b, "  deadlock: %s\n", strings.Join(names, "; "))
		}
		for _, ch := range g.Chains() {
			fmt.Fprintf(&b, "  chain: %q blocks %d, %d directly, depth %d\n", ch.Root.Name, len(ch.Blocked), ch.Direct, ch.Depth)
		}
	}
	return b.Bytes()
}

func renderThread(b *bytes.Buffer, t *Thread, w Wait, g *LockGraph) {
	fmt.Fprintf(b, "  %d-%d %q num=%d nid=%d tid=%#x %v %q %q cpu=%v elapsed=%v alloc=%d prio=%d/%d", t.Line, t.EndLine, t.Name, t.Num, t.NID, t.TID, t.State, t.StateText, t.StateDetail, t.CPU, t.Elapsed, t.Allocated, t.Prio, t.OSPrio)
	for _, f := range []struct {
		on   bool
		word string
	}{{t.Daemon, "daemon"}, {t.Virtual, "virtual"}, {t.VMInternal, "internal"}, {t.Mounted != 0, fmt.Sprint("carries ", t.Mounted)}, {t.Carrier != nil, "mounted"}, {t.Count > 0, fmt.Sprint("x", t.Count)}, {t.Creator != "", "by " + t.Creator}} {
		if f.on {
			fmt.Fprintf(b, " %s", f.word)
		}
	}
	fmt.Fprintf(b, " frames=%d top=%s\n", len(t.Stack.Frames), t.Stack.Top())
	for _, l := range t.Locks {
		fmt.Fprintf(b, "      %d %v %#x %s %s\n", l.Depth, l.Kind, l.Addr, l.Class, l.Owner)
	}
	fmt.Fprintf(b, "      %v", w.Text)
	if w.Idle {
		b.WriteString(" (idle)")
	}
	if s := g.BlockedOn(t); s != nil && s.Owner != nil {
		fmt.Fprintf(b, "; held by %q, %s", s.Owner.Name, s.Evidence)
	}
	b.WriteByte('\n')
}

func fixtureFiles(t testing.TB) []string {
	t.Helper()
	all, err := filepath.Glob(fixtures + "/*.*")
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, f := range all {
		if ext := filepath.Ext(f); ext != ".golden" && ext != ".java" {
			files = append(files, f)
		}
	}
	if len(files) < 15 {
		t.Fatalf("only %d fixtures in %s", len(files), fixtures)
	}
	return files
}

func TestGolden(t *testing.T) {
	for _, path := range fixtureFiles(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			dumps, sum := parseFile(t, path)
			got := render(dumps, sum)
			golden := path + ".golden"
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("differs from %s:\n%s", golden, got)
			}
		})
	}
}
