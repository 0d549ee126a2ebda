package shelf

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/answer"
)

// reader counts what is read.
type reader struct {
	paths []string
	fail  error
}

func (r *reader) open(_ context.Context, paths ...string) (*answer.Capture, error) {
	for _, p := range paths {
		r.paths = append(r.paths, filepath.Base(p))
	}
	if r.fail != nil {
		return nil, r.fail
	}
	return &answer.Capture{Case: &analyze.Case{ID: "case of " + filepath.Base(paths[0])}, Result: &analyze.Result{}}, nil
}

func put(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func newShelf(t *testing.T, dir, version string, r *reader, paths ...string) *Shelf {
	t.Helper()
	c, err := NewCache(dir, version)
	if err != nil {
		t.Fatal(err)
	}
	return New(paths, c, r.open)
}

func learn(t *testing.T, s *Shelf) {
	t.Helper()
	list, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range list {
		if err := s.Learn(t.Context(), it); err != nil {
			t.Fatal(err)
		}
		if _, known := s.Summary(it); !known {
			t.Errorf("%s was read and is not known", it.Name)
		}
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "a.tar.zst"), "x")
	put(t, filepath.Join(dir, "b.txt"), "x")
	put(t, filepath.Join(dir, "deep", "c.zip"), "x")
	put(t, filepath.Join(dir, "sealed.tar.zst.age"), "x")
	put(t, filepath.Join(dir, "folder", "casefile.json"), "{}")
	put(t, filepath.Join(dir, "folder", "inner.zip"), "x")
	outside := put(t, filepath.Join(t.TempDir(), "outside.zip"), "x")
	if err := os.Symlink(outside, filepath.Join(dir, "link.zip")); err != nil {
		t.Logf("no symbolic links here: %v", err)
	}
	loose := put(t, filepath.Join(t.TempDir(), "gc.log"), "x")
	list, err := Find([]string{dir, loose, loose})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, it := range list {
		names = append(names, it.Name)
	}
	slices.Sort(names)
	if want := []string{"a.tar.zst", "deep/c.zip", "folder", "gc.log", "sealed.tar.zst.age"}; !slices.Equal(names, want) {
		t.Errorf("found %v, want %v", names, want)
	}
	if _, err := Find([]string{filepath.Join(dir, "none")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a path that is not there: %v", err)
	}
}

// A capture is read once, and anew when it, its place or casefile has changed.
func TestCache(t *testing.T) {
	dir, cache := t.TempDir(), filepath.Join(t.TempDir(), "cache")
	path := put(t, filepath.Join(dir, "a.zip"), "x")
	r := &reader{}
	reads := func(want int, why string) {
		t.Helper()
		if len(r.paths) != want {
			t.Errorf("%s: read %d times, want %d", why, len(r.paths), want)
		}
	}
	learn(t, newShelf(t, cache, "1", r, dir))
	learn(t, newShelf(t, cache, "1", r, dir))
	reads(1, "nothing changed")
	learn(t, newShelf(t, cache, "2", r, dir))
	reads(2, "another version")
	put(t, path, "xy")
	learn(t, newShelf(t, cache, "2", r, dir))
	reads(3, "another size")
	if err := os.Chtimes(path, time.Time{}, time.Unix(1e9, 0)); err != nil {
		t.Fatal(err)
	}
	learn(t, newShelf(t, cache, "2", r, dir))
	reads(4, "another time")
	if err := os.Rename(path, filepath.Join(dir, "b.zip")); err != nil {
		t.Fatal(err)
	}
	learn(t, newShelf(t, cache, "2", r, dir))
	reads(5, "another name")
	files, err := os.ReadDir(cache)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others: %v", f.Name(), info.Mode())
		}
		put(t, filepath.Join(cache, f.Name()), "{no json")
	}
	learn(t, newShelf(t, cache, "2", r, dir))
	reads(6, "a broken cache")
}

// Nothing of a sealed capture is written in clear, and a failure does not outlast its cause.
func TestCacheKeepsInMemory(t *testing.T) {
	for name, r := range map[string]*reader{"sealed.zip": {}, "b.zip": {fail: errors.New("locked")}} {
		dir, cache := t.TempDir(), filepath.Join(t.TempDir(), "cache")
		put(t, filepath.Join(dir, name), map[bool]string{true: "age-encryption.org/v1\n-> X25519 ...", false: "x"}[name == "sealed.zip"])
		s := newShelf(t, cache, "1", r, dir)
		learn(t, s)
		learn(t, s)
		if files, err := os.ReadDir(cache); err != nil || len(files) > 0 || len(r.paths) != 1 {
			t.Errorf("%s: %d files, read %d times, %v", name, len(files), len(r.paths), err)
		}
	}
}

// As many captures stay in memory as a comparison needs; one that has changed is read anew.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		put(t, filepath.Join(dir, fmt.Sprintf("%d.zip", i)), "x")
	}
	r := &reader{}
	s := newShelf(t, "", "1", r, dir)
	open := func(names ...string) {
		t.Helper()
		list, err := s.List()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			it, err := Pick(list, name)
			if err != nil {
				t.Fatal(err)
			}
			if c, err := s.Open(t.Context(), it); err != nil || c.Name != name {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	open("0.zip", "1.zip", "0.zip", "1.zip", "2.zip", "1.zip", "0.zip")
	if want := []string{"0.zip", "1.zip", "2.zip", "0.zip"}; !slices.Equal(r.paths, want) {
		t.Errorf("read %v, want %v", r.paths, want)
	}
	put(t, filepath.Join(dir, "0.zip"), "changed")
	open("0.zip")
	if len(r.paths) != 5 {
		t.Error("a capture that has changed was not read anew")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.turn <- struct{}{}
	if _, err := s.Open(ctx, Item{}); !errors.Is(err, context.Canceled) {
		t.Errorf("who waits for a turn is not let go: %v", err)
	}
}

// BenchmarkList lists 200 known captures.
func BenchmarkList(b *testing.B) {
	dir, cache := b.TempDir(), b.TempDir()
	for i := range 200 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.tar.zst", i)), []byte("x"), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	fill := func() {
		c, err := NewCache(cache, "1")
		if err != nil {
			b.Fatal(err)
		}
		s := New([]string{dir}, c, (&reader{}).open)
		list, err := s.List()
		if err != nil {
			b.Fatal(err)
		}
		for _, it := range list {
			if err := s.Learn(b.Context(), it); err != nil {
				b.Fatal(err)
			}
		}
	}
	fill()
	for b.Loop() {
		fill()
	}
}
