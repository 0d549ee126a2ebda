package bundle

import (
	"fmt"
	"io"
	"os"
	"strings"

	"casefile/bundle/seal"
)

// Format is a way to hold the files of a bundle.
type Format string

const (
	TarZstd Format = "tar.zst"
	Zip     Format = "zip"
	Dir     Format = "dir"
)

// ParseFormat reads the value of --format.
func ParseFormat(s string) (Format, error) {
	switch f := Format(s); f {
	case TarZstd, Zip, Dir:
		return f, nil
	}
	return "", fmt.Errorf("format %q: want tar.zst, zip or dir", s)
}

// FormatOf guesses the format from a file name; ok is false when the name says nothing.
func FormatOf(name string) (f Format, ok bool) {
	name = strings.TrimSuffix(name, seal.Ext)
	switch {
	case strings.HasSuffix(name, ".tar.zst"), strings.HasSuffix(name, ".tzst"):
		return TarZstd, true
	case strings.HasSuffix(name, ".zip"):
		return Zip, true
	}
	return TarZstd, false
}

// container is one of the formats on its way to disk. It is used by one goroutine at a time.
type container interface {
	// codec compresses the body of one entry the way the container stores it.
	codec(dst *overflow) (codec, error)
	// add appends an entry; on error nothing of it remains.
	add(e Entry, crc uint32, body stored) error
	// close ends the container.
	close() error
}

// codec compresses one body. finish is told the plain size and ends the stream.
type codec interface {
	io.Writer
	finish(plain int64) error
}

// reserve is kept free at the end of a bundle file for manifest and summary, so
// that a full disk still leaves a bundle that explains itself.
const reserve = 512 << 10

// appendFile writes whole records at the end of a file: a record that does not
// fit is taken back.
type appendFile struct {
	f    output
	size int64
}

// output is what a container is written to: a file, or a sealed one.
type output interface {
	io.Writer
	io.Seeker
	Truncate(size int64) error
	Sync() error
	Close() error
}

// room makes sure that need more bytes fit, where the file system can tell.
func (a *appendFile) room(need int64) error {
	file, at := a.disk()
	if err := preallocate(file, at, need); err != nil {
		return fmt.Errorf("%w: %w", ErrDiskFull, err)
	}
	return nil
}

// disk is the file on the disk, and how much of it is used.
func (a *appendFile) disk() (*os.File, int64) {
	if s, is := a.f.(*seal.File); is {
		return s.Disk()
	}
	return a.f.(*os.File), a.size
}

// append runs write and makes its bytes permanent, or none of them.
func (a *appendFile) append(need int64, write func(io.Writer) error) error {
	if err := a.room(need); err != nil {
		return err
	}
	err := write(a.f)
	if err == nil {
		a.size, err = a.f.Seek(0, io.SeekCurrent)
	}
	if err == nil {
		return nil
	}
	if cut := a.f.Truncate(a.size); cut != nil {
		return fmt.Errorf("%w (and the half-written entry could not be removed: %v)", err, cut)
	}
	if _, back := a.f.Seek(a.size, io.SeekStart); back != nil {
		return fmt.Errorf("%w (and: %v)", err, back)
	}
	if isNoSpace(err) {
		return fmt.Errorf("%w: %w", ErrDiskFull, err)
	}
	return err
}

func (a *appendFile) close() error {
	// gives back what was preallocated past the end
	return firstError(a.f.Truncate(a.size), a.f.Sync(), a.f.Close())
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
