package timing

import "golang.org/x/sys/unix"

const readOnly = unix.MS_RDONLY

func mountTmpfs(dir, options string, flags uintptr) error {
	return unix.Mount("casefile-test", dir, "tmpfs", flags, options)
}

func unmount(dir string) error { return unix.Unmount(dir, 0) }
