// Package kube asks Kubernetes about pods through the user's own kubectl, with his kubeconfig and his rights: what may
// be asked, how the pods of a capture are, what happened to them, and what their containers wrote to their output.
// Nothing is changed there, and no secret, configuration or environment of a pod is kept.
package kube

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"casefile/bundle/format/entries"
)

// Client is kubectl for one namespace of one cluster.
type Client struct {
	Context   string // of the kubeconfig; empty: the current one
	Namespace string
}

// Command is one call of kubectl, which ends with the context.
func (c Client) Command(ctx context.Context, verb []string, args ...string) *exec.Cmd {
	var all []string
	if c.Context != "" {
		all = append(all, "--context="+c.Context)
	}
	all = append(append(append(all, verb...), "-n", c.Namespace), args...)
	return EndTogether(exec.CommandContext(ctx, "kubectl", all...))
}

// EndTogether makes a client end with its context, together with the programs that it started, and not by the user's
// Ctrl-C: that is for casefile, which ends it in order.
func EndTogether(cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	return cmd
}

// maxAnswer bounds what one call may print.
const maxAnswer = 64 << 20

// Ask makes one call and gives what it printed, also when it failed: kubectl prints the objects that it found.
func (c Client) Ask(ctx context.Context, verb []string, args ...string) ([]byte, error) {
	out := &answer{}
	err := c.stream(ctx, out, verb, args...)
	if err == nil && out.left {
		err = entries.Errorf(entries.TooLarge, "kubectl %s: the answer is larger than %d MB", verb[0], maxAnswer>>20)
	}
	return out.Bytes(), err
}

// answer keeps the beginning of what is printed.
type answer struct {
	bytes.Buffer
	left bool
}

func (a *answer) Write(p []byte) (int, error) {
	room := maxAnswer - a.Len()
	if len(p) > room {
		a.left = true
	}
	a.Buffer.Write(p[:min(len(p), room)])
	return len(p), nil
}

func (c Client) stream(ctx context.Context, out io.Writer, verb []string, args ...string) error {
	cmd := c.Command(ctx, verb, args...)
	said := &answer{}
	cmd.Stdout, cmd.Stderr = out, said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return Failure(err, said.String())
	}
	return nil
}

// refusals are how the API server's errors begin or what is in them, with what they mean.
var refusals = []struct {
	words string
	cause entries.Cause
}{
	{"(Forbidden)", entries.NotPermitted},
	{"is forbidden", entries.NotPermitted},
	{"Unauthorized", entries.NotPermitted},
	{"must be logged in", entries.NotPermitted},
	{"(NotFound)", entries.Gone},
	{"executable file not found", entries.Unsupported},
	{"no such file or directory", entries.Unsupported},
	{"(TooManyRequests)", entries.Refused},
	{"(BadRequest)", entries.Refused},
}

// admissions are what the API server says when a policy refuses a request that the user has the right to make.
var admissions = []string{"denied the request", "denied request", "violates PodSecurity", "exceeded quota"}

// ByPolicy reports whether an API server refused for a policy (Pod Security, a webhook, a quota), which no rule of a Role helps against. What is
// refused for want of a right names the user.
func ByPolicy(said string) bool {
	if _, why, is := strings.Cut(said, " is forbidden: "); is && !strings.HasPrefix(why, "User ") {
		return true
	}
	return slices.ContainsFunc(admissions, func(w string) bool { return strings.Contains(said, w) })
}

// Failure is the error of a call of which kubectl said so much: its last words, and of what kind they are.
func Failure(err error, said string) error {
	last := LastLine(said)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return entries.Errorf(entries.NoAnswer, "kubectl: %w", err)
	}
	if last == "" {
		if errors.Is(err, exec.ErrNotFound) {
			return entries.Errorf(entries.NotThere, "kubectl: %w", err)
		}
		return entries.Errorf(entries.Unreachable, "kubectl: %w", err)
	}
	if ByPolicy(said) {
		return entries.Errorf(entries.Refused, "kubectl: %s", last)
	}
	for _, r := range refusals {
		if strings.Contains(said, r.words) {
			return entries.Errorf(r.cause, "kubectl: %s", last)
		}
	}
	return entries.Errorf(entries.Unreachable, "kubectl: %s", last)
}

// maxWords bounds what is told of a client's last words.
const maxWords = 500

// besides are lines of kubectl that are not the reason.
var besides = []string{"command terminated with exit code", "Defaulted container", "Warning:"}

// LastLine is what a client said last, for a reason.
func LastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	last := lines[len(lines)-1]
	for _, line := range slices.Backward(lines) {
		if !slices.ContainsFunc(besides, func(b string) bool { return strings.HasPrefix(line, b) }) {
			last = line
			break
		}
	}
	last = strings.TrimSpace(last)
	return strings.ToValidUTF8(last[:min(len(last), maxWords)], "")
}
