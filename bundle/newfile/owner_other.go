//go:build !unix

package newfile

import "io/fs"

// replacesOpen tells that a file can be renamed while it is open.
const replacesOpen = false

// Windows keeps who may write to a folder in its access control list, which follows the one above.

func own(fs.FileInfo) bool { return true }

func othersWrite(fs.FileInfo) bool { return false }
