package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// packed is a file in an archive.
type packed struct {
	name string // in the archive
	path string
	mode fs.FileMode
	link string // what it links to, in the place of a file
}

// contents are what each archive holds beside the binary.
func (r *release) contents(t target) []packed {
	name := filepath.Base(r.binary(t))
	list := []packed{{name: name, path: r.binary(t), mode: 0o755}, {name: "LICENSE", path: filepath.Join(r.source, "LICENSE"), mode: 0o644},
		{name: filepath.Base(r.terms()), path: r.terms(), mode: 0o644}, {name: "README.md", path: filepath.Join(r.source, "README.md"), mode: 0o644}}
	if t.os == "windows" {
		return list
	}
	list = append(list, packed{name: "kubectl-casefile", link: name, mode: 0o777})
	return append(list, r.manual("man/")...)
}

// manual are the manual pages below a folder of an archive.
func (r *release) manual(prefix string) (list []packed) {
	pages, _ := filepath.Glob(filepath.Join(r.out, "build", "pages", "*.1"))
	slices.Sort(pages)
	for _, p := range pages {
		list = append(list, packed{name: prefix + filepath.Base(p), path: p, mode: 0o644})
	}
	return list
}

func (r *release) archives(context.Context) error {
	for _, t := range targets {
		base := fmt.Sprintf("casefile-%s-%s", r.version, t)
		name, write := base+".tar.gz", r.tarball
		if t.os == "windows" {
			name, write = base+".zip", r.zipped
		}
		if err := r.file(name, func(w io.Writer) error { return write(w, base, r.contents(t)) }); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// file makes one file of the release.
func (r *release) file(name string, write func(io.Writer) error) (err error) {
	f, err := os.Create(filepath.Join(r.out, name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r.files = append(r.files, name)
	return write(f)
}

func (r *release) tarball(w io.Writer, base string, list []packed) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	for _, p := range list {
		h := &tar.Header{Name: base + "/" + p.name, Mode: int64(p.mode), ModTime: r.at, Format: tar.FormatUSTAR, Uname: "root", Gname: "root"}
		if p.link != "" {
			h.Typeflag, h.Linkname = tar.TypeSymlink, p.link
			if err := t.WriteHeader(h); err != nil {
				return err
			}
			continue
		}
		text, err := os.ReadFile(p.path)
		if err != nil {
			return err
		}
		h.Size = int64(len(text))
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(text); err != nil {
			return err
		}
	}
	return errors.Join(t.Close(), z.Close())
}

func (r *release) zipped(w io.Writer, base string, list []packed) error {
	z := zip.NewWriter(w)
	for _, p := range list {
		text, err := os.ReadFile(p.path)
		if err != nil {
			return err
		}
		h := &zip.FileHeader{Name: strings.ReplaceAll(base+"/"+p.name, "\\", "/"), Method: zip.Deflate, Modified: r.at}
		h.SetMode(p.mode)
		f, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := f.Write(text); err != nil {
			return err
		}
	}
	return z.Close()
}
