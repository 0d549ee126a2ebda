//go:build !linux

package bundle

import "os"

func preallocate(*os.File, int64, int64) error { return nil }

func isNoSpace(error) bool { return false }
