package access

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"casefile/bundle/format/entries"
	"casefile/collectors"
)

// Tree is the file system of a process as the process sees it, with its rights. Absolute
// symbolic links are followed inside the tree, and nothing outside of it can be reached.
type Tree struct {
	dir     string    // /proc/PID; empty for a fixture
	id      *Identity // nil: casefile's own rights, for fixtures
	started uint64    // clock ticks since boot
	root    *os.File  // O_PATH; nil when broken
	broken  error     // why nothing can be opened
	trusted []int     // users of --trust-owner
	late    *atomic.Int32
	looked  *atomic.Int64 // nanoseconds that patterns took
}

// File is a file found in a tree.
type File struct {
	Path    string // in the tree
	Size    int64
	ModTime time.Time
	Info    fs.FileInfo // for os.SameFile
	Newest  bool        // of those that its pattern found
}

// ErrOther says that a pid is another process by now, or that it has changed its user.
var ErrOther = entries.NewError(entries.Gone, "the process has ended or changed its user")

// Process gives the tree of the process whose folder of /proc is dir. An error means
// that nothing is known of its rights. Where casefile may not see its root folder every
// access says so.
func Process(dir string) (*Tree, error) {
	id, err := readIdentity(dir)
	if err != nil {
		return nil, err
	}
	st, err := collectors.ReadStat(filepath.Join(dir, "stat"))
	if err != nil {
		return nil, err
	}
	t := &Tree{dir: dir, id: id, started: st.Started, late: new(atomic.Int32), looked: new(atomic.Int64)}
	t.root, t.broken = openPath(filepath.Join(dir, "root"))
	if t.broken == nil {
		t.broken = t.Check() // the folder is that of the process that id was read of
	}
	return t, nil
}

// Fixture is a folder in place of a process's root, read with casefile's own rights.
func Fixture(root string) *Tree {
	t := &Tree{late: new(atomic.Int32), looked: new(atomic.Int64)}
	t.root, t.broken = openPath(root)
	return t
}

// Trust lets the tree also read files of these users that the process may not read, where
// only root can write to their folders, and follow links of theirs.
func (t *Tree) Trust(users []int) { t.trusted = users }

// Identity is whose rights are used; nil for a fixture.
func (t *Tree) Identity() *Identity { return t.id }

// Check reports whether the process is still the one that the tree was made for.
func (t *Tree) Check() error {
	if t.id == nil {
		return nil
	}
	st, err := collectors.ReadStat(filepath.Join(t.dir, "stat"))
	if err != nil || st.Started != t.started {
		return ErrOther
	}
	id, err := readIdentity(t.dir)
	if err != nil || !id.Same(t.id) {
		return ErrOther
	}
	return nil
}

// openPath holds on to a folder without a right to read it.
func openPath(name string) (*os.File, error) {
	fd, err := unix.Open(name, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

// OtherRoot tells that the process has another root folder than casefile.
func (t *Tree) OtherRoot() bool {
	if t.broken != nil {
		return false
	}
	theirs, err1 := t.root.Stat()
	ours, err2 := os.Stat("/")
	return err1 == nil && err2 == nil && !os.SameFile(ours, theirs)
}

// Open opens a regular file for reading.
func (t *Tree) Open(name string) (*os.File, error) { return t.openFile(name, unix.O_RDONLY) }

func (t *Tree) openFile(name string, flags int) (*os.File, error) {
	f, err := perform(t, name, func() (*os.File, error) { return t.open(name, flags) }, closeFile)
	if errors.Is(err, fs.ErrPermission) && flags == unix.O_RDONLY && len(t.trusted) > 0 {
		if f, err := t.openTrusted(name); err == nil {
			return f, nil
		}
	}
	return f, err
}

// ReadFile reads a file of at most limit bytes.
func (t *Tree) ReadFile(name string, limit int64) ([]byte, error) {
	f, err := t.Open(name)
	if err != nil {
		return nil, err
	}
	return bounded(t.late, name, func() ([]byte, error) {
		defer f.Close()
		b, err := io.ReadAll(io.LimitReader(f, limit+1))
		if err == nil && int64(len(b)) > limit {
			return nil, fmt.Errorf("%s: larger than %d bytes", name, limit)
		}
		return b, err
	}, nil)
}

// Exists reports whether there is something of that name, and whether that can be told.
func (t *Tree) Exists(name string) (exists, known bool) {
	err := t.do(name, func() error {
		fd, err := t.resolve(name)
		if err == nil {
			unix.Close(fd)
		}
		return err
	})
	return err == nil, err == nil || errors.Is(err, fs.ErrNotExist)
}

// Bounds of what one pattern looks at and finds.
const (
	maxMatches = 2000
	maxNames   = 200_000 // of one folder
	maxLooks   = 20_000  // files and folders opened
	lookFor    = 2 * time.Second
)

// lookForAll is how long all patterns of a tree may be looked for.
const lookForAll = 6 * time.Second

// ErrTooMany says that a pattern matches more than is looked at.
var ErrTooMany = entries.NewError(entries.TooLarge, "too many files and folders to look at all of them")

// Glob returns the regular files that match an absolute pattern, newest first. Patterns
// are those of path.Match, in every element. An error may come with what was found.
func (t *Tree) Glob(pattern string) ([]File, error) {
	if !path.IsAbs(pattern) {
		return nil, fmt.Errorf("pattern %q is not absolute", pattern)
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	began := time.Now()
	within := min(lookFor, lookForAll-time.Duration(t.looked.Load()))
	defer func() { t.looked.Add(int64(time.Since(began))) }()
	g := &glob{tree: t, left: maxLooks, end: began.Add(within)}
	g.look("/", strings.Split(strings.Trim(path.Clean(pattern), "/"), "/"))
	slices.SortStableFunc(g.found, func(a, b File) int { return b.ModTime.Compare(a.ModTime) })
	if len(g.found) > 0 {
		g.found[0].Newest = true
	}
	return g.found, g.err
}

type glob struct {
	tree  *Tree
	found []File
	left  int
	end   time.Time
	err   error // the first that is worth telling
}

func (g *glob) look(dir string, elems []string) {
	names := []string{unescape(elems[0])}
	if isPattern(elems[0]) {
		names = g.names(dir, elems[0])
	}
	for _, name := range names {
		if g.left--; g.left < 0 || len(g.found) >= maxMatches || time.Now().After(g.end) {
			g.left = 0
			g.tell(fmt.Errorf("%s: %w", dir, ErrTooMany))
			return
		}
		if full := path.Join(dir, name); len(elems) > 1 {
			g.look(full, elems[1:])
		} else {
			g.take(full)
		}
	}
}

func (g *glob) take(name string) {
	f, err := g.tree.Open(name)
	if err != nil {
		g.tell(err)
		return
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil {
		g.found = append(g.found, File{Path: name, Size: st.Size(), ModTime: st.ModTime(), Info: st})
	}
}

// names lists what matches a pattern in one folder; a missing folder holds nothing.
func (g *glob) names(dir, pattern string) []string {
	all, err := g.tree.names(dir, func(n string) bool { ok, _ := path.Match(pattern, n); return ok })
	g.tell(err)
	return all
}

// tell keeps an error, but for what is simply no such file.
func (g *glob) tell(err error) {
	if err != nil && g.err == nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENOTDIR) && !errors.Is(err, errKind) {
		g.err = err
	}
}

// isPattern reports whether an element is more than a name with escapes.
func isPattern(elem string) bool {
	for i := 0; i < len(elem); i++ {
		switch elem[i] {
		case '\\':
			i++
		case '*', '?', '[':
			return true
		}
	}
	return false
}

func unescape(elem string) string {
	var b strings.Builder
	for i := 0; i < len(elem); i++ {
		if elem[i] == '\\' && i+1 < len(elem) {
			i++
		}
		b.WriteByte(elem[i])
	}
	return b.String()
}

// names lists what of a folder is wanted, in order.
func (t *Tree) names(dir string, wanted func(string) bool) ([]string, error) {
	return perform(t, dir, func() ([]string, error) {
		fd, err := t.resolve(dir)
		if err != nil {
			return nil, err
		}
		return namesOf(fd, dir, wanted)
	}, nil)
}

// namesOf lists a folder, in order, by its O_PATH descriptor, which it closes.
func namesOf(fd int, dir string, wanted func(string) bool) ([]string, error) {
	d, err := reopen(fd, dir, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var list []string
	defer func() { slices.Sort(list) }()
	for seen := 0; ; {
		names, err := d.Readdirnames(1000)
		for _, n := range names {
			if wanted(n) {
				list = append(list, n)
			}
		}
		seen += len(names)
		switch {
		case errors.Is(err, io.EOF):
			return list, nil
		case err != nil:
			return list, err
		case seen > maxNames:
			return list, fmt.Errorf("%s holds more than %d names: %w", dir, maxNames, ErrTooMany)
		}
	}
}

// ReadInto reads a whole file of at most limit bytes into buf, growing it if needed. After
// an error buf must not be used again: the read may still go on.
func (t *Tree) ReadInto(buf []byte, name string, limit int64) ([]byte, error) {
	return perform(t, name, func() ([]byte, error) {
		f, err := t.open(name, unix.O_RDONLY)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		st, err := f.Stat()
		if err != nil {
			return nil, err
		}
		if st.Size() > limit {
			return nil, fmt.Errorf("%s: %d bytes, at most %d are read", name, st.Size(), limit)
		}
		n := int(st.Size())
		if cap(buf) < n {
			buf = make([]byte, n)
		}
		got, err := f.ReadAt(buf[:n], 0)
		if got < n {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return buf[:n], nil
	}, nil)
}
