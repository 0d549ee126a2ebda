package access

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// openTrusted opens, with casefile's own rights, a file that the process may not read but
// whose owner the admin trusts. Every folder on the way, from the root of the process on,
// must be one that only root can write to, so that only root can have put the file there.
func (t *Tree) openTrusted(name string) (*os.File, error) {
	return bounded(t.late, name, func() (*os.File, error) {
		w := walk{tree: t, root: int(t.root.Fd()), name: name, check: rootsOwn}
		defer w.close()
		fd, err := w.run(strings.TrimLeft(path.Clean("/"+name), "/"))
		if err != nil {
			return nil, err
		}
		var st unix.Stat_t
		if err = unix.Fstat(fd, &st); err == nil {
			err = t.checkFile(fd, name, &st)
		}
		if err == nil && !slices.Contains(t.trusted, int(st.Uid)) {
			err = &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
		}
		if err != nil {
			unix.Close(fd)
			return nil, err
		}
		return reopen(fd, name, unix.O_RDONLY)
	}, closeFile)
}

// rootsOwn refuses a folder that others than root can write to. The rights of an access
// control list show as those of the group.
func rootsOwn(folder *unix.Stat_t) error {
	if folder.Uid != 0 || folder.Mode&0o022 != 0 {
		return fmt.Errorf("a folder on the way can be written by others than root: %w", fs.ErrPermission)
	}
	return nil
}
