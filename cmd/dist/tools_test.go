package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// needTool finds a tool, or has Debian install it; without either the test is skipped, and says so.
func needTool(t *testing.T, name, debian string) {
	t.Helper()
	if _, err := exec.LookPath(name); err == nil {
		return
	}
	if os.Geteuid() != 0 {
		t.Skipf("no %s on this machine, and installing %s takes root", name, debian)
	}
	out, err := exec.CommandContext(t.Context(), "apt-get", "install", "-y", "-q", debian).CombinedOutput()
	if _, lookErr := exec.LookPath(name); err != nil || lookErr != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		t.Skipf("no %s on this machine, and %s cannot be installed: %v: %s", name, debian, err, lines[len(lines)-1])
	}
}

// command runs a tool and returns what it says.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := tool(t, name, args...)
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return out
}

func tool(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	return string(out), err
}
