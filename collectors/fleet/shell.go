package fleet

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"casefile/bundle/format/entries"
	"casefile/collectors/agent"
	"casefile/collectors/kube"
)

// shellNode reaches a node through a shell over there: by the system's ssh client and its configuration, or by kubectl in a container. Our
// own binary travels there into a temporary folder, serves one connection over
// stdio and removes itself.
type shellNode struct {
	addr   Address
	name   string // what the node is called there; letters, digits, '.', '_', '-'
	binary string // of this program; one for another architecture lies next to it
}

// machines maps uname -m to GOARCH.
var machines = map[string]string{"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}

// command is one call of a script over there.
func (s *shellNode) command(ctx context.Context, script string) *exec.Cmd {
	if s.addr.Kind == Kube {
		return s.addr.exec(ctx, script)
	}
	return kube.EndTogether(s.ssh(ctx, script))
}

// ssh is one ssh call. BatchMode never asks: an unknown host key or a missing
// key is an error, with ssh's own words.
func (s *shellNode) ssh(ctx context.Context, script string) *exec.Cmd {
	args := []string{"-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=8", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"}
	if s.addr.Port != "" {
		args = append(args, "-p", s.addr.Port)
	}
	if s.addr.User != "" {
		args = append(args, "-l", s.addr.User)
	}
	return exec.CommandContext(ctx, "ssh", append(args, "--", s.addr.Host, script)...)
}

// run makes one call and returns what it printed.
func (s *shellNode) run(ctx context.Context, script string, in io.Reader) (string, error) {
	cmd := s.command(ctx, script)
	var out, said bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &out, &said
	if err := cmd.Run(); err != nil {
		return "", s.shellError(ctx, err, said.String())
	}
	return out.String(), nil
}

// shellError gives the client's last words.
func (s *shellNode) shellError(ctx context.Context, err error, said string) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", s.addr.Kind.tool(), context.Cause(ctx))
	}
	return s.addr.Kind.failure(err, said)
}

// tool is the client that reaches nodes of this kind.
func (k Kind) tool() string {
	if k == Kube {
		return "kubectl"
	}
	return "ssh"
}

// failure is the error of a client that said so much before it ended.
func (k Kind) failure(err error, said string) error {
	if k == Kube {
		return kube.Failure(err, said)
	}
	if last := kube.LastLine(said); last != "" {
		return entries.Errorf(entries.Unreachable, "%s: %s", k.tool(), last)
	}
	return entries.Errorf(entries.Unreachable, "%s: %w", k.tool(), err)
}

// connect puts the binary there and starts it. Closing the connection ends it
// and removes what was put there.
func (s *shellNode) connect(ctx context.Context) (*shellConn, error) {
	told, err := s.run(ctx, `umask 077; uname -s; uname -m; mktemp -d "${TMPDIR:-/tmp}/.casefile-XXXXXXXX"`, nil)
	if err != nil {
		return nil, err
	}
	f := strings.Fields(told)
	if len(f) != 3 || strings.ContainsAny(f[2], "'\\") {
		return nil, entries.Errorf(entries.Unreadable, "%s: %s answered %q, not system, machine and folder", s.addr.Kind.tool(), s.addr.Host, told)
	}
	dir := f[2]
	if err := s.upload(ctx, f[0], f[1], dir); err != nil {
		s.cleanUp(ctx, dir)
		return nil, err
	}
	return s.start(dir)
}

// cleanUp removes the folder of a node that cannot be used after all.
func (s *shellNode) cleanUp(ctx context.Context, dir string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
	defer cancel()
	_, _ = s.run(ctx, "rm -rf '"+dir+"'", nil)
}

func (s *shellNode) upload(ctx context.Context, system, machine, dir string) error {
	path, err := s.binaryFor(system, machine)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	sum, err := s.run(ctx, "cat > '"+dir+"/casefile' && chmod 700 '"+dir+"/casefile' && sha256sum '"+dir+"/casefile'", bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("copy casefile there: %w", err)
	}
	want := sha256.Sum256(b)
	if got, _, _ := strings.Cut(sum, " "); got != hex.EncodeToString(want[:]) {
		return entries.NewError(entries.Unreadable, "copy casefile there: the checksum differs")
	}
	return nil
}

// binaryFor finds the program for a node: this one, or casefile-linux-<arch>
// next to it.
func (s *shellNode) binaryFor(system, machine string) (string, error) {
	arch := machines[machine]
	if system != "Linux" || arch == "" {
		return "", entries.Errorf(entries.Unsupported, "%s runs %s on %s: casefile captures on Linux, amd64 or arm64", s.addr.Host, system, machine)
	}
	if arch == ownArch {
		return s.binary, nil
	}
	other := filepath.Join(filepath.Dir(s.binary), "casefile-linux-"+arch)
	if _, err := os.Stat(other); err != nil {
		return "", entries.Errorf(entries.Unsupported, "%s is %s: put a casefile for linux/%s at %s", s.addr.Host, machine, arch, other)
	}
	return other, nil
}

// start runs the agent over stdio. The shell removes the folder, with the spool in
// it, also when the agent was killed.
func (s *shellNode) start(dir string) (*shellConn, error) {
	sudo := ""
	if s.addr.Sudo {
		sudo = "sudo -n "
	}
	run := sudo + "'" + dir + "/casefile' agent --stdio --node-name='" + s.name + "' --remove '" + dir + "'; " + sudo + "rm -rf '" + dir + "'"
	ctx, cancel := context.WithCancel(context.Background())
	return begin(&shellConn{cmd: s.command(ctx, run), cancel: cancel, kind: s.addr.Kind})
}

// begin starts what serves over stdio.
func begin(c *shellConn) (*shellConn, error) {
	var err error
	if c.in, err = c.cmd.StdinPipe(); err == nil {
		if c.out, err = c.cmd.StdoutPipe(); err == nil {
			c.cmd.Stderr = &c.said
			err = c.cmd.Start()
		}
	}
	if err != nil {
		c.cancel()
		return nil, err
	}
	return c, nil
}

// shellConn is the stdio of the program over there.
type shellConn struct {
	cmd    *exec.Cmd
	cancel context.CancelFunc
	kind   Kind
	state  func(error) error // what Kubernetes says of what does not answer; nil: nothing can be asked
	in     io.WriteCloser
	out    io.ReadCloser
	said   lockedBuffer
	once   sync.Once
	ended  error
}

func (c *shellConn) Read(p []byte) (int, error)  { return c.out.Read(p) }
func (c *shellConn) Write(p []byte) (int, error) { return c.in.Write(p) }

// explain prefers what the client said when it ended to how its end looks from here: a stream that is cut, a link that has ended. It ends the
// connection. What the node itself answered, and that nothing answered in time, stays as it is.
func (c *shellConn) explain(err error) error {
	var refusal *agent.Error
	if errors.As(err, &refusal) || errors.Is(err, agent.ErrBadAnswer) || foreign(err) {
		return err
	}
	late := entries.CauseOf(err) == entries.NoAnswer
	if late && c.state != nil {
		return c.state(err)
	}
	ended := c.Close() // now it has said all
	if said := c.said.String(); !late && strings.TrimSpace(said) != "" {
		return c.kind.failure(cmp.Or(ended, err), said)
	}
	return err
}

// Close ends the program there by ending its input, which makes it clean up. A stream that is cut is closed by its reader
// and by its owner at once: the program is waited for once only.
func (c *shellConn) Close() error {
	c.once.Do(func() {
		c.in.Close()
		defer time.AfterFunc(closeLimit, c.cancel).Stop()
		c.ended = c.cmd.Wait()
		c.cancel()
	})
	return c.ended
}
