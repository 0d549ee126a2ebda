package load

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"casefile/bundle/format/budget"
)

// stashMemory is how much of one stashed file is held in memory.
const stashMemory = 4 << 20

// stash keeps files that are read more than once (parts of a rotated log) while
// the archive they come from moves on.
type stash struct {
	room  *budget.Room // through which the files are read again
	files []*stashed
	taken int64 // bytes of the disk
}

// stashDisk is the most that all stashed files take of the disk.
const stashDisk = 32 << 30

type stashed struct {
	room *budget.Room
	disk *onDisk // read again where it lies
	mem  []byte
	file *os.File // without a name where the system allows that: a killed process leaves nothing
	size int64
}

func (s *stash) keep(r io.Reader) (*stashed, error) {
	if d, is := r.(*onDisk); is {
		return &stashed{room: s.room, disk: d, size: d.info.Size()}, nil
	}
	var mem bytes.Buffer
	n, err := io.CopyN(&mem, r, stashMemory)
	if err == io.EOF {
		err = nil
	}
	f := &stashed{room: s.room, mem: mem.Bytes(), size: n}
	if err != nil || n < stashMemory {
		return f, err
	}
	tmp, err := os.CreateTemp("", "casefile-analyze-*")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(tmp.Name()) // Windows keeps it until it is closed
	f.file, f.mem = tmp, nil
	s.files = append(s.files, f)
	f.size, err = io.Copy(tmp, io.LimitReader(io.MultiReader(&mem, r), stashDisk-s.taken))
	if s.taken += f.size; err == nil && s.taken >= stashDisk {
		err = &budget.Over{What: fmt.Sprintf("more than %s of logs and recordings in temporary files", budget.Size(stashDisk))}
	}
	return f, err
}

// open gives the file from its beginning; what comes out of it when it is unpacked is counted by part.
func (f *stashed) open() (io.ReadCloser, error) {
	if f.disk != nil {
		return f.disk.open(f.room.Part(f.size))
	}
	if f.file == nil {
		return io.NopCloser(f.room.Part(f.size).Reader(bytes.NewReader(f.mem))), nil
	}
	return io.NopCloser(f.room.Part(f.size).Reader(io.NewSectionReader(f.file, 0, f.size))), nil
}

func (s *stash) remove() {
	for _, f := range s.files {
		if err := f.file.Close(); !errors.Is(err, os.ErrClosed) {
			os.Remove(f.file.Name())
		}
	}
}
