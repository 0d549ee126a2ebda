package fleet

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"casefile/bundle/format/entries"
	"casefile/collectors"
	"casefile/collectors/kube"
)

// objectName is a name of Kubernetes (RFC 1123), which no argument of kubectl can be mistaken for.
var objectName = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`)

// labels are a selector of labels: "app=confluence,tier!=db".
var labels = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_./=!, ()-]{0,500}$`)

// imageName is a reference of an image, with a tag or a digest.
var imageName = regexp.MustCompile(`^[a-z0-9][A-Za-z0-9._/:@-]{0,500}$`)

// parsePod reads k8s://namespace/pod[/container] and k8s://namespace/?selector=labels.
func parsePod(u *url.URL) (Address, error) {
	q := u.Query()
	a := Address{Kind: Kube, Namespace: u.Host, Context: q.Get("context"), Selector: q.Get("selector"), Image: q.Get("image")}
	path := strings.Split(strings.Trim(u.Path, "/"), "/")
	a.Pod = path[0]
	if len(path) == 2 {
		a.Container = path[1]
	}
	switch {
	case !objectName.MatchString(a.Namespace):
		return a, errors.New("want k8s://namespace/pod[/container], or k8s://namespace/?selector=app=name")
	case a.Selector != "" && (a.Pod != "" || !labels.MatchString(a.Selector)):
		return a, errors.New("a selector of labels stands for the pod: k8s://namespace/?selector=app=name")
	case a.Selector == "" && (len(path) > 2 || !objectName.MatchString(a.Pod) || a.Container != "" && !objectName.MatchString(a.Container)):
		return a, errors.New("not names of a pod and a container: want k8s://namespace/pod[/container], or k8s://namespace/?selector=app=name")
	case strings.HasPrefix(a.Context, "-"):
		return a, errors.New("not a context")
	case a.Image != "" && !imageName.MatchString(a.Image):
		return a, errors.New("not an image")
	}
	a.Host = a.Pod
	return a, nil
}

// kubectl is the user's, with his kubeconfig.
func (a Address) kubectl() kube.Client {
	return kube.Client{Context: a.Context, Namespace: a.Namespace}
}

// way is how the container is entered.
func (a Address) way() kube.Way {
	if a.Image != "" {
		return kube.Debug
	}
	return kube.Exec
}

// maxPods is how many pods one selector may stand for.
const maxPods = 200

// pods are the running ones that a selector stands for, by name.
func (a Address) pods(ctx context.Context) ([]Node, error) {
	text, err := a.kubectl().Ask(ctx, []string{"get"}, "pods", "-l", a.Selector, "--field-selector=status.phase=Running",
		"-o", `jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}`)
	if errors.Is(err, exec.ErrNotFound) {
		return nil, fixable{err, absentTool(Kube)}
	}
	if entries.CauseOf(err) == entries.NotPermitted {
		return nil, fixable{fmt.Errorf("%w\n%s", err, a.roles(ctx)), kube.Grant(a.kubectl(), a.way().Denied(err.Error()))}
	}
	if err != nil {
		return nil, fixable{err, cmp.Or(ofKubeconfig(err.Error()), "kubectl get pods -n "+a.Namespace+" -l '"+a.Selector+"' must work from here")}
	}
	var nodes []Node
	for name := range strings.Lines(string(text)) {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if !objectName.MatchString(name) || len(nodes) == maxPods {
			return nil, fmt.Errorf("kubectl names %q, or more than %d pods", name[:min(len(name), 80)], maxPods)
		}
		one := a
		one.Pod, one.Host, one.Selector = name, name, ""
		nodes = append(nodes, Node{Name: collectors.SafeName(name), Address: one})
	}
	if len(nodes) == 0 {
		return nil, fixable{fmt.Errorf("no running pod of namespace %s has the labels %s", a.Namespace, a.Selector),
			"kubectl get pods -n " + a.Namespace + " --show-labels shows which there are"}
	}
	return nodes, nil
}

// roles is what to apply for a user who may not even list pods.
func (a Address) roles(ctx context.Context) string {
	m := a.kubectl().Lacks(ctx, a.way(), "")
	if len(m.Rights) == 0 { // the API server does not say
		m.Err = nil
		return m.YAML()
	}
	return m.Title() + "\n" + m.YAML()
}

// fixable is an error with what to do about it.
type fixable struct {
	error
	fix string
}

func (f fixable) Fix() string   { return f.fix }
func (f fixable) Unwrap() error { return f.error }

// debugProfile is what the debug container may do: as root, with the four capabilities that a capture needs instead of all of a privileged one
// (docs/kubernetes.md says what each is for).
const debugProfile = `{"securityContext":{"runAsUser":0,"runAsNonRoot":false,"allowPrivilegeEscalation":false,` +
	`"capabilities":{"drop":["ALL"],"add":["SYS_PTRACE","DAC_OVERRIDE","SETUID","SETGID"]}}}`

// debug starts casefile's own image beside the container, in its process namespace: for containers without a shell, or whose user may not read what
// is needed. The debug container ends with the capture; Kubernetes keeps its name in the pod until that is gone.
func (s *shellNode) debug(ctx context.Context) (*shellConn, error) {
	target, err := s.addr.target(ctx)
	if err != nil {
		return nil, err
	}
	profile, err := os.CreateTemp("", "casefile-profile-*.json")
	if err != nil {
		return nil, err
	}
	defer profile.Close()
	if _, err := profile.WriteString(debugProfile); err != nil {
		return nil, err
	}
	own, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it ends when it is closed
	name := "casefile-" + strings.ToLower(rand.Text()[:8])
	args := []string{"-q", "-i", s.addr.Pod, "--image=" + s.addr.Image, "--container=" + name, "--target=" + target, "--profile=general", "--custom=" + profile.Name()}
	cmd := s.addr.kubectl().Command(own, []string{"debug"}, append(args, "--", "/usr/bin/casefile", "agent", "--stdio", "--node-name="+s.name)...)
	conn, err := begin(&shellConn{cmd: cmd, cancel: func() { cancel(); os.Remove(profile.Name()) }, kind: Kube,
		state: func(err error) error { return s.addr.notStarted(name, err) }})
	if err != nil {
		return nil, err
	}
	if err := s.addr.running(ctx, name, conn); err != nil {
		cancel() // there is nothing to end in order
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// running waits until a debug container runs: its image may have to be pulled, and nothing answers before that. A client that ends before says why.
func (a Address) running(ctx context.Context, name string, conn *shellConn) error {
	waits, end := context.WithCancel(ctx)
	defer end()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for errors.Is(unix.Waitid(unix.P_PID, conn.cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil), unix.EINTR) {
		}
		end()
	}()
	_, _ = a.kubectl().Ask(waits, []string{"wait"}, "pod/"+a.Pod, "--for=jsonpath="+`{.status.ephemeralContainerStatuses[?(@.name=="`+name+`")].state.running.startedAt}`,
		"--timeout="+defaultTimes.image.String()) // where it cannot be waited for, what answers first tells
	select {
	case <-ended:
		return conn.explain(entries.NewError(entries.Unreachable, "kubectl debug ended at once"))
	default:
	}
	if cause := context.Cause(ctx); cause != nil {
		return a.notStarted(name, cause)
	}
	return nil
}

// stateLimit is for the question what became of a debug container.
const stateLimit = 5 * time.Second

// notStarted says what Kubernetes knows of a debug container that gave no answer: mostly that its image cannot be had.
func (a Address) notStarted(name string, err error) error {
	ctx, cancel := context.WithTimeout(context.Background(), stateLimit)
	defer cancel()
	text, failed := a.kubectl().Ask(ctx, []string{"get"}, "pod", a.Pod, "-o", `jsonpath={.status.ephemeralContainerStatuses[?(@.name=="`+name+`")].state}`)
	var state struct {
		Waiting, Terminated *struct {
			Reason, Message string
			ExitCode        int
		}
	}
	switch {
	case failed != nil:
		return err
	case len(text) == 0 || json.Unmarshal(text, &state) != nil:
		return entries.Errorf(entries.NoAnswer, "%w: the node of the pod has not begun to start the debug container", err)
	case state.Waiting != nil:
		return entries.Errorf(entries.NoAnswer, "%w: the debug container does not start: %s", err, words(state.Waiting.Reason, state.Waiting.Message))
	case state.Terminated != nil:
		return entries.Errorf(entries.Unreachable, "the debug container ended with exit code %d: %s", state.Terminated.ExitCode, words(state.Terminated.Reason, state.Terminated.Message))
	}
	return err
}

// words are a reason and a message of Kubernetes on one line, of bounded length.
func words(reason, message string) string {
	return kube.LastLine(strings.Join(strings.Fields(reason+" "+message), " "))
}

// target is the container whose processes are to be seen: a debug container without one sees its own only.
func (a Address) target(ctx context.Context) (string, error) {
	if a.Container != "" {
		return a.Container, nil
	}
	text, err := a.kubectl().Ask(ctx, []string{"get"}, "pod", a.Pod, "-o", "jsonpath={.spec.containers[0].name}")
	if err == nil && !objectName.Match(text) {
		err = entries.Errorf(entries.Unreadable, "kubectl names the container %.80q", text)
	}
	return string(text), err
}

// exec runs a script in the container.
func (a Address) exec(ctx context.Context, script string) *exec.Cmd {
	args := []string{"-i", a.Pod}
	if a.Container != "" { // else kubectl chooses
		args = append(args, "-c", a.Container)
	}
	return a.kubectl().Command(ctx, []string{"exec"}, append(args, "--", "sh", "-c", script)...)
}

// unfit are words of containers in which a shell with a place for a binary is not to be had.
var unfit = []string{"Read-only file system", ": not found", "command not found", "cannot create", "Permission denied", "No space left"}

// ofKubeconfig is what to do about what kubectl says of its kubeconfig; empty: the words are about something else.
func ofKubeconfig(words string) string {
	switch {
	case strings.Contains(words, "localhost:8080 was refused"), strings.Contains(words, "no configuration has been provided"):
		return "kubectl finds no kubeconfig here (under sudo it is root's): run casefile as the user who has one, or name it: KUBECONFIG=FILE casefile ..."
	case strings.Contains(words, "context") && strings.Contains(words, "does not exist"):
		return "kubectl config get-contexts shows the contexts that there are"
	case strings.Contains(words, "Unauthorized"), strings.Contains(words, "must be logged in"):
		return "log in to the cluster anew: kubectl get pods must work from here"
	}
	return ""
}

// kubeFix says which right is missing, or what else to do.
func (a Address) kubeFix(err error) string {
	text := err.Error()
	image := "name casefile's image, k8s://" + a.Namespace + "/" + a.Pod + "/CONTAINER?image=REGISTRY/casefile:VERSION, which runs beside the container"
	switch cause := entries.CauseOf(err); {
	case ofKubeconfig(text) != "":
		return ofKubeconfig(text)
	case cause == entries.NotPermitted:
		return kube.Grant(a.kubectl(), a.way().Denied(text))
	case cause == entries.Refused && a.Image != "" && kube.ByPolicy(text):
		return "a policy of the cluster does not admit the debug container in namespace " + a.Namespace + " (what it asks for: docs/kubernetes.md, Pod Security): " +
			"its admin admits it, or capture without image=, which runs as the container's own user, or with an agent of the node"
	case cause == entries.Gone:
		return "kubectl get pods -n " + a.Namespace + " shows the pods that are there: name one of them, or their labels with k8s://" + a.Namespace + "/?selector="
	case strings.Contains(text, "container not found"):
		return "the container does not run now: what Kubernetes says of it, and its output, are in the bundle; capture again when kubectl get pod -n " +
			a.Namespace + " " + a.Pod + " shows that it runs"
	case cause == entries.Unsupported && a.Image == "":
		return "the container has no shell: " + image
	case cause == entries.Unsupported:
		return "the image must be casefile's own, with /usr/bin/casefile"
	case a.Image == "" && slices.ContainsFunc(unfit, func(w string) bool { return strings.Contains(text, w) }):
		return "the container has no place or no tools for casefile's binary: " + image
	case cause == entries.NoAnswer && a.Image != "":
		return "the node of the pod must be able to pull " + a.Image + ": kubectl describe pod -n " + a.Namespace + " " + a.Pod + " says why it cannot"
	case a.Image != "":
		return "kubectl debug -n " + a.Namespace + " -it " + a.Pod + " --image=" + a.Image + " must work from here"
	}
	return "kubectl exec -n " + a.Namespace + " " + a.Pod + " -- true must work from here"
}
