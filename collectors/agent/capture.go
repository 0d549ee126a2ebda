package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/entries"
	"casefile/bundle/seal"
	"casefile/collectors"
	"casefile/collectors/timing"
)

// Why a capture ends before its time.
var (
	errStopped = errors.New("stopped by the admin")
	errClosing = errors.New("the agent was stopped")
)

// fullError says that the spool has reached its limit.
type fullError struct{ limit int64 }

// Cause makes it known to the ledger.
func (e fullError) Cause() entries.Cause { return entries.NoSpace }

func (e fullError) Error() string {
	return fmt.Sprintf("the spool of the node reached its limit of %d MB", e.limit>>20)
}

// capture is one capture of this node, while it runs and until it is removed.
type capture struct {
	id    string
	path  string
	limit int64
	stop  context.CancelCauseFunc
	keys  *seal.Keys // of what lies in the spool: in memory, so that a killed agent leaves nothing that can be read

	mu      sync.Mutex
	changed chan struct{} // closed at the next change
	view    view
	out     *bundle.Writer
	expire  *time.Timer
}

// view is a capture at one moment. Of file, the first status.Bytes stay as they
// are as long as the generation does.
type view struct {
	status Status
	file   content
	log    log
}

// content is a file of the spool as it is sent: what is on the disk is sealed.
type content interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// whole is one that was closed.
type whole struct {
	*seal.Plain
	file *os.File
}

// Close closes the file.
func (w whole) Close() error { return w.file.Close() }

// start begins a capture, or says why not.
func (n *Node) start(o Order) error {
	if !validID.MatchString(o.ID) {
		return &Error{Status: http.StatusBadRequest, Code: BadRequest, Message: "capture id: want 32 hexadecimal digits"}
	}
	if err := n.checkPlan(o.Plan); err != nil {
		return &Error{Status: http.StatusBadRequest, Code: BadPlan, Message: "plan: " + err.Error()}
	}
	if err := n.checkPeers(o.Peers); err != nil {
		return &Error{Status: http.StatusBadRequest, Code: BadPlan, Message: "peers: " + err.Error()}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	limit, err := n.admit(o.ID)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(context.Background())
	c := &capture{id: o.ID, path: n.spool.path(o.ID), limit: limit, stop: stop, changed: make(chan struct{})}
	c.view.status = Status{ID: o.ID, State: Preparing, Generation: 1}
	n.captures = append(n.captures, c)
	n.running.Go(func() {
		defer stop(nil)
		n.run(ctx, c, o)
	})
	return nil
}

// admit reports whether a capture may begin, and how large it may become. The
// caller holds n.mu.
func (n *Node) admit(id string) (limit int64, err error) {
	switch {
	case n.closed:
		return 0, &Error{Status: http.StatusServiceUnavailable, Code: NoSpool, Message: "the agent is ending"}
	case n.spool.err != nil:
		return 0, &Error{Status: http.StatusInsufficientStorage, Code: NoSpool, Message: "spool: " + n.spool.err.Error()}
	case n.spool.knows(id):
		return 0, &Error{Status: http.StatusConflict, Code: Used, Message: "this capture id was used before: a plan is good for one capture"}
	}
	kept := int64(0)
	for _, c := range n.captures {
		s := c.now().status
		if !s.State.ended() {
			return 0, &Error{Status: http.StatusConflict, Code: Busy, Message: "node " + n.Name + " is busy with another capture"}
		}
		kept += s.Bytes
	}
	// evidence that nobody fetched makes room for what is asked for now
	for len(n.captures) > 0 && n.MaxSpool-kept < n.MaxSpool/2 {
		oldest := n.captures[0]
		n.captures = n.captures[1:]
		kept -= oldest.now().status.Bytes
		oldest.discard(n.spool)
	}
	if limit, err = n.spool.limit(n.MaxSpool - kept); err == nil {
		err = n.spool.use(id)
	}
	if err != nil {
		return 0, &Error{Status: http.StatusInsufficientStorage, Code: NoSpool, Message: "spool: " + err.Error()}
	}
	return limit, nil
}

// run makes the capture and brings it to an end whatever happens.
func (n *Node) run(ctx context.Context, c *capture, o Order) {
	defer rest()
	defer func() {
		if r := recover(); r != nil {
			c.fail(fmt.Errorf("casefile failed: %v", r))
		}
		c.update(func() { c.expire = time.AfterFunc(keepEnded, func() { n.drop(c) }) })
	}()
	if p := &o.Plan; !p.Start.IsZero() {
		p.Start = time.Now().Add(p.Start.Sub(n.Now())) // collectors go by the system's clock
	}
	if err := n.make(ctx, c, o); err != nil {
		c.fail(err)
	}
}

// make captures into the spool. An error means that there is no bundle.
func (n *Node) make(ctx context.Context, c *capture, o Order) (err error) {
	p, skipped := n.Allow.restrict(o.Plan)
	list := append(n.Collectors(), handover{c})
	if o.Peers != nil {
		list = append(list, timing.Links(*o.Peers, n.ways()))
	}
	if c.keys, err = seal.Ephemeral(); err != nil {
		return err
	}
	ctx = seal.With(ctx, c.keys)
	job, err := collectors.Begin(ctx, n.Name, p, list, c.tell)
	none := err
	if err != nil && (!errors.Is(err, collectors.ErrNoTarget) || len(job.Jobs) == 1) {
		return err
	}
	c.tell(collectors.Event{Time: time.Now(), Node: n.Name, Stage: "ready", Total: len(job.Jobs) - 1, Message: titles(job.Jobs)})
	watched := c.watch()
	w, err := job.Run(ctx, c.path, bundle.TarZstd, n.Tool)
	watched()
	if err != nil {
		return err
	}
	cause := interruption(ctx, w)
	for _, line := range append(skipped, ledger(none, cause)...) {
		line.Node, line.Collector = n.Name, entries.CollectorAgent
		w.Cover(line)
	}
	_, err = w.Close()
	return c.finish(w, cause, err)
}

// interruption is why the capture ended early, nil when it did not; the manifest
// gets to know.
func interruption(ctx context.Context, w *bundle.Writer) (cause error) {
	w.Update(func(m *bundle.Manifest) {
		if cause = context.Cause(ctx); cause == nil || m.Interrupted == "" {
			cause = nil // or it came when all was captured
			return
		}
		m.Interrupted = cause.Error()
	})
	return cause
}

// fixOf is what an error says that helps.
func fixOf(err error) string {
	var known interface{ Fix() string }
	if errors.As(err, &known) {
		return known.Fix()
	}
	return "run casefile doctor on this node"
}

// ledger is what the agent adds to the coverage.
func ledger(none, cause error) []bundle.Coverage {
	var lines []bundle.Coverage
	if none != nil {
		lines = append(lines, bundle.Coverage{Item: entries.ItemProcesses, Status: bundle.Failed, Cause: entries.CauseOf(none), Reason: none.Error(),
			Fix: fixOf(none)})
	}
	if full := (fullError{}); errors.As(cause, &full) {
		lines = append(lines, bundle.Coverage{Item: entries.ItemSpool, Status: bundle.Partial, Cause: entries.NoSpace,
			Reason: full.Error() + ": the capture ended early",
			Fix:    "free space on this node or raise the limit of its agent, or capture less with --pid, --app or --max-log-bytes"})
	}
	return lines
}

// drop forgets an ended capture and removes its spool.
func (n *Node) drop(c *capture) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, other := range n.captures {
		if other == c {
			n.captures = append(n.captures[:i:i], n.captures[i+1:]...)
			c.discard(n.spool)
			if !n.closed {
				n.restSoon()
			}
			return
		}
	}
}

func titles(jobs []collectors.Prepared) string {
	var list []string
	for _, j := range jobs {
		if j.Title != "" {
			list = append(list, j.Title)
		}
	}
	return strings.Join(list, "; ")
}

// handover is a collector that captures nothing: its job is the place where the
// open bundle can be got hold of.
type handover struct{ c *capture }

func (handover) Name() string { return entries.CollectorAgent }

func (h handover) Prepare(context.Context, *collectors.Session) ([]collectors.Job, error) {
	return []collectors.Job{{Target: entries.ItemSpool, Run: func(_ context.Context, s *collectors.Scope) {
		if err := h.c.opened(s.Out); err != nil {
			s.LostFor(entries.ItemStream, err, "")
		}
	}}}, nil
}
