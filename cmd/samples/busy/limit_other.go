//go:build !linux

package main

import "errors"

func limitFiles(uint64) error { return errors.New("limits of files are set on Linux only") }
