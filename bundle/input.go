package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"casefile/bundle/seal"
)

// input is a file that is read: one, or its parts as if they were joined; opened where it is sealed.
type input struct {
	*io.SectionReader
	files joined
	// sealed says that it is opened, and cut that it ends early.
	sealed bool
	cut    error
}

// Close closes all parts.
func (in *input) Close() error { return in.files.Close() }

// openInput opens a file, or the parts of one: NAME.001 for NAME, which may be given by both names.
func openInput(ctx context.Context, path string) (*input, error) {
	files, err := openParts(path)
	if err != nil {
		return nil, err
	}
	in := &input{SectionReader: io.NewSectionReader(files, 0, files.size()), files: files}
	head := make([]byte, 32)
	n, _ := in.ReadAt(head, 0)
	if !seal.IsSealed(head[:n]) {
		return in, nil
	}
	plain, err := seal.From(ctx).Open(files, files.size())
	if err != nil {
		files.Close()
		return nil, fmt.Errorf("%s %w", path, err)
	}
	in.SectionReader, in.sealed, in.cut = plain.SectionReader, true, plain.Cut
	return in, nil
}

// joined are files that are read as one.
type joined []joinedFile

type joinedFile struct {
	*os.File
	at, size int64
}

func (j joined) size() int64 { return j[len(j)-1].at + j[len(j)-1].size }

// Close closes all of them.
func (j joined) Close() error {
	var errs []error
	for _, f := range j {
		errs = append(errs, f.File.Close())
	}
	return errors.Join(errs...)
}

// ReadAt reads across the borders of files.
func (j joined) ReadAt(p []byte, off int64) (n int, err error) {
	for _, f := range j {
		if off >= f.at+f.size && f.size > 0 {
			continue
		}
		most := min(int64(len(p)-n), f.at+f.size-off)
		m, err := f.File.ReadAt(p[n:n+int(most)], off-f.at)
		n, off = n+m, off+int64(m)
		if n == len(p) {
			return n, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return n, err
		}
	}
	return n, io.EOF
}

func openParts(path string) (joined, error) {
	names, err := SplitParts(path)
	if err != nil {
		return nil, err
	}
	var list joined
	var at int64
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return nil, errors.Join(err, list.Close())
		}
		list = append(list, joinedFile{File: f, at: at})
		st, err := f.Stat()
		if err == nil && !st.Mode().IsRegular() {
			err = fmt.Errorf("%s: %w", name, ErrNotArchive)
		}
		if err != nil {
			return nil, errors.Join(err, list.Close())
		}
		list[len(list)-1].size = st.Size()
		at += st.Size()
	}
	return list, nil
}

// SplitName is the name of a part, from 1 on. Their order is that of the alphabet, for cat.
func SplitName(path string, part int) string { return fmt.Sprintf("%s.%03d", path, part) }

// MaxParts is how many parts a bundle may have.
const MaxParts = 999

// SplitParts lists the files of a bundle: itself, or its parts where path is the name of the first, or of a
// bundle of which only parts are there. A part that is missing between others is an error.
func SplitParts(path string) ([]string, error) {
	base, first := strings.CutSuffix(path, ".001")
	if !first {
		if _, err := os.Lstat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return []string{path}, nil
		}
		if _, err := os.Stat(SplitName(path, 1)); err != nil {
			return []string{path}, nil
		}
		base = path
	}
	var names []string
	for i := 1; i <= MaxParts; i++ {
		name := SplitName(base, i)
		if _, err := os.Stat(name); err != nil {
			break
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return []string{path}, nil
	}
	return names, laterParts(base, names)
}

// laterParts finds parts after one that is missing.
func laterParts(base string, names []string) error {
	dir, err := os.ReadDir(filepath.Dir(base))
	if err != nil {
		return nil //nolint:nilerr // then the parts that are there are all that can be known
	}
	for _, e := range dir {
		end, is := strings.CutPrefix(e.Name(), filepath.Base(base)+".")
		if is && len(end) == 3 && strings.Trim(end, "0123456789") == "" && !slices.Contains(names, SplitName(base, number(end))) {
			return fmt.Errorf("%s is missing, and %s is there", SplitName(base, len(names)+1), e.Name())
		}
	}
	return nil
}

func number(digits string) (n int) {
	for _, d := range digits {
		n = 10*n + int(d-'0')
	}
	return n
}
