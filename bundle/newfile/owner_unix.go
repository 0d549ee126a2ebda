//go:build unix

package newfile

import (
	"io/fs"
	"os"
	"syscall"
)

// replacesOpen tells that a file can be renamed while it is open.
const replacesOpen = true

func own(st fs.FileInfo) bool {
	sys, ok := st.Sys().(*syscall.Stat_t)
	return ok && int(sys.Uid) == os.Geteuid()
}

func othersWrite(st fs.FileInfo) bool { return st.Mode().Perm()&0o022 != 0 }
