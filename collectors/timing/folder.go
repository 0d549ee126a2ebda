package timing

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// osFolder is a folder of this machine. All names are resolved below it: a link that
// somebody puts in our way leads nowhere else.
type osFolder struct {
	*os.Root
	path string
}

func openFolder(path string) (folder, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	return osFolder{root, path}, nil
}

func (f osFolder) Free() (uint64, error) { return freeSpace(f.path) }

func (f osFolder) Names(most int) ([]string, error) {
	dir, err := f.Root.Open(".")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(most)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return names, err
}

func (f osFolder) Age(name string) (time.Duration, error) {
	info, err := f.Lstat(name)
	if err != nil {
		return 0, err
	}
	if !info.IsDir() {
		return 0, fs.ErrInvalid
	}
	return time.Since(info.ModTime()), nil
}

func (f osFolder) Mkdir(name string) error { return f.Root.Mkdir(name, 0o700) }

func (f osFolder) Create(name string) (file, error) {
	h, err := f.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err // not a nil *os.File in a file
	}
	return osFile{h}, nil
}

func (f osFolder) Open(name string) (file, error) {
	h, err := f.Root.Open(name)
	if err != nil {
		return nil, err
	}
	return osFile{h}, nil
}

type osFile struct{ *os.File }

// Lock is the kind of lock that fcntl(2) knows and a network file system passes on; where another holds it, it is refused at once.
func (f osFile) Lock() error {
	whole := unix.Flock_t{Type: unix.F_WRLCK}
	if err := unix.FcntlFlock(f.Fd(), unix.F_SETLK, &whole); err != nil {
		return err
	}
	whole.Type = unix.F_UNLCK
	return unix.FcntlFlock(f.Fd(), unix.F_SETLK, &whole)
}

func (f osFolder) Stat(name string) error {
	_, err := f.Root.Stat(name)
	return err
}
