package jvm

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"casefile/collectors"
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

var scratches atomic.Int64

// scratchName names a folder, and what is recorded into it: <prefix><mark>-<serial>-<pid in the JVM's namespace>.
func (j *JVM) scratchName(prefix string) string {
	return fmt.Sprintf("%s%s-%d-%d", prefix, ownMark(), scratches.Add(1), j.NSPID)
}

// abandoned tells whether the casefile that a name carries the mark of, behind
// prefix, has ended.
func abandoned(name, prefix string) bool {
	f := strings.Split(strings.TrimPrefix(filepath.Base(name), prefix), "-")
	if len(f) < 2 {
		return true
	}
	st, err := collectors.ReadStat(filepath.Join("/proc", f[0], "stat"))
	return err != nil || strconv.FormatUint(st.Started, 10) != f[1]
}

// tmp opens the JVM's /tmp. What the JVM's user puts there can lead nowhere else.
func (j *JVM) tmp() (*os.Root, error) {
	dir := j.rootPath(scratchDir)
	if st, err := os.Lstat(dir); err != nil {
		return nil, err
	} else if !st.IsDir() { // a link would lead into our file system
		return nil, fmt.Errorf("%s of the JVM is no folder (%v)", scratchDir, st.Mode().Type())
	}
	return os.OpenRoot(dir)
}

// makeScratch makes a folder with the given files in it, which the JVM's user owns
// and nobody else can enter. It returns its path as the JVM sees it.
func (j *JVM) makeScratch(name string, files map[string][]byte) (folder string, err error) {
	err = j.asOwner(func() error {
		folder, err = j.fillScratch(name, files)
		return err
	})
	return folder, err
}

func (j *JVM) fillScratch(name string, files map[string][]byte) (string, error) {
	tmp, err := j.tmp()
	if err != nil {
		return "", err
	}
	defer tmp.Close()
	if err := tmp.Mkdir(name, 0o700); err != nil {
		return "", err
	}
	fill := func() error {
		for file, content := range files {
			f, err := tmp.OpenFile(path.Join(name, file), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if err != nil {
				return err
			}
			_, err = f.Write(content)
			if os.Geteuid() == 0 {
				err = errors.Join(err, f.Chown(j.UID, j.GID))
			}
			if err = errors.Join(err, f.Close()); err != nil {
				return err
			}
		}
		if os.Geteuid() == 0 { // last: from here on the folder is the JVM's
			return tmp.Lchown(name, j.UID, j.GID)
		}
		return nil
	}
	if err := fill(); err != nil {
		tmp.RemoveAll(name)
		return "", err
	}
	return path.Join(scratchDir, name), nil
}

// removeScratch deletes a folder of ours with all that is in it.
func (j *JVM) removeScratch(folder string) error {
	tmp, err := j.tmp()
	if err != nil {
		return err
	}
	defer tmp.Close()
	return tmp.RemoveAll(path.Base(folder))
}

// madeFor tells whether what a name of ours stands for was made for this JVM.
func (j *JVM) madeFor(name string) bool {
	return strings.HasSuffix(name, "-"+strconv.Itoa(j.NSPID))
}

// ended tells whether the JVM that it was made for runs no more, in this JVM's pid
// namespace: what is left of it nobody else takes away.
func (j *JVM) ended(name string) bool {
	pid := name[strings.LastIndexByte(name, '-')+1:]
	if _, err := strconv.Atoi(pid); err != nil {
		return false
	}
	if _, err := os.Stat(j.rootPath("/proc/" + strconv.Itoa(j.NSPID))); err != nil {
		return false // its /proc is not there, or another namespace's
	}
	_, err := os.Stat(j.rootPath("/proc/" + pid))
	return errors.Is(err, fs.ErrNotExist)
}

// abandonedScratch lists the folders of ended casefile processes that were made
// for this JVM, or for one that has ended.
func (j *JVM) abandonedScratch(prefix string) []string {
	tmp, err := j.tmp()
	if err != nil {
		return nil
	}
	defer tmp.Close()
	var found []string
	names, _ := fs.Glob(tmp.FS(), prefix+"*")
	for _, n := range names {
		if !j.madeFor(n) && !j.ended(n) {
			continue
		}
		if st, err := tmp.Lstat(n); err == nil && st.IsDir() && abandoned(n, prefix) {
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
