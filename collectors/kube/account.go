package kube

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/pods"
	"casefile/bundle/redact"
)

// Pod is one of a capture.
type Pod struct {
	Node string // what it is called in the bundle
	Dir  string // below nodes/
	Name string
	// Container is the one that is captured; empty: kubectl's choice.
	Container string
}

// Account takes Kubernetes' own account of the pods of one namespace into a bundle.
type Account struct {
	Client      Client
	Pods        []Pod
	Bundle      *bundle.Writer
	MaxLogBytes int64 // of one container's output; 0: none is taken
	// Scrub has the pod's node take the secrets that only it knows out of a text; nil: there is none.
	Scrub func(context.Context, Pod, []byte) ([]byte, error)

	known map[string]pods.Pod // by name, the newest state
}

// few is how many pods are asked for one by one where the API can only be asked for one or for all.
const few = 4

// First takes the state of the pods when the capture begins. It returns how many there are.
func (a *Account) First(ctx context.Context) int {
	a.known = map[string]pods.Pod{}
	a.states(ctx, entries.PodFirst)
	return len(a.known)
}

// Last takes their state when it ends, the events about them, their nodes and the output of their containers.
func (a *Account) Last(ctx context.Context) {
	a.states(ctx, entries.PodLast)
	a.events(ctx)
	a.machines(ctx)
	a.logs(ctx)
}

// states keeps how the pods are now. A pod of an earlier look may be gone.
func (a *Account) states(ctx context.Context, moment string) {
	args := []string{"pods"}
	for _, p := range a.Pods {
		args = append(args, p.Name)
	}
	began := time.Now()
	var said told
	list, err := get[pods.Pod](ctx, a.Client, func(text []byte) { said = teach(a.Bundle.Secrets(), text) }, args...)
	found := map[string]pods.Pod{}
	for _, p := range list {
		found[p.Metadata.Name] = p
	}
	for _, p := range a.Pods {
		pod, there := found[p.Name]
		switch {
		case there:
			a.known[p.Name] = pod
			content, err := pods.PodEntry(pod, cmp.Or(p.Container, said.chosen(p.Name)), began)
			a.keep(p, entries.ItemPodState, entries.PodState.Of(moment), "kubectl get pod "+p.Name, began, content, err)
		case err != nil:
			a.lost(p, entries.ItemPodState, err)
		case moment == entries.PodFirst:
			a.lost(p, entries.ItemPodState, entries.Errorf(entries.Gone, "namespace %s has no pod %s", a.Client.Namespace, p.Name))
		default:
			a.lost(p, entries.ItemPodState, entries.NewError(entries.Gone, "the pod is not there any more"))
		}
	}
}

// get asks for objects; those that are not there are left out. The answer is shown to look, unless that is nil.
func get[T any](ctx context.Context, c Client, look func([]byte), args ...string) ([]T, error) {
	text, err := c.Ask(ctx, []string{"get"}, append(args, "--ignore-not-found", "-o", "json")...)
	if err != nil || len(text) == 0 {
		return nil, err
	}
	if look != nil {
		look(text)
	}
	list, err := pods.FromAPI[T](text)
	if err != nil {
		return nil, entries.Errorf(entries.Unreadable, "kubectl get %s: %w", args[0], err)
	}
	return list, nil
}

// events keeps what was said of the pods, of those in the last hour that an API server keeps them.
func (a *Account) events(ctx context.Context) {
	began := time.Now()
	all, err := a.ofPods(ctx)
	by := map[string][]pods.Event{}
	for _, e := range all {
		by[e.Object.Name] = append(by[e.Object.Name], e)
	}
	for _, p := range a.Pods {
		if err != nil {
			a.lost(p, entries.ItemPodEvents, err)
			continue
		}
		content, err := pods.EventsEntry(by[p.Name], began)
		a.keep(p, entries.ItemPodEvents, string(entries.PodEvents), "kubectl get events", began, content, err)
	}
}

func (a *Account) ofPods(ctx context.Context) (all []pods.Event, err error) {
	const selector = "--field-selector=involvedObject.kind=Pod"
	if len(a.Pods) > few {
		return get[pods.Event](ctx, a.Client, nil, "events", selector)
	}
	for _, p := range a.Pods {
		list, err := get[pods.Event](ctx, a.Client, nil, "events", selector+",involvedObject.name="+p.Name)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

// machines keeps how the nodes of the pods are.
func (a *Account) machines(ctx context.Context) {
	var names []string
	for _, p := range a.known {
		if name := p.Spec.NodeName; name != "" && !strings.HasPrefix(name, "-") && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	began := time.Now()
	list, err := get[pods.Machine](ctx, a.Client, nil, append([]string{"nodes"}, names...)...)
	for _, p := range a.Pods {
		name := a.known[p.Name].Spec.NodeName
		i := slices.IndexFunc(list, func(m pods.Machine) bool { return m.Metadata.Name == name })
		switch {
		case name == "":
		case err != nil:
			a.lost(p, entries.ItemPodMachine, err)
		case i < 0:
			a.lost(p, entries.ItemPodMachine, entries.Errorf(entries.Gone, "node %s is not there any more", name))
		default:
			content, err := pods.MachineEntry(list[i], began)
			a.keep(p, entries.ItemPodMachine, string(entries.PodMachine), "kubectl get node "+name, began, content, err)
		}
	}
}

// entry is what is known of an entry beforehand.
func (a *Account) entry(p Pod, name, source string, began time.Time) bundle.Entry {
	return bundle.Entry{Path: path.Join(entries.FolderNodes, p.Dir, entries.FolderKube, name), Node: p.Node,
		Collector: entries.CollectorKube, Target: p.Name, Started: began, Ended: time.Now(), Reference: began,
		Source: source + " -n " + a.Client.Namespace}
}

func (a *Account) keep(p Pod, item, name, source string, began time.Time, content []byte, err error) {
	if err == nil {
		err = a.Bundle.Add(a.entry(p, name, source, began), redact.JSON, content)
	}
	if err != nil {
		a.lost(p, item, err)
		return
	}
	a.cover(p, bundle.Coverage{Item: item, Status: bundle.OK})
}

func (a *Account) lost(p Pod, item string, err error) {
	a.cover(p, bundle.Coverage{Item: item, Status: bundle.Failed, Cause: entries.CauseOf(err), Reason: err.Error(), Fix: a.fix(item, err)})
}

func (a *Account) cover(p Pod, c bundle.Coverage) {
	c.Node, c.Collector, c.Target = p.Node, entries.CollectorKube, p.Name
	a.Bundle.Cover(c)
}

// asked is the right that an item takes.
var asked = map[string]Right{
	entries.ItemPodState:   ways[Exec][0],
	entries.ItemPodLogs:    evidence[0],
	entries.ItemPodEvents:  evidence[1],
	entries.ItemPodMachine: machines,
}

func (a *Account) fix(item string, err error) string {
	switch entries.CauseOf(err) {
	case entries.NotPermitted:
		return Grant(a.Client, asked[item])
	case entries.Gone:
		return "kubectl get pods -n " + a.Client.Namespace + " shows what is there now"
	}
	return ""
}

// Grant is what to do about a right that is missing.
func Grant(c Client, r Right) string {
	kind := "a Role of namespace " + c.Namespace
	if r.Cluster {
		kind = "a ClusterRole"
	}
	return fmt.Sprintf("the user of the kubeconfig needs the rule %s in %s: casefile collect --dry-run prints it to apply", r.Rule(), kind)
}
