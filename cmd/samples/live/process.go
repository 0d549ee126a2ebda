package live

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MainClass is what the samples are started as.
const MainClass = "com.example.shop.Sample"

// ErrTooOld says that the JDK is older than the scenario needs.
var ErrTooOld = errors.New("JDK too old for this scenario")

// Options of Start; the zero value starts the scenario as it is.
type Options struct {
	JVM  []string // further JVM arguments, after the scenario's own: the last one wins
	Args []string // further arguments, after the scenario's own
	Env  []string // further environment, KEY=VALUE

	// Dir is the working folder; empty for a fresh one, which Stop removes.
	Dir string
	// User is whom the process runs as, for root; nil for ourselves.
	User *User
	// Cache keeps compiled samples; empty for the user's cache folder.
	Cache string
	// OpenFiles limits the open files (Unix); 0 for the scenario's own.
	OpenFiles int
	// ReadyWithin is how long it may take until the problem is there; 0 for two minutes.
	ReadyWithin time.Duration
}

// User is a numeric identity.
type User struct{ UID, GID uint32 }

// Nobody is the identity without rights.
func Nobody() *User { return &User{UID: 65534, GID: 65534} }

const (
	readyWithin = 2 * time.Minute
	// stopWithin is how long a process may take to end before it is killed.
	stopWithin = 3 * time.Second
)

// Process is a sample that runs.
type Process struct {
	PID      int
	JDK      JDK
	Scenario Scenario
	Dir      string // its working folder

	cmd            *exec.Cmd
	stdin          io.WriteCloser
	stdout, stderr *output
	trash          []string      // folders to remove
	gone           chan struct{} // closed when it has ended and was waited for
	exit           error
}

// Start compiles the samples if need be, starts one and waits until it says that
// its problem is there. ctx covers the start only; the process runs until Stop.
func Start(ctx context.Context, jdk JDK, scenario string, opts Options) (*Process, error) {
	s, err := ByName(scenario)
	if err != nil {
		return nil, err
	}
	if jdk.Major < s.MinMajor {
		return nil, fmt.Errorf("%s on %s: %w", scenario, jdk.Version, ErrTooOld)
	}
	jar, err := classes(ctx, jdk, opts.Cache)
	if err != nil {
		return nil, fmt.Errorf("sample %s: %w", scenario, err)
	}
	p := &Process{JDK: jdk, Scenario: s, Dir: opts.Dir, stdout: newOutput(), stderr: newOutput(), gone: make(chan struct{})}
	if err := p.begin(jar, opts); err != nil {
		p.clean()
		return nil, fmt.Errorf("sample %s: %w", scenario, err)
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(opts.ReadyWithin, readyWithin))
	defer cancel()
	if _, err := p.Line(ctx, "ready"); err != nil {
		p.Stop()
		return nil, fmt.Errorf("sample %s on %s was not ready: %w", scenario, jdk.Home, err)
	}
	return p, nil
}

// begin fills in the command and starts it.
func (p *Process) begin(jar string, opts Options) error {
	if p.Dir == "" || opts.User != nil {
		own, err := freshFolder(opts.User)
		if err != nil {
			return err
		}
		p.trash = append(p.trash, own)
		if p.Dir == "" {
			p.Dir = own
		}
		if opts.User != nil {
			from := jar
			jar = filepath.Join(own, "shop.jar")
			if err := copyFile(from, jar, 0o644); err != nil {
				return err
			}
		}
	}
	argv := slices.Concat([]string{filepath.Join(p.JDK.Home, "bin", "java"+exe())}, p.Scenario.JVM)
	if p.Scenario.GCLog {
		argv = append(argv, GCLogArgs(p.JDK.Major, "gc.log")...)
	}
	argv = slices.Concat(argv, opts.JVM, []string{"-cp", jar, MainClass, p.Scenario.Name}, p.Scenario.Args, opts.Args)
	if n := cmp.Or(opts.OpenFiles, p.Scenario.OpenFiles); n > 0 {
		argv = limitFiles(argv, n)
	}
	p.cmd = exec.Command(argv[0], argv[1:]...)
	p.cmd.Dir = p.Dir
	p.cmd.Env = slices.Concat(environment(), p.Scenario.Env, opts.Env)
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	p.cmd.SysProcAttr = attributes(opts.User)
	p.cmd.WaitDelay = stopWithin
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	return p.run()
}

// run starts the command and waits for it, both on one locked thread: on Linux
// the process dies with the thread that started it, so this one has to stay.
func (p *Process) run() error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.exit = p.cmd.Wait()
		p.stdout.end()
		p.stderr.end()
		close(p.gone)
	}()
	if err := <-started; err != nil {
		return err
	}
	p.PID = p.cmd.Process.Pid
	return nil
}

// Line waits for the next line on standard output that begins with prefix. Lines
// before it are passed over for good.
func (p *Process) Line(ctx context.Context, prefix string) (string, error) {
	line, err := p.stdout.next(ctx, prefix)
	switch {
	case isEOF(err):
		<-p.gone
		return "", fmt.Errorf("process ended (%v) before it said %q: %s", p.exit, prefix, tail(p.stderr.String()+p.stdout.String()))
	case err != nil:
		return "", fmt.Errorf("waiting for %q: %w: %s", prefix, err, tail(p.stderr.String()))
	}
	return line, nil
}

func tail(s string) string { return strings.TrimSpace(s[max(0, len(s)-2000):]) }

// Tell writes a line to the process's standard input.
func (p *Process) Tell(line string) error {
	if _, err := io.WriteString(p.stdin, line+"\n"); err != nil {
		return fmt.Errorf("tell %s: %w", p.Scenario.Name, err)
	}
	return nil
}

// CloseInput ends the process's standard input, and with it the process.
func (p *Process) CloseInput() { _ = p.stdin.Close() } // an error says that it is closed

// Stdout returns what the process has printed, its last 8 MB.
func (p *Process) Stdout() string { return p.stdout.String() }

// Stderr returns the same of its standard error.
func (p *Process) Stderr() string { return p.stderr.String() }

// Gone is closed when the process has ended and was waited for.
func (p *Process) Gone() <-chan struct{} { return p.gone }

// Stop ends the process: politely, after 3 s by force, which also ends one that
// is stopped or cannot reach a safepoint. It returns when nothing is left of it,
// and may be called again.
func (p *Process) Stop() {
	p.CloseInput()
	terminate(p.cmd.Process)
	force := time.NewTimer(stopWithin)
	defer force.Stop()
	select {
	case <-p.gone:
	case <-force.C:
		kill(p.cmd.Process)
		<-p.gone
	}
	p.clean()
}

// clean removes the process's own folders, and what a JVM leaves that was killed.
func (p *Process) clean() {
	for _, dir := range p.trash {
		_ = os.RemoveAll(dir)
	}
	if p.PID == 0 {
		return
	}
	for _, tmp := range []string{"/tmp", os.TempDir()} { // a JVM on Linux does not heed TMPDIR
		for _, pattern := range []string{"hsperfdata_*/%d", ".java_pid%d", ".attach_pid%d", "????_??_??_??_??_??_%d/*", "????_??_??_??_??_??_%d"} {
			files, _ := filepath.Glob(filepath.Join(tmp, fmt.Sprintf(pattern, p.PID))) // the pattern is well-formed
			for _, f := range files {
				_ = os.Remove(f)
			}
		}
	}
}

// freshFolder makes a folder that user can enter, and owns.
func freshFolder(user *User) (string, error) {
	dir, err := os.MkdirTemp("", "casefile-sample-")
	if err != nil || user == nil {
		return dir, err
	}
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chown(dir, int(user.UID), int(user.GID))); err != nil {
		_ = os.RemoveAll(dir)
		return "", err
	}
	return dir, nil
}

// environment is ours without what would change how any JVM starts.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(kv string) bool {
		key, _, _ := strings.Cut(kv, "=")
		return slices.Contains([]string{"JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH"}, key)
	})
}

// limitFiles lets a shell set the limit and become the command: same pid.
func limitFiles(argv []string, n int) []string {
	return append([]string{"/bin/sh", "-c", `ulimit -n "$0" && exec "$@"`, strconv.Itoa(n)}, argv...)
}
