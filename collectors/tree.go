package collectors

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// Tree is a file system as a process sees it, at /proc/PID/root. Absolute
// symbolic links are followed inside the tree, and nothing outside of it can be
// reached: a container must not make us read the host's files.
type Tree struct{ Root string }

// File is a file found in a tree.
type File struct {
	Path    string // in the tree
	Size    int64
	ModTime time.Time
	Info    fs.FileInfo // for os.SameFile
	Newest  bool        // of those that its pattern found
}

// Open opens a regular file for reading. Pipes and devices are refused.
func (t Tree) Open(name string) (*os.File, error) {
	f, err := t.open(name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errno(err)}
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = fmt.Errorf("open %s: not a regular file (%v)", name, st.Mode().Type())
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// errno strips the path of the tree's root from an error.
func errno(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// ReadFile reads a file of at most limit bytes.
func (t Tree) ReadFile(name string, limit int64) ([]byte, error) {
	f, err := t.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s: larger than %d bytes", name, limit)
	}
	return b, err
}

// maxMatches bounds what one pattern can find.
const maxMatches = 2000

// Glob returns the regular files that match an absolute pattern, newest first.
// Patterns are those of path.Match, in the last elements too.
func (t Tree) Glob(pattern string) ([]File, error) {
	if !path.IsAbs(pattern) {
		return nil, fmt.Errorf("pattern %q is not absolute", pattern)
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	var found []File
	err := t.glob("/", strings.Split(strings.Trim(path.Clean(pattern), "/"), "/"), &found)
	slices.SortStableFunc(found, func(a, b File) int { return b.ModTime.Compare(a.ModTime) })
	if len(found) > 0 {
		found[0].Newest = true
	}
	return found, err
}

func (t Tree) glob(dir string, elems []string, found *[]File) error {
	if len(elems) == 0 || len(*found) >= maxMatches {
		return nil
	}
	names := []string{elems[0]}
	if strings.ContainsAny(elems[0], `*?[\`) {
		var err error
		if names, err = t.names(dir, elems[0]); err != nil {
			return err
		}
	}
	for _, name := range names {
		full := path.Join(dir, name)
		if len(elems) > 1 {
			if err := t.glob(full, elems[1:], found); err != nil {
				return err
			}
			continue
		}
		f, err := t.Open(full)
		if errors.Is(err, fs.ErrPermission) {
			return err
		}
		if err != nil {
			continue // none, or no regular file
		}
		if st, err := f.Stat(); err == nil {
			*found = append(*found, File{Path: full, Size: st.Size(), ModTime: st.ModTime(), Info: st})
		}
		f.Close()
	}
	return nil
}

// names lists what matches a pattern in one folder; a missing folder holds nothing.
func (t Tree) names(dir, pattern string) ([]string, error) {
	d, err := t.open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: errno(err)}
	}
	defer d.Close()
	all, err := d.Readdirnames(-1)
	if err != nil {
		return nil, nil // not a folder
	}
	return slices.DeleteFunc(all, func(n string) bool { ok, _ := path.Match(pattern, n); return !ok }), nil
}
