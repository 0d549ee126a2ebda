// Package newfile makes files and folders in places that others can write to: /tmp, a share,
// the home of a service. Whoever writes there with more rights than the others must not
// be led by what they put there first. So a file is created new (O_EXCL: no link is
// followed), for its owner alone, under a temporary name, and renamed into place, which
// replaces a link instead of going through it.
package newfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Suffix is what the temporary name of a file ends in.
const Suffix = ".new"

// Create creates a file that was not there. What is left of an earlier run under that name, or
// was put there, is removed first and never opened.
func Create(name string) (*os.File, error) {
	if device(name) {
		return nil, fmt.Errorf("%s: a folder of devices is no place for files", name)
	}
	if err := os.Remove(name); err != nil {
		if _, there := os.Lstat(name); !errors.Is(there, fs.ErrNotExist) { // of what is not there a read-only disk says that it is one
			return nil, err
		}
	}
	return os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
}

// ErrReplaced says that somebody else put another file in the place of one that was written.
var ErrReplaced = errors.New("another file was put in its place: choose a folder that others cannot write to")

// Publish gives a file that Create made its own name.
func Publish(f *os.File, name string) error {
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	return Check(f, name)
}

// Check reports whether the name stands for the open file.
func Check(f *os.File, name string) error {
	ours, err := f.Stat()
	if err != nil {
		return err
	}
	there, err := os.Lstat(name)
	if err != nil {
		return err
	}
	if !os.SameFile(ours, there) {
		return fmt.Errorf("%s: %w", name, ErrReplaced)
	}
	return nil
}

// device reports whether a name is one of the system's devices, such as /dev/stdout.
func device(name string) bool {
	name = filepath.ToSlash(filepath.Clean(name))
	return strings.HasPrefix(name, "/dev/") && !strings.HasPrefix(name, "/dev/shm/")
}

// Write writes a file that appears under its name when it is whole. A device is written to as it is.
func Write(name string, write func(io.Writer) error) error {
	if device(name) {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	f, err := Create(name + Suffix)
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil && !replacesOpen {
		err = errors.Join(f.Close(), os.Rename(f.Name(), name))
	} else if err == nil {
		err = errors.Join(Publish(f, name), f.Close())
	}
	if err != nil {
		f.Close()
		os.Remove(f.Name())
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// PrivateDir makes a folder that only this user can enter, or takes one that is his and that
// nobody else can write to.
func PrivateDir(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); !errors.Is(err, fs.ErrExist) {
		return err
	}
	st, err := os.Lstat(dir)
	switch {
	case err != nil:
		return err
	case !st.IsDir():
		return fmt.Errorf("%s is not a folder (%v)", dir, st.Mode().Type())
	case !own(st):
		return fmt.Errorf("%s belongs to another user", dir)
	case othersWrite(st):
		return fmt.Errorf("%s: others may write there (mode %04o); chmod 700 %[1]s", dir, st.Mode().Perm())
	}
	return nil
}
