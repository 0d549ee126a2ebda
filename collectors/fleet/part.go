package fleet

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"casefile/bundle/newfile"
	"casefile/bundle/seal"
)

const (
	// partBuffer is how many bytes of a node are written at once, as the kernel takes half the time for them then.
	partBuffer = 64 << 10
	// partDelay is how long they wait for more: what came before that is kept if this process is killed.
	partDelay = 100 * time.Millisecond
)

// part is the file that a node's bundle is written to. It is sealed if the bundle is that it will be joined into.
type part struct {
	name string
	keys *seal.Keys
	came *atomic.Int64 // bytes

	mu      sync.Mutex
	file    io.WriteCloser
	waiting []byte // that came, and are not written
	due     bool   // they will be written after partDelay
	err     error  // of writing them
}

func (m *member) newPart() (*part, error) {
	p := &part{name: m.partFile(), keys: m.f.w.Keys(), came: new(atomic.Int64)}
	return p, p.Restart()
}

// Write takes what came.
func (p *part) Write(b []byte) (int, error) {
	p.came.Add(int64(len(b)))
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting)+len(b) > partBuffer {
		p.flush()
	}
	if p.err == nil && len(b) >= partBuffer {
		_, p.err = p.file.Write(b)
	} else {
		p.waiting = append(slices.Grow(p.waiting, partBuffer-len(p.waiting)), b...)
	}
	if !p.due && len(p.waiting) > 0 {
		p.due = true
		time.AfterFunc(partDelay, p.settle)
	}
	return len(b), p.err
}

// settle writes what waited long enough.
func (p *part) settle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.due = false
	p.flush()
}

// flush writes what waits; the caller holds p.mu.
func (p *part) flush() {
	if p.err == nil && len(p.waiting) > 0 {
		_, p.err = p.file.Write(p.waiting)
	}
	p.waiting = p.waiting[:0]
}

// Restart empties it: the node has scrubbed its bundle once more.
func (p *part) Restart() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting, p.err = p.waiting[:0], nil
	if p.file != nil {
		p.file.Close() // its bytes are void
	}
	f, err := newfile.Create(p.name)
	if err != nil {
		return err
	}
	if !p.keys.Sealing() {
		p.file = f
		return nil
	}
	sealed, err := p.keys.Create(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	p.file = sealed
	return nil
}

// close writes the rest. The error is of what was written since the last Write too.
func (p *part) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flush()
	err := errors.Join(p.err, p.file.Close())
	p.waiting, p.err = nil, fs.ErrClosed
	return err
}

// partReader is what a node sent.
type partReader interface {
	io.ReaderAt
	io.Closer
}

// openPart reads what the node sent.
func (m *member) openPart() (partReader, error) {
	f, err := os.Open(m.partFile())
	if err != nil {
		return nil, err
	}
	if !m.f.w.Keys().Sealing() {
		return f, nil
	}
	st, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	plain, err := m.f.w.Keys().Open(f, st.Size())
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return struct {
		io.ReaderAt
		io.Closer
	}{plain, f}, nil
}
