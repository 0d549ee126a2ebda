//go:build !linux

package timing

import "errors"

func freeSpace(string) (uint64, error) { return 0, errors.ErrUnsupported }
