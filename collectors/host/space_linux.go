package host

import "golang.org/x/sys/unix"

func statfs(path string) (space, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return space{}, err
	}
	size := uint64(s.Frsize)
	if size == 0 {
		size = uint64(s.Bsize)
	}
	return space{total: s.Blocks * size, free: s.Bfree * size, available: s.Bavail * size, inodes: s.Files, inodesFree: s.Ffree}, nil
}
