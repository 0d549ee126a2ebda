package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// kubectlName is what the test program is called as to be kubectl for the pods of a test.
const kubectlName = "kubectl"

// clusterFile names the file that says what the API server knows, clusterEnv where it is.
const clusterEnv = "CASEFILE_TEST_CLUSTER"

// testCluster is what the stand-in's API server knows.
type testCluster struct {
	Pods   map[string]*testPod
	Stale  []string // in the answers to selectors, and gone
	Refuse []string // rights that the user lacks, "create pods/exec"
	Cut    string   // the pod of which the stream ends after some bytes
	Binary string   // of casefile, in its image
	Calls  string   // file to which each call is added

	here int // pid of the JVM of this node
}

// serve puts the stand-in in front of the PATH.
func (c *testCluster) serve(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	called(t, dir, kubectlName)
	called(t, dir, containerMaker)
	c.Binary, c.Calls = called(t, dir, "casefile"), filepath.Join(dir, "calls")
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "cluster.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv(clusterEnv, file)
}

// kubectlCall is one call: flags by name, the words before "--" and those after.
type kubectlCall struct {
	*testCluster
	flags       map[string]string
	words, rest []string
}

// serveKubectl is the stand-in's main.
func serveKubectl() {
	text, err := os.ReadFile(os.Getenv(clusterEnv))
	c := kubectlCall{testCluster: &testCluster{}, flags: map[string]string{}}
	if err == nil {
		err = json.Unmarshal(text, c.testCluster)
	}
	if err == nil {
		c.read(os.Args[1:])
		err = c.run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (c *kubectlCall) read(args []string) {
	for i := 0; i < len(args); i++ {
		name, value, has := strings.Cut(args[i], "=")
		switch {
		case args[i] == "--":
			c.rest = args[i+1:]
			return
		case !strings.HasPrefix(name, "-"):
			c.words = append(c.words, args[i])
		case has:
			c.flags[name] = value
		case slices.Contains([]string{"-n", "-c", "-o", "-l"}, name):
			i++
			c.flags[name] = args[i]
		default:
			c.flags[name] = "true"
		}
	}
}

func (c *kubectlCall) run() error {
	if f, err := os.OpenFile(c.Calls, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err == nil {
		fmt.Fprintln(f, strings.Join(os.Args[1:], " "))
		f.Close()
	}
	switch strings.Join(c.words[:min(2, len(c.words))], " ") {
	case "auth can-i":
		return c.canI()
	case "auth whoami":
		fmt.Print("jane")
		return nil
	case "wait pod/" + strings.TrimPrefix(c.words[min(1, len(c.words)-1)], "pod/"):
		return c.allowed("watch", "pods", c.print("condition met\n"))
	case "get pods", "get pod":
		return c.getPods()
	case "get events":
		return c.allowed("list", "events", c.print(`{"kind":"EventList","apiVersion":"v1","items":[]}`))
	case "get nodes":
		return c.allowed("get", "nodes", c.print(`{"kind":"Node","apiVersion":"v1","metadata":{"name":"node-a"},"status":{"capacity":{"cpu":"2"},"conditions":[{"type":"Ready","status":"True"}]}}`))
	}
	pod, err := c.pod(c.words[1])
	if err != nil {
		return err
	}
	switch c.words[0] {
	case "logs":
		return c.allowed("get", "pods/log", c.print(time.Now().UTC().Format("2006-01-02 15:04:05,000")+" INFO [main] the pod is up, as "+secretOfContainer+"\n"))
	case "exec":
		return c.allowed("create", "pods/exec", func() error { return c.exec(pod) })
	case "debug":
		return c.allowed("patch", "pods/ephemeralcontainers", func() error { return c.debug(pod) })
	}
	return fmt.Errorf("error: unknown command %q", c.words)
}

func (c *kubectlCall) print(text string) func() error {
	return func() error { _, err := fmt.Print(text); return err }
}

func (c *kubectlCall) allowed(verb, resource string, do func() error) error {
	if slices.Contains(c.Refuse, verb+" "+resource) {
		return fmt.Errorf("Error from server (Forbidden): %s is forbidden: User \"jane\" cannot %s resource %q in API group \"\" in the namespace %q", //nolint:staticcheck // kubectl's words
			resource, verb, resource, c.flags["-n"])
	}
	return do()
}

func (c *kubectlCall) canI() error {
	resource, _, _ := strings.Cut(c.words[3], "/")
	if sub := c.flags["--subresource"]; sub != "" {
		resource += "/" + sub
	}
	if slices.Contains(c.Refuse, c.words[2]+" "+resource) {
		fmt.Println("no")
		return errors.New("")
	}
	fmt.Println("yes")
	return nil
}

func (c *kubectlCall) pod(name string) (*testPod, error) {
	if pod := c.Pods[name]; pod != nil {
		return pod, nil
	}
	return nil, fmt.Errorf("Error from server (NotFound): pods %q not found", name) //nolint:staticcheck // kubectl's words
}

// getPods answers by names, or the names of all for a selector.
func (c *kubectlCall) getPods() error {
	if c.flags["-l"] != "" {
		for name := range c.Pods {
			fmt.Println(name)
		}
		for _, name := range c.Stale {
			fmt.Println(name)
		}
		return nil
	}
	if strings.HasPrefix(c.flags["-o"], "jsonpath") {
		fmt.Print("app")
		return nil
	}
	list := map[string]any{"kind": "PodList", "apiVersion": "v1"}
	var items []any
	for _, name := range c.words[2:] {
		if c.Pods[name] == nil {
			continue
		}
		items = append(items, map[string]any{"kind": "Pod", "apiVersion": "v1", "metadata": map[string]any{"name": name, "namespace": c.flags["-n"]},
			"spec": map[string]any{"nodeName": "node-a", "restartPolicy": "Always", "containers": []any{map[string]any{"name": "app", "image": "registry.example.com/pod:1",
				"resources": map[string]any{"limits": map[string]any{"cpu": "1", "memory": "512Mi"}}, "env": []any{map[string]any{"name": "DB_PASSWORD", "value": "s3cr3t-of-the-pod"}}}}},
			"status": map[string]any{"phase": "Running", "conditions": []any{map[string]any{"type": "Ready", "status": "True"}}, "containerStatuses": []any{map[string]any{"name": "app",
				"ready": true, "restartCount": 0, "state": map[string]any{"running": map[string]any{"startedAt": time.Now().UTC().Format(time.RFC3339)}}}}}})
	}
	list["items"] = items
	return json.NewEncoder(os.Stdout).Encode(list)
}

// inPod enters the namespaces of a pod, all of them or those that containers of a pod share.
func inPod(pod *testPod, namespaces []string, args ...string) *exec.Cmd {
	all := append([]string{"--target", strconv.Itoa(pod.PID), "--user", "--pid", "--net", "--ipc", "--uts"}, namespaces...)
	return exec.Command("nsenter", append(append(all, "--"), args...)...)
}

// exec runs a program in the container as its user.
func (c *kubectlCall) exec(pod *testPod) error {
	if !pod.Shell {
		return fmt.Errorf(`error: Internal error occurred: error executing command in container: exec: %q: executable file not found in $PATH`, c.rest[0])
	}
	uid := strconv.Itoa(pod.UID)
	cmd := inPod(pod, []string{"--mount", "--root", "--wd", "--setuid", uid, "--setgid", uid}, c.rest...)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=/tmp"}
	return c.relay(cmd, pod)
}

// debug starts the image in the namespaces that it shares with the container, with what the profile gives it.
func (c *kubectlCall) debug(pod *testPod) error {
	if c.flags["--target"] != "app" {
		return fmt.Errorf("error: no container %q: its processes are not seen", c.flags["--target"])
	}
	text, err := os.ReadFile(c.flags["--custom"])
	if err != nil {
		return err
	}
	var profile struct {
		SecurityContext struct {
			RunAsUser                int
			AllowPrivilegeEscalation bool
			Capabilities             struct{ Add, Drop []string }
		}
	}
	if err := json.Unmarshal(text, &profile); err != nil {
		return err
	}
	if s := profile.SecurityContext; s.AllowPrivilegeEscalation || !slices.Equal(s.Capabilities.Drop, []string{"ALL"}) {
		return fmt.Errorf("error: the profile is %s", text)
	}
	root, err := os.MkdirTemp("", "casefile-debug")
	if err != nil {
		return err
	}
	defer os.Remove(root)
	description, err := json.Marshal(container{Root: root, Binary: c.Binary, UID: profile.SecurityContext.RunAsUser,
		Capabilities: profile.SecurityContext.Capabilities.Add, Args: c.rest})
	if err != nil {
		return err
	}
	maker := filepath.Join(filepath.Dir(c.Calls), containerMaker)
	return c.relay(inPod(pod, nil, "unshare", "--mount", maker, string(description)), pod)
}

// cutAfter is how many bytes of a cut stream come through.
const cutAfter = 8 << 10

// relay carries the streams of a program over there, which is none of kubectl's own: when kubectl is killed, or the connection is lost, its
// input ends, and it goes on by itself.
func (c *kubectlCall) relay(cmd *exec.Cmd, pod *testPod) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(in, os.Stdin)
		in.Close()
	}()
	if c.Cut == pod.Name {
		if _, err := io.CopyN(os.Stdout, out, cutAfter); err == nil {
			return errors.New("error: read tcp 10.0.0.7:51234->10.0.0.1:6443: read: connection reset by peer")
		}
	} else if _, err := io.Copy(os.Stdout, out); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("command terminated with exit code %d", cmd.ProcessState.ExitCode())
	}
	return nil
}
