package jvm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"casefile/bundle/format/entries"
	"casefile/collectors"
	"casefile/collectors/access"
	"casefile/collectors/rights"
)

// Process is what /proc tells about one process.
type Process struct {
	PID   int
	NSPID int // pid in its own, innermost PID namespace
	UID   int // effective
	GID   int
	// SigCgt is the mask of caught signals; bit n-1 is signal n.
	SigCgt uint64
	// StartTicks is the start time in clock ticks since boot: with PID it names the process for ever.
	StartTicks uint64
	Threads    int
	Args       []string
	Cwd        string // as the process sees it

	// Tree is what it sees of files, with its rights; nil until it is known for a JVM.
	Tree *access.Tree

	dir   string // /proc/PID
	vmTID int    // of the VM thread, once found
}

const sigQuitBit = 1 << (3 - 1)

// readProcess reads what is needed to recognise a JVM and talk to it.
func readProcess(proc string, pid int) (*Process, error) {
	p := &Process{PID: pid, NSPID: pid, dir: filepath.Join(proc, strconv.Itoa(pid))}
	status, err := p.file("status")
	if err != nil {
		return nil, err
	}
	if err := p.parseStatus(status); err != nil {
		return nil, fmt.Errorf("%s/status: %w", p.dir, err)
	}
	st, err := collectors.ReadStat(filepath.Join(p.dir, "stat"))
	if err != nil {
		return nil, err
	}
	p.StartTicks = st.Started
	cmdline, err := p.file("cmdline")
	if err != nil {
		return nil, err
	}
	p.Args = splitNul(cmdline)
	p.Cwd, _ = os.Readlink(filepath.Join(p.dir, "cwd")) // other users' need rights
	return p, nil
}

// maxProcFile bounds what is read of one file of /proc. A process chooses how long its command
// line and its environment are (prctl PR_SET_MM_MAP); started with more than this it cannot be.
const maxProcFile = 2 << 20

// file reads one file of the process's folder.
func (p *Process) file(name string) ([]byte, error) {
	f, err := os.Open(filepath.Join(p.dir, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxProcFile))
}

// parseStatus reads the lines of /proc/PID/status (proc_pid_status(5)), e.g.
//
//	Uid:	1000	1000	1000	1000
//	NSpid:	4711	7
//	SigCgt:	2000000101005ccd
func (p *Process) parseStatus(b []byte) error {
	for line := range strings.Lines(string(b)) {
		key, value, _ := strings.Cut(line, ":")
		f := strings.Fields(value)
		if len(f) == 0 {
			continue
		}
		var err error
		switch key {
		case "Uid":
			p.UID, err = effective(f)
		case "Gid":
			p.GID, err = effective(f)
		case "NSpid":
			p.NSPID, err = strconv.Atoi(f[len(f)-1])
		case "Threads":
			p.Threads, err = strconv.Atoi(f[0])
		case "SigCgt":
			p.SigCgt, err = strconv.ParseUint(f[0], 16, 64)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

// effective picks the second of real, effective, saved and file system id.
func effective(f []string) (int, error) {
	if len(f) < 2 {
		return 0, entries.Errorf(entries.Unreadable, "%d ids, want 4", len(f))
	}
	return strconv.Atoi(f[1])
}

func splitNul(b []byte) []string {
	b = bytes.TrimRight(b, "\x00")
	if len(b) == 0 {
		return nil
	}
	return strings.Split(string(b), "\x00")
}

// rootPath names a file of the process for people. Nothing is opened by it: see Tree.
func (p *Process) rootPath(path string) string { return filepath.Join(p.dir, "root", path) }

// userName is the name of the owner, or its number.
func (p *Process) userName() string {
	if u, err := user.LookupId(strconv.Itoa(p.UID)); err == nil {
		return u.Username
	}
	return strconv.Itoa(p.UID)
}

// help says as whom one may ask the process, or what else hinders.
func (p *Process) help() string {
	v := rights.Here()
	switch {
	case v.Own.MayBecome():
		return v.Help()
	case p.UID == 0:
		return "run casefile as root"
	}
	return "run casefile as root or as " + p.userName()
}

// quitSignal sends SIGQUIT to the process that it was made for, and to no other that gets
// its pid.
type quitSignal struct{ pid, uid, fd int }

// quit prepares it. A process that does not catch the signal now would be killed by it.
func (p *Process) quit() (quitSignal, error) {
	q := quitSignal{pid: p.PID, uid: p.UID, fd: -1}
	if fd, err := unix.PidfdOpen(p.PID, 0); err == nil { // kernels from 5.3
		q.fd = fd
	}
	status, err := p.file("status")
	now := Process{}
	if err == nil {
		err = now.parseStatus(status)
	}
	switch {
	case err != nil, p.Tree.Check() != nil:
		err = ErrGone
	case now.SigCgt&sigQuitBit == 0:
		err = ErrNoSignal
	}
	if err != nil {
		q.close()
	}
	return q, err
}

// send sends it with our own rights, and where those do not reach with the user's: a debug container has no CAP_KILL.
func (q quitSignal) send() error {
	err := q.sendNow()
	if errors.Is(err, unix.EPERM) && q.uid != 0 {
		return access.AsUser(q.uid, q.sendNow)
	}
	return err
}

func (q quitSignal) sendNow() error {
	if q.fd < 0 {
		return unix.Kill(q.pid, unix.SIGQUIT)
	}
	return unix.PidfdSendSignal(q.fd, unix.SIGQUIT, nil, 0)
}

func (q quitSignal) close() {
	if q.fd >= 0 {
		unix.Close(q.fd)
	}
}

func ownerOf(st os.FileInfo) int {
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		return int(sys.Uid)
	}
	return -1
}
