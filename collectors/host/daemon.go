package host

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/hostseries"
)

const (
	commandLimit = 2 * time.Second
	maxOutput    = 64 << 10
)

// daemons that keep the clock, by the name of their process, and how each is
// asked. They are asked only while they run: timedatectl would start one that
// is enabled but stopped.
var daemons = []struct {
	comm, binary string
	args         []string
}{
	{"chronyd", "chronyc", []string{"-n", "tracking"}},
	{"chronyd", "chronyc", []string{"-n", "sources"}},
	{"systemd-timesyn", "timedatectl", []string{"timesync-status", "--no-pager"}},
	{"systemd-timesyn", "timedatectl", []string{"show-timesync", "--no-pager"}},
	{"ntpd", "ntpq", []string{"-pn"}},
	{"ntpd", "ntpq", []string{"-c", "rv"}},
}

// timeDaemon stores what the time daemon says of itself.
func (r *run) timeDaemon(ctx context.Context, now look) {
	running := map[string]bool{}
	for _, p := range now.procs {
		running[p.Comm] = true
	}
	var out []byte
	found := false
	for _, d := range daemons {
		if !running[d.comm] {
			continue
		}
		found = true
		line := strings.Join(append([]string{d.binary}, d.args...), " ")
		b, err := r.command(ctx, d.binary, d.args...)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			r.scope.Absent(itemDaemon, entries.NotThere, d.comm+" runs, but there is no "+d.binary+" to ask it")
			continue
		case err != nil:
			r.scope.Skip(itemDaemon, entries.CauseOf(err), line+": "+err.Error(), "run it by hand")
		}
		out = hostseries.AppendSection(out, line, b)
	}
	if !found {
		r.scope.Absent(itemDaemon, entries.NotThere, "no chronyd, systemd-timesyncd or ntpd among the processes that can be seen")
	}
	if len(out) > 0 {
		r.add(hostseries.NTP, itemDaemon, "chronyc, timedatectl, ntpq", out)
	}
}

// binaryDirs are where the commands are looked for; PATH is not trusted.
var binaryDirs = []string{"/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/", "/usr/local/bin/", "/usr/local/sbin/"}

// runCommand runs a command for at most commandLimit and returns what it wrote.
// The error is fs.ErrNotExist when it is not installed.
func runCommand(ctx context.Context, binary string, args ...string) ([]byte, error) {
	path := ""
	for _, dir := range binaryDirs {
		if info, err := os.Stat(dir + binary); err == nil && info.Mode().IsRegular() {
			path = dir + binary
			break
		}
	}
	if path == "" {
		return nil, fs.ErrNotExist
	}
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	var out capped
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/bin:/usr/sbin:/bin:/sbin"}
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = commandLimit / 4
	err := cmd.Run()
	if ctx.Err() != nil {
		err = entries.Errorf(entries.NoAnswer, "no answer in %v", commandLimit)
	}
	return out.buf.Bytes(), err
}

// capped keeps the first maxOutput bytes of what is written to it.
type capped struct{ buf bytes.Buffer }

func (c *capped) Write(p []byte) (int, error) {
	c.buf.Write(p[:min(len(p), max(0, maxOutput-c.buf.Len()))])
	return len(p), nil
}
