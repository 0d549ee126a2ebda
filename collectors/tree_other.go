//go:build !linux

package collectors

import (
	"errors"
	"os"
)

func (t Tree) open(string) (*os.File, error) { return nil, errors.ErrUnsupported }
