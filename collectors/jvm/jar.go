package jvm

import (
	"archive/zip"
	"bytes"
	"io"
	"path/filepath"
	"strings"

	"casefile/bundle/format/entries"
)

// Limits of what is read of a jar to learn its main class.
const (
	maxJarRead  = 4 << 20 // its directory, mostly
	maxManifest = 64 << 10
)

// mainOfJar gives the Main-Class of the -jar; "" when it cannot be read.
func (j *JVM) mainOfJar() string {
	name := j.Jar
	if name == "" {
		return ""
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(j.Cwd, name)
	}
	f, err := j.Tree.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() {
		return ""
	}
	jar, err := zip.NewReader(&bounded{f, maxJarRead}, st.Size())
	if err != nil {
		return ""
	}
	m, err := jar.Open("META-INF/MANIFEST.MF")
	if err != nil {
		return ""
	}
	defer m.Close()
	text, err := io.ReadAll(io.LimitReader(m, maxManifest))
	if err != nil {
		return ""
	}
	return mainClass(text)
}

// mainClass reads a manifest: "Main-Class: a.b.C", of which a line longer than 72 bytes goes on behind a blank in the next one.
func mainClass(manifest []byte) string {
	text := bytes.ReplaceAll(manifest, []byte("\r\n"), []byte("\n"))
	text = bytes.ReplaceAll(text, []byte("\n "), nil)
	for line := range strings.Lines(string(text)) {
		if key, value, _ := strings.Cut(line, ":"); strings.EqualFold(key, "Main-Class") {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// bounded gives no more than left bytes of a file in all.
type bounded struct {
	r    io.ReaderAt
	left int64
}

var errBound = entries.NewError(entries.TooLarge, "more than is read of a jar")

func (b *bounded) ReadAt(p []byte, off int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, errBound
	}
	return b.r.ReadAt(p, off)
}
