package send

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path"
	"strings"
	"time"

	"github.com/pkg/sftp"
)

// sftpTarget is a folder that the system's ssh client reaches, with its configuration, its keys and its known hosts.
// A file arrives as NAME.part; one that was interrupted goes on after what is there, which is read back and compared.
type sftpTarget struct{ u *url.URL }

// String is the URL.
func (t *sftpTarget) String() string { return shown(t.u) }

// command is ssh with the sftp subsystem. BatchMode never asks.
func (t *sftpTarget) command(ctx context.Context) *exec.Cmd {
	args := []string{"-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=3"}
	if p := t.u.Port(); p != "" {
		args = append(args, "-p", p)
	}
	if user := t.u.User.Username(); user != "" {
		args = append(args, "-l", user)
	}
	cmd := exec.CommandContext(ctx, "ssh", append(args, "-s", "--", t.u.Hostname(), "sftp")...)
	cmd.WaitDelay = time.Second
	return cmd
}

// folder is where files go: below the home folder where the path begins with /~/.
func (t *sftpTarget) folder() string {
	if rest, home := strings.CutPrefix(t.u.Path, "/~/"); home {
		return path.Clean("./" + rest)
	}
	if t.u.Path == "" || t.u.Path == "/" {
		return "."
	}
	return path.Clean(t.u.Path)
}

// Put opens a connection and sends what is missing.
func (t *sftpTarget) Put(ctx context.Context, f *File, sent func(int64)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := t.command(ctx)
	var said bytes.Buffer
	cmd.Stderr = &said
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("ssh: %w", err)
	}
	c, err := sftp.NewClientPipe(out, in, sftp.UseConcurrentWrites(false))
	if err == nil {
		if err = t.put(c, f, sent); err != nil {
			cancel() // a connection that failed may not end by itself
		}
		c.Close()
	}
	cancel()
	_ = cmd.Wait() // its words count
	return sshWords(err, said.String())
}

// sshWords says what ssh said where the connection failed.
func sshWords(err error, said string) error {
	if err == nil || errors.Is(err, ErrChecksum) || errors.Is(err, ErrFull) || errors.Is(err, ErrRefused) || errors.Is(err, ErrNowhere) {
		return err
	}
	lines := strings.Split(strings.TrimSpace(said), "\n")
	last := strings.TrimSpace(lines[len(lines)-1])
	switch {
	case strings.Contains(said, "Permission denied"), strings.Contains(said, "Host key verification failed"):
		return fmt.Errorf("ssh: %s: %w", last, ErrRefused)
	case last != "":
		return fmt.Errorf("ssh: %s", last)
	}
	return err
}

func (t *sftpTarget) put(c *sftp.Client, f *File, sent func(int64)) error {
	name := path.Join(t.folder(), f.Name)
	sum, err := digest(f)
	if err != nil {
		return err
	}
	part := name + "." + partMark(sum) + ".part"
	r, err := c.OpenFile(part, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return sftpError(err)
	}
	defer r.Close()
	at, err := same(r, f)
	if err != nil {
		return sftpError(err)
	}
	if err := r.Truncate(at); err != nil {
		return sftpError(err)
	}
	if _, err := r.Seek(at, io.SeekStart); err != nil {
		return sftpError(err)
	}
	sent(at)
	if _, err := io.CopyBuffer(struct{ io.Writer }{r}, struct{ io.Reader }{&counting{Reader: f.from(at), n: at, sent: sent}}, make([]byte, 256<<10)); err != nil {
		return sftpError(err)
	}
	st, err := r.Stat()
	if err != nil {
		return sftpError(err)
	}
	if st.Size() != f.Size {
		return fmt.Errorf("%d bytes are there, %d were sent: %w", st.Size(), f.Size, ErrChecksum)
	}
	if err := r.Close(); err != nil {
		return sftpError(err)
	}
	if c.PosixRename(part, name) == nil {
		return nil
	}
	_ = c.Remove(name) // a server without that extension renames over nothing
	return sftpError(c.Rename(part, name))
}

// same returns how many bytes are there already, as they are in the file.
func same(r io.Reader, f *File) (at int64, err error) {
	there, own := make([]byte, 256<<10), make([]byte, 256<<10)
	mine := f.from(0)
	for {
		n, err := io.ReadFull(r, there)
		m, _ := io.ReadFull(mine, own[:n])
		if m < n || !bytes.Equal(there[:n], own[:m]) {
			return at, nil // from the beginning of this piece on
		}
		at += int64(n)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return at, nil
		}
		if err != nil {
			return 0, err
		}
	}
}

func sftpError(err error) error {
	var status *sftp.StatusError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("sftp: %w", ErrRefused)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("sftp: %w", ErrNowhere)
	case errors.As(err, &status) && (status.Code == uint32(sftp.ErrSSHFxFailure)):
		// version 3 of the protocol has one code for a full disk and all else; only a write gives it where others are told
		return fmt.Errorf("sftp: %w, or cannot write (%v)", ErrFull, err)
	}
	return fmt.Errorf("sftp: %w", err)
}
