package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"aead.dev/minisign"
	"github.com/CycloneDX/cyclonedx-go"
)

// formula is for Homebrew: the archives of macOS and Linux with their checksums.
func (r *release) formula(context.Context) error {
	var b strings.Builder
	b.WriteString("class Casefile < Formula\n  desc \"Captures what a performance ticket of a JVM cluster needs, and says what it shows\"\n" +
		"  homepage \"https://github.com/casefile/casefile\"\n  version \"" + r.version + "\"\n  license \"Apache-2.0\"\n")
	for _, t := range targets {
		if t.os == "windows" {
			continue
		}
		name := fmt.Sprintf("casefile-%s-%s.tar.gz", r.version, t)
		sum, err := sumOf(filepath.Join(r.out, name))
		if err != nil {
			return err
		}
		system := map[string]string{"darwin": "macos", "linux": "linux"}[t.os]
		cpu := map[string]string{"amd64": "intel", "arm64": "arm"}[t.arch]
		fmt.Fprintf(&b, "\n  on_%s do\n    on_%s do\n      url \"https://github.com/casefile/casefile/releases/download/v%s/%s\"\n      sha256 \"%s\"\n    end\n  end\n",
			system, cpu, r.version, name, sum)
	}
	b.WriteString("\n  def install\n    bin.install \"casefile\"\n    bin.install_symlink \"casefile\" => \"kubectl-casefile\"\n    man1.install Dir[\"man/*.1\"]\n    generate_completions_from_executable(bin/\"casefile\", \"completion\")\n" +
		"  end\n\n  test do\n    assert_match version.to_s, shell_output(\"#{bin}/casefile version\")\n  end\nend\n")
	return r.file("casefile.rb", func(w io.Writer) error { _, err := io.WriteString(w, b.String()); return err })
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// materials lists the modules that the binary holds, out of the binary itself.
func (r *release) materials(context.Context) error {
	info, err := buildinfo.ReadFile(r.binary(target{"linux", "amd64"}))
	if err != nil {
		return fmt.Errorf("bill of materials: %w", err)
	}
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{Timestamp: r.at.Format("2006-01-02T15:04:05Z"),
		Component: &cyclonedx.Component{BOMRef: "casefile", Type: cyclonedx.ComponentTypeApplication, Name: "casefile", Version: r.version}}
	var list []cyclonedx.Component
	for _, m := range info.Deps {
		purl := "pkg:golang/" + m.Path + "@" + m.Version
		list = append(list, cyclonedx.Component{BOMRef: purl, Type: cyclonedx.ComponentTypeLibrary, Name: m.Path, Version: m.Version, PackageURL: purl})
	}
	list = append(list, cyclonedx.Component{BOMRef: "pkg:golang/std@" + info.GoVersion, Type: cyclonedx.ComponentTypeLibrary, Name: "std",
		Version: strings.TrimPrefix(info.GoVersion, "go"), PackageURL: "pkg:golang/std@" + strings.TrimPrefix(info.GoVersion, "go")})
	slices.SortFunc(list, func(a, b cyclonedx.Component) int { return cmp.Compare(a.Name, b.Name) })
	bom.Components = &list
	return r.file("casefile-"+r.version+".cdx.json", func(w io.Writer) error {
		return cyclonedx.NewBOMEncoder(w, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bom)
	})
}

// sums writes SHA256SUMS of all files made so far.
func (r *release) sums(context.Context) error {
	slices.Sort(r.files)
	var b strings.Builder
	for _, name := range r.files {
		sum, err := sumOf(filepath.Join(r.out, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s  %s\n", sum, name)
	}
	return r.file("SHA256SUMS", func(w io.Writer) error { _, err := io.WriteString(w, b.String()); return err })
}

// sign signs SHA256SUMS, and with it all it names.
func (r *release) sign(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	key, err := minisign.DecryptKey(os.Getenv("CASEFILE_SIGN_PASSWORD"), text)
	if err != nil {
		return errors.Join(errors.New("the key does not open with CASEFILE_SIGN_PASSWORD"), err)
	}
	sums, err := os.ReadFile(filepath.Join(r.out, "SHA256SUMS"))
	if err != nil {
		return err
	}
	signature := minisign.SignWithComments(key, sums, fmt.Sprintf("timestamp:%d\tfile:SHA256SUMS\tcasefile %s", r.at.Unix(), r.version), "of casefile "+r.version)
	return r.file("SHA256SUMS.minisig", func(w io.Writer) error { _, err := w.Write(signature); return err })
}
