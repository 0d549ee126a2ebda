package fleet

import (
	"context"
	"slices"
	"sync"
	"time"

	"casefile/bundle/format/entries"
	"casefile/collectors/kube"
)

// Lacks asks beforehand which rights the user lacks for the nodes that are pods, by cluster, namespace and way; also where it could not be asked.
func Lacks(ctx context.Context, nodes []Node) []kube.Missing {
	type scope struct {
		client kube.Client
		way    kube.Way
	}
	asked := map[scope]bool{}
	var missing []kube.Missing
	for _, n := range nodes {
		s := scope{n.Address.kubectl(), n.Address.way()}
		if n.Address.Kind != Kube || asked[s] {
			continue
		}
		asked[s] = true
		if m := s.client.Lacks(ctx, s.way, n.Address.Pod); len(m.Rights) > 0 || m.Err != nil {
			missing = append(missing, m)
		}
	}
	return missing
}

// accounts are Kubernetes' own of the members that are pods, one for each namespace.
func (f *fleet) accounts() []*kube.Account {
	var list []*kube.Account
	for _, m := range f.members {
		if m.Address.Kind != Kube {
			continue
		}
		client := m.Address.kubectl()
		i := slices.IndexFunc(list, func(a *kube.Account) bool { return a.Client == client })
		if i < 0 {
			i, list = len(list), append(list, &kube.Account{Client: client, Bundle: f.w, MaxLogBytes: f.o.Plan.MaxLogBytes, Scrub: f.scrub})
		}
		list[i].Pods = append(list[i].Pods, kube.Pod{Node: m.Name, Dir: m.dir, Name: m.Address.Pod, Container: m.Address.Container})
	}
	return list
}

// scrub takes the secrets that the capture of a pod knows out of what its container wrote.
func (f *fleet) scrub(ctx context.Context, p kube.Pod, text []byte) ([]byte, error) {
	for _, m := range f.members {
		if m.dir == p.Dir && m.client != nil {
			return m.client.Scrub(ctx, f.id, text)
		}
	}
	return nil, errNotEntered
}

var errNotEntered = entries.NewError(entries.Unreachable, "the pod was not entered")

// firstLook begins to ask how the pods are; the function that it returns waits for it, and gives how many are there.
func (f *fleet) firstLook(ctx context.Context) (wait func() int) {
	f.watch = f.accounts()
	ctx, cancel := context.WithTimeout(ctx, f.times.ssh)
	found := make([]int, len(f.watch))
	var wg sync.WaitGroup
	for i, a := range f.watch {
		wg.Go(func() { found[i] = a.First(ctx) })
	}
	return func() (all int) {
		wg.Wait()
		cancel()
		for _, n := range found {
			all += n
		}
		return all
	}
}

// What the last look may take beyond the end of the capture: so much, and so much for each pod of a namespace.
const (
	lookLimit = 10 * time.Second
	lookEach  = 200 * time.Millisecond
)

// lastLook takes how the pods are, and what happened to them, when the capture has ended, also when the user ended it.
func (f *fleet) lastLook(ctx context.Context) {
	var wg sync.WaitGroup
	for _, a := range f.watch {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookLimit+time.Duration(len(a.Pods))*lookEach)
			defer cancel()
			a.Last(ctx)
		})
	}
	wg.Wait()
}
