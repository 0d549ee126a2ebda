package fleet

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"casefile/bundle/format/entries"
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
		"true\n":                           "no running pod",
		"echo '-o --all'\n":                "kubectl names",
		"echo 'Forbidden: no' >&2; exit 1": "Forbidden",
	} {
		kubectl(t, script)
		if _, err := Expand(t.Context(), "k8s://wiki/?selector=app=x", nil); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", script, err)
		}
	}
}

// What kubectl refuses names the rule that is missing; a container without a shell the image that goes beside it.
func TestFixesOfKubernetes(t *testing.T) {
	a := Address{Kind: Kube, Namespace: "wiki", Pod: "web-1"}
	for said, want := range map[string]string{
		`Error from server (Forbidden): pods "web-1" is forbidden`:                             `resources: ["pods/exec"], verbs: ["create"]`,
		`exec: "sh": executable file not found in $PATH`:                                       "?image=",
		"Unable to connect to the server: dial tcp 10.0.0.1:6443: connect: connection refused": "kubectl exec -n wiki web-1",
	} {
		if fix := a.kubeFix(entries.NewError(entries.Unreachable, said)); !strings.Contains(fix, want) {
			t.Errorf("%s: %s", said, fix)
		}
	}
	a.Image = "registry/casefile:1"
	if fix := a.kubeFix(entries.NewError(entries.Unreachable, "Forbidden")); !strings.Contains(fix, "ephemeralcontainers") {
		t.Error(fix)
	}
}
