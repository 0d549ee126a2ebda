package newfile

import (
	"fmt"
	"os"
)

// Unnamed makes a temporary file that has no name where the system allows that, so that a killed process leaves
// nothing. It can be opened by path as long as it is open itself; remove closes it.
func Unnamed(pattern string) (f *os.File, path string, remove func(), err error) {
	f, err = os.CreateTemp("", pattern)
	if err != nil {
		return nil, "", nil, err
	}
	name := f.Name()
	byNumber := fmt.Sprintf("/proc/self/fd/%d", f.Fd())
	if _, err := os.Stat(byNumber); err == nil && os.Remove(name) == nil {
		return f, byNumber, func() { f.Close() }, nil
	}
	return f, name, func() { f.Close(); os.Remove(name) }, nil
}
