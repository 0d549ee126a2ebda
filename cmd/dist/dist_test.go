package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// built makes a release in a folder of the test.
func built(t *testing.T) string {
	t.Helper()
	if os.Getenv("CASEFILE_DISTTEST") == "" {
		t.Skip("make disttest builds and installs packages, which takes minutes")
	}
	out := t.TempDir()
	if err := run(t.Context(), "../..", out, "", ""); err != nil {
		t.Fatal(err)
	}
	return out
}

func only(t *testing.T, pattern string) string {
	t.Helper()
	list, err := filepath.Glob(pattern)
	if err != nil || len(list) != 1 {
		t.Fatalf("%s: %v %v", pattern, list, err)
	}
	return list[0]
}

func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func sumsOf(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Two releases of one commit are the same bytes; each package says what it holds and can be read back.
func TestRelease(t *testing.T) {
	first, second := built(t), built(t)
	if a, b := sumsOf(t, first), sumsOf(t, second); a != b {
		t.Errorf("two runs differ:\n%s\n%s", a, b)
	}
	for _, name := range []string{"*-linux-amd64.tar.gz", "*-linux-arm64.tar.gz", "*-darwin-arm64.tar.gz", "*-windows-amd64.zip", "*_amd64.deb", "*_arm64.deb",
		"*.x86_64.rpm", "*_x86_64.apk", "casefile.rb", "*.cdx.json"} {
		only(t, filepath.Join(first, name))
	}
	t.Run("apk", func(t *testing.T) { readAPK(t, only(t, filepath.Join(first, "*_x86_64.apk"))) })
	t.Run("rpm", func(t *testing.T) { readRPM(t, only(t, filepath.Join(first, "*.x86_64.rpm"))) })
	t.Run("image", func(t *testing.T) { runImage(t, only(t, filepath.Join(first, "*-image.oci.tar"))) })
	t.Run("deb", func(t *testing.T) { installDeb(t, only(t, filepath.Join(first, "*_amd64.deb"))) })
	t.Run("bill of materials", func(t *testing.T) {
		var bom struct {
			Components []struct{ Name, Version string } `json:"components"`
		}
		text, err := os.ReadFile(only(t, filepath.Join(first, "*.cdx.json")))
		if err != nil || json.Unmarshal(text, &bom) != nil || len(bom.Components) < 10 {
			t.Errorf("%v: %d components", err, len(bom.Components))
		}
	})
}

// readAPK: a package of Alpine is gzip members with tar inside.
func readAPK(t *testing.T, path string) {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"usr/bin/casefile", ".PKGINFO", "etc/casefile.yaml"} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("%s is not in the package", want)
		}
	}
}

func readRPM(t *testing.T, path string) {
	if _, err := exec.LookPath("rpm"); err != nil {
		t.Skip("no rpm on this machine")
	}
	if list := command(t, "rpm", "-qpl", "--nosignature", path); !strings.Contains(list, "/usr/bin/casefile\n") || !strings.Contains(list, "casefile-agent.service") {
		t.Errorf("holds\n%s", list)
	}
}

// runImage unpacks the layer of this machine into a folder and runs its binary there.
func runImage(t *testing.T, path string) {
	dir, root := t.TempDir(), t.TempDir()
	command(t, "tar", "-xf", path, "-C", dir)
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	m, err := index.IndexManifest()
	if err != nil || len(m.Manifests) != 2 {
		t.Fatalf("%v %+v", err, m)
	}
	img, err := index.Image(m.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := img.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%v: %d layers", err, len(layers))
	}
	body, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	r := tar.NewReader(body)
	for {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(root, h.Name)
		if h.Typeflag == tar.TypeDir {
			os.MkdirAll(to, 0o755)
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, os.FileMode(h.Mode)); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() != 0 {
		t.Skip("chroot takes root")
	}
	if got := command(t, "chroot", root, "/usr/bin/casefile", "version"); !strings.HasPrefix(got, "casefile ") {
		t.Errorf("says %q", got)
	}
}

// installDeb installs, configures, upgrades and purges; nothing stays.
func installDeb(t *testing.T, path string) {
	if _, err := exec.LookPath("dpkg"); err != nil || os.Geteuid() != 0 {
		t.Skip("takes dpkg and root")
	}
	if _, err := os.Stat("/usr/bin/casefile"); err == nil {
		t.Skip("casefile is installed on this machine")
	}
	t.Cleanup(func() { exec.Command("dpkg", "--purge", "casefile").Run() })
	command(t, "dpkg", "-i", path)
	for file, mode := range map[string]os.FileMode{"/usr/bin/casefile": 0o755, "/usr/lib/systemd/system/casefile-agent.service": 0o644, "/etc/casefile.yaml": 0o644} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v %v", file, info, err)
		}
	}
	if _, err := exec.LookPath("systemd-analyze"); err == nil {
		command(t, "systemd-analyze", "verify", "/usr/lib/systemd/system/casefile-agent.service")
		out := command(t, "systemd-analyze", "security", "--offline=true", "--no-pager", "/usr/lib/systemd/system/casefile-agent.service")
		t.Log(out[strings.LastIndex(strings.TrimSpace(out), "\n")+1:])
	}
	const own = "# mine\n"
	if err := os.WriteFile("/etc/casefile.yaml", []byte(own), 0o644); err != nil {
		t.Fatal(err)
	}
	command(t, "dpkg", "-i", "--force-confold", path) // an upgrade
	if text, err := os.ReadFile("/etc/casefile.yaml"); err != nil || string(text) != own {
		t.Errorf("the configuration did not stay: %q %v", text, err)
	}
	command(t, "dpkg", "--purge", "casefile")
	for _, gone := range []string{"/usr/bin/casefile", "/etc/casefile.yaml", "/etc/casefile", "/usr/lib/systemd/system/casefile-agent.service", "/var/lib/casefile"} {
		if _, err := os.Stat(gone); err == nil {
			t.Errorf("%s is still there", gone)
		}
	}
}
