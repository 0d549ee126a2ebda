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

// materials lists the modules that the binaries hold, out of the binaries themselves, with their licences.
func (r *release) materials(context.Context) error {
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{Timestamp: r.at.Format("2006-01-02T15:04:05Z"), Component: &cyclonedx.Component{BOMRef: "casefile",
		Type: cyclonedx.ComponentTypeApplication, Name: "casefile", Version: r.version, Licenses: licencesOf([]string{"Apache-2.0"})}}
	held, err := r.held()
	if err != nil {
		return fmt.Errorf("bill of materials: %w", err)
	}
	var list []cyclonedx.Component
	for _, h := range held {
		i := slices.IndexFunc(r.modules, func(m module) bool { return m.path == h.path && m.version == h.version })
		if i < 0 {
			return fmt.Errorf("bill of materials: a binary holds %s %s, whose licence is not known", h.path, h.version)
		}
		purl := "pkg:golang/" + h.path + "@" + h.version
		list = append(list, cyclonedx.Component{BOMRef: purl, Type: cyclonedx.ComponentTypeLibrary, Name: h.path, Version: h.version, PackageURL: purl,
			Licenses: licencesOf(r.modules[i].ids)})
	}
	bom.Components = &list
	return r.file("casefile-"+r.version+".cdx.json", func(w io.Writer) error {
		return cyclonedx.NewBOMEncoder(w, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bom)
	})
}

// licencesOf says in CycloneDX that all of these hold.
func licencesOf(ids []string) *cyclonedx.Licenses {
	var list cyclonedx.Licenses
	for _, id := range ids {
		list = append(list, cyclonedx.LicenseChoice{License: &cyclonedx.License{ID: id}})
	}
	return &list
}

// held are the modules that the binaries of all targets say they hold, sorted.
func (r *release) held() (list []module, err error) {
	for _, t := range targets {
		info, err := buildinfo.ReadFile(r.binary(t))
		if err != nil {
			return nil, err
		}
		has := []module{{path: standard, version: strings.TrimPrefix(info.GoVersion, "go")}}
		for _, d := range info.Deps {
			if d.Replace != nil {
				d = d.Replace
			}
			has = append(has, module{path: d.Path, version: d.Version})
		}
		for _, m := range has {
			if !slices.ContainsFunc(list, func(o module) bool { return o.path == m.path && o.version == m.version }) {
				list = append(list, m)
			}
		}
	}
	slices.SortFunc(list, func(a, b module) int {
		return cmp.Or(strings.Compare(a.path, b.path), strings.Compare(a.version, b.version))
	})
	return list, nil
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
