package jvm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"casefile/bundle/format/entries"
	"casefile/collectors"
	"casefile/collectors/access"
	"casefile/collectors/rights"
)

// Attacher talks to the attach listener of one JVM, one command at a time.
type Attacher struct {
	p *Process
	// jdk8 tells that the listener admits only the JVM's own user, not root.
	jdk8 bool

	// disabled tells that SIGQUIT would print a dump to the JVM's stdout instead.
	disabled bool

	replies *replies

	mu        sync.Mutex
	held      int64 // bytes of the last reply
	version   int   // of the protocol; 0 until the JVM was asked
	streaming bool
	missed    bool      // the last command was not answered in time
	due, sent time.Time // when the command may be sent, and when the last one was
}

// Reasons why a JVM is not asked. Each says what an admin can do.
var (
	ErrDisabled = entries.NewError(entries.Refused, "attach is switched off in this JVM (-XX:+DisableAttachMechanism)")
	// ErrReadOnlyTmp says that the JVM could not open its socket.
	ErrReadOnlyTmp = entries.NewError(entries.Refused, "the /tmp of this JVM is read-only: it cannot open its attach socket there")
	ErrNoSignal    = entries.NewError(entries.Refused, "this JVM does not catch SIGQUIT (-Xrs) and has no listener: the signal would kill it")
	ErrOtherUser   = entries.NewError(entries.NotPermitted, "this JVM belongs to another user")
	ErrStopped     = entries.NewError(entries.Stopped, "the process is stopped (SIGSTOP, a debugger or a frozen container)")
	ErrSafepoint   = entries.NewError(entries.SafepointPending, "the JVM waits for a safepoint that one of its threads does not reach")
	errCutShort    = entries.NewError(entries.EndedEarly, "the capture was ended early")
	ErrNoAnswer    = entries.NewError(entries.NoAnswer, "the JVM did not answer in time")
	ErrGone        = entries.NewError(entries.Gone, "the process has ended")
	errNoListener  = entries.NewError(entries.Refused, "no attach listener")
)

// listenTimeout bounds the wait for the listener after SIGQUIT. It comes up in a
// few milliseconds in a JVM that works.
const listenTimeout = 5 * time.Second

// NewAttacher prepares for a JVM; major is its version, 0 when unknown.
func NewAttacher(p *Process, major int, disabled bool) *Attacher {
	return &Attacher{p: p, jdk8: major > 0 && major <= 8, disabled: disabled, replies: newReplies(0)}
}

// socket is where the listener waits, in /tmp (os::get_temp_directory() is always that).
func (a *Attacher) socket() string { return fmt.Sprintf(".java_pid%d", a.p.NSPID) }

// Exec runs one command and returns its whole reply. The error tells a refusal
// (*ErrRefused) from a JVM that cannot answer now.
func (a *Attacher) Exec(ctx context.Context, cmd string, args ...string) ([]byte, error) {
	body, _, err := a.ExecAt(ctx, time.Time{}, cmd, args...)
	return body, err
}

// ExecAt is Exec for a command that is sent at a moment; all that can be done ahead is.
// The JVM's listener waits for this command meanwhile and hears no other, so the
// moment should be near. It returns when the command was sent; zero: it was not.
func (a *Attacher) ExecAt(ctx context.Context, due time.Time, cmd string, args ...string) (body []byte, sent time.Time, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.due, a.sent = due, time.Time{}
	defer func() { a.due = time.Time{} }()
	body, err = a.command(ctx, cmd, args)
	return body, a.sent, err
}

// command is Exec, within the lock.
func (a *Attacher) command(ctx context.Context, cmd string, args []string) ([]byte, error) {
	if a.disabled {
		return nil, ErrDisabled
	}
	if err := a.p.responsive(ctx, a.missed); err != nil {
		return nil, err
	}
	body, err := a.exec(ctx, cmd, args)
	if errors.Is(err, errNoListener) {
		if err = a.listen(ctx); err == nil {
			body, err = a.exec(ctx, cmd, args)
		}
	}
	a.missed = errors.Is(err, ErrNoAnswer)
	return body, err
}

// Jcmd runs a diagnostic command, e.g. "VM.flags -all".
func (a *Attacher) Jcmd(ctx context.Context, command string) ([]byte, error) {
	body, err := a.Exec(ctx, "jcmd", command)
	if err == nil {
		// the code says only that the command was found
		if text, failed := strings.CutPrefix(string(body[:min(len(body), 400)]), "java.lang."); failed {
			return nil, &ErrRefused{Code: 1, Text: text}
		}
	}
	return body, err
}

func (a *Attacher) exec(ctx context.Context, cmd string, args []string) ([]byte, error) {
	if a.version == 0 {
		if err := a.negotiate(ctx); err != nil {
			return nil, err
		}
	}
	return a.send(ctx, a.version, cmd, args)
}

// negotiate asks which protocol the JVM speaks. An old one answers with a code.
func (a *Attacher) negotiate(ctx context.Context) error {
	body, err := a.send(ctx, 1, "getversion", []string{"options"})
	var refused *ErrRefused
	if err != nil && !errors.As(err, &refused) {
		return err
	}
	a.version = 1
	if f := strings.Fields(string(body)); len(f) > 0 && f[0] == "2" {
		a.version = 2
		a.streaming = strings.Contains(string(body), "streaming")
	}
	return nil
}

// send makes one exchange on a connection of its own.
func (a *Attacher) send(ctx context.Context, version int, cmd string, args []string) ([]byte, error) {
	req, err := request(version, a.streaming, cmd, args)
	if err != nil {
		return nil, err
	}
	conn, err := a.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := a.write(ctx, conn, req); err != nil {
		return nil, a.explain(ctx, err)
	}
	a.replies.free(a.held) // the one before is stored by now
	raw, err := a.replies.read(conn)
	a.held = int64(len(raw))
	if len(raw) == 0 && err != nil {
		return nil, a.explain(ctx, err)
	}
	body, refused := parseReply(raw)
	return body, a.explain(ctx, errors.Join(refused, err))
}

// close lets go of the last reply's memory.
func (a *Attacher) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.replies.free(a.held)
	a.held = 0
}

// write sends a request, a command when it is due; asking for the version is none.
func (a *Attacher) write(ctx context.Context, conn conn, req []byte) (err error) {
	if a.version == 0 {
		_, err = conn.Write(req)
		return err
	}
	punctual := collectors.Punctually(ctx, a.due, func() {
		a.sent = time.Now()
		_, err = conn.Write(req)
	})
	if !punctual {
		return context.Cause(ctx)
	}
	return err
}

// conn is a socket, or the relay to one that runs as another user.
type conn interface {
	io.ReadWriteCloser
	SetDeadline(time.Time) error
}

func (a *Attacher) dial(ctx context.Context) (conn, error) {
	tmp, err := a.p.tmp()
	if err != nil {
		return nil, err
	}
	defer tmp.Close()
	name := a.socket()
	if rights.Own().MayBecome() && a.onlyOwner() {
		if err := checkSocket(tmp, name); err != nil {
			return nil, err
		}
		return dialRelay(ctx, tmp.Handle(), name, a.p.Tree.Identity())
	}
	c, err := tmp.Dial(ctx, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errNoListener
	case errors.Is(err, syscall.ECONNREFUSED):
		_ = tmp.Remove(name) // left by a process that had this pid before
		return nil, fmt.Errorf("%w: %s/%s is stale", errNoListener, scratchDir, name)
	case err != nil:
		return nil, a.explain(ctx, err)
	}
	return c, nil
}

// onlyOwner reports whether the JVM hears casefile only as its own user.
func (a *Attacher) onlyOwner() bool {
	if me := os.Geteuid(); me != 0 {
		return me != a.p.UID
	}
	return a.jdk8 && a.p.UID != 0 || a.p.Tree.Identity().Foreign
}

func checkSocket(tmp *access.Folder, name string) error {
	err := tmp.CheckSocket(name)
	if errors.Is(err, fs.ErrNotExist) {
		return errNoListener
	}
	return err
}

// explain turns errors of the socket into reasons.
func (a *Attacher) explain(ctx context.Context, err error) error {
	var denied *access.Denied
	switch {
	case err == nil, errors.As(err, &denied):
		return err
	case errors.Is(ctx.Err(), context.Canceled): // by a signal: the JVM is not to blame, and what it was asked for may come late all the same
		return fmt.Errorf("%w (%w)", errCutShort, ErrNoAnswer)
	case errors.Is(err, os.ErrDeadlineExceeded), ctx.Err() != nil:
		return fmt.Errorf("%w (%v)", ErrNoAnswer, context.Cause(ctx))
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.ECONNRESET), errors.Is(err, errNoReply) && a.p.UID != os.Geteuid():
		return fmt.Errorf("%w (%s): %v", ErrOtherUser, a.p.userName(), err)
	}
	return err
}

// listen makes the JVM start its listener. The socket gets its name only after
// listen(2), so it can be used as soon as it is seen.
func (a *Attacher) listen(ctx context.Context) error {
	tmp, err := a.p.tmp()
	if err != nil {
		return err
	}
	defer tmp.Close()
	if tmp.ReadOnly() {
		return ErrReadOnlyTmp
	}
	signal, err := a.p.quit()
	if err != nil {
		return err
	}
	defer signal.close()
	remove, err := a.trigger()
	if err != nil {
		return err
	}
	defer remove()
	if err := signal.send(); err != nil {
		if errors.Is(err, syscall.EPERM) {
			return fmt.Errorf("%w (%s)", ErrOtherUser, a.p.userName())
		}
		return fmt.Errorf("signal %d: %w", a.p.PID, err)
	}
	limit := time.Now().Add(listenTimeout)
	for pause := time.Millisecond; time.Now().Before(limit); pause = min(2*pause, 100*time.Millisecond) {
		if !collectors.Wait(ctx, time.Now().Add(pause)) {
			break
		}
		if tmp.CheckSocket(a.socket()) == nil {
			return nil
		}
	}
	return fmt.Errorf("%w: its attach listener did not start", ErrNoAnswer)
}

// trigger creates the file that tells the JVM that SIGQUIT means attach and not thread
// dump, where the JVM looks for it: in its working folder, else in /tmp. It must belong to
// the JVM's user (8) or to that or root (11+).
func (a *Attacher) trigger() (remove func(), err error) {
	name := fmt.Sprintf(".attach_pid%d", a.p.NSPID)
	var errs []error
	for _, open := range []func() (*access.Folder, error){a.p.Tree.WorkingFolder, a.p.tmp} {
		dir, err := open()
		if err == nil {
			_ = dir.Remove(name) // a leftover; never write through what somebody else put there
			if err = dir.Create(name, nil); err == nil {
				return func() { _ = dir.Remove(name); dir.Close() }, nil
			}
			dir.Close()
		}
		errs = append(errs, err)
	}
	err = errors.Join(errs...)
	var denied *access.Denied
	if errors.Is(err, fs.ErrPermission) && !errors.As(err, &denied) {
		return nil, fmt.Errorf("%w (%s)", ErrOtherUser, a.p.userName())
	}
	return nil, fmt.Errorf("create attach trigger: %w", err)
}
