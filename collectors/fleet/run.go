package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/plan"
	wire "casefile/bundle/format/timing"
	"casefile/bundle/newfile"
	"casefile/bundle/seal"
	"casefile/collectors"
	"casefile/collectors/agent"
	"casefile/collectors/agent/identity"
	"casefile/collectors/kube"
	"casefile/collectors/timing"
)

// Node is one machine of the plan.
type Node struct {
	Name    string
	Address Address
	Labels  map[string]string // anything that tells nodes apart
}

// Options of Run.
type Options struct {
	Plan     plan.Plan
	Nodes    []Node
	Identity *identity.Identity // the admin's; needed for agents
	// Local makes the node that is this machine, under the name and with the spool
	// folder it is given. Run closes it and removes the folder.
	Local    func(name, spool string) *agent.Node
	Binary   string // this program, for nodes reached by ssh
	Progress func(collectors.Event)
	// MaxNodeBytes bounds what one node may send, compressed.
	MaxNodeBytes int64
	times        *times // nil: defaultTimes
}

// Times of a run, besides the plan's duration. Together they keep it within
// duration + 15 s whatever an agent does. ssh nodes may add to it: they are waited
// for before anything starts.
type times struct {
	agent   time.Duration // until an agent has answered; one that needs longer is left out
	ssh     time.Duration // until the program has travelled and answers
	image   time.Duration // until a debug container has its image and answers
	measure time.Duration // for a set of exchanges
	meet    time.Duration // until a node answers its peers
	lead    time.Duration // between telling the nodes and round 0
	whole   time.Duration // from the beginning to the last byte, beyond the duration
	end     time.Duration // from the planned end to the last byte, at least
	halt    time.Duration // before that limit a node is told to end with what it has
	leave   time.Duration // to ask how it ended, and to clean up there
	flow    time.Duration // a node of which bytes come in each such time is waited for beyond the limit
	most    time.Duration // that long at most
}

var defaultTimes = times{agent: 3 * time.Second, ssh: 30 * time.Second, image: 90 * time.Second, measure: time.Second, meet: 2 * time.Second,
	lead: time.Second, whole: 13 * time.Second, end: 8 * time.Second, halt: 4 * time.Second, leave: time.Second,
	flow: 2 * time.Second, most: 5 * time.Minute}

const (
	maxAtOnce = 64 // connections being opened
	maxJoins  = 2  // parts being joined; they are written one after the other anyway
)

// Run captures all nodes into w, which the caller closes. Everything that goes
// wrong with one node is in the ledger of w; an error means that nothing could
// be captured anywhere.
func Run(ctx context.Context, w *bundle.Writer, o Options) error {
	id, err := agent.NewID()
	if err != nil {
		return err
	}
	f := &fleet{o: o, w: w, id: id, key: timing.NewKey(), began: time.Now(), parts: bundle.PartsDir(w.Path()), joins: make(chan struct{}, maxJoins), opening: make(chan struct{}, maxAtOnce), looked: make(chan struct{}),
		times: *cmp.Or(o.times, &defaultTimes)}
	if err := f.enlist(); err != nil {
		return err
	}
	w.ForNodes()
	if err := newfile.PrivateDir(f.parts); err != nil {
		return err
	}
	defer os.Remove(f.parts)
	looked := f.firstLook(ctx)
	f.each(f.members, maxAtOnce, func(m *member) { m.connect(ctx) })
	defer f.each(f.members, len(f.members), func(m *member) { m.close() })
	ready := f.alive()
	if pods := looked(); len(ready) == 0 && pods > 0 {
		f.lastLook(ctx)
		return nil
	} else if len(ready) == 0 {
		return &noneReached{len(f.members), f.members[0]}
	}
	f.each(ready, len(ready), func(m *member) {
		var met sync.WaitGroup
		met.Go(func() { m.meet(ctx) })
		m.measure(ctx, wire.Before)
		met.Wait()
	})
	f.introduce(ready)
	deadline, cancel := f.schedule(ctx)
	defer cancel()
	f.writeStart()
	var watched sync.WaitGroup
	watched.Go(func() {
		defer close(f.looked)
		collectors.Wait(ctx, f.end)
		f.lastLook(ctx)
	})
	f.each(ready, len(ready), func(m *member) {
		m.capture(ctx, deadline)
		f.joins <- struct{}{}
		defer func() { <-f.joins }()
		m.join(context.WithoutCancel(ctx)) // reads a local file: what came in time is kept
	})
	watched.Wait()
	f.writeTiming()
	return nil
}

// fleet is one run.
type fleet struct {
	o       Options
	times   times
	w       *bundle.Writer
	id      string
	key     []byte // by which nodes know each other's questions
	notes   []string
	joins   chan struct{} // slots
	opening chan struct{} // slots for streams of agents
	parts   string        // folder of what the nodes send
	watch   []*kube.Account
	looked  chan struct{} // closed when pods were looked at for the last time
	members []*member
	began   time.Time
	start   time.Time // of round 0, on this machine's clock: the reference
	end     time.Time
	limit   time.Time    // until when nodes are waited for
	sending atomic.Int32 // members whose bundles are on the way
}

// enlist gives every node its folder in the bundle.
func (f *fleet) enlist() error {
	if len(f.o.Nodes) == 0 {
		return errors.New("no nodes to capture")
	}
	taken := map[string]string{}
	for _, n := range f.o.Nodes {
		m := &member{Node: n, f: f, dir: collectors.SafeName(n.Name)}
		if other, twice := taken[m.dir]; twice {
			return fmt.Errorf("nodes %q and %q have the same name in the bundle: name them with NAME=address", other, n.Name)
		}
		taken[m.dir] = n.Name
		f.members = append(f.members, m)
	}
	return nil
}

// schedule sets when round 0 is, and until when nodes are waited for: the context
// that it returns ends then. When ctx ends (Ctrl-C) the nodes get times.end from there.
func (f *fleet) schedule(ctx context.Context) (context.Context, context.CancelFunc) {
	d := time.Duration(f.o.Plan.Duration)
	f.start = time.Now().Add(f.times.lead)
	f.end = f.start.Add(d)
	f.limit = f.end.Add(f.times.end)
	if whole := f.began.Add(d + f.times.whole); whole.After(f.limit) {
		f.limit = whole
	}
	deadline, end := context.WithCancelCause(context.WithoutCancel(ctx))
	late := time.AfterFunc(time.Until(f.limit), func() { end(errLate) })
	stop := context.AfterFunc(ctx, func() {
		if soon := time.Now().Add(f.times.end); soon.Before(f.limit) {
			late.Reset(f.times.end)
		}
	})
	return deadline, func() { stop(); late.Stop(); end(nil) }
}

// each runs do for all members, at most so many at once.
func (f *fleet) each(list []*member, most int, do func(*member)) {
	slots := make(chan struct{}, max(most, 1))
	var wg sync.WaitGroup
	for _, m := range list {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			do(m)
		})
	}
	wg.Wait()
}

func (f *fleet) alive() []*member {
	var list []*member
	for _, m := range f.members {
		if m.err == nil {
			list = append(list, m)
		}
	}
	return list
}

func (f *fleet) tell(m *member, stage, message string) {
	if f.o.Progress != nil {
		f.o.Progress(collectors.Event{Time: time.Now(), Node: m.Name, Stage: stage, Message: message})
	}
}

func (m *member) partFile() string {
	name := bundle.PartFile(m.f.w.Path(), m.dir)
	if m.f.w.Keys().Sealing() {
		name += seal.Ext
	}
	return name
}
