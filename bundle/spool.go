package bundle

import (
	"bytes"
	"casefile/bundle/format/entries"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
)

// spoolMemory is how much of one compressed entry is held in memory before it
// moves to a temporary file.
const spoolMemory = 1 << 20

// stored is the body of an entry as the container has it, or more of a container as it is.
type stored interface {
	length() int64
	copyTo(w io.Writer) error
}

// section is a part of a file that is copied as it is.
type section struct {
	src   io.ReaderAt
	at, n int64
}

func (s section) length() int64 { return s.n }

// copyTo writes all of it to w. Between files the kernel copies.
func (s section) copyTo(w io.Writer) error {
	var in io.Reader = io.NewSectionReader(s.src, s.at, s.n)
	if f, is := s.src.(*os.File); is {
		if _, err := f.Seek(s.at, io.SeekStart); err != nil {
			return err
		}
		in = io.LimitReader(f, s.n)
	}
	n, err := io.Copy(w, in)
	if err == nil && n != s.n {
		err = fmt.Errorf("copied %d bytes of %d: %w", n, s.n, io.ErrUnexpectedEOF)
	}
	return err
}

// overflow keeps what is written in memory up to spoolMemory, then on disk. The
// temporary file has no name while it is in use where the system allows that,
// so that a killed process leaves nothing behind.
type overflow struct {
	dir  string
	mem  bytes.Buffer
	file *os.File
	size int64
}

func (o *overflow) Write(p []byte) (int, error) {
	if o.file == nil && o.mem.Len()+len(p) > spoolMemory {
		f, err := os.CreateTemp(o.dir, ".casefile-spool-*")
		if err != nil {
			return 0, fmt.Errorf("spool: %w", err)
		}
		o.file = f
		_ = os.Remove(f.Name()) // Windows keeps it until close
		if _, err := f.Write(o.mem.Bytes()); err != nil {
			return 0, fmt.Errorf("spool: %w", err)
		}
		o.mem = bytes.Buffer{}
	}
	var n int
	var err error
	if o.file != nil {
		n, err = o.file.Write(p)
	} else {
		n, err = o.mem.Write(p)
	}
	o.size += int64(n)
	return n, err
}

func (o *overflow) length() int64 { return o.size }

// reader gives all of it from the start. There is one reader at a time.
func (o *overflow) reader() (io.Reader, error) {
	if o.file == nil {
		return bytes.NewReader(o.mem.Bytes()), nil
	}
	_, err := o.file.Seek(0, io.SeekStart)
	return o.file, err
}

// copyTo writes all of it to w.
func (o *overflow) copyTo(w io.Writer) error {
	in, err := o.reader()
	if err != nil {
		return err
	}
	n, err := io.Copy(w, in)
	if err == nil && n != o.size {
		err = fmt.Errorf("spool: wrote %d bytes, read back %d", o.size, n)
	}
	return err
}

func (o *overflow) close() {
	if o.file != nil {
		o.file.Close()
		os.Remove(o.file.Name())
	}
}

// meter counts and checksums the plain content on its way into the codec.
type meter struct {
	dst io.Writer
	sha hash.Hash
	crc hash.Hash32
	n   int64
}

func newMeter(dst io.Writer) *meter {
	return &meter{dst: dst, sha: sha256.New(), crc: crc32.NewIEEE()}
}

func (m *meter) Write(p []byte) (int, error) {
	m.sha.Write(p)
	m.crc.Write(p)
	m.n += int64(len(p))
	return m.dst.Write(p)
}

func (m *meter) sum() string { return hex.EncodeToString(m.sha.Sum(nil)) }

// ErrDiskFull is returned when an entry was left out for lack of space. What was
// written before it stays valid.
var ErrDiskFull = entries.NewError(entries.NoSpace, "no space left for the bundle")
