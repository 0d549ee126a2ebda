package bundle

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"casefile/bundle/redact"
)

// noise is text that hardly compresses.
func noise(seed byte, n int) []byte {
	const letters = "abcdefghijklmnopqrstuvwxyz \n"
	b := make([]byte, n)
	r := rand.New(rand.NewChaCha8([32]byte{seed}))
	for i := range b {
		b[i] = letters[r.IntN(len(letters))]
	}
	return b
}

func fitted(t *testing.T, file string, format Format, limit int64) (kept []string, m Manifest) {
	t.Helper()
	ctx := context.Background()
	w, err := Create(file, format, Manifest{Cluster: "c"}, redact.NewSecrets())
	if err != nil {
		t.Fatal(err)
	}
	add := func(path string, n int) {
		if err := w.Add(Entry{Path: path}, redact.Text, noise(byte(len(path)), n)); err != nil {
			t.Fatal(err)
		}
	}
	add("nodes/a/jvm/1-x/logs/app.log", 500<<10)
	add("nodes/a/jvm/1-x/threads/dump-01.txt", 60<<10)
	add("nodes/a/jvm/1-x/jfr/one.jfr.txt", 6<<20)
	add("nodes/a/host/stat", 20<<10)
	add(ReportFile, 30<<10)
	w, left, err := w.Fit(ctx, limit)
	if err != nil {
		t.Fatal(err)
	}
	m, err = w.Close()
	if err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(file)
	if err != nil || st.Size() > limit {
		t.Errorf("%d bytes, limit %d; %v", st.Size(), limit, err)
	}
	rep, err := Verify(ctx, file, redact.NewSecrets())
	if err != nil || len(rep.Damaged) > 0 {
		t.Fatal(err, rep.Damaged)
	}
	for _, e := range rep.Reader.Manifest.Entries {
		kept = append(kept, e.Path)
	}
	skipped := slices.DeleteFunc(slices.Clone(m.Coverage), func(c Coverage) bool { return !strings.Contains(c.Reason, "left out") })
	if len(skipped) != left || left+len(kept) != 7 { // with plan and manifest
		t.Errorf("left out %d, in the ledger %d, kept %q", left, len(skipped), kept)
	}
	return kept, m
}

func TestFitKeepsWhatMattersMost(t *testing.T) {
	for _, format := range []Format{TarZstd, Zip} {
		for limit, want := range map[int64]string{
			64 << 20:  "logs/app.log threads/dump-01.txt jfr/one.jfr.txt host/stat",
			700 << 10: "logs/app.log threads/dump-01.txt host/stat",
			250 << 10: "threads/dump-01.txt host/stat",
			108 << 10: "threads/dump-01.txt",
		} {
			kept, _ := fitted(t, filepath.Join(t.TempDir(), "b."+string(format)), format, limit)
			for _, p := range []string{"logs/app.log", "threads/dump-01.txt", "jfr/one.jfr.txt", "host/stat"} {
				there := slices.ContainsFunc(kept, func(k string) bool { return strings.HasSuffix(k, p) })
				if there != strings.Contains(want, p) {
					t.Errorf("%s, limit %d: %s is there: %v", format, limit, p, there)
				}
			}
			if !slices.Contains(kept, ReportFile) {
				t.Error("no report")
			}
		}
	}
}

func TestPrioritiesOfWhatCollectorsWrite(t *testing.T) {
	for name, want := range map[string]string{
		"nodes/a/jvm/1-x/threads/dump-01.txt": "thread dumps", "nodes/a/jvm/1-x/vm/flags.txt": "state", "nodes/a/host/stat": "host",
		"nodes/a/jvm/1-x/gc/gc.log": "collections", "nodes/a/jvm/1-x/jfr/a.jfr": "recordings", "nodes/a/jvm/1-x/logs/a/b.log": "logs",
		"nodes/a/go/busy/cpu.pb.gz": "profiles", "nodes/a/jvm/1-x/unheard/of": "configuration", PlanFile: "what the bundle is", "cluster/timing.json": "what the bundle is",
	} {
		if got := Priorities[priorityOf(name)].Name; !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestPrioritiesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/sending.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range Priorities {
		if line := fmt.Sprintf("| %d | %s |", i+1, p.Name); !bytes.Contains(page, []byte(line)) {
			t.Errorf("docs/sending.md has no line %q", line)
		}
	}
}

func TestSplitPartsAreReadAsTheyAre(t *testing.T) {
	ctx := context.Background()
	file := filepath.Join(t.TempDir(), "b.tar.zst")
	fitted(t, file, TarZstd, 1<<30)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := Split(file, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	var joined []byte
	for _, p := range parts {
		b, err := os.ReadFile(p)
		if err != nil || len(b) > 1<<20 {
			t.Fatal(p, len(b), err)
		}
		joined = append(joined, b...)
	}
	if len(parts) != (len(whole)+1<<20-1)>>20 || !bytes.Equal(joined, whole) {
		t.Errorf("%d parts are not what was split", len(parts))
	}
	for _, name := range []string{file, parts[0]} {
		rep, err := Verify(ctx, name, redact.NewSecrets())
		if err != nil || len(rep.Damaged) > 0 || rep.Entries != 7 || rep.Reader.Cut != nil {
			t.Errorf("%s: %v %+v", name, err, rep)
		}
		if _, err := rep.Reader.ReadEntry(ctx, ReportFile, 1<<20); err != nil {
			t.Error(err)
		}
	}
	if err := os.Rename(parts[len(parts)-1], parts[0]+".away"); err != nil {
		t.Fatal(err)
	}
	if rep, err := Verify(ctx, parts[0], redact.NewSecrets()); err != nil || rep.Reader.Cut == nil {
		t.Errorf("without the last part: %v", err)
	}
	if err := os.Rename(parts[0]+".away", parts[len(parts)-1]); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(parts[1]); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(ctx, parts[0], redact.NewSecrets()); err == nil || !strings.Contains(err.Error(), filepath.Base(parts[1])+" is missing") {
		t.Errorf("without the second part: %v", err)
	}
}
