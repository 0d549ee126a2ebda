package host

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"casefile/collectors"
)

// maxFile is how much is read of any one file.
const maxFile = 4 << 20

// tree reads the system by the names files have on it, wherever the roots of
// the session put them.
type tree struct{ roots collectors.Roots }

// at returns where a file of the system is to be opened.
func (t tree) at(name string) string {
	for _, r := range [...]struct{ name, root string }{{"/proc", t.roots.Proc}, {"/sys", t.roots.Sys}, {"/etc", t.roots.Etc}} {
		if rest, ok := strings.CutPrefix(name, r.name); ok && (rest == "" || rest[0] == '/') {
			return filepath.Join(r.root, rest)
		}
	}
	return filepath.Join(filepath.Dir(filepath.Clean(t.roots.Etc)), name)
}

// read returns at most limit bytes of a file.
func (t tree) read(name string, limit int64) ([]byte, error) {
	f, err := os.Open(t.at(name))
	if err != nil {
		return nil, named(name, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit))
	return b, named(name, err)
}

// word returns the content of a file of one line, or "".
func (t tree) word(name string) string {
	b, err := t.read(name, 4<<10)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func (t tree) exists(name string) bool {
	_, err := os.Stat(t.at(name))
	return err == nil
}

// named gives an error the name the file has on the system.
func named(name string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return fmt.Errorf("%s %s: %w", pe.Op, name, pe.Err)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

// missing reports whether the kernel has no such file, or has it switched off.
func missing(err error) bool {
	for _, e := range [...]error{fs.ErrNotExist, syscall.ENOTDIR, syscall.EOPNOTSUPP, syscall.ENODEV, syscall.EINVAL, syscall.ENXIO} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
