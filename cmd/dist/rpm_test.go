package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// modes are those of what the packages with systemd install.
var modes = map[string]os.FileMode{
	"/usr/bin/casefile": 0o755,
	"/usr/lib/systemd/system/casefile-agent.service": 0o644,
	"/usr/lib/sysusers.d/casefile.conf":              0o644,
	"/etc/casefile.yaml":                             0o644,
	"/etc/casefile/agent.env":                        0o644,
	"/usr/share/man/man1/casefile-agent.1":           0o644,
	"/usr/share/doc/casefile/LICENSE":                0o644,
	"/usr/share/doc/casefile/THIRD-PARTY-LICENSES":   0o644,
}

// readRPM holds the package against the real tool: digests, files, scripts, and an installation into a root of its own.
func readRPM(t *testing.T, path string) {
	needTool(t, "rpm", "rpm")
	root := t.TempDir()
	rpm := func(args ...string) string {
		return command(t, "rpm", append([]string{"--dbpath", filepath.Join(root, "db")}, args...)...)
	}
	if out := rpm("-K", "--nosignature", path); !strings.Contains(out, "digests OK") {
		t.Errorf("rpm -K: %s", out)
	}
	list := strings.Fields(rpm("-qlp", "--nosignature", path))
	for file := range modes {
		if !slices.Contains(list, file) && !slices.Contains(list, file+".gz") {
			t.Errorf("%s is not in the package:\n%s", file, strings.Join(list, "\n"))
		}
	}
	if configs := strings.Fields(rpm("-qp", "--nosignature", "--configfiles", path)); !slices.Equal(configs, []string{"/etc/casefile.yaml", "/etc/casefile/agent.env"}) {
		t.Errorf("configuration: %v", configs)
	}
	scripts := rpm("-qp", "--nosignature", "--scripts", path)
	for _, want := range []string{"systemd-sysusers", "daemon-reload", "disable --now casefile-agent.service"} {
		if !strings.Contains(scripts, want) {
			t.Errorf("no %q in the scripts:\n%s", want, scripts)
		}
	}
	if out := rpm("-qp", "--nosignature", "--queryformat", "%{NAME} %{ARCH} %{LICENSE}", path); out != "casefile x86_64 Apache-2.0" {
		t.Errorf("is %q", out)
	}
	installRPM(t, path)
}

// installRPM installs and erases the package in a root of its own, without its scripts: they are for the system.
func installRPM(t *testing.T, path string) {
	if os.Geteuid() != 0 {
		t.Skip("takes root")
	}
	root := t.TempDir()
	rpm := func(args ...string) string {
		return command(t, "rpm", append([]string{"--root", root, "--dbpath", "/db", "--nodeps", "--noscripts", "--nosignature"}, args...)...)
	}
	rpm("-i", path)
	for file, mode := range modes {
		checkMode(t, filepath.Join(root, file), mode)
	}
	if got := command(t, filepath.Join(root, "usr/bin/casefile"), "version"); !strings.HasPrefix(got, "casefile ") {
		t.Errorf("says %q", got)
	}
	if out := rpm("-V", "casefile"); out != "" {
		t.Errorf("rpm -V: %s", out)
	}
	config := filepath.Join(root, "etc/casefile.yaml")
	if err := os.WriteFile(config, []byte("# mine\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	rpm("-U", "--force", path)
	if text, err := os.ReadFile(config); err != nil || string(text) != "# mine\n" {
		t.Errorf("an upgrade did not keep the configuration: %q %v", text, err)
	}
	rpm("-e", "casefile")
	if _, err := os.Stat(filepath.Join(root, "usr/bin/casefile")); err == nil {
		t.Error("the binary is still there")
	}
}

// checkMode holds a file against a mode; pages may be packed.
func checkMode(t *testing.T, file string, mode os.FileMode) {
	t.Helper()
	info, err := os.Stat(file)
	if os.IsNotExist(err) {
		info, err = os.Stat(file + ".gz")
	}
	if err != nil || info.Mode().Perm() != mode {
		t.Errorf("%s: %v, want mode %v", file, info, mode)
	}
}

var exposure = regexp.MustCompile(`exposure level for casefile-agent.service: ([0-9.]+)`)
