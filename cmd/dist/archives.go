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
}

// contents are what each archive holds beside the binary.
func (r *release) contents(t target) []packed {
	name := filepath.Base(r.binary(t))
	list := []packed{{name, r.binary(t), 0o755}, {"LICENSE", filepath.Join(r.source, "LICENSE"), 0o644}, {"README.md", filepath.Join(r.source, "README.md"), 0o644}}
	if t.os == "windows" {
		return list
	}
	return append(list, r.manual("man/")...)
}

// manual are the manual pages below a folder of an archive.
func (r *release) manual(prefix string) (list []packed) {
	pages, _ := filepath.Glob(filepath.Join(r.out, "build", "pages", "*.1"))
	slices.Sort(pages)
	for _, p := range pages {
		list = append(list, packed{prefix + filepath.Base(p), p, 0o644})
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

// chart packs the Helm chart.
func (r *release) chart(context.Context) error {
	dir := filepath.Join(r.source, "cmd", "dist", "chart")
	var list []packed
	for _, name := range []string{"Chart.yaml", "values.yaml", "templates/agent.yaml"} {
		list = append(list, packed{name, filepath.Join(dir, filepath.FromSlash(name)), 0o644})
	}
	return r.file(fmt.Sprintf("casefile-%s-chart.tgz", r.version), func(w io.Writer) error { return r.tarball(w, "casefile", list) })
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
		text, err := os.ReadFile(p.path)
		if err != nil {
			return err
		}
		h := &tar.Header{Name: base + "/" + p.name, Mode: int64(p.mode), Size: int64(len(text)), ModTime: r.at, Format: tar.FormatUSTAR, Uname: "root", Gname: "root"}
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
