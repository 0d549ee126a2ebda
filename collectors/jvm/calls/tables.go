package calls

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// maxTable bounds what is read of one table, in bytes: the kernel prints all sockets of the host there, about 150 each.
const maxTable = 8 << 20

// tableLasts is how long a reading is kept for others to come.
const tableLasts = time.Second

// Tables reads the tables of sockets (/proc/PID/net) for all processes of a network namespace at once. The kernel goes
// through all sockets of the namespace for each reading, which took nearly half of the CPU of capturing 40 JVMs.
type Tables struct {
	mu sync.Mutex
	of map[tableKey]*table
}

type tableKey struct{ namespace, name string }

type table struct {
	turn chan struct{} // has room for who reads it
	next *reading      // that has not begun
	last *reading      // that has ended
}

// reading is what one reading gave.
type reading struct {
	began time.Time
	text  []byte
	whole bool
	err   error
}

// NewTables has read nothing yet.
func NewTables() *Tables { return &Tables{of: map[tableKey]*table{}} }

// Read gives a table of the namespace that the process of that folder of /proc is in, as it was at some moment after
// since. whole is false where there is more than is read.
func (t *Tables) Read(dir, name string, since time.Time) (text io.Reader, whole bool, err error) {
	open := func() (io.ReadCloser, error) { return os.Open(filepath.Join(dir, "net", name)) }
	namespace, err := os.Readlink(filepath.Join(dir, "ns/net"))
	if err != nil {
		namespace = "" // it may not be seen
	}
	return t.read(namespace, name, since, open)
}

func (t *Tables) read(namespace, name string, since time.Time, open func() (io.ReadCloser, error)) (io.Reader, bool, error) {
	r := &reading{}
	if namespace == "" {
		r.read(open)
	} else if r = t.shared(tableKey{namespace, name}, since, open); r.err != nil {
		r = &reading{} // the process that it was read by may have ended
		r.read(open)
	}
	return bytes.NewReader(r.text), r.whole, r.err
}

// shared is a reading that began after since: the last one, or the next, which the first that waits for it makes.
func (t *Tables) shared(k tableKey, since time.Time, open func() (io.ReadCloser, error)) *reading {
	t.mu.Lock()
	one := t.of[k]
	if one == nil {
		one = &table{turn: make(chan struct{}, 1)}
		t.of[k] = one
	}
	if one.last != nil && one.last.began.After(since) {
		defer t.mu.Unlock()
		return one.last
	}
	if one.next == nil {
		one.next = &reading{}
	}
	r := one.next
	t.mu.Unlock()

	one.turn <- struct{}{}
	defer func() { <-one.turn }()
	t.mu.Lock()
	mine := one.next == r
	if mine {
		one.next = nil // who comes from now on waits for another one
	}
	t.mu.Unlock()
	if mine {
		if r.read(open); r.err == nil {
			t.keep(one, r)
		}
	}
	return r
}

// keep holds a reading for a while.
func (t *Tables) keep(one *table, r *reading) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one.last = r
	time.AfterFunc(tableLasts, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if one.last == r {
			one.last = nil
		}
	})
}

func (r *reading) read(open func() (io.ReadCloser, error)) {
	r.began = time.Now()
	f, err := open()
	if err != nil {
		r.err = err
		return
	}
	defer f.Close()
	limited := &io.LimitedReader{R: f, N: maxTable}
	r.text, r.err = io.ReadAll(limited)
	r.whole = limited.N > 0
}
