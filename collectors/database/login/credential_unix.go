//go:build unix

package login

import (
	"io/fs"
	"syscall"
)

const nonblock = syscall.O_NONBLOCK

func openToAll(info fs.FileInfo) bool { return info.Mode().Perm()&0o004 != 0 }
