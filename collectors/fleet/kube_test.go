package fleet

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"casefile/bundle/format/entries"
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

// What keeps a selector from being asked says what to do, and none of it is about how the command is written.
func TestSelectorsThatCannotBeAsked(t *testing.T) {
	for script, says := range map[string]string{
		"true\n": "--show-labels",
		"echo 'error: context \"nope\" does not exist' >&2; exit 1\n":                                                                          "get-contexts",
		"echo 'Error from server (Forbidden): pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\"' >&2; exit 1\n": `resources: ["pods"]`,
		"echo 'Unable to connect to the server: EOF' >&2; exit 1\n":                                                                            "must work from here",
	} {
		kubectl(t, script)
		checkFix(t, says)
	}
	t.Setenv("PATH", t.TempDir())
	checkFix(t, "install kubectl")
}

func checkFix(t *testing.T, says string) {
	t.Helper()
	_, err := Expand(t.Context(), "k8s://wiki/?selector=app=x", nil)
	var known interface{ Fix() string }
	if !errors.As(err, &known) || !strings.Contains(known.Fix(), says) {
		t.Errorf("%v has no fix with %q", err, says)
	}
}

// A debug container that does not come to run is told with what Kubernetes says of it, one that a policy refuses with the refusal.
func TestDebugContainerThatDoesNotRun(t *testing.T) {
	for name, c := range map[string]struct{ script, says, fix string }{
		"no image": {`case "$*" in debug*) exec cat ;; wait*) exec tail -f /dev/null ;; *ephemeralContainerStatuses*) echo '{"waiting":{"reason":"ErrImagePull","message":"not found"}}' ;; esac`,
			"does not start: ErrImagePull not found", "pull registry/casefile:1"},
		"no kubelet": {`case "$*" in debug*) exec cat ;; wait*) exec tail -f /dev/null ;; esac`, "has not begun to start", "pull registry/casefile:1"},
		"a policy": {`case "$*" in debug*) echo 'Error from server (Forbidden): pods "web-0" is forbidden: violates PodSecurity "baseline:latest"' >&2; exit 1 ;; wait*) exec tail -f /dev/null ;; esac`,
			"violates PodSecurity", "policy of the cluster"},
	} {
		t.Run(name, func(t *testing.T) {
			kubectl(t, c.script)
			a := Address{Kind: Kube, Namespace: "wiki", Pod: "web-0", Container: "app", Image: "registry/casefile:1"}
			limited, cancel := context.WithTimeoutCause(t.Context(), time.Second, entries.NewError(entries.NoAnswer, "no answer"))
			defer cancel()
			if name == "a policy" { // comes before any limit
				limited = t.Context()
			}
			_, err := (&shellNode{addr: a, name: "web-0"}).debug(limited)
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(a.kubeFix(err), c.fix) {
				t.Errorf("%v; fix: %s", err, a.kubeFix(err))
			}
		})
	}
}

// A client that is not on this machine is said to be missing here, whatever it would reach.
func TestNoClient(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, kind := range []Kind{SSH, Kube} {
		m := &member{Node: Node{Name: "n", Address: Address{Kind: kind, Host: "n", Namespace: "wiki", Pod: "n"}}}
		_, err := (&shellNode{addr: m.Address}).connect(t.Context())
		if fix := m.fix(err); !strings.Contains(fix, "install "+kind.tool()) {
			t.Errorf("%v: %s", err, fix)
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
		{beside, `Error from server (Forbidden): pods "exec-1" is forbidden: violates PodSecurity "baseline:latest": non-default capabilities`, "policy of the cluster"},
		{beside, `Error from server: admission webhook "validate.kyverno.svc" denied the request: no root`, "policy of the cluster"},
		{beside, `error: ephemeralcontainers.policy is forbidden: ValidatingAdmissionPolicy 'x' with binding 'y' denied request: no`, "policy of the cluster"},
		{a, `error: context "nope" does not exist`, "get-contexts"},
		{a, "The connection to the server localhost:8080 was refused - did you specify the right host or port?", "KUBECONFIG="},
		{a, "error: You must be logged in to the server (Unauthorized)", "log in"},
		{beside, "error: timed out waiting for the condition", "kubectl debug -n wiki"},
	} {
		if fix := c.a.kubeFix(kube.Failure(errors.New("exit status 1"), c.said)); !strings.Contains(fix, c.want) {
			t.Errorf("%s: %s", c.said, fix)
		}
	}
}
