package live

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"casefile/cmd/samples"
)

// ErrNoCompiler says that no JDK of this machine has javac.
var ErrNoCompiler = errors.New("no javac on this machine")

const compileLimit = 2 * time.Minute

// classes returns the jar with the compiled samples for jdk. It is compiled once
// per major version and state of the sources, and kept in dir.
func classes(ctx context.Context, jdk JDK, dir string) (string, error) {
	sources := samples.Java()
	names, sum, err := list(sources)
	if err != nil {
		return "", err
	}
	if dir == "" {
		if dir, err = os.UserCacheDir(); err != nil {
			dir = os.TempDir()
		}
		dir = filepath.Join(dir, "casefile", "samples")
	}
	jar := filepath.Join(dir, fmt.Sprintf("%s-java%d.jar", sum, jdk.Major))
	if _, err := os.Stat(jar); err == nil {
		return jar, nil
	}
	javac, major, err := compiler(ctx, jdk)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("cache of compiled samples: %w", err)
	}
	work, err := os.MkdirTemp(dir, "compile-")
	if err != nil {
		return "", fmt.Errorf("cache of compiled samples: %w", err)
	}
	defer os.RemoveAll(work)
	if err := os.CopyFS(filepath.Join(work, "src"), sources); err != nil {
		return "", fmt.Errorf("unpack samples: %w", err)
	}
	if err := compile(ctx, javac, major, filepath.Join(work, "src"), filepath.Join(work, "classes"), names); err != nil {
		return "", err
	}
	// Two that compile at once both succeed: the rename replaces one complete jar with another.
	packed := filepath.Join(work, "classes.jar")
	if err := pack(os.DirFS(filepath.Join(work, "classes")), packed); err != nil {
		return "", fmt.Errorf("pack samples: %w", err)
	}
	if err := os.Rename(packed, jar); err != nil {
		return "", fmt.Errorf("cache of compiled samples: %w", err)
	}
	return jar, nil
}

// Compile compiles one source file for jdk into dir, which is then its class path.
func Compile(ctx context.Context, jdk JDK, source, dir string) error {
	javac, major, err := compiler(ctx, jdk)
	if err != nil {
		return err
	}
	return compile(ctx, javac, major, filepath.Dir(source), dir, []string{filepath.Base(source)})
}

// compiler returns the javac of jdk itself, or for a JRE that of another JDK: its
// classes are of Java 8 and run everywhere.
func compiler(ctx context.Context, jdk JDK) (javac string, major int, err error) {
	for _, j := range append([]JDK{jdk}, JDKs(ctx)...) {
		if path, ok := j.Has("javac"); ok {
			return path, j.Major, nil
		}
	}
	return "", 0, ErrNoCompiler
}

func list(sources fs.FS) (names []string, sum string, err error) {
	hash := sha256.New()
	err = fs.WalkDir(sources, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".java") {
			return err
		}
		text, err := fs.ReadFile(sources, path)
		fmt.Fprintf(hash, "%s %d\n%s", path, len(text), text)
		names = append(names, filepath.FromSlash(path))
		return err
	})
	return names, fmt.Sprintf("%x", hash.Sum(nil)[:6]), err
}

// compile runs javac for Java 8, and natively when this javac cannot do so (8
// itself knows no --release, and some day a newer one drops Java 8).
func compile(ctx context.Context, javac string, major int, from, to string, names []string) error {
	ctx, cancel := context.WithTimeout(ctx, compileLimit)
	defer cancel()
	to, err := filepath.Abs(to)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	common := append([]string{"-nowarn", "-proc:none", "-g", "-encoding", "UTF-8", "-d", to}, names...)
	attempts := [][]string{{"--release", "8", "-Xlint:-options"}, nil}
	if major == 8 {
		attempts = attempts[1:]
	}
	var failed error
	for _, extra := range attempts {
		cmd := exec.CommandContext(ctx, javac, slices.Concat(extra, common)...)
		cmd.Dir = from
		cmd.Env = environment()
		said, err := cmd.CombinedOutput()
		if err == nil {
			return nil
		}
		failed = fmt.Errorf("%s: %w: %s", javac, err, said[:min(len(said), 2000)])
	}
	return failed
}

func pack(classes fs.FS, path string) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	jar := zip.NewWriter(f)
	if err := jar.AddFS(classes); err != nil {
		return err
	}
	return jar.Close()
}

// copyFile copies for a user who may not enter the cache folder.
func copyFile(from, to string, mode os.FileMode) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}
