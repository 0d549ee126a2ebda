package fleet

import (
	"errors"
	"io"
	"os"
	"sync/atomic"

	"casefile/bundle/newfile"
	"casefile/bundle/seal"
)

// part is the file that a node's bundle is written to. It is sealed if the bundle is that it will be joined into.
type part struct {
	name string
	keys *seal.Keys
	file io.WriteCloser
	came *atomic.Int64 // bytes
}

func (m *member) newPart() (*part, error) {
	p := &part{name: m.partFile(), keys: m.f.w.Keys(), came: new(atomic.Int64)}
	return p, p.Restart()
}

// Write takes what came.
func (p *part) Write(b []byte) (int, error) {
	n, err := p.file.Write(b)
	p.came.Add(int64(n))
	return n, err
}

// Restart empties it: the node has scrubbed its bundle once more.
func (p *part) Restart() error {
	p.close()
	f, err := newfile.Create(p.name)
	if err != nil {
		return err
	}
	p.file = f
	if p.keys.Sealing() {
		if p.file, err = p.keys.Create(f); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return nil
}

func (p *part) close() {
	if p.file != nil {
		p.file.Close()
	}
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
