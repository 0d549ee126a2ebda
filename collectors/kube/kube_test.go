package kube

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"casefile/bundle"
	"casefile/bundle/format/entries"
	"casefile/bundle/redact"
)

var update = flag.Bool("update", false, "write the golden files anew")

// kubectl puts a script in front of the PATH, which sees the arguments of each call.
func kubectl(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "kubectl"), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

// answers is the folder of what an API server says, which cmd/dist checks against the published types.
const answers = "../../testdata/kubernetes"

// The Role that is printed has all rights of the way, says which are missing, and is for the user who asked.
func TestMissingRights(t *testing.T) {
	kubectl(t, `case "$*" in
*"auth whoami"*) printf system:serviceaccount:ops:night ;;
*"can-i -n wiki create pods/web-1 --subresource=exec") echo yes ;;
*"can-i -n wiki get pods/web-1 --subresource=log") echo "no - RBAC: denied"; exit 1 ;;
*"can-i -n wiki get nodes") echo no; echo "Warning: resource 'nodes' is not namespace scoped" >&2; exit 1 ;;
*"can-i -n wiki list events") echo "Unable to connect to the server: EOF" >&2; exit 1 ;;
*) echo yes ;;
esac`)
	m := Client{Namespace: "wiki"}.Lacks(t.Context(), Exec, "web-1")
	if len(m.Rights) != 2 || m.User != "system:serviceaccount:ops:night" {
		t.Fatalf("%+v", m)
	}
	for name, m := range map[string]Missing{
		"rbac-exec.yaml":  m,
		"rbac-debug.yaml": {Client: Client{Namespace: "wiki"}, Way: Debug, Rights: []Right{ways[Debug][1]}, User: "jane@example.com"},
		"rbac-user.yaml":  {Client: Client{Namespace: "wiki"}, Way: Exec, Rights: []Right{machines}},
	} {
		golden(t, filepath.Join(answers, name), m.YAML())
	}
}

// Where no question is answered, that is said, and no right is missing.
func TestRightsThatAreNotKnown(t *testing.T) {
	kubectl(t, `echo 'error: context "nope" does not exist' >&2; exit 1`)
	m := Client{Namespace: "wiki"}.Lacks(t.Context(), Exec, "web-1")
	if len(m.Rights) > 0 || !strings.Contains(m.Title(), `"nope" does not exist`) || m.YAML() != "" {
		t.Errorf("%+v: %s %s", m, m.Title(), m.YAML())
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s: %s", path, d)
	}
}

// The right that a refusal names is the one that is said to be missing.
func TestDenied(t *testing.T) {
	for words, want := range map[string]string{
		`User "jane" cannot create resource "pods/exec" in API group ""`: "create pods/exec",
		`User "jane" cannot get resource "pods" in API group ""`:         "get, list pods",
		`some proxy: Forbidden`: "create pods/exec",
	} {
		if got := Exec.Denied(words).String(); got != want {
			t.Errorf("%s: %s", words, got)
		}
	}
	if got := Debug.Denied(`cannot create resource "pods/attach"`).String(); got != "create pods/attach" {
		t.Error(got)
	}
}

func TestFailure(t *testing.T) {
	exit := errors.New("exit status 1")
	for said, want := range map[string]struct {
		cause entries.Cause
		text  string
	}{
		"Error from server (Forbidden): pods is forbidden: User \"jane\" cannot list":                           {entries.NotPermitted, "(Forbidden)"},
		"Error from server (NotFound): pods \"web-9\" not found":                                                {entries.Gone, "web-9"},
		"Defaulted container \"app\" out of: app\nsh: mktemp: not found\ncommand terminated with exit code 127": {entries.Unreachable, "mktemp"},
		"Error from server (Forbidden): pods \"web-1\" is forbidden: violates PodSecurity \"baseline:latest\"":  {entries.Refused, "violates"},
		"error: exec: \"sh\": executable file not found in $PATH: unknown":                                      {entries.Unsupported, "sh"},
		"": {entries.Unreachable, "exit status 1"},
	} {
		if err := Failure(exit, said); entries.CauseOf(err) != want.cause || !strings.Contains(err.Error(), want.text) {
			t.Errorf("%q: %s %v", said, entries.CauseOf(err), err)
		}
	}
	if err := Failure(context.DeadlineExceeded, "words before"); entries.CauseOf(err) != entries.NoAnswer {
		t.Errorf("%v", err)
	}
}

// account takes the account of three pods with the answers of the folder: one runs, one was killed, one is gone.
func account(t *testing.T, script string) *bundle.Reader {
	t.Helper()
	dir, err := filepath.Abs(answers)
	if err != nil {
		t.Fatal(err)
	}
	kubectl(t, "answers='"+dir+"'\n"+script)
	path := filepath.Join(t.TempDir(), "x.zip")
	w, err := bundle.Create(path, bundle.Zip, bundle.Manifest{Started: time.Now()}, redact.NewSecrets())
	if err != nil {
		t.Fatal(err)
	}
	a := Account{Client: Client{Namespace: "wiki"}, Bundle: w, MaxLogBytes: 1 << 20}
	for _, name := range []string{"web-1", "web-2", "web-9"} {
		a.Pods = append(a.Pods, Pod{Node: name, Dir: name, Name: name})
	}
	a.First(t.Context())
	a.Last(t.Context())
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := bundle.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const api = `case "$*" in
*"get -n wiki pods"*) cat "$answers/pods.json" ;;
*"get -n wiki events"*web-2*) cat "$answers/events.json" ;;
*"get -n wiki events"*) echo '{"kind":"EventList","apiVersion":"v1","items":[]}' ;;
*"get -n wiki nodes"*) cat "$answers/nodes.json" ;;
*"logs -n wiki web-2"*--previous*) echo 'login with s3cr3t-of-the-env failed'; echo 'java.lang.OutOfMemoryError: Java heap space' ;;
*"logs -n wiki"*) echo '2026-03-01 10:00:00,000 INFO up' ;;
esac
`

func texts(t *testing.T, r *bundle.Reader) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, e := range r.Manifest.Entries {
		text, err := r.ReadEntry(t.Context(), e.Path, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		all[e.Path] = string(text)
	}
	return all
}

// What is kept of a pod is in the entries, and no secret of it, wherever the pod says it.
func TestAccount(t *testing.T) {
	r := account(t, api)
	all := texts(t, r)
	for path, want := range map[string]string{
		"nodes/web-1/kubernetes/pod-first.json":        `"memory": "2Gi"`,
		"nodes/web-2/kubernetes/pod-last.json":         `"OOMKilled"`,
		"nodes/web-2/kubernetes/events.json":           `"BackOff"`,
		"nodes/web-2/kubernetes/node.json":             `"MemoryPressure"`,
		"nodes/web-2/kubernetes/logs/app.log":          "INFO up",
		"nodes/web-2/kubernetes/previous-logs/app.log": "OutOfMemoryError",
		"nodes/web-1/kubernetes/logs/app.log":          "INFO up",
	} {
		if !strings.Contains(all[path], want) {
			t.Errorf("%s does not hold %s: %s", path, want, all[path])
		}
	}
	if _, there := all["nodes/web-1/kubernetes/previous-logs/app.log"]; there {
		t.Error("web-1 was never restarted, and has an output before that")
	}
	for path, text := range all {
		for _, secret := range []string{"s3cr3t-of-the-env", "s3cr3t-of-the-args", "s3cr3t-of-the-annotation", "last-applied", "message-of-the-end"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %s", path, secret)
			}
		}
	}
	gaps := r.Manifest.Gaps()
	for _, g := range gaps {
		if g.Node != "web-9" || g.Cause != entries.Gone {
			t.Errorf("gap %+v", g)
		}
	}
	if len(gaps) == 0 {
		t.Error("that a pod is not there is not told")
	}
}

// Each thing that is refused is a gap with the rule that is missing, and takes nothing else away.
func TestRefusals(t *testing.T) {
	for what, want := range map[string]struct{ item, rule string }{
		"events": {entries.ItemPodEvents, `resources: ["events"]`},
		"nodes":  {entries.ItemPodMachine, `resources: ["nodes"]`},
		"logs":   {entries.ItemPodLogs, `resources: ["pods/log"]`},
	} {
		r := account(t, `case "$*" in *`+what+`*) echo 'Error from server (Forbidden): `+what+` is forbidden' >&2; exit 1 ;; esac
`+api)
		found := false
		for _, g := range r.Manifest.Gaps() {
			if g.Node == "web-9" {
				continue
			}
			if g.Item != want.item || g.Cause != entries.NotPermitted || !strings.Contains(g.Fix, want.rule) {
				t.Errorf("%s: %+v", what, g)
			}
			found = true
		}
		if !found {
			t.Errorf("%s: no gap", what)
		}
	}
}

// An answer that is none, or cut, is a gap and not a panic.
func TestBadAnswers(t *testing.T) {
	for _, answer := range []string{"", "nonsense", `{"kind":"PodList","items":[{"metadata":{"name":7}}]}`, `{"kind":"PodList","items":[`} {
		r := account(t, `case "$*" in *"get -n wiki"*) printf '%s' '`+answer+`'; exit 0 ;; esac
`+api)
		if len(r.Manifest.Gaps()) == 0 {
			t.Errorf("%q: no gap", answer)
		}
	}
}

func TestTail(t *testing.T) {
	out := &tail{most: 20}
	for range 100 {
		out.Write([]byte("0123456\n"))
	}
	if got := string(out.newest()); got != "0123456\n0123456\n" || out.all != 800 {
		t.Errorf("%q of %d", got, out.all)
	}
}
