package agent

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"casefile/bundle/newfile"
)

// spool is the folder in which a node keeps bundles until they are fetched, and
// the ids of the captures it made.
type spool struct {
	dir  string
	used []string
	err  error // why the folder cannot be used
}

const (
	usedFile = "used-ids"
	// maxUsed is how many ids are remembered, the newest.
	maxUsed = 10_000
	// minSpool is what a capture must have room for to be begun.
	minSpool = 1 << 20
)

// ownFile is what this package leaves in a spool folder when it is killed: the
// bundle, or the one being written in its place.
var ownFile = regexp.MustCompile(`^[0-9a-f]{32}\.tar\.zst(\.scrubbing)?(\.new)?$`)

func (s *spool) path(id string) string { return filepath.Join(s.dir, id+".tar.zst") }

// openSpool takes a folder for this process. An error shows when a capture is
// ordered: the node can answer everything else without a spool.
func openSpool(dir string) *spool {
	s := &spool{dir: dir}
	s.err = s.open()
	return s
}

func (s *spool) open() error {
	if s.dir == "" {
		return errors.New("no spool folder is set")
	}
	if err := newfile.PrivateDir(s.dir); err != nil {
		return err
	}
	if err := s.clean(); err != nil {
		return err
	}
	return s.load()
}

// clean removes what an earlier process left.
func (s *spool) clean() error {
	files, err := os.ReadDir(s.dir)
	for _, f := range files {
		if f.Type().IsRegular() && ownFile.MatchString(f.Name()) {
			err = errors.Join(err, os.Remove(filepath.Join(s.dir, f.Name())))
		}
	}
	return err
}

// load reads the used ids, and writes the file anew when it has become long.
func (s *spool) load() error {
	f, err := os.Open(filepath.Join(s.dir, usedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if validID.MatchString(lines.Text()) {
			s.remember(lines.Text())
		}
	}
	if st, err := f.Stat(); err != nil || st.Size() < 2*maxUsed*33 {
		return err
	}
	return os.WriteFile(f.Name(), []byte(strings.Join(s.used, "\n")+"\n"), 0o600)
}

func (s *spool) remember(id string) {
	s.used = append(s.used, id)
	if len(s.used) > maxUsed {
		s.used = slices.Delete(s.used, 0, len(s.used)-maxUsed)
	}
}

func (s *spool) knows(id string) bool { return slices.Contains(s.used, id) }

// use marks an id, before anything is done in its name.
func (s *spool) use(id string) error {
	f, err := os.OpenFile(filepath.Join(s.dir, usedFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(id + "\n")
	if err = errors.Join(err, f.Close()); err == nil {
		s.remember(id)
	}
	return err
}

// limit is how large a bundle may become: within the budget, and a third of what
// the file system has free, for a bundle may have to be written twice.
func (s *spool) limit(budget int64) (int64, error) {
	free, err := freeSpace(s.dir)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", s.dir, err)
	}
	if limit := min(budget, free/3); limit >= minSpool {
		return limit, nil
	}
	return 0, fmt.Errorf("no room in %s: %d MB free, %d MB of the spool left", s.dir, free>>20, budget>>20)
}

// removeAll removes a bundle and whatever a failed capture left next to it.
func (s *spool) removeAll(id string) {
	for _, suffix := range []string{"", ".new", ".scrubbing", ".scrubbing.new"} {
		os.Remove(s.path(id) + suffix)
	}
}
