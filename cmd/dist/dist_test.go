package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// copyImage does what README says, to a folder in the place of a registry.
func copyImage(t *testing.T, path string) {
	t.Helper()
	line := regexp.MustCompile("`(skopeo copy [^`]*)`").FindStringSubmatch(document(t, "README.md"))
	if line == nil {
		t.Fatal("README has no skopeo")
	}
	needTool(t, "skopeo", "skopeo")
	to := filepath.Join(t.TempDir(), "copy")
	args := strings.Fields(strings.NewReplacer("casefile-VERSION-image.oci.tar", path, "docker://REGISTRY/casefile:VERSION", "oci:"+to+":x").Replace(line[1]))
	command(t, args[0], append([]string{"--insecure-policy"}, args[1:]...)...)
	var list struct {
		Manifests []struct{ Platform struct{ Architecture string } }
	}
	if err := json.Unmarshal([]byte(command(t, "skopeo", "inspect", "--raw", "oci:"+to+":x")), &list); err != nil || len(list.Manifests) != 2 {
		t.Errorf("README copies %+v: %v", list, err)
	}
}

// built makes a release in a folder of the test.
func built(t *testing.T) string {
	t.Helper()
	if os.Getenv("CASEFILE_DISTTEST") == "" {
		t.Skip("make disttest builds and installs packages, which takes minutes")
	}
	out := t.TempDir()
	if err := run(t.Context(), "../..", out, testVersion, ""); err != nil {
		t.Fatal(err)
	}
	return out
}

// testVersion is the one that is built.
const testVersion = "1.2.3"

func only(t *testing.T, pattern string) string {
	t.Helper()
	list, err := filepath.Glob(pattern)
	if err != nil || len(list) != 1 {
		t.Fatalf("%s: %v %v", pattern, list, err)
	}
	return list[0]
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
	for _, name := range namedFiles(document(t, "README.md")) {
		if _, err := os.Stat(filepath.Join(first, strings.ReplaceAll(name, "VERSION", testVersion))); err != nil {
			t.Errorf("README names %s: %v", name, err)
		}
	}
	list, err := os.ReadDir(first)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if name := strings.ReplaceAll(e.Name(), testVersion, "VERSION"); !strings.Contains(document(t, "docs/packages.md"), name) {
			t.Errorf("docs/packages.md does not name %s", name)
		}
	}
	t.Run("apk", func(t *testing.T) { readAPK(t, only(t, filepath.Join(first, "*_x86_64.apk"))) })
	t.Run("rpm", func(t *testing.T) { readRPM(t, only(t, filepath.Join(first, "*.x86_64.rpm"))) })
	t.Run("image", func(t *testing.T) { runImage(t, only(t, filepath.Join(first, "*-image.oci.tar"))) })
	t.Run("deb", func(t *testing.T) { installDeb(t, only(t, filepath.Join(first, "*_amd64.deb"))) })
	t.Run("bill of materials", func(t *testing.T) {
		checkMaterials(t, only(t, filepath.Join(first, "*.cdx.json")), only(t, filepath.Join(first, "*-linux-amd64.tar.gz")))
	})
	t.Run("formula", func(t *testing.T) {
		needTool(t, "ruby", "ruby")
		command(t, "ruby", "-c", filepath.Join(first, "casefile.rb"))
	})
}

// checkMaterials: what go says of the binary in an archive is in the bill, each with its licence, and its terms are in the archive.
func checkMaterials(t *testing.T, bill, archive string) {
	var bom struct {
		Components []struct {
			Name, Version string
			Licenses      []struct{ License struct{ ID string } }
		}
	}
	text, err := os.ReadFile(bill)
	if err != nil || json.Unmarshal(text, &bom) != nil {
		t.Fatalf("%s: %v", bill, err)
	}
	has := map[string]bool{}
	for _, c := range bom.Components {
		has[c.Name+" "+c.Version] = len(c.Licenses) > 0 && c.Licenses[0].License.ID != ""
	}
	dir := t.TempDir()
	command(t, "tar", "-xzf", archive, "-C", dir, "--strip-components=1")
	terms, err := os.ReadFile(filepath.Join(dir, "THIRD-PARTY-LICENSES"))
	if err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(filepath.Join(dir, "kubectl-casefile")); err != nil || to != "casefile" {
		t.Errorf("kubectl-casefile: %q %v", to, err)
	}
	deps := regexp.MustCompile(`(?m)^\tdep\t(\S+)\t(\S+)`).FindAllStringSubmatch(command(t, "go", "version", "-m", filepath.Join(dir, "casefile")), -1)
	if len(deps) == 0 {
		t.Fatal("the binary names no modules")
	}
	for _, d := range deps {
		if !has[d[1]+" "+d[2]] {
			t.Errorf("%s %s is in the binary, and not in the bill with a licence", d[1], d[2])
		}
		if !bytes.Contains(terms, []byte("\n"+d[1]+" "+d[2]+" (")) {
			t.Errorf("%s %s has no terms", d[1], d[2])
		}
	}
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
	if bytes.Contains(text, []byte("casefile-agent.service")) {
		t.Error("a unit of systemd, which Alpine has not")
	}
	for _, want := range []string{"usr/bin/casefile", ".PKGINFO", "etc/casefile.yaml"} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("%s is not in the package", want)
		}
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
	if err != nil || len(m.Manifests) != 1 || m.Manifests[0].Annotations["org.opencontainers.image.ref.name"] != testVersion {
		t.Fatalf("%v %+v", err, m)
	}
	if index, err = index.ImageIndex(m.Manifests[0].Digest); err != nil {
		t.Fatal(err)
	}
	if m, err = index.IndexManifest(); err != nil || len(m.Manifests) != 2 {
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
	for _, paper := range []string{"LICENSE", "THIRD-PARTY-LICENSES"} {
		if _, err := os.Stat(filepath.Join(root, "usr/share/doc/casefile", paper)); err != nil {
			t.Error(err)
		}
	}
	copyImage(t, path)
	if os.Geteuid() != 0 {
		t.Skip("chroot takes root")
	}
	if got := command(t, "chroot", root, "/usr/bin/casefile", "version"); !strings.HasPrefix(got, "casefile ") {
		t.Errorf("says %q", got)
	}
}
