package jvm

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"casefile/bundle/format/entries"
	"casefile/collectors/access"
	"casefile/collectors/rights"
)

// RelayCommand is the hidden first argument that makes casefile a relay: it
// connects to the socket named next, in the folder that is its file 3, and copies
// stdin to it and it to stdout.
const RelayCommand = "attach-relay"

// dialRelay opens a connection as another user. A JVM compares the peer's uid and gid
// with its own; JDK 8 does not except root, and later ones do not know our root in a
// user namespace of theirs. A threaded process must not change its own ids, so a child
// does. It gets the folder open: it may not go through /proc/PID/root itself.
func dialRelay(ctx context.Context, folder *os.File, socket string, who *access.Identity) (conn, error) {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", RelayCommand, socket)
	cmd.ExtraFiles = []*os.File{folder}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential: &syscall.Credential{Uid: uint32(who.UID), Gid: uint32(who.GID)},
		Pdeathsig:  syscall.SIGKILL,
	}
	cmd.Env = []string{}
	said := &bytes.Buffer{}
	cmd.Stderr = said
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("run as uid %d: %w", who.UID, err)
	}
	return &relay{cmd: cmd, in: in, out: out.(*os.File), said: said}, nil
}

type relay struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *os.File

	said *bytes.Buffer // what the child wrote to stderr; complete once waited is set
	got  int
	once sync.Once
	end  error
}

func (r *relay) Write(p []byte) (int, error)   { return r.in.Write(p) }
func (r *relay) SetDeadline(t time.Time) error { return r.out.SetReadDeadline(t) }

// Read reports a child that could not connect as an error, not as an empty reply.
func (r *relay) Read(p []byte) (int, error) {
	n, err := r.out.Read(p)
	r.got += n
	if err == io.EOF && r.got == 0 && r.wait() != nil {
		return n, entries.Errorf(entries.Refused, "relay: %s", strings.TrimSpace(r.said.String()))
	}
	return n, err
}

func (r *relay) Close() error {
	r.in.Close()
	r.cmd.Process.Kill()
	_ = r.wait() // it was killed
	return nil
}

func (r *relay) wait() error {
	r.once.Do(func() { r.end = r.cmd.Wait() })
	return r.end
}

// Relay is the child's side. It ends when the JVM closes the connection.
func Relay(socket string, in io.Reader, out io.Writer) error {
	const folder = 3
	if err := rights.Drop(); err != nil {
		return err
	}
	if err := unix.Fchdir(folder); err != nil {
		return fmt.Errorf("enter the folder of %s: %w", socket, err)
	}
	unix.Close(folder)
	c, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	defer c.Close()
	go func() { _, _ = io.Copy(c, in) }() // its end shows in the other direction
	_, err = io.Copy(out, c)
	return err
}
