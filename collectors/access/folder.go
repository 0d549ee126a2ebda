package access

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Folder is a folder of a process in which casefile makes and removes files for it, with
// its rights. It is held open: whatever is put in its place changes nothing. Names have
// one element, or two where the first is a folder made by Mkdir.
type Folder struct {
	tree *Tree
	dir  *os.File // O_PATH
	path string   // as the process sees it
}

// Folder opens a folder.
func (t *Tree) Folder(name string) (*Folder, error) {
	dir, err := perform(t, name, func() (*os.File, error) {
		fd, err := t.resolve(name)
		if err != nil {
			return nil, err
		}
		var st unix.Stat_t
		if err = unix.Fstat(fd, &st); err == nil && st.Mode&unix.S_IFMT != unix.S_IFDIR {
			err = fmt.Errorf("%s of the process is no folder (%s)", name, kindOf(st.Mode))
		}
		if err != nil {
			unix.Close(fd)
			return nil, err
		}
		return os.NewFile(uintptr(fd), name), nil
	}, closeFile)
	if err != nil {
		return nil, err
	}
	return &Folder{tree: t, dir: dir, path: name}, nil
}

// WorkingFolder opens the one that the process is in.
func (t *Tree) WorkingFolder() (*Folder, error) {
	if t.broken != nil {
		return nil, t.broken
	}
	dir, err := openPath(filepath.Join(t.dir, "cwd"))
	if err == nil {
		err = t.Check()
	}
	if err != nil {
		return nil, err
	}
	return &Folder{tree: t, dir: dir, path: "its working folder"}, nil
}

// Close lets go of it.
func (f *Folder) Close() error { return f.dir.Close() }

// ReadOnly reports whether nothing can be written there, whoever asks.
func (f *Folder) ReadOnly() bool {
	var st unix.Statfs_t
	return unix.Fstatfs(int(f.dir.Fd()), &st) == nil && st.Flags&unix.ST_RDONLY != 0
}

// Handle is the open folder, for a child that has the user's own rights.
func (f *Folder) Handle() *os.File { return f.dir }

// at names what lies in the folder, through its open descriptor.
func (f *Folder) at(name string) string { return fdPath(int(f.dir.Fd())) + "/" + name }

var errName = errors.New("not a name of one element")

// in runs one access to a name in the folder.
func in[T any](f *Folder, name string, act func() (T, error), undo func(T)) (T, error) {
	if !fs.ValidPath(name) || name == "." || strings.ContainsRune(name, '/') {
		return *new(T), fmt.Errorf("%q: %w", name, errName)
	}
	value, err := perform(f.tree, path.Join(f.path, name), act, undo)
	var p *fs.PathError
	if errors.As(err, &p) {
		p.Path = path.Join(f.path, name) // not by the number of a descriptor
	}
	return value, err
}

func (f *Folder) do(name string, act func() error) error {
	_, err := in(f, name, func() (struct{}, error) { return struct{}{}, act() }, nil)
	return err
}

// Create makes a file that was not there, for its owner alone.
func (f *Folder) Create(name string, content []byte) error {
	return f.do(name, func() error { return create(f.at(name), content) })
}

func create(file string, content []byte) error {
	out, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	_, err = out.Write(content)
	if err = errors.Join(err, out.Close()); err != nil {
		_ = unix.Unlink(file)
	}
	return err
}

// Mkdir makes a folder that was not there, with files in it, for its owner alone.
func (f *Folder) Mkdir(name string, files map[string][]byte) error {
	return f.do(name, func() error {
		if err := os.Mkdir(f.at(name), 0o700); err != nil {
			return err
		}
		err := f.fill(name, files)
		if err != nil {
			_ = removeAll(f.at("."), name)
		}
		return err
	})
}

// fill goes through a handle that no name is between.
func (f *Folder) fill(name string, files map[string][]byte) error {
	fd, err := unix.Open(f.at(name), unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return &fs.PathError{Op: "open", Path: name, Err: err}
	}
	defer unix.Close(fd)
	for file, content := range files {
		if err := create(fdPath(fd)+"/"+file, content); err != nil {
			return err
		}
	}
	return nil
}

// Remove removes a file.
func (f *Folder) Remove(name string) error {
	return f.do(name, func() error {
		if err := unix.Unlink(f.at(name)); err != nil {
			return &fs.PathError{Op: "remove", Path: name, Err: err}
		}
		return nil
	})
}

// RemoveAll removes a folder with all that is in it. No link is followed.
func (f *Folder) RemoveAll(name string) error {
	return f.do(name, func() error { return removeAll(f.at("."), name) })
}

func removeAll(dir, name string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return root.RemoveAll(name)
}

// Lstat looks at what a name stands for, and follows no link.
func (f *Folder) Lstat(name string) (fs.FileInfo, error) {
	return in(f, name, func() (fs.FileInfo, error) { return os.Lstat(f.at(name)) }, nil)
}

// Names lists the names that are wanted, in order.
func (f *Folder) Names(wanted func(string) bool) ([]string, error) {
	return perform(f.tree, f.path, func() ([]string, error) {
		fd, err := unix.FcntlInt(f.dir.Fd(), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		return namesOf(fd, f.path, wanted)
	}, nil)
}

// OpenMade opens a file for reading and writing that was made in a folder of this one. The
// user of the process may have put another in its place: that is refused.
func (f *Folder) OpenMade(folder, name string) (*os.File, error) {
	full := path.Join(f.path, folder, name)
	return in(f, folder, func() (*os.File, error) {
		fd, err := unix.Open(f.at(folder)+"/"+name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil, &fs.PathError{Op: "open", Path: full, Err: err}
		}
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG || st.Nlink != 1 || st.Size != 0 {
			unix.Close(fd)
			return nil, errors.Join(fmt.Errorf("%s is not the file that was made", full), err)
		}
		return reopen(fd, full, unix.O_RDWR)
	}, closeFile)
}

// Free is how many bytes a user may still write there.
func (f *Folder) Free() (int64, error) {
	return bounded(f.tree.late, f.path, func() (int64, error) {
		var st unix.Statfs_t
		err := unix.Fstatfs(int(f.dir.Fd()), &st)
		return int64(st.Bavail) * st.Bsize, err
	}, nil)
}

// CheckSocket refuses what is not a socket of the process's user.
func (f *Folder) CheckSocket(name string) error {
	return f.do(name, func() error {
		fd, err := f.socket(name)
		if err == nil {
			unix.Close(fd)
		}
		return err
	})
}

func (f *Folder) socket(name string) (int, error) {
	fd, err := unix.Open(f.at(name), unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	var st unix.Stat_t
	err = unix.Fstat(fd, &st)
	if id := f.tree.id; err == nil && (st.Mode&unix.S_IFMT != unix.S_IFSOCK || id != nil && int(st.Uid) != id.UID) {
		err = fmt.Errorf("%s is not the socket of this JVM (%s, owner %s): remove it", path.Join(f.path, name), kindOf(st.Mode), userName(int(st.Uid)))
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// Dial connects to a socket of the process's user, and to no other that was put in its place.
func (f *Folder) Dial(ctx context.Context, name string) (net.Conn, error) {
	return in(f, name, func() (net.Conn, error) {
		fd, err := f.socket(name)
		if err != nil {
			return nil, err
		}
		defer unix.Close(fd)
		var d net.Dialer
		return d.DialContext(ctx, "unix", fdPath(fd))
	}, closeFile)
}
