package access

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Identity is what a process may do to files: its file system ids, groups and
// capabilities, as proc_pid_status(5) tells them.
type Identity struct {
	UID, GID int
	Groups   []int
	// caps are its effective capabilities; none where they hold for a user namespace
	// other than casefile's.
	caps uint64
	// roots are the users that are root for it: 0, and root of its user namespace.
	roots []int
	// Foreign tells that it lives in another user namespace than casefile.
	Foreign bool
}

// readIdentity reads the identity of the process whose folder of /proc is dir. A process
// whose real, effective, saved and file system ids differ is between two users: nothing
// says whose files it may read, so it has none.
func readIdentity(dir string) (*Identity, error) {
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return nil, err
	}
	id, err := parseIdentity(string(status))
	if err != nil {
		return nil, fmt.Errorf("%s/status: %w", dir, err)
	}
	theirs, err1 := os.Readlink(filepath.Join(dir, "ns", "user"))
	ours, err2 := os.Readlink("/proc/self/ns/user")
	id.Foreign = err1 == nil && err2 == nil && theirs != ours
	id.roots = []int{0}
	if err1 != nil || err2 != nil || id.Foreign {
		id.caps = 0
	}
	if id.Foreign {
		if uid, ok := mappedRoot(filepath.Join(dir, "uid_map")); ok {
			id.roots = append(id.roots, uid)
		}
	}
	return id, nil
}

// parseIdentity reads the lines
//
//	Uid:	1000	1000	1000	1000
//	Gid:	1000	1000	1000	1000
//	Groups:	4 24 1000
//	CapEff:	0000000000000000
func parseIdentity(status string) (*Identity, error) {
	id := &Identity{UID: -1, GID: -1}
	for line := range strings.Lines(status) {
		key, value, _ := strings.Cut(line, ":")
		f := strings.Fields(value)
		var err error
		switch key {
		case "Uid":
			id.UID, err = oneID(f)
		case "Gid":
			id.GID, err = oneID(f)
		case "Groups":
			id.Groups, err = numbers(f)
		case "CapEff":
			id.caps, err = strconv.ParseUint(strings.TrimSpace(value), 16, 64)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	if id.UID < 0 || id.GID < 0 {
		return nil, fmt.Errorf("no ids")
	}
	slices.Sort(id.Groups)
	return id, nil
}

// oneID is the id that all four are.
func oneID(f []string) (int, error) {
	ids, err := numbers(f)
	if err != nil || len(ids) != 4 {
		return -1, fmt.Errorf("%d ids, want 4: %w", len(ids), err)
	}
	if len(slices.Compact(slices.Clone(ids))) != 1 {
		return -1, fmt.Errorf("its real, effective, saved and file system ids differ (%v): it changes its user", ids)
	}
	return ids[0], nil
}

func numbers(f []string) ([]int, error) {
	var list []int
	for _, s := range f {
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			return nil, err
		}
		list = append(list, int(n))
	}
	return list, nil
}

// mappedRoot is the user that is root inside a user namespace: of lines
// "inside outside length" the one that holds 0.
func mappedRoot(file string) (int, bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		if n, err := numbers(strings.Fields(line)); err == nil && len(n) == 3 && n[0] == 0 {
			return n[1], true
		}
	}
	return 0, false
}

// privileged tells that permissions of files do not bind the process: what it is led to
// by others must not be followed.
func (id *Identity) privileged() bool {
	const beyond = 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_DAC_READ_SEARCH | 1<<unix.CAP_FOWNER
	return slices.Contains(id.roots, id.UID) || id.caps&beyond != 0
}

// Same reports whether two identities are one.
func (id *Identity) Same(other *Identity) bool {
	return id.UID == other.UID && id.GID == other.GID && id.caps == other.caps && slices.Equal(id.Groups, other.Groups)
}
