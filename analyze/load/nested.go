package load

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"

	"casefile/bundle"
	"casefile/bundle/newfile"
)

// deepest is how many archives may lie in one another.
const deepest = 3

// foreignMagic are archives that are named, and not read.
var foreignMagic = []struct{ magic, name, unpack string }{
	{"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first: 7z x"},
	{"Rar!", "a RAR archive", "unpack it first: unrar x"},
	{"LZIP", "compressed with lzip", "unpack it first: lzip -d"},
	{"\x04\x22\x4d\x18", "compressed with lz4", "unpack it first: lz4 -d"},
	{"\x1f\x9d", "compressed with compress", "unpack it first: gzip -d"},
}

// unreadable names what is an archive or compressed in a way that is not read.
func unreadable(head []byte) error {
	for _, f := range foreignMagic {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return fmt.Errorf("%s, which is not read: %s", f.name, f.unpack)
		}
	}
	return nil
}

// isNested reports whether a file within a folder or an archive is an archive itself.
func isNested(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || len(head) >= 262 && string(head[257:262]) == "ustar"
}

// nested reads an archive that lies in a folder or in another archive as it would be read by itself.
func (b *builder) nested(ctx context.Context, name string, in io.Reader) error {
	if b.depth >= deepest {
		return fmt.Errorf("%s: an archive in %d others is not read", name, deepest)
	}
	tmp, file, remove, err := newfile.Unnamed("casefile-analyze-*")
	if err != nil {
		return err
	}
	defer remove()
	n, err := io.Copy(tmp, io.LimitReader(in, stashDisk-b.stash.taken))
	b.stash.taken += n
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer func() { b.stash.taken -= n }()
	r, err := bundle.Open(ctx, file)
	if err != nil {
		return fmt.Errorf("%s: an archive that cannot be read", name)
	}
	b.depth++
	defer func() { b.depth-- }()
	if !r.Foreign {
		b.manifest(&r.Manifest)
	}
	return b.walk(ctx, r, func(e bundle.Entry, body io.Reader) error {
		var err error
		if r.Foreign {
			err = b.looseEntry(ctx, path.Join(name, e.Path), body, false)
		} else {
			err = b.entry(e, body)
		}
		if err != nil && ctx.Err() == nil {
			b.entryProblem(path.Join(name, e.Path), err)
		}
		return ctx.Err()
	})
}
