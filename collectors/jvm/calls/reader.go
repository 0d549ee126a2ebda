package calls

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"casefile/bundle/format/entries"
)

// Reader reads the calls of one process.
type Reader struct {
	// dir is /proc/PID, held open: it is of this process even when its pid is used again.
	dir    *os.File
	memory *os.File // nil: not opened yet, or it may not be
	nested bool     // the process is in a PID namespace other than casefile's
	noMem  error
	tables *Tables
	late   bool // a look was left behind, which closes the reader
}

// Open begins to read the process whose folder of /proc is dir. nested says that it numbers its threads otherwise.
// tables are those of the capture.
func Open(dir string, nested bool, tables *Tables) (*Reader, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	return &Reader{dir: f, nested: nested, tables: tables}, nil
}

// Close lets go of the process. It is not to be used while a look runs.
func (r *Reader) Close() error {
	if r.late {
		return nil
	}
	return r.close()
}

func (r *Reader) close() error {
	var err error
	if r.memory != nil {
		err = r.memory.Close()
	}
	return errors.Join(err, r.dir.Close())
}

// ErrUnsupported says that the kernel was built without what is read here.
var ErrUnsupported = entries.NewError(entries.Unsupported,
	"this kernel does not show the system calls of threads (/proc/PID/task/TID/syscall)")

// Check reads the call of one thread: an error says why none can be read.
func (r *Reader) Check() error {
	tids, err := r.tids()
	if err != nil {
		return err
	}
	for _, tid := range tids {
		_, err = r.line(tid, make([]byte, maxLine))
		if !Gone(err) {
			return err
		}
	}
	return err
}

// Gone reports whether an error means that the thread, or the process, has ended.
func Gone(err error) bool { return errors.Is(err, unix.ESRCH) || errors.Is(err, unix.ENOENT) }

// tids lists the threads.
func (r *Reader) tids() ([]int, error) {
	fd, err := unix.Openat(int(r.dir.Fd()), "task", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	d := os.NewFile(uintptr(fd), "task")
	defer d.Close()
	names, err := d.Readdirnames(-1)
	tids := make([]int, 0, len(names))
	for _, n := range names {
		if tid, err := strconv.Atoi(n); err == nil {
			tids = append(tids, tid)
		}
	}
	return tids, err
}

// maxLine is enough for the file syscall: nine numbers.
const maxLine = 256

// line reads the file syscall of a thread into buf.
func (r *Reader) line(tid int, buf []byte) ([]byte, error) {
	return r.read("task/"+strconv.Itoa(tid)+"/syscall", buf)
}

// read reads the beginning of a file below the process's folder.
func (r *Reader) read(name string, buf []byte) ([]byte, error) {
	fd, err := unix.Openat(int(r.dir.Fd()), name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	n, err := unix.Read(fd, buf)
	unix.Close(fd)
	return buf[:max(n, 0)], err
}

// nid is the thread's id in the PID namespace of the process.
func (r *Reader) nid(tid int) int64 {
	if !r.nested {
		return int64(tid)
	}
	text, err := r.read("task/"+strconv.Itoa(tid)+"/status", make([]byte, 8<<10))
	if err != nil {
		return int64(tid)
	}
	for line := range strings.Lines(string(text)) {
		if list, ok := strings.CutPrefix(line, "NSpid:"); ok {
			if f := strings.Fields(list); len(f) > 0 {
				if n, err := strconv.ParseInt(f[len(f)-1], 10, 64); err == nil {
					return n
				}
			}
		}
	}
	return int64(tid)
}

// link is what a descriptor of the process leads to, as the kernel prints it: "socket:[4711]", "/var/log/x"; empty where
// it is closed meanwhile.
func (r *Reader) link(fd int) string {
	var buf [4200]byte // PATH_MAX and " (deleted)"
	n, err := unix.Readlinkat(int(r.dir.Fd()), "fd/"+strconv.Itoa(fd), buf[:])
	if err != nil || n <= 0 {
		return ""
	}
	return string(buf[:n])
}

// polled reads the array of a poll from the memory of the process and fills in its descriptor. An array that cannot be
// read leaves the call without one.
func (r *Reader) polled(c *call) {
	if c.array == 0 || c.entries == 0 || c.entries > maxPoll || r.noMem != nil || int64(c.array) < 0 {
		return
	}
	if r.memory == nil {
		fd, err := unix.Openat(int(r.dir.Fd()), "mem", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			r.noMem = err
			return
		}
		r.memory = os.NewFile(uintptr(fd), "mem")
	}
	var array [maxPoll * pollSize]byte
	part := array[:c.entries*pollSize]
	if n, err := unix.Pread(int(r.memory.Fd()), part, int64(c.array)); err == nil && n == len(part) {
		c.polled(part)
	}
}

// table reads a table of the process's network namespace.
func (r *Reader) table(name string, since time.Time) (io.Reader, error) {
	namespace := make([]byte, 64)
	n, err := unix.Readlinkat(int(r.dir.Fd()), "ns/net", namespace)
	if err != nil || n <= 0 || n == len(namespace) {
		n = 0 // it may not be seen
	}
	text, _, err := r.tables.read(string(namespace[:n]), name, since, func() (io.ReadCloser, error) {
		fd, err := unix.Openat(int(r.dir.Fd()), filepath.Join("net", name), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		return os.NewFile(uintptr(fd), name), nil
	})
	return text, err
}
