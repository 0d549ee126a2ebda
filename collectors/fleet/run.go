package fleet

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/plan"
	wire "casefile/bundle/format/timing"
	"casefile/collectors"
	"casefile/collectors/agent"
	"casefile/collectors/agent/identity"
)

// Node is one machine of the plan.
type Node struct {
	Name    string
	Address Address
}

// Options of Run.
type Options struct {
	Plan     plan.Plan
	Nodes    []Node
	Identity *identity.Identity // the admin's; needed for agents
	Local    *agent.Node        // serves nodes that are local
	Binary   string             // this program, for nodes reached by ssh
	Progress func(collectors.Event)
	// MaxNodeBytes bounds what one node may send, compressed.
	MaxNodeBytes int64
}

// Times of a run, beside the plan's duration. Together they keep it within
// duration + 15 s whatever an agent does.
const (
	agentLimit = 4 * time.Second  // until an agent has answered; one that needs longer is left out
	sshLimit   = 30 * time.Second // until the program has travelled and answers
	startLead  = time.Second      // between telling the nodes and round 0
	endLimit   = 9 * time.Second  // after the planned end
	maxAtOnce  = 64               // connections being opened
)

// Run captures all nodes into w, which the caller closes. Everything that goes
// wrong with one node is in the ledger of w; an error means that nothing could
// be captured anywhere.
func Run(ctx context.Context, w *bundle.Writer, o Options) error {
	id, err := agent.NewID()
	if err != nil {
		return err
	}
	f := &fleet{o: o, w: w, id: id, parts: w.Path() + ".parts"}
	if err := os.MkdirAll(f.parts, 0o700); err != nil {
		return err
	}
	defer os.Remove(f.parts) // stays when a node's part could not be joined
	for _, n := range o.Nodes {
		f.members = append(f.members, &member{Node: n, f: f, dir: collectors.SafeName(n.Name)})
	}
	f.each(f.members, maxAtOnce, func(m *member) { m.connect(ctx) })
	defer f.each(f.members, len(f.members), func(m *member) { m.close() })
	ready := f.alive()
	if len(ready) == 0 {
		return fmt.Errorf("none of %d nodes can be captured: %w", len(f.members), f.members[0].err)
	}
	f.each(ready, len(ready), func(m *member) { m.measure(ctx, wire.Before, exchangesBefore) })

	f.start = time.Now().Add(startLead)
	f.end = f.start.Add(time.Duration(o.Plan.Duration))
	deadline, cancel := context.WithDeadlineCause(context.WithoutCancel(ctx), f.end.Add(endLimit), errLate)
	defer cancel()
	f.each(ready, len(ready), func(m *member) { m.capture(ctx, deadline) })
	f.each(ready, len(ready), func(m *member) { m.join(deadline) })
	return f.writeTiming()
}

// fleet is one run.
type fleet struct {
	o       Options
	w       *bundle.Writer
	id      string
	parts   string // folder of what the nodes send
	members []*member
	start   time.Time // of round 0, on this machine's clock: the reference
	end     time.Time
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

func (m *member) partFile() string { return filepath.Join(m.f.parts, m.dir+".tar.zst") }
