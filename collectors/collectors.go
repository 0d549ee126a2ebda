// Package collectors is the capture side. A Collector finds what it could
// capture on this node; Run captures all of it on one timetable into a bundle.
//
// Order of values: never make a sick system sicker, keep what was obtained,
// tell in the ledger what was not and why.
package collectors

import (
	"context"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/entries"
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
	// PID is that of the target; 0: it is no process of this node.
	PID int
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
	// Bytes is about how much it writes, before the bundle is compressed, and UpTo how much it may; 0: little, or nobody knows.
	Bytes int64 `json:"bytes,omitempty"`
	UpTo  int64 `json:"up_to_bytes,omitempty"`
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
		if s.Plan.ProfilesOnly() && !processes(c.Name()) {
			continue
		}
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
		Run: func(_ context.Context, scope *Scope) { scope.LostErr(entries.ItemSearch, err) }}
}

func prepare(ctx context.Context, s *Session, c Collector) (jobs []Job, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = entries.Errorf(entries.Internal, "casefile failed in %s: %v", c.Name(), r)
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
		scope := s.scope(j.Collector, j.Job)
		running.add(scope)
		wg.Go(func() {
			defer running.done(scope)
			runJob(ctx, scope, j)
		})
	}
	all := make(chan struct{})
	go func() { wg.Wait(); close(all) }()
	select {
	case <-all:
	case <-time.After(time.Until(s.End().Add(Grace + time.Second))):
		for _, scope := range running.left() {
			scope.Lost(entries.ItemJob, entries.TimedOut, "did not end in time: a read does not come back, or its files take too long to copy", "look at the disks and network mounts of this node, and at the files that the process names")
			scope.close()
		}
	}
}

func runJob(ctx context.Context, scope *Scope, j Prepared) {
	defer scope.close()
	defer func() {
		if r := recover(); r != nil {
			scope.Lost(entries.ItemJob, entries.Internal, fmt.Sprintf("casefile failed: %v", r), "report this with the bundle")
			scope.Add(Evidence{Name: "panic.txt", Item: entries.ItemJob, Errors: true}, debug.Stack())
		}
	}()
	j.Run(ctx, scope)
}

// running knows which jobs have not ended, by their scopes.
type running struct {
	mu     sync.Mutex
	scopes map[*Scope]bool
}

func newRunning() *running { return &running{scopes: map[*Scope]bool{}} }

func (r *running) add(s *Scope) {
	r.mu.Lock()
	r.scopes[s] = true
	r.mu.Unlock()
}

func (r *running) done(s *Scope) {
	r.mu.Lock()
	delete(r.scopes, s)
	r.mu.Unlock()
}

func (r *running) left() []*Scope {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.scopes))
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
