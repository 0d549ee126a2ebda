package load

import (
	"bytes"
	"io"
	"os"
)

// stashMemory is how much of one stashed file is held in memory.
const stashMemory = 4 << 20

// stash keeps files that are read more than once (parts of a rotated log) while
// the archive they come from moves on.
type stash struct{ files []*stashed }

type stashed struct {
	mem  []byte
	path string
}

func (s *stash) keep(r io.Reader) (*stashed, error) {
	var mem bytes.Buffer
	n, err := io.CopyN(&mem, r, stashMemory)
	if err == io.EOF {
		err = nil
	}
	f := &stashed{mem: mem.Bytes()}
	if err != nil || n < stashMemory {
		return f, err
	}
	tmp, err := os.CreateTemp("", "casefile-analyze-*")
	if err != nil {
		return nil, err
	}
	defer tmp.Close()
	f.path, f.mem = tmp.Name(), nil
	s.files = append(s.files, f)
	_, err = io.Copy(tmp, io.MultiReader(&mem, r))
	return f, err
}

func (f *stashed) open() (io.ReadCloser, error) {
	if f.path == "" {
		return io.NopCloser(bytes.NewReader(f.mem)), nil
	}
	return os.Open(f.path)
}

func (s *stash) remove() {
	for _, f := range s.files {
		os.Remove(f.path)
	}
}
