package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pluginName is the name by which kubectl finds casefile on the PATH; the packages have a link of it.
const pluginName = "kubectl-casefile"

// kubectl casefile is casefile: the real kubectl finds it by its name, and hands all arguments on.
func TestPluginOfKubectl(t *testing.T) {
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	called(t, dir, pluginName)
	ask := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), kubectl, args...)
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "HOME="+dir, "KUBECONFIG="+filepath.Join(dir, "none"), "CASEFILE_CONFIG=/dev/null")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("kubectl %v: %v: %s", args, err, out)
		}
		return string(out)
	}
	if list := ask("plugin", "list"); !strings.Contains(list, filepath.Join(dir, pluginName)) {
		t.Errorf("kubectl does not find it: %s", list)
	}
	if said := ask("casefile", "version"); !strings.HasPrefix(said, "casefile ") {
		t.Errorf("says %q", said)
	}
	if said := ask("casefile", "collect", "--help"); !strings.Contains(said, "k8s://") {
		t.Errorf("its flags are not handed on: %s", said)
	}
}
