package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"filippo.io/age"
)

// File is a sealed file on its way to disk. Offsets and sizes are those of the plain content. Its methods may be
// called from many goroutines.
type File struct {
	mu     sync.Mutex
	f      *os.File
	enc    io.WriteCloser
	out    *counter
	key    []byte
	header []byte
	given  int64  // bytes that enc was given
	tail   []byte // from what is on the disk on
	disk   int64  // bytes whose pieces are on the disk, whole
	broken error
	closed bool
	plain  int64 // size once it is closed
}

// Create begins a sealed file in f, which is empty.
func (k *Keys) Create(f *os.File) (*File, error) {
	if !k.Sealing() {
		return nil, errors.New("no recipients")
	}
	first := &witness{Recipient: k.Recipients[0]}
	s := &File{f: f, out: &counter{w: f, keep: true}}
	var err error
	s.enc, err = age.Encrypt(s.out, append([]age.Recipient{first}, k.Recipients[1:]...)...)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	s.key, s.header = first.key, s.out.stop()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.made == nil {
		k.made = map[string]*File{}
	}
	k.made[string(s.header)] = s
	return s, nil
}

// witness is a recipient that remembers the key of the file, for this process to read what it writes.
type witness struct {
	age.Recipient
	key []byte
}

// WrapWithLabels wraps the key for the recipient, with its labels where it has some.
func (w *witness) WrapWithLabels(fileKey []byte) ([]*age.Stanza, []string, error) {
	w.key = bytes.Clone(fileKey)
	if l, is := w.Recipient.(age.RecipientWithLabels); is {
		return l.WrapWithLabels(fileKey)
	}
	stanzas, err := w.Wrap(fileKey)
	return stanzas, nil, err
}

// counter counts what is written, and keeps it until stop.
type counter struct {
	w    io.Writer
	n    int64
	keep bool
	kept []byte
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	if c.keep {
		c.kept = append(c.kept, p[:n]...)
	}
	return n, err
}

// stop returns the header, which the nonce follows.
func (c *counter) stop() []byte {
	c.keep = false
	return c.kept
}

// Write adds content. After an error nothing more is taken.
func (s *File) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return 0, s.broken
	}
	s.tail = append(s.tail, p...)
	for s.size()-s.given > piece { // a piece that may still be taken back is not given away
		from := s.given - s.disk
		n, err := s.enc.Write(s.tail[from : from+piece])
		s.given += int64(n)
		if err != nil {
			s.broken = err
			return 0, err
		}
		s.settle()
	}
	return len(p), nil
}

// settle drops from memory what is on the disk.
func (s *File) settle() {
	whole := (s.out.n - int64(len(s.header))) / sealedPiece * piece
	s.tail = append(s.tail[:0], s.tail[whole-s.disk:]...)
	s.disk = whole
}

func (s *File) size() int64 {
	if s.closed {
		return s.plain
	}
	return s.disk + int64(len(s.tail))
}

// Size is how much was written.
func (s *File) Size() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size()
}

// Truncate takes back what was written last. What was encrypted already cannot be taken back: a second
// content under the same nonce would give both away.
func (s *File) Truncate(size int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed || size == s.size():
		return nil
	case size < s.given || size > s.size():
		if s.broken == nil {
			s.broken = errors.New("a sealed file cannot be taken back")
		}
		return s.broken
	}
	s.tail = s.tail[:size-s.disk]
	return nil
}

// Seek tells where the next byte will stand; it goes nowhere else.
func (s *File) Seek(offset int64, whence int) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if whence == io.SeekStart && offset != s.size() || whence != io.SeekStart && offset != 0 {
		return 0, errors.New("a sealed file is written from its beginning to its end")
	}
	return s.size(), nil
}

// Disk is the file itself, and how much it holds.
func (s *File) Disk() (*os.File, int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.f, s.out.n
}

// Sync makes permanent what is on the disk.
func (s *File) Sync() error { return s.f.Sync() }

// Close writes the last piece.
func (s *File) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.plain, s.closed = s.size(), true
	err := s.broken
	if err == nil {
		_, err = s.enc.Write(s.tail[s.given-s.disk:])
	}
	if err == nil {
		err = s.enc.Close()
	}
	if err == nil { // what was reserved beyond the end
		err = errors.Join(s.f.Truncate(s.out.n), s.f.Sync())
	}
	s.tail = nil
	return errors.Join(err, s.f.Close())
}

// Follow reads what was written through f, the same file opened by itself, and goes on to when it is closed.
func (s *File) Follow(f *os.File) *Follower { return &Follower{s, f} }

// Follower reads a file while it is written, and after.
type Follower struct {
	s *File
	f *os.File
}

// Size is how much was written.
func (r *Follower) Size() int64 { return r.s.Size() }

// Close closes the file that is read; that which is written stays open.
func (r *Follower) Close() error { return r.f.Close() }

// ReadAt reads plain content.
func (r *Follower) ReadAt(p []byte, off int64) (int, error) {
	s := r.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		plain, err := openKey(r.f, s.out.n, s.key, s.header)
		if err != nil {
			return 0, err
		}
		return plain.ReadAt(p, off)
	}
	plain, err := openPieces(r.f, s.key, s.header)
	if err != nil {
		return 0, err
	}
	return (&growing{plain, s.disk, s.tail}).ReadAt(p, off)
}
