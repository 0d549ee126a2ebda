package access

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Users gives the numbers of users that are named by name or number.
func Users(names []string) ([]int, error) {
	var uids []int
	for _, name := range names {
		uid, err := strconv.ParseUint(name, 10, 32)
		if err != nil {
			u, lookErr := user.Lookup(name)
			if lookErr != nil {
				return nil, fmt.Errorf("trust owner %q: %w", name, lookErr)
			}
			if uid, err = strconv.ParseUint(u.Uid, 10, 32); err != nil {
				return nil, fmt.Errorf("trust owner %q: %w", name, err)
			}
		}
		uids = append(uids, int(uid))
	}
	return uids, nil
}

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
