package bundle

import (
	"errors"
	"fmt"
	"io"
	"os"

	"casefile/bundle/newfile"
)

// Split turns a finished bundle into parts of at most size bytes, NAME.001, NAME.002 and so on, that cat joins, and
// returns their names; that of the bundle itself where it is not larger. It takes room for one part more than the bundle.
func Split(path string, size int64) ([]string, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if st.Size() <= size {
		return []string{path}, nil
	}
	parts := int((st.Size() + size - 1) / size)
	if parts > MaxParts {
		return nil, fmt.Errorf("%s: %d parts of %d bytes: at most %d are made", path, parts, size, MaxParts)
	}
	for i := parts + 1; i <= MaxParts; i++ { // of an earlier bundle of that name
		if os.Remove(SplitName(path, i)) != nil {
			break
		}
	}
	names := make([]string, parts)
	for i := parts - 1; i > 0; i-- { // from the end, so that what is copied can be cut off
		names[i] = SplitName(path, i+1)
		from := int64(i) * size
		err := newfile.Write(names[i], func(w io.Writer) error {
			_, err := io.Copy(w, io.NewSectionReader(f, from, size))
			return err
		})
		if err == nil {
			err = f.Truncate(from)
		}
		if err != nil {
			return nil, fmt.Errorf("split: %w; what is there yet: cat %s %s.*", err, path, path)
		}
	}
	names[0] = SplitName(path, 1)
	return names, errors.Join(f.Sync(), os.Rename(path, names[0]))
}
