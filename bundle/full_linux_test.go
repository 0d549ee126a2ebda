package bundle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"casefile/bundle/redact"
)

// On a full disk an entry is left out whole, what was written before verifies,
// and the manifest still finds room.
func TestDiskFull(t *testing.T) {
	for _, format := range []Format{TarZstd, Zip} {
		t.Run(string(format), func(t *testing.T) {
			w := onSmallDisk(t, format)
			dir := filepath.Dir(w.Path())
			rnd := rand.New(rand.NewPCG(3, 4))
			full, written := false, 0
			for i := 0; i < 40 && !full; i++ {
				noise := make([]byte, 150_000)
				for i := range noise {
					noise[i] = byte('!' + rnd.IntN(90))
				}
				switch err := w.Add(Entry{Path: fmt.Sprintf("nodes/n/%d", i)}, redact.Text, bytes.TrimSpace(noise)); {
				case err == nil:
					written++
				case errors.Is(err, ErrDiskFull):
					full = true
				default:
					t.Fatal(err)
				}
			}
			if !full || written == 0 {
				t.Fatalf("full %v after %d entries", full, written)
			}
			if _, err := w.Close(); err != nil {
				t.Fatalf("no room was kept for the manifest: %v", err)
			}
			rep, err := Verify(context.Background(), w.Path(), redact.NewSecrets())
			if err != nil {
				t.Fatal(err)
			}
			if rep.Reader.Cut != nil || len(rep.Damaged) > 0 || rep.Entries != written+2 {
				t.Errorf("cut %v, damaged %v, %d entries, want %d", rep.Reader.Cut, rep.Damaged, rep.Entries, written+2)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
				t.Errorf("left behind: %v", left)
			}
			if st, _ := os.Stat(w.Path()); st.Mode().Perm() != 0o600 {
				t.Errorf("mode %v", st.Mode())
			}
		})
	}
}

// onSmallDisk opens a bundle on a file system of 2 MB.
func onSmallDisk(t *testing.T, format Format) *Writer {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("casefile-test", dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("mounting a small tmpfs needs root: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, 0) })
	w, err := Create(filepath.Join(dir, "b"), format, Manifest{Cluster: "c"}, redact.NewSecrets())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// On a full disk a Join keeps what fits, and the bundle lists that and no more.
func TestDiskFullWhileJoining(t *testing.T) {
	w := onSmallDisk(t, TarZstd)
	w.ForNodes()
	stream := manySmall(t, "n1", 400)
	if _, err := w.Join(t.Context(), bytes.NewReader(stream), joinN1); !errors.Is(err, ErrDiskFull) {
		t.Fatalf("%d bytes on a small disk: %v", len(stream), err)
	}
	m := finish(t, w)
	rep, err := Verify(t.Context(), w.Path(), redact.NewSecrets())
	if err != nil || len(rep.Damaged) > 0 || rep.Reader.Cut != nil || rep.Entries != len(m.Entries)+1 {
		t.Errorf("%+v, %v", rep, err)
	}
	if len(m.Entries) < 100 {
		t.Errorf("only %d entries are kept", len(m.Entries))
	}
}
