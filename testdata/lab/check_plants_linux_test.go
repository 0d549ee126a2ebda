package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"casefile/cmd/samples/live/livetest"
)

// wireDelay is how long a frame takes each way over the slow wire.
const wireDelay = 40 * time.Millisecond

// wire makes a pair of interfaces whose frames a program carries, each after a delay: a link that no kernel module is needed for.
func wire(t *testing.T, a, b string, delay time.Duration) {
	t.Helper()
	ends := make([]*os.File, 2)
	for i, name := range []string{a, b} {
		f, err := tap(name)
		if err != nil {
			t.Skipf("no TAP interfaces here: %v", err)
		}
		ends[i] = f
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	carry := func(from, to *os.File) {
		type frame struct {
			bytes []byte
			due   time.Time
		}
		queue := make(chan frame, 4096)
		wg.Go(func() {
			defer close(queue)
			for buf := make([]byte, 1<<16); ; {
				n, err := from.Read(buf)
				if err != nil {
					return
				}
				select {
				case queue <- frame{append([]byte(nil), buf[:n]...), time.Now().Add(delay)}:
				default: // as a switch does
				}
			}
		})
		wg.Go(func() {
			for f := range queue {
				select {
				case <-time.After(time.Until(f.due)):
				case <-ctx.Done():
				}
				_, _ = to.Write(f.bytes)
			}
		})
	}
	carry(ends[0], ends[1])
	carry(ends[1], ends[0])
	t.Cleanup(func() { cancel(); ends[0].Close(); ends[1].Close(); wg.Wait() })
}

// tap makes an interface whose frames are read and written here.
func tap(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	req, err := unix.NewIfreq(name)
	if err == nil {
		req.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, req)
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

// clockAhead is how far the clock of an agent is ahead that is built for it.
const clockAhead = 3 * time.Second

// ahead builds casefile with a clock that is ahead: a static program takes no clock from a library that is put before it.
func ahead(t *testing.T) (binary string) {
	t.Helper()
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	const now = "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n"
	if !strings.Contains(string(text), now) {
		t.Fatalf("%s does not begin time.Now as was expected", source)
	}
	dir := t.TempDir()
	changed, overlay := filepath.Join(dir, "time.go"), filepath.Join(dir, "overlay.json")
	text = []byte(strings.Replace(string(text), now, now+fmt.Sprintf("\tsec += %d\n", int(clockAhead.Seconds())), 1))
	list, err := json.Marshal(map[string]map[string]string{"Replace": {source: changed}})
	if err := errors.Join(err, os.WriteFile(changed, text, 0o644), os.WriteFile(overlay, list, 0o644)); err != nil {
		t.Fatal(err)
	}
	binary = filepath.Join(dir, "casefile-ahead")
	run(t.Context(), t, "go", "build", "-trimpath", "-overlay", overlay, "-o", binary, "casefile/cmd/casefile")
	return binary
}

// image makes a folder, and the file of a file system for it.
func image(t *testing.T, folder, size string) (file string) {
	t.Helper()
	file = folder + ".img"
	run(t.Context(), t, "truncate", "-s", size, file)
	run(t.Context(), t, "mkfs.ext4", "-q", file)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

// volume mounts a new file system of a size on a folder, and gives its block device as major:minor.
func volume(t *testing.T, folder, size string) (device string) {
	t.Helper()
	file := image(t, folder, size)
	if out, err := exec.CommandContext(t.Context(), "mount", "-o", "loop", file, folder).CombinedOutput(); err != nil {
		t.Skipf("no file systems in files here: %v: %s", err, out)
	}
	t.Cleanup(func() { exec.Command("umount", "-l", folder).Run() })
	var st unix.Stat_t
	if err := unix.Stat(folder, &st); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d:%d", unix.Major(st.Dev), unix.Minor(st.Dev))
}

// slowWrites is how many bytes a second a process may write to a device.
const slowWrites = 10_000

// slowly lets a process write to a device at a crawl.
func slowly(t *testing.T, pid int, device string) {
	t.Helper()
	group := filepath.Join("/sys/fs/cgroup/blkio", fmt.Sprintf("casefile-lab-%d", os.Getpid()))
	if err := os.Mkdir(group, 0o755); err != nil {
		t.Skipf("no limits of disks here: %v", err)
	}
	t.Cleanup(func() { dissolve(t, group) })
	limit := []byte(fmt.Sprintf("%s %d", device, slowWrites))
	if err := errors.Join(os.WriteFile(filepath.Join(group, "blkio.throttle.write_bps_device"), limit, 0o644),
		os.WriteFile(filepath.Join(group, "cgroup.procs"), fmt.Append(nil, pid), 0o644)); err != nil {
		t.Skipf("no limits of disks here: %v", err)
	}
}

// dissolve moves who is in a cgroup to the one above, and removes it.
func dissolve(t *testing.T, group string) {
	t.Helper()
	await(context.WithoutCancel(t.Context()), t, func() error {
		pids, err := os.ReadFile(filepath.Join(group, "cgroup.procs"))
		for pid := range strings.FieldsSeq(string(pids)) { // who has ended meanwhile is no loss
			_ = os.WriteFile(filepath.Join(filepath.Dir(group), "cgroup.procs"), []byte(pid), 0o644)
		}
		return errors.Join(err, unix.Rmdir(group))
	})
}

// swapped switches on a swap file and has a program put pages there. It tells whether this kernel lets it.
func swapped(t *testing.T, dir string) bool {
	t.Helper()
	file := filepath.Join(dir, "swap")
	script := `dd if=/dev/zero of="$0" bs=1M count=1024 status=none && chmod 600 "$0" && mkswap "$0" && swapon "$0"`
	if out, err := exec.CommandContext(t.Context(), "sh", "-c", script, file).CombinedOutput(); err != nil {
		t.Logf("no swap here: %v: %s", err, out)
		return false
	}
	t.Cleanup(func() { exec.Command("swapoff", file).Run() })
	group := filepath.Join("/sys/fs/cgroup/memory", fmt.Sprintf("casefile-lab-%d", os.Getpid()))
	if err := os.Mkdir(group, 0o755); err != nil {
		t.Logf("no memory limits here: %v", err)
		return false
	}
	t.Cleanup(func() { dissolve(t, group) })
	if err := os.WriteFile(filepath.Join(group, "memory.limit_in_bytes"), []byte("64M"), 0o644); err != nil {
		t.Logf("no memory limits here: %v", err)
		return false
	}
	// tail keeps what has no end of a line.
	cmd := exec.Command("sh", "-c", `echo $$ > "$0/cgroup.procs"; (head -c 800000000 /dev/zero; sleep 600) | tail`, group)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); cmd.Wait() })
	await(t.Context(), t, func() error {
		text, err := os.ReadFile("/proc/swaps")
		var name, kind string
		var size, used int
		for line := range strings.Lines(string(text)) {
			if n, _ := fmt.Sscan(line, &name, &kind, &size, &used); n == 4 && name == file && used > 600<<10 {
				return err
			}
		}
		return fmt.Errorf("not yet: %s", text)
	})
	return true
}

const (
	labUser = "conf"
	labPass = "Check-9Kq2"
)

// database starts a server that the nodes reach at the bridge, with a credential file; a faulty one takes few connections, and its database has
// another isolation level and encoding.
func (c *checked) database() (url, credential string) {
	t := c.t
	t.Helper()
	settings, name := []string{"max_connections=300"}, "wiki"
	if c.faulty {
		settings, name = []string{"max_connections=50", "default_transaction_isolation=repeatable read"}, "latin"
	}
	p := livetest.StartPostgres(t, labPass, settings...)
	host, port, err := net.SplitHostPort(p.Address)
	if err != nil {
		t.Fatal(err)
	}
	encoding := map[string]string{"wiki": "UTF8", "latin": "LATIN1"}[name]
	cmd := exec.CommandContext(t.Context(), "psql", "-h", host, "-p", port, "-U", labUser, "-d", "postgres", "-Atc",
		fmt.Sprintf("CREATE DATABASE %s ENCODING '%s' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0", name, encoding))
	cmd.Env = append(os.Environ(), "PGPASSWORD="+labPass)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	at := net.JoinHostPort(c.gateway, port)
	forward(t, at, p.Address)
	credential = filepath.Join(c.dir, "credential")
	if err := os.WriteFile(credential, []byte(labPass), 0o600); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("jdbc:postgresql://%s/%s?user=%s", at, name, labUser), credential
}

// forward passes connections on.
func forward(t *testing.T, from, to string) {
	t.Helper()
	l, err := net.Listen("tcp", from)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	pass := func(in net.Conn) {
		defer in.Close()
		out, err := net.Dial("tcp", to)
		if err != nil {
			return
		}
		defer out.Close()
		var both sync.WaitGroup
		for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
			both.Go(func() { _, _ = io.Copy(way[1], way[0]); way[1].Close() })
		}
		both.Wait()
	}
	wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { pass(in) })
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
}
