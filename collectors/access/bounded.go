package access

import (
	"casefile/bundle/format/entries"
	"fmt"
	"io/fs"
	"os/user"
	"strconv"
	"sync/atomic"
	"time"
)

// answerWithin is how long one access may take; mostLate is how many of a tree may be
// left behind before it is not asked again.
const (
	answerWithin = 4 * time.Second
	mostLate     = 2
)

// ErrNoAnswer says that an access did not come back: a mount that does not answer.
var ErrNoAnswer = entries.NewError(entries.NoAnswer, "the file system does not answer")

// bounded runs act on a goroutine of its own and leaves it behind when it takes too long.
// undo, if there is one, takes back what came too late.
func bounded[T any](late *atomic.Int32, name string, act func() (T, error), undo func(T)) (T, error) {
	type result struct {
		value T
		err   error
	}
	if late.Load() >= mostLate {
		return *new(T), fmt.Errorf("%s: %w: it was asked before", name, ErrNoAnswer)
	}
	done := make(chan result) // taken over by whoever comes second
	gone := make(chan struct{})
	go func() {
		value, err := act()
		select {
		case done <- result{value, err}:
		case <-gone:
			if err == nil && undo != nil {
				undo(value)
			}
		}
	}()
	timer := time.NewTimer(answerWithin)
	defer timer.Stop()
	select {
	case r := <-done:
		return r.value, r.err
	case <-timer.C:
		close(gone)
		late.Add(1)
		return *new(T), fmt.Errorf("%s: %w within %v", name, ErrNoAnswer, answerWithin)
	}
}

// perform runs one access with the rights of the process.
func perform[T any](t *Tree, name string, act func() (T, error), undo func(T)) (T, error) {
	if t == nil {
		return *new(T), ErrNoIdentity
	}
	if t.broken != nil {
		return *new(T), &fs.PathError{Op: "open", Path: name, Err: t.broken}
	}
	if t.id == nil {
		return bounded(t.late, name, act, undo)
	}
	return bounded(t.late, name, func() (value T, err error) {
		err = as(t.id, func() error {
			value, err = act()
			return err
		})
		return value, err
	}, undo)
}

// do is perform for what gives nothing back.
func (t *Tree) do(name string, act func() error) error {
	_, err := perform(t, name, func() (struct{}, error) { return struct{}{}, act() }, nil)
	return err
}

func closeFile[T interface{ Close() error }](c T) { _ = c.Close() }

// Denied says that the user of the process may not do what was tried for it.
type Denied struct {
	Err  error
	User int
}

func (d *Denied) Error() string {
	return fmt.Sprintf("%v (for %s, the user of the process)", d.Err, userName(d.User))
}

func (d *Denied) Unwrap() error { return d.Err }

// Fix says what an admin can do.
func (d *Denied) Fix() string {
	return fmt.Sprintf("give %s the right; a file in a folder that only root can write to is also read with --trust-owner OWNER", userName(d.User))
}

// userName is the name of a user, or its number.
func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(uid)
}
