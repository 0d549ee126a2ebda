package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// module is one that a binary holds, with the terms that it is under.
type module struct {
	path, version string
	papers        []string // files with licences and notices, which have to go with the binary
	ids           []string // the licences' SPDX identifiers, sorted
}

// paperNames are what files with terms are called.
var paperNames = regexp.MustCompile(`(?i)^(licen[cs]es?|copying|notice|patents|copyright|third[-_]party[-_]licen[cs]es)([-._].*)?$`)

// standard is what the modules of a binary call the standard library and the runtime.
const standard = "std"

// linked are the modules whose packages the binaries of all targets hold, sorted by path. The terms of a package are in the files of its folder and
// of the folders above it, up to the module's.
func (r *release) linked(ctx context.Context) ([]module, error) {
	known := map[string]*module{}
	for _, t := range targets {
		cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-json=Dir,Standard,Module", "./cmd/casefile")
		cmd.Dir, cmd.Stderr = r.source, os.Stderr
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+t.os, "GOARCH="+t.arch, "GOFLAGS=")
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("packages of %s: %w", t, err)
		}
		if err := gather(known, out); err != nil {
			return nil, fmt.Errorf("packages of %s: %w", t, err)
		}
	}
	goroot, err := goEnv(ctx, "GOROOT")
	if err != nil {
		return nil, err
	}
	version, err := goEnv(ctx, "GOVERSION")
	if err != nil {
		return nil, err
	}
	std := &module{path: standard, version: strings.TrimPrefix(version, "go")}
	known[standard] = std
	std.take(goroot)
	var list []module
	for _, m := range known {
		if err := m.identify(); err != nil {
			return nil, err
		}
		list = append(list, *m)
	}
	slices.SortFunc(list, func(a, b module) int { return strings.Compare(a.path, b.path) })
	return list, nil
}

func goEnv(ctx context.Context, name string) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", name).Output()
	if err != nil {
		return "", fmt.Errorf("go env %s: %w", name, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// gather adds the modules of the packages that go list names.
func gather(known map[string]*module, packages []byte) error {
	for d := json.NewDecoder(bytes.NewReader(packages)); ; {
		type origin struct {
			Path, Version, Dir string
			Main               bool
		}
		var p struct {
			Dir      string
			Standard bool
			Module   *struct {
				origin
				Replace *origin
			}
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if p.Standard || p.Module == nil || p.Module.Main {
			continue
		}
		from := p.Module.origin
		if p.Module.Replace != nil {
			from = *p.Module.Replace
		}
		m := known[from.Path]
		if m == nil {
			m = &module{path: from.Path, version: from.Version}
			known[from.Path] = m
		}
		for dir := p.Dir; ; dir = filepath.Dir(dir) {
			m.take(dir)
			if dir == from.Dir || len(dir) <= len(from.Dir) {
				break
			}
		}
	}
}

// take adds the files with terms of one folder; of a folder named so, what is in it.
func (m *module) take(dir string) {
	list, _ := os.ReadDir(dir)
	for _, e := range list {
		path := filepath.Join(dir, e.Name())
		if !paperNames.MatchString(e.Name()) || filepath.Ext(e.Name()) == ".go" {
			continue
		}
		below := []string{path}
		if e.IsDir() {
			below, _ = filepath.Glob(filepath.Join(path, "*"))
		}
		for _, path := range below {
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && !slices.Contains(m.papers, path) {
				m.papers = append(m.papers, path)
			}
		}
	}
}

// identify names the licences of the module's files.
func (m *module) identify() error {
	slices.Sort(m.papers)
	for _, path := range m.papers {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, found := range licensecheck.Scan(text).Match {
			if !found.IsURL && found.ID != googlePatents && !slices.Contains(m.ids, found.ID) {
				m.ids = append(m.ids, found.ID)
			}
		}
	}
	if len(m.ids) == 0 {
		return fmt.Errorf("%s %s: no known licence in %v: it cannot go with the binary", m.path, m.version, m.papers)
	}
	slices.Sort(m.ids)
	return nil
}

// googlePatents is a further grant and no licence of SPDX.
const googlePatents = "GooglePatentsFile"

// papers writes the terms of all that the binaries hold: most of them ask that their text goes with a binary.
func (r *release) papers(ctx context.Context) (err error) {
	if r.modules, err = r.linked(ctx); err != nil {
		return err
	}
	f, err := os.Create(r.terms())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	fmt.Fprintf(w, "casefile is under the Apache License 2.0, in LICENSE. Its binary holds the modules below, under their terms.\n"+
		"The source of each is public: go mod download MODULE@VERSION gets it, that of std lies at https://go.dev/dl.\n")
	for _, m := range r.modules {
		fmt.Fprintf(w, "\n\n%s\n%s %s (%s)\n%[1]s\n", strings.Repeat("=", 80), m.path, m.version, strings.Join(m.ids, ", "))
		for _, path := range m.papers {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "\n%s\n", bytes.TrimSpace(text))
		}
	}
	return w.Flush()
}

// terms is the file with the terms of the modules.
func (r *release) terms() string { return filepath.Join(r.out, "build", "THIRD-PARTY-LICENSES") }
