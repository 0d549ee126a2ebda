package fleet

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"

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
		return a, errors.New("not names of a pod and a container")
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
	if m := (kube.Missing{Client: a.kubectl(), Way: a.way()}); entries.CauseOf(err) == entries.NotPermitted {
		return nil, fmt.Errorf("%w; a user who may list pods has this:\n%s", err, m.YAML())
	}
	if err != nil {
		return nil, err
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
		return nil, fmt.Errorf("no running pod of namespace %s has the labels %s", a.Namespace, a.Selector)
	}
	return nodes, nil
}

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
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it ends when it is closed
	args := []string{"-q", "-i", s.addr.Pod, "--image=" + s.addr.Image, "--target=" + target, "--profile=general", "--custom=" + profile.Name()}
	cmd := s.addr.kubectl().Command(ctx, []string{"debug"}, append(args, "--", "/usr/bin/casefile", "agent", "--stdio", "--node-name="+s.name)...)
	return begin(&shellConn{cmd: cmd, cancel: func() { cancel(); os.Remove(profile.Name()) }, kind: Kube})
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

// kubeFix says which right is missing, or what else to do.
func (a Address) kubeFix(err error) string {
	text := err.Error()
	image := "name casefile's image, k8s://" + a.Namespace + "/" + a.Pod + "/CONTAINER?image=REGISTRY/casefile:VERSION, which runs beside the container"
	switch cause := entries.CauseOf(err); {
	case cause == entries.NotPermitted:
		return kube.Grant(a.kubectl(), a.way().Denied(text))
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
	case a.Image != "":
		return "kubectl debug -n " + a.Namespace + " -it " + a.Pod + " --image=" + a.Image + " must work from here"
	}
	return "kubectl exec -n " + a.Namespace + " " + a.Pod + " -- true must work from here"
}
