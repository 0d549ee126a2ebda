//go:build !linux

package host

import "errors"

func statfs(string) (space, error) { return space{}, errors.ErrUnsupported }

func readClock() (clockReading, error) { return clockReading{}, errors.ErrUnsupported }
