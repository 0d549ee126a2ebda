//go:build !linux

package goproc

import (
	"context"
	"errors"
	"net"
	"os"
)

// Processes are found on Linux only; elsewhere the plan names addresses.

type fileID struct{}

func idOf(*os.File) (fileID, bool) { return fileID{}, false }

func dialIn(string) dialer {
	return func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.ErrUnsupported
	}
}
