// Command dist builds what users install: binaries, archives, packages of the system, a container image, a formula, their checksums, a bill of
// materials, and a signature. It is a module of its own, so that casefile's go.mod holds what casefile needs and no more. Two runs of one commit
// give the same bytes: times are the commit's, orders are sorted, paths of the machine are nowhere.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// release is what is being built.
type release struct {
	source  string // the repository
	out     string
	version string // "1.2.0", or with the commit when it is none
	commit  string
	at      time.Time
	files   []string // made so far, names below out
	modules []module // that the binaries hold
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	source := flag.String("source", "../..", "the repository")
	out := flag.String("out", "../../dist", "folder to write")
	version := flag.String("version", "", "version to build (default: of the tag)")
	key := flag.String("sign-key", os.Getenv("CASEFILE_SIGN_KEY"), "minisign key that signs SHA256SUMS; its password in CASEFILE_SIGN_PASSWORD")
	flag.Parse()
	if err := run(ctx, *source, *out, *version, *key); err != nil {
		fmt.Fprintln(os.Stderr, "dist: error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, source, out, version, key string) error {
	r, err := newRelease(ctx, source, out, version)
	if err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{r.binaries, r.pages, r.papers, r.archives, r.packages, r.image, r.chart, r.manifests, r.formula, r.materials, r.sums} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if key != "" {
		if err := r.sign(key); err != nil {
			return err
		}
	}
	return r.list()
}

func newRelease(ctx context.Context, source, out, version string) (*release, error) {
	source, err := filepath.Abs(source)
	if err != nil {
		return nil, err
	}
	if out, err = filepath.Abs(out); err != nil {
		return nil, err
	}
	r := &release{source: source, out: out, version: version}
	stamp, err := r.git(ctx, "log", "-1", "--format=%ct")
	if err != nil {
		return nil, err
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("time of the commit: %w", err)
	}
	r.at = time.Unix(seconds, 0).UTC()
	if r.commit, err = r.git(ctx, "rev-parse", "HEAD"); err != nil {
		return nil, err
	}
	if r.version == "" {
		if r.version, err = r.git(ctx, "describe", "--tags", "--always", "--dirty"); err != nil {
			return nil, err
		}
		r.version = strings.TrimPrefix(r.version, "v")
	}
	if err := os.RemoveAll(out); err != nil {
		return nil, err
	}
	return r, os.MkdirAll(filepath.Join(out, "build"), 0o755)
}

// number is the version as packages of systems want it: it begins with a digit.
func (r *release) number() string {
	if r.version[0] >= '0' && r.version[0] <= '9' && strings.Contains(r.version, ".") {
		return r.version
	}
	return "0.0.0~" + r.version
}

func (r *release) git(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Stderr = r.source, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w", args[0], err)
	}
	return strings.TrimSpace(string(out)), nil
}

// target is a system that casefile is built for.
type target struct{ os, arch string }

func (t target) String() string { return t.os + "-" + t.arch }

// largestBinary is what a node has to take, in bytes.
const largestBinary = 30_000_000

// targets: on Linux all verbs, elsewhere those that read bundles.
var targets = []target{{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}}

func (r *release) binary(t target) string {
	name := "casefile"
	if t.os == "windows" {
		name += ".exe"
	}
	return filepath.Join(r.out, "build", t.String(), name)
}

func (r *release) binaries(ctx context.Context) error {
	for _, t := range targets {
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid= -X main.version="+r.version+" -X main.commit="+r.commit,
			"-o", r.binary(t), "./cmd/casefile")
		cmd.Dir, cmd.Stderr = r.source, os.Stderr
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+t.os, "GOARCH="+t.arch, "GOFLAGS=", "GOAMD64=v1")
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("build for %s: %w", t, err)
		}
		info, err := os.Stat(r.binary(t))
		if err != nil {
			return err
		}
		if info.Size() > largestBinary {
			return fmt.Errorf("%s: the binary has %d bytes, at most %d: TestBinarySize in cmd/casefile says what may be the cause", t, info.Size(), largestBinary)
		}
	}
	return nil
}

// pages are the manual pages and the completions of shells, which the binary writes itself.
func (r *release) pages(ctx context.Context) error {
	dir := filepath.Join(r.out, "build", "pages")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	host := r.binary(target{"linux", "amd64"})
	man := exec.CommandContext(ctx, host, "man", dir)
	man.Env = append(os.Environ(), fmt.Sprintf("SOURCE_DATE_EPOCH=%d", r.at.Unix()), "CASEFILE_CONFIG=/dev/null")
	if text, err := man.CombinedOutput(); err != nil {
		return fmt.Errorf("manual pages: %w: %s", err, text)
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		cmd := exec.CommandContext(ctx, host, "completion", shell)
		cmd.Env = append(os.Environ(), "CASEFILE_CONFIG=/dev/null")
		text, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("completion of %s: %w", shell, err)
		}
		if err := os.WriteFile(filepath.Join(dir, "completion."+shell), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// list prints what was made.
func (r *release) list() error {
	slices.Sort(r.files)
	for _, name := range r.files {
		info, err := os.Stat(filepath.Join(r.out, name))
		if err != nil {
			return err
		}
		fmt.Printf("%9.1f MB  %s\n", float64(info.Size())/1e6, name)
	}
	return os.RemoveAll(filepath.Join(r.out, "build"))
}
