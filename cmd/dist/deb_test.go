package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

const unit = "/usr/lib/systemd/system/casefile-agent.service"

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
	for file, mode := range modes {
		checkMode(t, file, mode)
	}
	if _, err := exec.LookPath("systemd-sysusers"); err == nil {
		if user := command(t, "getent", "passwd", "casefile"); !strings.Contains(user, ":/var/lib/casefile:") {
			t.Errorf("the agent's user is %s", user)
		}
	}
	if _, err := exec.LookPath("systemd-analyze"); err == nil {
		if out := command(t, "systemd-analyze", "verify", unit); out != "" {
			t.Errorf("systemd-analyze verify: %s", out)
		}
	}
	state := "/var/lib/casefile/spool"
	if err := os.MkdirAll(state, 0o700); err != nil {
		t.Fatal(err)
	}
	const own = "# mine\n"
	for _, config := range []string{"/etc/casefile.yaml", "/etc/casefile/agent.env", "/etc/casefile/node.pem"} {
		if err := os.WriteFile(config, []byte(own), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	command(t, "dpkg", "-i", "--force-confold", path) // an upgrade
	for _, config := range []string{"/etc/casefile.yaml", "/etc/casefile/agent.env", "/etc/casefile/node.pem"} {
		if text, err := os.ReadFile(config); err != nil || string(text) != own {
			t.Errorf("%s did not stay: %q %v", config, text, err)
		}
	}
	command(t, "dpkg", "--purge", "casefile")
	for file := range modes {
		gone(t, file)
	}
	for _, dir := range []string{"/etc/casefile", "/var/lib/casefile", "/usr/share/doc/casefile", "/usr/bin/kubectl-casefile"} {
		gone(t, dir)
	}
	if out, err := tool(t, "getent", "passwd", "casefile"); err == nil {
		t.Errorf("the user is still there: %s", out)
	}
	if out, err := tool(t, "getent", "group", "casefile"); err == nil {
		t.Errorf("the group is still there: %s", out)
	}
}

func gone(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Lstat(path); err == nil {
		t.Errorf("%s is still there", path)
	}
}
