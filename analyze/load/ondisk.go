package load

import (
	"fmt"
	"io"
	"os"

	"casefile/bundle/format/budget"
)

// onDisk is the text of a file that needs no copy to be read a second time.
type onDisk struct {
	io.Reader
	path string
	info os.FileInfo
}

// rereadable gives the text of a regular file as one of the disk; any other as it is.
func rereadable(text io.Reader, path string) io.Reader {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return text
	}
	return &onDisk{text, path, info}
}

// open gives the file from its beginning, if it is still the one that was seen.
func (d *onDisk) open(room *budget.Room) (io.ReadCloser, error) {
	if info, err := os.Stat(d.path); err != nil {
		return nil, err
	} else if !os.SameFile(info, d.info) {
		return nil, fmt.Errorf("%s: another file has taken its place", d.path)
	}
	f, err := os.Open(d.path)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{room.Reader(f), f}, nil
}
