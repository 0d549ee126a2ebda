package bundle

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// preallocate reserves blocks for need bytes at off without changing the file's
// length. A file system that cannot is no error: the write itself will tell.
func preallocate(f *os.File, off, need int64) error {
	err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, off, need)
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return err
	}
	return nil
}

func isNoSpace(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) || errors.Is(err, unix.EFBIG)
}
