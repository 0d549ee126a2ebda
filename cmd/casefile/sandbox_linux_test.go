package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"casefile/bundle"
	"casefile/bundle/format/entries"
	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

// What the packages' unit leaves to the agent is enough: as a user of its own, with the unit's capabilities, on a host that
// is read-only but for its folder, JVMs of others are captured with all that root gets.
func TestUnitSandbox(t *testing.T) {
	needNamespaces(t)
	jdk := livetest.Newest(t)
	targets := []*live.Process{livetest.Start(t, jdk, "healthy", live.Options{User: live.Nobody()}), livetest.Start(t, jdk, "healthy", live.Options{})}
	dir := filepath.Dir(publicCasefile(t))
	built := filepath.Join(dir, "casefile-as-built") // the test program wants a temporary folder before it is casefile
	build := exec.CommandContext(t.Context(), "go", "build", "-o", built, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	out := filepath.Join(dir, "b.tar.zst")
	line := append([]string{"-ec", "mount --make-rprivate /\nmount --bind " + dir + " " + dir + `
for at in $(cut -d ' ' -f 5 /proc/self/mountinfo); do
  case $at in ` + dir + ` | /proc* | /sys* | /dev*) ;; *) mount -o remount,bind,ro "$at" 2>/dev/null || true ;; esac
done
if touch /var/tmp/casefile-probe 2>/dev/null; then echo "the host can be written to"; exit 99; fi
exec "$@"`, "sh", "setpriv", "--reuid", fmt.Sprint(stranger), "--regid", fmt.Sprint(stranger), "--clear-groups", "--no-new-privs"}, unitCapabilities(t)...)
	line = append(line, built, "collect", "--duration", "6s", "--dumps", "2", "--dump-interval", "2s", "--no-color", "--out", out)
	for _, p := range targets {
		line = append(line, "--pid", strconv.Itoa(p.PID))
	}
	cmd := exec.CommandContext(t.Context(), "sh", line...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Unshareflags: syscall.CLONE_NEWNS}
	cmd.Env = append(os.Environ(), "TMPDIR="+dir, "HOME="+dir)
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() != exitGaps { // a busy machine leaves gaps of time
		t.Fatalf("%v\n%s", err, said.String())
	}
	r, err := bundle.Open(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Manifest.Coverage {
		if c.Collector == entries.CollectorJVM && (c.Cause == entries.NotPermitted || c.Cause == entries.Refused) {
			t.Errorf("%s of %s: %s: %s", c.Item, c.Target, c.Status, c.Reason)
		}
	}
	for _, p := range targets {
		for _, name := range []string{"threads/dump-01.txt", "threads/dump-01-waits.tsv", "process/io", "vm/environ"} {
			pattern := regexp.MustCompile(fmt.Sprintf(`/jvm/%d-[^/]+/%s$`, p.PID, regexp.QuoteMeta(name)))
			found := false
			for _, e := range r.Manifest.Entries {
				found = found || pattern.MatchString(e.Path)
			}
			if !found {
				t.Errorf("no %s of %d", name, p.PID)
			}
		}
	}
}

// unitCapabilities are the arguments by which setpriv gives the capabilities of the packages' unit, and no others.
func unitCapabilities(t *testing.T) []string {
	t.Helper()
	unit, err := os.ReadFile("../dist/files/casefile-agent.service")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^AmbientCapabilities=(.*)$`).FindSubmatch(unit)
	if m == nil || !bytes.Contains(unit, append([]byte("CapabilityBoundingSet="), m[1]...)) {
		t.Fatal("the unit gives other capabilities than it bounds")
	}
	set := "-all"
	for _, c := range strings.Fields(string(m[1])) {
		set += ",+" + strings.ToLower(strings.TrimPrefix(c, "CAP_"))
	}
	return []string{"--inh-caps", set, "--ambient-caps", set, "--bounding-set", set}
}
