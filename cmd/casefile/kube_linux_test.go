package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"casefile/bundle"
)

// pods puts a kubectl in front of the PATH that does on this machine what exec does in a container: it runs the command with a temporary folder
// of the pod's own. A pod named distroless has no shell, only a debug container beside it.
func pods(t *testing.T, binary string) (tmp string) {
	t.Helper()
	dir := t.TempDir()
	script := `#!/bin/sh
while [ $# -gt 0 ]; do
  case "$1" in
  exec | debug | get) verb=$1 ;;
  -n | -c) shift ;;
  -i | -q | --*=*) ;;
  --) shift; break ;;
  *) pod=$1 ;;
  esac
  shift
done
export TMPDIR='` + dir + `'/$pod
mkdir -p "$TMPDIR"
case "$verb$pod" in
execdistroless) echo 'exec: "sh": executable file not found in $PATH' >&2; exit 126 ;;
debug*) shift; exec '` + binary + `' "$@" ;;
esac
exec "$@"
`
	if err := os.WriteFile(filepath.Join(dir, "kubectl"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return dir
}

// Two pods, one of which has no shell, and this node in one capture: complete, and nothing stays in a pod. Without casefile's image beside it the
// pod without a shell is a gap that names it.
func TestPods(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "casefile") // by this name the test program is casefile
	if err := os.Symlink(self, binary); err != nil {
		t.Fatal(err)
	}
	tmp := pods(t, binary)
	out := filepath.Join(t.TempDir(), "x.tar.zst")
	collectPods := func(distroless string) (code int, said string) {
		var stdout, stderr bytes.Buffer
		code = run(t.Context(), []string{"collect", "--node", "k8s://wiki/web-1/app", "--node", distroless, "--node", "local", "--duration", "1s", "--dumps", "1",
			"--out", out, "--no-report"}, strings.NewReader(""), &stdout, &stderr)
		return code, stdout.String() + stderr.String()
	}
	code, said := collectPods("k8s://wiki/distroless/app?image=registry.example.com/casefile:1")
	if code != 0 && code != exitGaps {
		t.Fatalf("exit %d: %s", code, said)
	}
	r, err := bundle.Open(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, n := range r.Manifest.Nodes {
		names = append(names, n.Name)
	}
	if got := fmt.Sprint(names); !strings.Contains(got, "web-1") || !strings.Contains(got, "distroless") || len(names) != 3 {
		t.Errorf("nodes %v\n%s", names, said)
	}
	for _, g := range r.Manifest.Gaps() {
		if g.Collector == "fleet" {
			t.Errorf("gap %+v", g)
		}
	}
	for _, pod := range []string{"web-1", "distroless"} {
		if left, err := os.ReadDir(filepath.Join(tmp, pod)); err != nil || len(left) > 0 {
			t.Errorf("%s keeps %v %v", pod, left, err)
		}
	}
	os.Remove(out)
	if code, said := collectPods("k8s://wiki/distroless/app"); code != exitGaps || !strings.Contains(said, "?image=") {
		t.Errorf("exit %d: %s", code, said)
	}
}
