package collectors

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"sync"
	"time"
	"unicode"

	"casefile/bundle"
	"casefile/bundle/format/entries"
)

// Scope is what a job writes through: entries of its target, and its part of
// the ledger. It is safe for concurrent use.
type Scope struct {
	*Session
	Collector, Target string
	PID               int // of the target; 0: it is no process of this node

	mu    sync.Mutex
	items []*tally
	cost  bundle.TargetOverhead

	closed bool
}

// tally counts what became of one item.
type tally struct {
	name      string
	got, lost int
	status    bundle.Status // set for Absent and Skipped
	reasons   []string
	cause     entries.Cause // the most telling: see because
	fix       string
}

func (s *Session) scope(collector string, j Job) *Scope {
	return &Scope{Session: s, Collector: collector, Target: j.Target, PID: j.PID, cost: bundle.TargetOverhead{Target: j.Target}}
}

// Path returns the path of an entry of this scope.
func (c *Scope) Path(name string) string {
	dir := entries.FolderOf(c.Collector)
	target := c.Target
	if target == dir {
		target = "" // the host is its own target
	}
	return path.Join(entries.FolderNodes, SafeName(c.Node), dir, SafeName(target), name)
}

// SafeName makes a string fit for one path element.
func SafeName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("._-", r):
			return r
		}
		return '_'
	}, s)
	if s == "." || s == ".." {
		return "_"
	}
	return s[:min(len(s), 100)]
}

// Evidence describes an entry: Name below the target's folder, the ledger item
// it counts for, when it was taken and from where.
type Evidence struct {
	Name           string
	Item           string
	Source         string
	Started, Ended time.Time
	Truncated      string
	// Errors puts the entry into the node's errors folder instead.
	Errors bool
}

func (c *Scope) entry(e Evidence) bundle.Entry {
	p := c.Path(e.Name)
	if e.Errors {
		p = path.Join(entries.FolderNodes, SafeName(c.Node), entries.FolderErrors, SafeName(c.Collector+"-"+c.Target), e.Name)
	}
	return bundle.Entry{Path: p, Node: c.Node, Collector: c.Collector, Target: c.Target, PID: c.PID, Source: e.Source,
		Started: e.Started, Ended: e.Ended, Truncated: e.Truncated}
}

// Add stores content and counts the item as obtained, or as lost when it could
// not be stored.
func (c *Scope) Add(e Evidence, content []byte) error {
	entry := c.entry(e)
	return c.stored(e, c.Out.Add(entry, bundle.KindOf(entry.Path), content))
}

// Copy stores what r gives.
func (c *Scope) Copy(e Evidence, r io.Reader) error {
	entry := c.entry(e)
	return c.stored(e, c.Out.AddReader(entry, bundle.KindOf(entry.Path), r))
}

func (c *Scope) stored(e Evidence, err error) error {
	switch {
	case err == nil:
		c.Got(e.Item)
	case errors.Is(err, bundle.ErrDiskFull):
		c.Lost(e.Item, entries.NoSpace, "no space left where the bundle is written", "free some space or choose another place with --out")
	default:
		c.LostFor(e.Item, err, "")
	}
	return err
}

func (c *Scope) item(name string) *tally {
	for _, t := range c.items {
		if t.name == name {
			return t
		}
	}
	t := &tally{name: name}
	c.items = append(c.items, t)
	return t
}

// Got counts one more piece of an item.
func (c *Scope) Got(item string) {
	c.mu.Lock()
	c.item(item).got++
	c.mu.Unlock()
}

// LostFor is Lost for an error, which knows of what kind the cause is.
func (c *Scope) LostFor(item string, err error, fix string) {
	c.Lost(item, entries.CauseOf(err), err.Error(), fix)
}

// Lost counts a piece that was not obtained: the cause is what rules read, the
// reason and the fix are words that an admin understands.
func (c *Scope) Lost(item string, cause entries.Cause, reason, fix string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.item(item)
	t.lost++
	t.because(cause)
	t.reason(reason, fix)
}

func (t *tally) because(cause entries.Cause) {
	if t.cause == "" || t.cause == entries.Other || cause.Unanswered() && !t.cause.Unanswered() {
		t.cause = cause
	}
}

// Absent notes that there is no such thing here.
func (c *Scope) Absent(item string, cause entries.Cause, reason string) {
	c.mark(item, bundle.Absent, cause, reason, "")
}

// Skip notes that an item was not captured on purpose, and how to get it.
func (c *Scope) Skip(item string, cause entries.Cause, reason, fix string) {
	c.mark(item, bundle.Skipped, cause, reason, fix)
}

func (c *Scope) mark(item string, status bundle.Status, cause entries.Cause, reason, fix string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.item(item)
	t.status = status
	t.because(cause)
	t.reason(reason, fix)
}

func (t *tally) reason(reason, fix string) {
	reason, fix = shown(reason), shown(fix)
	for _, r := range t.reasons {
		if r == reason {
			return
		}
	}
	if reason != "" && len(t.reasons) < 5 {
		t.reasons = append(t.reasons, reason)
	}
	if t.fix == "" {
		t.fix = fix
	}
}

// shown is a text with names that a process chose, as a terminal may show it.
func shown(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ReplaceAll(text, "\n", "; "))
}

// LostErr is Lost for an error of the system, with the fix that the error itself knows, or
// the usual one for missing rights.
func (c *Scope) LostErr(item string, err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok && strings.ContainsRune(err.Error(), '\n') { // errors.Join: a reason each
		for _, one := range joined.Unwrap() {
			c.LostErr(item, one)
		}
		return
	}
	var fixable interface{ Fix() string }
	if errors.As(err, &fixable) {
		c.LostFor(item, err, fixable.Fix())
		return
	}
	if errors.Is(err, os.ErrPermission) {
		c.LostFor(item, err, c.view().Help())
		return
	}
	c.LostFor(item, err, "")
}

// Cost notes what a command cost the target. pause is what the target's own
// clock showed; measured names that clock, empty when there was none.
func (c *Scope) Cost(wall, pause time.Duration, measured string) {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cost.Commands++
	c.cost.WallMS += ms(wall)
	if pause > 0 {
		c.cost.Pauses++
		c.cost.PauseMS += ms(pause)
		c.cost.MaxMS = max(c.cost.MaxMS, ms(pause))
	}
	if measured != "" {
		c.cost.Measured = measured
	}
}

// Tell reports progress of this target.
func (c *Scope) Tell(stage string, done, total int, format string, args ...any) {
	if c.Progress != nil {
		c.Progress(Event{Time: time.Now(), Node: c.Node, Target: c.Target, Stage: stage, Done: done, Total: total, Message: fmt.Sprintf(format, args...)})
	}
}

// close writes the scope's part of the ledger, once.
func (c *Scope) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.closed = true
	for _, t := range c.items {
		line := bundle.Coverage{Node: c.Node, Collector: c.Collector, Target: c.Target, PID: c.PID, Item: t.name, Status: t.status, Cause: t.cause,
			Reason: strings.Join(t.reasons, "; "), Fix: t.fix}
		switch {
		case t.lost > 0 && t.got > 0:
			line.Status = bundle.Partial
			line.Reason = fmt.Sprintf("%d of %d: %s", t.got, t.got+t.lost, line.Reason)
		case t.lost > 0:
			line.Status = bundle.Failed
		case t.got > 0:
			line.Status = bundle.OK
		}
		c.Out.Cover(line)
	}
	if c.cost.Commands > 0 {
		c.Out.Update(func(m *bundle.Manifest) {
			for i := range m.Overhead {
				if m.Overhead[i].Node == c.Node {
					m.Overhead[i].Targets = append(m.Overhead[i].Targets, c.cost)
					return
				}
			}
			m.Overhead = append(m.Overhead, bundle.Overhead{Node: c.Node, Targets: []bundle.TargetOverhead{c.cost}})
		})
	}
}
