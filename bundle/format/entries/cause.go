package entries

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"strconv"
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
	Costly           Cause = "costly"            // it costs the target, or much time, and no flag asks for it
	Unreachable      Cause = "unreachable"       // there is no way to it over the network, or the connection broke
	Unreadable       Cause = "unreadable"        // what was read is not what it should be
	IOError          Cause = "io-error"          // the system could not read or write
	Internal         Cause = "internal"          // casefile failed
	Other            Cause = "other"             // an error of a library or the system that is none of these
)

// Causes lists all of them.
var Causes = []Cause{Stopped, NoAnswer, SafepointPending, Refused, Gone, NotPermitted, NotThere, TooLarge, TimedOut,
	EndedEarly, NoSpace, Unsupported, Costly, Unreachable, Unreadable, IOError, Internal, Other}

// Unanswered reports whether a process was asked in vain.
func (c Cause) Unanswered() bool { return c == Stopped || c == NoAnswer || c == SafepointPending }

// Error is an error that knows its Cause.
type Error struct {
	Text    string
	Kind    Cause
	wrapped error
}

func (e *Error) Error() string { return e.Text }

// Cause makes an Error known to CauseOf.
func (e *Error) Cause() Cause { return e.Kind }

// Unwrap gives what Errorf was told to wrap.
func (e *Error) Unwrap() error { return e.wrapped }

// NewError is errors.New with a cause.
func NewError(kind Cause, text string) error { return &Error{Text: text, Kind: kind} }

// Errorf is fmt.Errorf with a cause, which counts more than that of an error it wraps.
func Errorf(kind Cause, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Error{err.Error(), kind, errors.Unwrap(err)}
}

// usual are the causes of errors of the system; the first that fits counts.
var usual = []struct {
	err   error
	cause Cause
}{
	{context.Canceled, EndedEarly},
	{context.DeadlineExceeded, TimedOut},
	{os.ErrDeadlineExceeded, TimedOut},
	{fs.ErrPermission, NotPermitted},
	{syscall.ESRCH, Gone},
	{syscall.ENOSPC, NoSpace},
	{syscall.ECONNREFUSED, Refused},
	{fs.ErrNotExist, NotThere},
	{exec.ErrNotFound, NotThere},
	{errors.ErrUnsupported, Unsupported},
	{net.ErrClosed, Unreachable},
	{io.EOF, Unreachable}, // of a connection: an end of a file is no error there
	{io.ErrUnexpectedEOF, Unreachable},
}

// kinds are the causes of types of errors; the first that fits counts.
var kinds = []struct {
	is    func(error) bool
	cause Cause
}{
	{as[*exec.ExitError], Refused},
	{as[*net.DNSError], Unreachable},
	{as[*net.OpError], Unreachable},
	{as[*strconv.NumError], Unreadable},
	{as[*json.SyntaxError], Unreadable},
	{as[syscall.Errno], IOError},
}

func as[E error](err error) bool {
	var one E
	return errors.As(err, &one)
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
	for _, k := range kinds {
		if k.is(err) {
			return k.cause
		}
	}
	return Other
}
