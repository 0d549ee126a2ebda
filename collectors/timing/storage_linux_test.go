package timing

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"casefile/bundle/format/plan"
	"casefile/bundle/format/timing"
)

// storageOf is a probe in a hurry that waits for any disk: a test's may be busy.
func storageOf(path string) *storageProbe {
	p := newStorageProbe(plan.Storage{Path: path, Kind: plan.SharedHome})
	p.every, p.stuckAfter = 10*time.Millisecond, 5*time.Minute
	return p
}

// rounds runs the probe until it has begun as many files; a folder that is refused ends it before.
func rounds(t *testing.T, p *storageProbe, n int) timing.Probe {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	open, left := p.open, n
	p.open = func(path string) (folder, error) {
		f, err := open(path)
		if err != nil {
			return nil, err
		}
		return counting{f, func() {
			if left--; left == 0 {
				cancel()
			}
		}}, nil
	}
	return p.run(ctx, farAway)
}

// counting tells of each file that is begun; the empty ones of the rate have other names.
type counting struct {
	folder
	began func()
}

func (c counting) Create(name string) (file, error) {
	if filepath.Base(name) == "file" {
		c.began()
	}
	return c.folder.Create(name)
}

// inMemory is a folder that no busy disk can hold up, where there is one.
func inMemory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "casefile-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func left(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, probePrefix+"*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestStorage(t *testing.T) {
	dir := t.TempDir()
	r := rounds(t, storageOf(dir), 3)
	if r.Tries != 3 || r.Failures != 0 || len(r.Errors) > 0 || r.Rate <= 0 || r.Limit == nil || r.Limit.Bad != 60 {
		t.Fatalf("%+v", r)
	}
	for _, name := range []string{timing.StepCreate, timing.StepWrite, timing.StepSync, timing.StepDurable, timing.StepStat, timing.StepRead, timing.StepRename, timing.StepDelete} {
		if s := r.Step(name); s == nil || s.Count != int64(r.Tries) || s.FirstMS <= 0 {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if l := left(t, dir); len(l) > 0 {
		t.Errorf("left behind: %v", l)
	}
}

func TestStorageSweepsLeftovers(t *testing.T) {
	dir := t.TempDir()
	old := time.Now().Add(-2 * leftoverAge)
	make := func(name string, at time.Time) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Join(path, "deep"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
		return path
	}
	gone := make(probePrefix+"0123456789abcdef", old)
	kept := []string{make(probePrefix+"fedcba9876543210", time.Now()), make(probePrefix+"notes", old), make(probePrefix+"0123456789ABCDEF", old), make("data", old)}
	link := filepath.Join(dir, probePrefix+"00000000000000aa")
	if err := os.Symlink(kept[3], link); err != nil {
		t.Fatal(err)
	}
	rounds(t, storageOf(dir), 3)
	if _, err := os.Stat(gone); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a leftover is still there: %v", err)
	}
	for _, k := range append(kept, link) {
		if _, err := os.Stat(k); err != nil {
			t.Errorf("not ours to remove: %v", err)
		}
	}
}

// mount makes a tmpfs.
func mount(t *testing.T, options string, flags uintptr) string {
	t.Helper()
	dir := t.TempDir()
	if err := mountTmpfs(dir, options, flags); err != nil {
		t.Skipf("cannot mount a tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := unmount(dir); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

func TestStorageOfATmpfs(t *testing.T) {
	dir := mount(t, "size=128m", 0)
	if r := rounds(t, storageOf(dir), 3); r.Failures > 0 || r.Tries == 0 || r.Refused != "" {
		t.Errorf("%+v", r)
	}
	if l := left(t, dir); len(l) > 0 {
		t.Errorf("left behind: %v", l)
	}
}

func TestStorageRefusesANearlyFullDisk(t *testing.T) {
	dir := mount(t, "size=8m", 0)
	r := rounds(t, storageOf(dir), 3)
	if r.Tries != 0 || !strings.Contains(r.Refused, "8 MiB free") {
		t.Errorf("%+v", r)
	}
}

// roomy says that there is room.
type roomy struct{ folder }

func (roomy) Free() (uint64, error) { return 1 << 40, nil }

func TestStorageFillsUp(t *testing.T) {
	dir := mount(t, "size=64k", 0)
	filler, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	for page := make([]byte, 4096); err == nil; {
		_, err = filler.Write(page)
	}
	filler.Close()
	p := storageOf(dir)
	p.open = func(path string) (folder, error) { f, err := openFolder(path); return roomy{f}, err }
	r := rounds(t, p, 3)
	if r.Tries == 0 && r.Refused == "" || r.Failures != r.Tries || !strings.Contains(fmt.Sprint(r.Errors, r.Refused), "no space left") {
		t.Errorf("%+v", r)
	}
	if len(r.Errors) > 1 {
		t.Errorf("one cause, told as %q", r.Errors)
	}
	if l := left(t, dir); len(l) > 0 {
		t.Errorf("left behind: %v", l)
	}
}

func TestStorageNotWritable(t *testing.T) {
	dir := mount(t, "size=1g", readOnly)
	if r := rounds(t, storageOf(dir), 3); r.Tries != 0 || !strings.Contains(r.Refused, "read-only") {
		t.Errorf("%+v", r)
	}
}

func TestStorageOddPaths(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "file")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	locked := filepath.Join(dir, "locked")
	if err := os.Mkdir(locked, 0o500); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{plain, filepath.Join(dir, "missing"), locked} {
		if path == locked && os.Geteuid() == 0 {
			continue // root may write
		}
		if r := rounds(t, storageOf(path), 3); r.Tries != 0 || r.Refused == "" {
			t.Errorf("%s: %+v", path, r)
		}
	}
}

// frozen is a folder whose operations of one kind do not come back until thawed.
type frozen struct {
	folder
	kind string
	thaw chan struct{}
	once *sync.Once
	hit  chan struct{}
}

func (f frozen) wait(kind string) {
	if kind == f.kind {
		f.once.Do(func() { close(f.hit) })
		<-f.thaw
	}
}

func (f frozen) Free() (uint64, error)         { f.wait("free"); return f.folder.Free() }
func (f frozen) Mkdir(n string) error          { f.wait("mkdir"); return f.folder.Mkdir(n) }
func (f frozen) Stat(n string) error           { f.wait("stat"); return f.folder.Stat(n) }
func (f frozen) RemoveAll(n string) error      { f.wait("remove"); return f.folder.RemoveAll(n) }
func (f frozen) Names(n int) ([]string, error) { f.wait("names"); return f.folder.Names(n) }

// The clock runs only while all wait, so that a busy disk is none that does not answer.
func TestStorageThatDoesNotAnswer(t *testing.T) {
	for _, kind := range []string{"free", "names", "mkdir", "stat", "remove"} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				f := frozen{kind: kind, thaw: make(chan struct{}), once: &sync.Once{}, hit: make(chan struct{})}
				closed := make(chan struct{})
				p := storageOf(dir)
				p.stuckAfter = 100 * time.Millisecond
				p.open = func(path string) (folder, error) {
					below, err := openFolder(path)
					f.folder = closing{below, closed}
					return f, err
				}
				r := p.run(t.Context(), time.Now().Add(time.Hour/2*boolTo(kind != "remove")+100*time.Millisecond))
				<-f.hit
				if r.Stuck == "" || r.Failures == 0 {
					t.Errorf("%+v", r)
				}
				close(f.thaw)
				<-closed // the work ends by itself once the mount is back, and cleans up
				if l := left(t, dir); len(l) > 0 {
					t.Errorf("left behind: %v", l)
				}
			})
		})
	}
}

func boolTo(b bool) time.Duration {
	if b {
		return 1
	}
	return 0
}

type closing struct {
	folder
	closed chan struct{}
}

func (c closing) Close() error { defer close(c.closed); return c.folder.Close() }

func TestStorageInterrupted(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	p := storageOf(dir)
	began := make(chan struct{})
	var once sync.Once
	p.open = func(path string) (folder, error) {
		f, err := openFolder(path)
		return signalling{f, func() { once.Do(func() { close(began) }) }}, err
	}
	done := make(chan timing.Probe, 1)
	go func() { done <- p.run(ctx, time.Now().Add(time.Hour)) }()
	<-began
	cancel()
	<-done
	if l := left(t, dir); len(l) > 0 {
		t.Errorf("left behind: %v", l)
	}
}

type signalling struct {
	folder
	renamed func()
}

func (s signalling) Rename(a, b string) error { s.renamed(); return s.folder.Rename(a, b) }

// A folder whose files cannot be locked keeps its figures, and says so.
func TestStorageLocks(t *testing.T) {
	for _, failure := range []error{nil, errors.ErrUnsupported} {
		p := storageOf(t.TempDir())
		f, err := openFolder(p.path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		p.note(p.lock(lockless{f, failure}, "lock"))
		r := p.summary()
		if s := r.Step(timing.StepLock); (s != nil) != (failure == nil) || (len(r.Errors) > 0) != (failure != nil) || r.Failures > 0 {
			t.Errorf("%v: %+v", failure, r)
		}
	}
}

// lockless is a folder whose files refuse a lock.
type lockless struct {
	folder
	failure error
}

type locklessFile struct {
	file
	failure error
}

func (l lockless) Create(name string) (file, error) {
	f, err := l.folder.Create(name)
	return locklessFile{f, l.failure}, err
}

func (l locklessFile) Lock() error {
	if l.failure != nil {
		return l.failure
	}
	return l.file.Lock()
}
