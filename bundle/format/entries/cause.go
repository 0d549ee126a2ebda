package entries

import (
	"context"
	"errors"
	"io/fs"
	"syscall"
)

// Cause says of what kind the reason is for which something is missing. Rules
// read it; the reason next to it is for people and may be worded anew.
type Cause string

const (
	Stopped          Cause = "stopped"           // the process is stopped or frozen
	NoAnswer         Cause = "no-answer"         // it did not answer in time
	SafepointPending Cause = "safepoint-pending" // a JVM waits for one of its threads
	Refused          Cause = "refused"           // it answered, and not with what was asked for
	Gone             Cause = "gone"              // it has ended
	NotPermitted     Cause = "not-permitted"     // casefile lacks the right
	NotThere         Cause = "not-there"         // there is no such file, process or address
	TooLarge         Cause = "too-large"         // more than the plan admits
	TimedOut         Cause = "timed-out"         // no time was left
	EndedEarly       Cause = "ended-early"       // the capture was ended before it
	NoSpace          Cause = "no-space"          // nothing can be written there
	Unsupported      Cause = "unsupported"       // this version or platform has no such thing
	Internal         Cause = "internal"          // casefile failed
	Other            Cause = "other"
)

// Causes lists all of them.
var Causes = []Cause{Stopped, NoAnswer, SafepointPending, Refused, Gone, NotPermitted, NotThere, TooLarge, TimedOut,
	EndedEarly, NoSpace, Unsupported, Internal, Other}

// Unanswered reports whether a process was asked in vain.
func (c Cause) Unanswered() bool { return c == Stopped || c == NoAnswer || c == SafepointPending }

// Error is an error that knows its Cause.
type Error struct {
	Text string
	Kind Cause
}

func (e *Error) Error() string { return e.Text }

// Cause makes an Error known to CauseOf.
func (e *Error) Cause() Cause { return e.Kind }

// NewError is errors.New with a cause.
func NewError(kind Cause, text string) error { return &Error{text, kind} }

// usual are the causes of errors of the system; the first that fits counts.
var usual = []struct {
	err   error
	cause Cause
}{
	{context.Canceled, EndedEarly},
	{context.DeadlineExceeded, TimedOut},
	{fs.ErrPermission, NotPermitted},
	{syscall.ESRCH, Gone},
	{syscall.ENOSPC, NoSpace},
	{syscall.ECONNREFUSED, Refused},
	{fs.ErrNotExist, NotThere},
}

// CauseOf is the cause that an error has, itself or by what it wraps.
func CauseOf(err error) Cause {
	var known interface{ Cause() Cause }
	if errors.As(err, &known) {
		return known.Cause()
	}
	for _, u := range usual {
		if errors.Is(err, u.err) {
			return u.cause
		}
	}
	return Other
}
