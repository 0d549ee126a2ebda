// Package shelf is the captures that lie at some paths: it finds them, keeps the last ones read, and remembers what was
// found in each of them.
package shelf

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"casefile/bundle"
	"casefile/bundle/seal"
)

// Item is one capture that lies somewhere.
type Item struct {
	ID      string // of its path, fit for an address
	Name    string // its path below the one that was given
	Path    string
	Size    int64     // bytes
	ModTime time.Time // of a folder: the newest of its files
	Sealed  bool      // to recipients
	Parts   []Item    // of a case in several bundles, see [Shelf.Cases]; its Path is empty
}

// Limits of a search for captures.
const (
	maxDepth = 4      // folders below the one that was given
	maxItems = 2000   // captures
	maxFiles = 100000 // looked at in one folder that is a capture
)

// Find lists the captures at paths, newest first. A folder of bundles gives each of them; any other path is one capture.
// Symbolic links within a folder are not followed.
func Find(paths []string) ([]Item, error) {
	var out []Item
	for _, p := range paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(abs)
		if err != nil {
			return nil, err
		}
		found := []Item{}
		if info.IsDir() && !isBundle(abs) {
			if found, err = within(abs); err != nil {
				return nil, err
			}
		}
		if len(found) == 0 {
			found = append(found, itemOf(abs, filepath.Base(abs)))
		}
		out = append(out, found...)
	}
	slices.SortFunc(out, func(a, b Item) int {
		return cmp.Or(b.ModTime.Compare(a.ModTime), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	out = slices.CompactFunc(out, func(a, b Item) bool { return a.ID == b.ID })
	if len(out) > maxItems {
		return nil, fmt.Errorf("%s: %d captures, at most %d are listed; give a folder with fewer", strings.Join(paths, ", "), len(out), maxItems)
	}
	return out, nil
}

// within are the bundles in a folder and those below it.
func within(root string) (found []Item, err error) {
	err = filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		switch {
		case err != nil && p == root:
			return err
		case err != nil || p == root:
			return nil //nolint:nilerr // a folder that cannot be opened costs only itself
		}
		rel, _ := filepath.Rel(root, p)
		switch {
		case e.IsDir() && isBundle(p):
			found = append(found, itemOf(p, rel))
			return fs.SkipDir
		case e.IsDir() && strings.Count(rel, string(filepath.Separator)) >= maxDepth:
			return fs.SkipDir
		case e.Type().IsRegular() && bundleName(p):
			found = append(found, itemOf(p, rel))
		}
		if len(found) > maxItems {
			return fs.SkipAll
		}
		return nil
	})
	return found, err
}

// isSealed reports whether a file is encrypted to recipients, whatever its name; one that cannot be read may be.
func isSealed(file string) bool {
	f, err := os.Open(file)
	if err != nil {
		return true
	}
	defer f.Close()
	head := make([]byte, 64)
	n, err := io.ReadFull(f, head)
	return seal.IsSealed(head[:n]) || err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF)
}

func bundleName(p string) bool {
	_, ok := bundle.FormatOf(p)
	return ok
}

// isBundle reports whether a folder is one capture.
func isBundle(dir string) bool {
	for _, name := range []string{bundle.ManifestFile, bundle.PlanFile} {
		if info, err := os.Lstat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
			return true
		}
	}
	return false
}

func itemOf(p, name string) Item {
	sum := sha256.Sum256([]byte(p))
	it := Item{ID: hex.EncodeToString(sum[:8]), Name: filepath.ToSlash(name), Path: p}
	info, err := os.Stat(p)
	if err != nil {
		return it
	}
	if !info.IsDir() {
		it.Size, it.ModTime, it.Sealed = info.Size(), info.ModTime(), info.Mode().IsRegular() && isSealed(p)
		return it
	}
	files := 0
	_ = filepath.WalkDir(p, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil //nolint:nilerr // what cannot be read has no size
		}
		if files++; files > maxFiles {
			return fs.SkipAll
		}
		if info, err := e.Info(); err == nil {
			it.Size += info.Size()
			if info.ModTime().After(it.ModTime) {
				it.ModTime = info.ModTime()
			}
		}
		return nil
	})
	return it
}
