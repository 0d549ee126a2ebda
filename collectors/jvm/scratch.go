package jvm

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"casefile/bundle/format/entries"
	"casefile/collectors"
	"casefile/collectors/access"
)

// A scratch folder holds what the JVM reads and writes for us. It lies in the JVM's
// own /tmp, only the JVM's user can enter it, and its name carries the pid and start
// time of the casefile that made it, so that a later run knows one whose owner was killed.
const scratchDir = "/tmp"

// ownMark names this casefile process for ever: its pid and its start time.
func ownMark() string {
	start := uint64(0)
	if st, err := collectors.ReadStat("/proc/self/stat"); err == nil {
		start = st.Started
	}
	return fmt.Sprintf("%d-%d", os.Getpid(), start)
}

// scratchName names a folder, and what is recorded into it:
// <prefix><mark>-<random number>-<pid in the JVM's namespace>. Nobody can take the name first.
func (j *JVM) scratchName(prefix string) string {
	return fmt.Sprintf("%s%s-%d-%d", prefix, ownMark(), rand.Uint64(), j.NSPID)
}

// abandoned reports whether the casefile that a name carries the mark of, behind
// prefix, has ended.
func abandoned(name, prefix string) bool {
	f := strings.Split(strings.TrimPrefix(filepath.Base(name), prefix), "-")
	if len(f) < 2 {
		return true
	}
	st, err := collectors.ReadStat(filepath.Join("/proc", f[0], "stat"))
	return err != nil || strconv.FormatUint(st.Started, 10) != f[1]
}

// tmp opens the JVM's /tmp.
func (p *Process) tmp() (*access.Folder, error) { return p.Tree.Folder(scratchDir) }

// freeScratch is how many bytes the JVM may write there.
func (j *JVM) freeScratch() (int64, bool) {
	tmp, err := j.tmp()
	if err != nil {
		return 0, false
	}
	defer tmp.Close()
	free, err := tmp.Free()
	return free, err == nil
}

// makeScratch makes a folder with the given files in it, which the JVM's user owns
// and nobody else can enter. It returns its path as the JVM sees it.
func (j *JVM) makeScratch(name string, files map[string][]byte) (string, error) {
	tmp, err := j.tmp()
	if err != nil {
		return "", err
	}
	defer tmp.Close()
	if err := tmp.Mkdir(name, files); err != nil {
		return "", err
	}
	return path.Join(scratchDir, name), nil
}

// removeScratch deletes a folder of casefile's own with all that is in it.
func (j *JVM) removeScratch(folder string) error {
	tmp, err := j.tmp()
	if err != nil {
		return err
	}
	defer tmp.Close()
	return tmp.RemoveAll(path.Base(folder))
}

// dropScratch is removeScratch; a folder that stays is told in the ledger, but not of a process that has ended: the
// next run of casefile removes it.
func (c *capture) dropScratch(folder, item string) {
	if folder == "" {
		return
	}
	if err := c.removeScratch(folder); err != nil && !errors.Is(err, fs.ErrNotExist) && entries.CauseOf(err) != entries.Gone {
		c.LostErr(item, err)
	}
}

// madeFor reports whether what a name of ours stands for was made for this JVM.
func (j *JVM) madeFor(name string) bool {
	return strings.HasSuffix(name, "-"+strconv.Itoa(j.NSPID))
}

// ended reports whether the JVM that it was made for runs no more, in this JVM's pid
// namespace: what is left of it nobody else takes away.
func (j *JVM) ended(name string) bool {
	pid := name[strings.LastIndexByte(name, '-')+1:]
	if _, err := strconv.Atoi(pid); err != nil {
		return false
	}
	if own, _ := j.Tree.Exists("/proc/" + strconv.Itoa(j.NSPID)); !own {
		return false // its /proc is not there, or another namespace's
	}
	runs, known := j.Tree.Exists("/proc/" + pid)
	return known && !runs
}

// abandonedScratch lists the folders of ended casefile processes that were made
// for this JVM, or for one of its user that has ended.
func (j *JVM) abandonedScratch(prefix string) []string {
	tmp, err := j.tmp()
	if err != nil {
		return nil
	}
	defer tmp.Close()
	var found []string
	names, _ := tmp.Names(func(n string) bool { return strings.HasPrefix(n, prefix) })
	for _, n := range names {
		if !j.madeFor(n) && !j.ended(n) {
			continue
		}
		if st, err := tmp.Lstat(n); err == nil && st.IsDir() && ownerOf(st) == j.UID && abandoned(n, prefix) {
			found = append(found, path.Join(scratchDir, n))
		}
	}
	return found
}

// removeAbandoned deletes such folders: what wrote into them has ended by itself, or will.
func (j *JVM) removeAbandoned(prefixes ...string) error {
	for _, prefix := range prefixes {
		for _, folder := range j.abandonedScratch(prefix) {
			if err := j.removeScratch(folder); err != nil {
				return err
			}
		}
	}
	return nil
}
