// Package collectors is the capture side. A Collector finds what it could
// capture on this node; Run captures all of it on one timetable into a bundle.
//
// Order of values: never make a sick system sicker, keep what was obtained,
// tell in the ledger what was not and why.
package collectors

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/plan"
	"casefile/bundle/redact"
)

// Collector captures one kind of evidence from this node.
type Collector interface {
	Name() string
	// Prepare finds the targets that the plan chooses and learns their secrets.
	// It reads files only: nothing is asked of a target before Run.
	Prepare(ctx context.Context, s *Session) ([]Job, error)
}

// Job is the capture of one target.
type Job struct {
	// Target names it in the ledger and in entries, e.g. "4711-confluence".
	Target string
	// Title says what it is, for people: "Confluence, JDK 17.0.15, pid 4711".
	Title string
	// Items is what will be captured, for --dry-run.
	Items []Item
	// Run captures until its work is done. When ctx ends early it keeps what it
	// has, cleans up behind itself and returns within a few seconds.
	Run func(ctx context.Context, scope *Scope)
}

// Item is one thing that a job captures, and what that costs the target.
type Item struct {
	Name string `json:"name"`
	Cost string `json:"cost"`
}

// Session is one capture on one node.
type Session struct {
	Node    string
	Plan    plan.Plan
	Roots   Roots
	Out     *bundle.Writer
	Secrets *redact.Secrets
	// Progress is told what happens; it must be safe for concurrent use. May be nil.
	Progress func(Event)

	start time.Time
}

// Roots are the folders that collectors read the system from, so that a fixture
// tree can stand in for a node.
type Roots struct{ Proc, Sys, Etc string }

// SystemRoots are those of the running system.
func SystemRoots() Roots { return Roots{Proc: "/proc", Sys: "/sys", Etc: "/etc"} }

// Event is one step of progress.
type Event struct {
	Time    time.Time `json:"time"`
	Node    string    `json:"node"`
	Target  string    `json:"target,omitempty"`
	Stage   string    `json:"stage"`
	Done    int       `json:"done,omitempty"`
	Total   int       `json:"total,omitempty"`
	Message string    `json:"message,omitempty"`
}

const (
	// Lead is the time between the end of preparation and round 0, so that every
	// job has opened what it needs when the first round is due.
	Lead = 300 * time.Millisecond
	// Grace is how long jobs may take after the end of the planned duration.
	Grace = 8 * time.Second
	// prepareLimit bounds the search for targets of one collector.
	prepareLimit = 10 * time.Second
)

// Start is the moment of round 0 on this node's clock.
func (s *Session) Start() time.Time { return s.start }

// End is the moment up to which series run.
func (s *Session) End() time.Time { return s.start.Add(time.Duration(s.Plan.Duration)) }

// Prepare asks every collector for its jobs. A collector that fails costs only
// its own part.
func Prepare(ctx context.Context, s *Session, list []Collector) []Prepared {
	var all []Prepared
	for _, c := range list {
		ctx, cancel := context.WithTimeout(ctx, prepareLimit)
		jobs, err := prepare(ctx, s, c)
		cancel()
		if err != nil {
			jobs = append(jobs, lostSearch(err))
		}
		for _, j := range jobs {
			all = append(all, Prepared{Collector: c.Name(), Job: j})
		}
	}
	return all
}

// lostSearch is the job that is left when a collector cannot look for targets.
func lostSearch(err error) Job {
	return Job{Target: "search", Title: "search failed: " + err.Error(),
		Run: func(_ context.Context, scope *Scope) { scope.LostErr("search", err) }}
}

func prepare(ctx context.Context, s *Session, c Collector) (jobs []Job, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("casefile failed in %s: %v", c.Name(), r)
		}
	}()
	return c.Prepare(ctx, s)
}

// Prepared is a job with the name of its collector.
type Prepared struct {
	Collector string
	Job
}

// Run captures all jobs side by side: round 0 is at the plan's start, or as soon
// as all are ready. It returns when all have ended, or Grace after the planned
// end with a ledger line for each job that has not.
func Run(ctx context.Context, s *Session, jobs []Prepared) {
	s.start = s.Plan.Start
	if soonest := time.Now().Add(Lead); s.start.Before(soonest) {
		s.start = soonest
	}
	ctx, cancel := context.WithDeadline(ctx, s.End().Add(Grace))
	defer cancel()

	var wg sync.WaitGroup
	running := newRunning()
	for _, j := range jobs {
		running.add(j)
		wg.Go(func() {
			defer running.done(j)
			runJob(ctx, s, j)
		})
	}
	all := make(chan struct{})
	go func() { wg.Wait(); close(all) }()
	select {
	case <-all:
	case <-time.After(time.Until(s.End().Add(Grace + time.Second))):
		for _, j := range running.left() {
			s.Out.Cover(bundle.Coverage{Node: s.Node, Collector: j.Collector, Target: j.Target, Item: "job", Status: bundle.Partial,
				Reason: "did not end in time: the system does not answer a read", Fix: "look at the disks and network mounts of this node"})
		}
	}
}

func runJob(ctx context.Context, s *Session, j Prepared) {
	scope := s.scope(j.Collector, j.Target)
	defer scope.close()
	defer func() {
		if r := recover(); r != nil {
			scope.Lost("job", fmt.Sprintf("casefile failed: %v", r), "report this with the bundle")
			scope.Add(Evidence{Name: "panic.txt", Item: "job", Errors: true}, debug.Stack())
		}
	}()
	j.Run(ctx, scope)
}

// running knows which jobs have not ended.
type running struct {
	mu   sync.Mutex
	jobs map[string]Prepared
}

func newRunning() *running { return &running{jobs: map[string]Prepared{}} }

func (r *running) key(j Prepared) string { return j.Collector + "/" + j.Target }

func (r *running) add(j Prepared) {
	r.mu.Lock()
	r.jobs[r.key(j)] = j
	r.mu.Unlock()
}

func (r *running) done(j Prepared) {
	r.mu.Lock()
	delete(r.jobs, r.key(j))
	r.mu.Unlock()
}

func (r *running) left() []Prepared {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []Prepared
	for _, j := range r.jobs {
		list = append(list, j)
	}
	return list
}

// Wait sleeps until t; false when ctx ended first.
func Wait(ctx context.Context, t time.Time) bool {
	d := time.Until(t)
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
