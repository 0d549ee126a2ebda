package kube

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Way is how casefile gets into a container.
type Way string

const (
	Exec  Way = "exec"  // its binary, by kubectl exec
	Debug Way = "debug" // its image beside the container, by kubectl debug
)

// Right is one thing that the user may do, or not.
type Right struct {
	Verbs       []string
	Resource    string
	Subresource string
	For         string // what there is without it: nothing, or not this
	Cluster     bool   // not of a namespace
}

func (r Right) object() string {
	if r.Subresource != "" {
		return r.Resource + "/" + r.Subresource
	}
	return r.Resource
}

func (r Right) String() string { return strings.Join(r.Verbs, ", ") + " " + r.object() }

// Rule is the right as a rule of a Role.
func (r Right) Rule() string {
	var verbs []string
	for _, v := range r.Verbs {
		verbs = append(verbs, strconv.Quote(v))
	}
	return fmt.Sprintf("{apiGroups: [\"\"], resources: [%q], verbs: [%s]}", r.object(), strings.Join(verbs, ", "))
}

// ways are the rights without which a container cannot be entered.
var ways = map[Way][]Right{
	Exec: {
		{Verbs: []string{"get", "list"}, Resource: "pods", For: "the state of pods, selectors"},
		{Verbs: []string{"create"}, Resource: "pods", Subresource: "exec", For: "the capture itself"},
	},
	Debug: {
		{Verbs: []string{"get", "list", "watch"}, Resource: "pods", For: "the state of pods, selectors, waiting for the debug container"},
		{Verbs: []string{"patch"}, Resource: "pods", Subresource: "ephemeralcontainers", For: "the debug container"},
		{Verbs: []string{"create"}, Resource: "pods", Subresource: "attach", For: "the capture itself"},
	},
}

// Denied is the right that the words of a refusal are about.
func (w Way) Denied(words string) Right {
	for _, r := range slices.Backward(ways[w]) {
		if r.Subresource != "" && strings.Contains(words, r.object()) {
			return r
		}
	}
	if strings.Contains(words, `resource "pods"`) { // of a subresource its name would be there
		return ways[w][0]
	}
	return ways[w][1]
}

// evidence are those for what is taken besides.
var evidence = []Right{
	{Verbs: []string{"get"}, Resource: "pods", Subresource: "log", For: "the output of containers, and that before a restart"},
	{Verbs: []string{"list"}, Resource: "events", For: "the events about the pods"},
}

// machines is the right to see how nodes are, which is one of the cluster.
var machines = Right{Verbs: []string{"get"}, Resource: "nodes", For: "pressure and capacity of the pods' nodes", Cluster: true}

// Rights are all that a capture on this way uses.
func Rights(w Way) []Right { return append(append(slices.Clone(ways[w]), evidence...), machines) }

// Missing is what the user lacks in one namespace.
type Missing struct {
	Client Client
	Way    Way
	Rights []Right
	User   string // as the API server calls him; empty: it does not tell
	Err    error  // why no question at all was answered, so that nothing is known
}

// askLimit is for all questions about rights in a namespace, which are asked at once.
const askLimit = 10 * time.Second

// Lacks asks the API server which rights the user lacks. What it does not answer is not said to be missing: the call
// that needs it will tell.
//
// pod is one of those that are to be captured: a Role may be for some pods by name.
func (c Client) Lacks(ctx context.Context, w Way, pod string) Missing {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	m := Missing{Client: c, Way: w}
	rights := Rights(w)
	lacks, unasked := make([]bool, len(rights)), make([]error, len(rights))
	var wg sync.WaitGroup
	for i, r := range rights {
		wg.Go(func() { lacks[i], unasked[i] = c.lacks(ctx, r, pod) })
	}
	wg.Wait()
	for i, r := range rights {
		if lacks[i] {
			m.Rights = append(m.Rights, r)
		}
	}
	if !slices.Contains(unasked, nil) {
		m.Err = unasked[0]
	}
	if len(m.Rights) > 0 {
		m.User = c.user(ctx)
	}
	return m
}

// lacks reports whether one of a right's verbs is denied; an error says that the question was not answered.
func (c Client) lacks(ctx context.Context, r Right, pod string) (bool, error) {
	object := r.Resource
	if object == "pods" && pod != "" {
		object += "/" + pod
	}
	for _, verb := range r.Verbs {
		args := []string{verb, object}
		if r.Subresource != "" {
			args = append(args, "--subresource="+r.Subresource)
		}
		text, err := c.Ask(ctx, []string{"auth", "can-i"}, args...) // "no" comes with an error
		switch said := strings.TrimSpace(string(text)); {
		case strings.HasPrefix(said, "no"):
			return true, nil
		case err != nil:
			return false, err
		}
	}
	return false, nil
}

// user is who asks; kubectl 1.28 and newer know.
func (c Client) user(ctx context.Context) string {
	said, err := c.Ask(ctx, []string{"auth", "whoami"}, "-o", "jsonpath={.status.userInfo.username}")
	if err != nil || len(said) > maxWords || strings.ContainsAny(string(said), "\n\r") {
		return ""
	}
	return string(said)
}

// Title says whose rights are missing where, as a comment: with what is below it can be applied as it is printed.
func (m Missing) Title() string {
	if m.Err != nil {
		return fmt.Sprintf("# the rights in namespace %s are not known: %v", m.Client.Namespace, m.Err)
	}
	who := "the user of the kubeconfig"
	if m.User != "" {
		who = m.User
	}
	return fmt.Sprintf("# %s lacks %d rights in namespace %s; what is below gives them (kubectl apply -f -), by somebody who may:", who, len(m.Rights), m.Client.Namespace)
}

// YAML is what to apply, by somebody who may: a Role with all rights of the way, so that it does not matter which of
// them the user has from elsewhere.
func (m Missing) YAML() string {
	if m.Err != nil {
		return ""
	}
	var b strings.Builder
	for _, r := range m.Rights {
		fmt.Fprintf(&b, "# missing: %s (for %s)\n", r, r.For)
	}
	if m.User == "" {
		b.WriteString("# USER is the name that the API server gives the user of the kubeconfig\n")
	}
	var own, cluster []string
	for _, r := range Rights(m.Way) {
		if r.Cluster {
			cluster = append(cluster, r.Rule())
		} else {
			own = append(own, r.Rule())
		}
	}
	inCluster := func(r Right) bool { return r.Cluster }
	if !slices.ContainsFunc(m.Rights, inCluster) || len(m.Rights) > 1 {
		m.role(&b, "Role", "casefile-"+string(m.Way), m.Client.Namespace, own)
	}
	if slices.ContainsFunc(m.Rights, inCluster) {
		m.role(&b, "ClusterRole", "casefile-nodes", "", cluster)
	}
	return b.String()
}

const group = "rbac.authorization.k8s.io"

// role writes a role and its binding to the user.
func (m Missing) role(b *strings.Builder, kind, name, namespace string, rules []string) {
	place := ""
	if namespace != "" {
		place = ", namespace: " + strconv.Quote(namespace)
	}
	head := func(kind, name string) {
		fmt.Fprintf(b, "---\napiVersion: %s/v1\nkind: %s\nmetadata: {name: %s%s}\n", group, kind, name, place)
	}
	head(kind, name)
	fmt.Fprintf(b, "rules:\n- %s\n", strings.Join(rules, "\n- "))
	head(kind+"Binding", name+"-"+nameOf(m.user())) // one for each user: to apply it takes the right from no other
	fmt.Fprintf(b, "roleRef: {apiGroup: %s, kind: %s, name: %s}\nsubjects:\n- %s\n", group, kind, name, m.subject())
}

func (m Missing) user() string {
	if m.User == "" {
		return "USER"
	}
	return m.User
}

// unnamed is what no name of an object has.
var unnamed = regexp.MustCompile(`[^a-z0-9]+`)

func nameOf(user string) string {
	text := strings.Trim(unnamed.ReplaceAllString(strings.ToLower(user), "-"), "-")
	return strings.Trim(text[:min(len(text), 100)], "-")
}

func (m Missing) subject() string {
	if account, is := strings.CutPrefix(m.User, "system:serviceaccount:"); is {
		if namespace, name, ok := strings.Cut(account, ":"); ok {
			return fmt.Sprintf("{kind: ServiceAccount, namespace: %q, name: %q}", namespace, name)
		}
	}
	return fmt.Sprintf("{apiGroup: %s, kind: User, name: %q}", group, m.user())
}
