package fleet

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"casefile/collectors/kube"
)

// kubectl puts a stand-in in front of the PATH: a shell script that sees the arguments of each call.
func kubectl(t *testing.T, script string) (calls string) {
	t.Helper()
	dir := t.TempDir()
	calls = filepath.Join(dir, "calls")
	if err := os.WriteFile(filepath.Join(dir, "kubectl"), []byte("#!/bin/sh\necho \"$@\" >> '"+calls+"'\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return calls
}

func TestPodsOfASelector(t *testing.T) {
	kubectl(t, "printf 'web-1\\nweb-2\\n'\n")
	nodes, err := Expand(t.Context(), "k8s://wiki/?selector=app=confluence&context=prod", nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, n := range nodes {
		names = append(names, n.Name)
		if n.Address.Namespace != "wiki" || n.Address.Context != "prod" || n.Address.Selector != "" || n.Address.Pod != n.Name {
			t.Errorf("%+v", n)
		}
	}
	if !slices.Equal(names, []string{"web-1", "web-2"}) {
		t.Errorf("%v", names)
	}
	for script, says := range map[string]string{
		"true\n":            "no running pod",
		"echo '-o --all'\n": "kubectl names",
		"echo 'Error (Forbidden): no' >&2; exit 1": "kind: Role\n",
	} {
		kubectl(t, script)
		if _, err := Expand(t.Context(), "k8s://wiki/?selector=app=x", nil); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", script, err)
		}
	}
}

// The debug container gets what the published types of Kubernetes know: the tests of cmd/dist read this file.
func TestDebugProfile(t *testing.T) {
	const golden = "../../testdata/kubernetes/debug-profile.json"
	if text, err := os.ReadFile(golden); err != nil || strings.TrimSpace(string(text)) != debugProfile {
		t.Errorf("%s is not the profile: %v\n%s", golden, err, debugProfile)
	}
}

// What kubectl refuses names the rule that is missing; a container that cannot be entered the image that goes beside it.
func TestFixesOfKubernetes(t *testing.T) {
	a := Address{Kind: Kube, Namespace: "wiki", Pod: "exec-1"}
	beside := a
	beside.Image = "registry/casefile:1"
	for _, c := range []struct {
		a          Address
		said, want string
	}{
		{a, `Error from server (Forbidden): pods "exec-1" is forbidden: User "jane" cannot create resource "pods/exec"`, `resources: ["pods/exec"], verbs: ["create"]`},
		{a, `Error from server (Forbidden): pods "exec-1" is forbidden: User "jane" cannot get resource "pods"`, `resources: ["pods"], verbs: ["get", "list"]`},
		{a, `error: exec: "sh": executable file not found in $PATH`, "?image="},
		{a, "mktemp: failed to create directory via template: Read-only file system\ncommand terminated with exit code 1", "?image="},
		{a, "sh: sha256sum: not found\ncommand terminated with exit code 127", "?image="},
		{a, `Error from server (NotFound): pods "exec-1" not found`, "kubectl get pods -n wiki"},
		{a, `error: unable to upgrade connection: container not found ("app")`, "the container does not run now"},
		{a, "Unable to connect to the server: dial tcp 10.0.0.1:6443: connect: connection refused", "kubectl exec -n wiki exec-1"},
		{beside, `Error from server (Forbidden): User "jane" cannot patch resource "pods/ephemeralcontainers"`, `resources: ["pods/ephemeralcontainers"], verbs: ["patch"]`},
		{beside, `error: exec: "/usr/bin/casefile": no such file or directory`, "the image must be casefile's own"},
		{beside, "error: timed out waiting for the condition", "kubectl debug -n wiki"},
	} {
		if fix := c.a.kubeFix(kube.Failure(errors.New("exit status 1"), c.said)); !strings.Contains(fix, c.want) {
			t.Errorf("%s: %s", c.said, fix)
		}
	}
}
