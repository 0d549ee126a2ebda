package access

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"casefile/bundle/format/entries"

	"golang.org/x/sys/unix"
)

// Who else can lead an access astray: a third user who can write to a folder on the way,
// for whom the process's rights are more than his own. The rules are those of the
// kernel's protected_symlinks and protected_hardlinks (sysctl fs), which may be off,
// made stricter where the process is root.
//
//   - A symbolic link is followed when it belongs to root, to the process's user, or to the
//     owner of the folder that it lies in; where the process is root, only the first two.
//   - A file with further names is opened only where none but root, the process's user and
//     the owner of the folder can put names into its folder; where the process is root, not
//     that owner.

// errKind says that a name stands for something that is no file to be read.
var errKind = errors.New("not a regular file")

// maxLinks is the kernel's own limit on links in one path.
const maxLinks = 40

// open opens a regular file of the tree with the rights of the calling thread.
func (t *Tree) open(name string, flags int) (*os.File, error) {
	fd, err := t.resolve(name)
	if err != nil {
		return nil, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return nil, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	if err := t.checkFile(fd, name, &st); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return reopen(fd, name, flags)
}

// checkFile refuses what must not be opened, by an O_PATH descriptor.
func (t *Tree) checkFile(fd int, name string, st *unix.Stat_t) error {
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return fmt.Errorf("open %s: %w (%s)", name, errKind, kindOf(st.Mode))
	}
	var sys unix.Statfs_t
	if err := unix.Fstatfs(fd, &sys); err != nil {
		return &fs.PathError{Op: "statfs", Path: name, Err: err}
	}
	if slices.Contains(kernelFiles, int64(uint32(sys.Type))) {
		return fmt.Errorf("open %s: %w (a file of the kernel)", name, errKind)
	}
	if st.Nlink > 1 {
		return t.checkNames(name)
	}
	return nil
}

// kernelFiles are the file systems whose files are the kernel's answers, or acts.
var kernelFiles = []int64{unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.DEBUGFS_MAGIC, unix.TRACEFS_MAGIC, unix.SECURITYFS_MAGIC,
	unix.CGROUP_SUPER_MAGIC, unix.CGROUP2_SUPER_MAGIC, unix.BPF_FS_MAGIC, unix.DEVPTS_SUPER_MAGIC, unix.PSTOREFS_MAGIC,
	unix.EFIVARFS_MAGIC, unix.NSFS_MAGIC, unix.SELINUX_MAGIC, unix.SMACK_MAGIC, unix.BINFMTFS_MAGIC, unix.RDTGROUP_SUPER_MAGIC}

var kinds = map[uint32]string{unix.S_IFDIR: "a folder", unix.S_IFIFO: "a pipe", unix.S_IFSOCK: "a socket", unix.S_IFCHR: "a device",
	unix.S_IFBLK: "a device", unix.S_IFLNK: "a link"}

func kindOf(mode uint32) string { return kinds[mode&unix.S_IFMT] }

// reopen opens what an O_PATH descriptor stands for, and closes that.
func reopen(fd int, name string, flags int) (*os.File, error) {
	defer unix.Close(fd)
	opened, err := unix.Open(fdPath(fd), flags|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(opened), name), nil
}

// fdPath names an open descriptor of this process.
func fdPath(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }

// resolve finds name inside the tree and returns an O_PATH descriptor of it. Without links
// on the way that is one step of the kernel; links are followed one by one, so that
// their owners are seen.
func (t *Tree) resolve(name string) (int, error) {
	if t.broken != nil {
		return -1, t.broken
	}
	rel := strings.TrimLeft(path.Clean("/"+name), "/")
	if rel == "" {
		rel = "."
	}
	root := int(t.root.Fd())
	fd, err := unix.Openat2(root, rel, &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_SYMLINKS})
	if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		w := walk{tree: t, root: root, name: name}
		defer w.close()
		return w.run(rel)
	}
	if err != nil {
		return -1, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return fd, nil
}

// walk resolves a path step by step: a link's text is put in front of the rest, and ".."
// never leaves the root. Folders stay open while it is below them.
type walk struct {
	tree  *Tree
	root  int
	name  string // for errors
	stack []int
	// check is asked about every folder that is gone through; nil: none.
	check func(folder *unix.Stat_t) error
}

func (w *walk) at() int {
	if len(w.stack) == 0 {
		return w.root
	}
	return w.stack[len(w.stack)-1]
}

func (w *walk) close() {
	for _, fd := range w.stack {
		unix.Close(fd)
	}
	w.stack = nil
}

// run returns an O_PATH descriptor of what rel leads to.
func (w *walk) run(rel string) (int, error) {
	rest := strings.Split(rel, "/")
	for links := 0; len(rest) > 0; {
		elem := rest[0]
		rest = rest[1:]
		switch elem {
		case "", ".":
			continue
		case "..":
			if len(w.stack) > 0 {
				unix.Close(w.at())
				w.stack = w.stack[:len(w.stack)-1]
			}
			continue
		}
		target, fd, err := w.step(elem)
		switch {
		case err != nil:
			return -1, err
		case target != "":
			if links++; links > maxLinks {
				return -1, w.fail(unix.ELOOP)
			}
			if strings.HasPrefix(target, "/") {
				w.close()
			}
			rest = append(strings.Split(target, "/"), rest...)
		case len(rest) == 0:
			return fd, nil
		default:
			w.stack = append(w.stack, fd)
		}
	}
	fd, err := unix.Openat(w.at(), ".", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, w.fail(err)
	}
	return fd, nil
}

// step looks at one element: a link gives its text, anything else its descriptor.
func (w *walk) step(elem string) (target string, fd int, err error) {
	if w.check != nil {
		var folder unix.Stat_t
		if err := unix.Fstatat(w.at(), "", &folder, unix.AT_EMPTY_PATH); err != nil {
			return "", -1, w.fail(err)
		}
		if err := w.check(&folder); err != nil {
			return "", -1, err
		}
	}
	fd, err = unix.Openat(w.at(), elem, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", -1, w.fail(err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return "", -1, w.fail(err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFLNK {
		return "", fd, nil
	}
	defer unix.Close(fd)
	if err := w.mayFollow(elem, &st); err != nil {
		return "", -1, err
	}
	text := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(fd, "", text)
	if err != nil || n == 0 {
		return "", -1, w.fail(errors.Join(unix.ELOOP, err)) // a link of the kernel that has no text
	}
	return string(text[:n]), -1, nil
}

func (w *walk) fail(err error) error { return &fs.PathError{Op: "open", Path: w.name, Err: err} }

// mayFollow holds a link to the rule above.
func (w *walk) mayFollow(elem string, link *unix.Stat_t) error {
	if w.tree.ownsWay(int(link.Uid)) {
		return nil
	}
	if !w.tree.id.privileged() {
		var folder unix.Stat_t
		if err := unix.Fstatat(w.at(), "", &folder, unix.AT_EMPTY_PATH); err != nil {
			return w.fail(err)
		}
		if folder.Uid == link.Uid {
			return nil
		}
	}
	return &Stranger{Path: w.name, What: "the link " + elem, Owner: int(link.Uid)}
}

// ownsWay tells a user who may lead the process: root, itself, and whom the admin trusts.
func (t *Tree) ownsWay(uid int) bool {
	return t.id == nil || uid == t.id.UID || slices.Contains(t.id.roots, uid) || slices.Contains(t.trusted, uid)
}

// checkNames refuses a file with further names where a third user can have put this one.
func (t *Tree) checkNames(name string) error {
	if t.id == nil {
		return nil
	}
	w := walk{tree: t, root: int(t.root.Fd()), name: name}
	defer w.close()
	var folder unix.Stat_t
	w.check = func(st *unix.Stat_t) error { folder = *st; return nil } // the last one is the file's
	fd, err := w.run(strings.TrimLeft(path.Clean("/"+name), "/"))
	if err != nil {
		return err
	}
	unix.Close(fd)
	const others = 0o022 // an ACL shows as the group's rights
	if folder.Mode&others == 0 && (t.ownsWay(int(folder.Uid)) || !t.id.privileged()) {
		return nil
	}
	return &Stranger{Path: name, What: "a file with further names (hard links), in a folder that others can write to", Owner: int(folder.Uid)}
}

// Stranger refuses a way that a third user can have laid.
type Stranger struct {
	Path, What string
	Owner      int
}

func (s *Stranger) Error() string {
	return fmt.Sprintf("open %s: %s (owner %s) may have been put there by a user whom the process does not trust", s.Path, s.What, userName(s.Owner))
}

// Cause makes it known to the ledger.
func (s *Stranger) Cause() entries.Cause { return entries.NotPermitted }

// Fix says what an admin can do.
func (s *Stranger) Fix() string {
	return "let root or the user of the process own it, or capture with --trust-owner " + userName(s.Owner)
}
