package main

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// image makes an OCI layout with an index of both architectures, as one tar: skopeo, podman and docker load read it. The binary and its
// terms are all there is in it; it runs as nobody, for a capture of other users' processes the pod or the command line says as whom.
func (r *release) image(context.Context) error {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, t := range targets {
		if t.os != "linux" {
			continue
		}
		img, err := r.imageOf(t)
		if err != nil {
			return fmt.Errorf("image for %s: %w", t, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: t.os, Architecture: t.arch}}})
	}
	// One entry with a name: skopeo and podman take an archive with several for several images, and ask which.
	named := mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.OCIImageIndex), mutate.IndexAddendum{Add: index,
		Descriptor: v1.Descriptor{Annotations: map[string]string{"org.opencontainers.image.ref.name": r.version}}})
	dir := filepath.Join(r.out, "build", "image")
	if _, err := layout.Write(dir, named); err != nil {
		return fmt.Errorf("image: %w", err)
	}
	return r.file(fmt.Sprintf("casefile-%s-image.oci.tar", r.version), func(w io.Writer) error { return r.tarOf(w, dir) })
}

// file is one of the image; without a body a folder.
type file struct {
	name string
	mode int64
	body []byte
}

func (r *release) imageOf(t target) (v1.Image, error) {
	inside := []file{{"usr/", 0o755, nil}, {"usr/bin/", 0o755, nil}, {"usr/share/", 0o755, nil}, {"usr/share/doc/", 0o755, nil}, {"usr/share/doc/casefile/", 0o755, nil},
		{"tmp/", 0o1777, nil}, {"work/", 0o1777, nil}}
	for _, p := range []packed{{name: "usr/bin/casefile", path: r.binary(t), mode: 0o755},
		{name: "usr/share/doc/casefile/LICENSE", path: filepath.Join(r.source, "LICENSE"), mode: 0o644},
		{name: "usr/share/doc/casefile/" + filepath.Base(r.terms()), path: r.terms(), mode: 0o644}} {
		text, err := os.ReadFile(p.path)
		if err != nil {
			return nil, err
		}
		inside = append(inside, file{p.name, int64(p.mode), text})
	}
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	for _, f := range inside {
		h := &tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.body)), ModTime: r.at, Format: tar.FormatUSTAR, Typeflag: tar.TypeReg}
		if f.body == nil {
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.body); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(layer.Bytes())), nil }, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	img, err := mutate.AppendLayers(mutate.MediaType(empty.Image, types.OCIManifestSchema1), l)
	if err != nil {
		return nil, err
	}
	img = mutate.ConfigMediaType(img, types.OCIConfigJSON)
	return mutate.ConfigFile(img, &v1.ConfigFile{
		OS: t.os, Architecture: t.arch, Created: v1.Time{Time: r.at}, RootFS: v1.RootFS{Type: "layers", DiffIDs: diffs(l)},
		History: []v1.History{{Created: v1.Time{Time: r.at}, CreatedBy: "casefile dist"}},
		Config: v1.Config{Entrypoint: []string{"/usr/bin/casefile"}, User: "65534:65534", WorkingDir: "/work", Env: []string{"PATH=/usr/bin", "HOME=/work"},
			Labels: map[string]string{"org.opencontainers.image.title": "casefile", "org.opencontainers.image.version": r.version,
				"org.opencontainers.image.licenses": "Apache-2.0"}},
	})
}

func diffs(l v1.Layer) []v1.Hash {
	id, err := l.DiffID()
	if err != nil {
		return nil
	}
	return []v1.Hash{id}
}

// tarOf packs a folder with the commit's time and sorted names.
func (r *release) tarOf(w io.Writer, dir string) error {
	t := tar.NewWriter(w)
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		h := &tar.Header{Name: filepath.ToSlash(name), Mode: 0o644, ModTime: r.at, Format: tar.FormatUSTAR, Typeflag: tar.TypeReg}
		if d.IsDir() {
			h.Name, h.Mode, h.Typeflag = h.Name+"/", 0o755, tar.TypeDir
			return t.WriteHeader(h)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		h.Size = int64(len(text))
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		_, err = t.Write(text)
		return err
	})
	if err != nil {
		return err
	}
	return t.Close()
}
