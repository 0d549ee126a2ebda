package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// places says of a folder what keeps casefile from writing there.
var places = []struct {
	err  error
	says string
}{
	{syscall.EROFS, "$ is read-only"},
	{fs.ErrPermission, "you may not write to $"},
	{syscall.ENOSPC, "$ is full"},
	{fs.ErrNotExist, "$ is not there"},
}

// placeHint says what to do about a file that could not be made.
func placeHint(file string, err error, fix string) string {
	dir, abs := filepath.Abs(filepath.Dir(file))
	for _, p := range places {
		if abs == nil && errors.Is(err, p.err) {
			return strings.ReplaceAll(p.says, "$", dir) + ": " + fix
		}
	}
	return fix
}

// tempDir makes a folder for what is not kept.
func tempDir(pattern string) (string, error) {
	dir, err := os.MkdirTemp("", pattern+"*")
	if err != nil {
		return "", hinted(err, placeHint(filepath.Join(os.TempDir(), pattern), err, "name a folder that can be written to in TMPDIR"))
	}
	return dir, nil
}
