package bundle

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// dirContainer writes plain files below root, and a line for each into the journal. Nothing
// that others put there leads out of root.
type dirContainer struct {
	root    *os.Root
	journal appendFile
}

func newDir(root *os.Root, journal appendFile) container {
	return &dirContainer{root: root, journal: journal}
}

func (d *dirContainer) codec(dst *overflow) (codec, error) { return plainBody{dst}, nil }

type plainBody struct{ io.Writer }

func (plainBody) finish(int64) error { return nil }

func (d *dirContainer) add(e Entry, _ uint32, body stored) error {
	dst := filepath.FromSlash(e.Path)
	if err := d.root.MkdirAll(filepath.Dir(dst), 0o700); err != nil {
		return err
	}
	if err := d.write(dst, body); err != nil {
		d.root.Remove(dst + ".part")
		if isNoSpace(err) {
			return fmt.Errorf("%w: %w", ErrDiskFull, err)
		}
		return err
	}
	line, err := compact(e)
	if err != nil {
		return err
	}
	return d.journal.append(0, func(w io.Writer) error {
		_, err := w.Write(append(line, '\n'))
		return err
	})
}

func (d *dirContainer) write(dst string, body stored) error {
	f, err := d.root.OpenFile(dst+".part", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := firstError(body.copyTo(f), f.Close()); err != nil {
		return err
	}
	return d.root.Rename(dst+".part", dst)
}

func (d *dirContainer) close() error { return firstError(d.journal.close(), d.root.Close()) }
