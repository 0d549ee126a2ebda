package jvm_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"casefile/bundle"
	"casefile/bundle/format/plan"
	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
	"casefile/collectors/jvm"
)

// canary stands in a file of root that the user of the JVM may not read.
const canary = "canary-51d0-of-root"

// hostile is the folder of a hostile user, and a file of root in a closed folder.
type hostile struct {
	user             live.User
	dir, secret, top string
}

func newHostile(t *testing.T) *hostile {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a JVM of another user needs root")
	}
	top, err := os.MkdirTemp("", "casefile-hostile-") // the test's own is not open to other users
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(top) })
	h := &hostile{user: *live.Nobody(), top: top, dir: filepath.Join(top, "his"), secret: filepath.Join(top, "closed", "secret")}
	if err := errors.Join(os.Chmod(top, 0o755), os.Mkdir(h.dir, 0o755), os.Mkdir(filepath.Dir(h.secret), 0o700), os.WriteFile(h.secret, []byte(canary+"\n"), 0o600), h.own(h.dir)); err != nil {
		t.Fatal(err)
	}
	return h
}

// own gives a file, or a link, to the user.
func (h *hostile) own(name string) error {
	return os.Lchown(name, int(h.user.UID), int(h.user.GID))
}

// write makes a file of the user.
func (h *hostile) write(t *testing.T, name, content string) string {
	t.Helper()
	full := filepath.Join(h.dir, name)
	if err := errors.Join(os.WriteFile(full, []byte(content), 0o644), h.own(full)); err != nil {
		t.Fatal(err)
	}
	return full
}

// unharmed fails the test where the file of root was disclosed, changed or removed.
func (h *hostile) unharmed(t *testing.T, got *taken) {
	t.Helper()
	for name, content := range got.content {
		if strings.Contains(content, canary) {
			t.Errorf("%s discloses the file of root", name)
		}
	}
	if b, err := os.ReadFile(h.secret); err != nil || string(b) != canary+"\n" {
		t.Errorf("the file of root is %q, %v", b, err)
	}
	if names, err := os.ReadDir(filepath.Dir(h.secret)); err != nil || len(names) != 1 {
		t.Errorf("the closed folder holds %v, %v", names, err)
	}
}

// fake starts the fake JVM as a product with logs, configuration and options files.
func (h *hostile) fake(t *testing.T, mode string) (pid int) {
	t.Helper()
	out, err := os.OpenFile(h.write(t, "out.log", "started\n"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	at := func(name string) string { return filepath.Join(h.dir, name) }
	h.write(t, "argfile", "-Xloggc:"+at("gc.log")+"\n")
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{"java", "@" + at("argfile"), "-XX:Flags=" + h.write(t, "flags", "+UseG1GC\n"), "-Dkafka.logs.dir=" + h.dir, "kafka.Kafka", h.write(t, "server.properties", "a=b\n")}
	cmd.Dir = h.dir
	cmd.Env = []string{jvm.FakeMode + "=" + mode, jvm.FakeSecret + "=" + h.secret}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: h.user.UID, Gid: h.user.GID}}
	cmd.Stdout = out
	said, err1 := cmd.StderrPipe()
	in, err2 := cmd.StdinPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close() // it removes its files
		cmd.Wait()
		left, _ := filepath.Glob(fmt.Sprintf("/tmp/casefile-*-%d*", cmd.Process.Pid))
		for _, l := range left {
			os.RemoveAll(l)
		}
	})
	if line, err := bufio.NewReader(said).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the fake JVM says %q, %v", line, err)
	}
	return cmd.Process.Pid
}

// within captures and fails the test when that takes longer than the duration and 15 s.
func within(t *testing.T, p plan.Plan) *taken {
	t.Helper()
	began := time.Now()
	got := run(t, t.Context(), p)
	if took := time.Since(began); took > time.Duration(p.Duration)+15*time.Second {
		t.Errorf("a capture of %v took %v", time.Duration(p.Duration), took)
	}
	return got
}

// Whatever a process answers that calls itself a JVM: it is bounded, told, and leads nowhere.
func TestHostileReplies(t *testing.T) {
	const most = 2 << 20
	for mode, told := range map[string]string{
		jvm.FakeHonest: "", jvm.FakeEndless: "--max-reply", jvm.FakeTrickle: "did not answer in time", jvm.FakeNames: "permission denied",
		jvm.FakeLinks: "permission denied", jvm.FakeOverflow: "hsperf", jvm.FakeTruncate: "hsperfdata",
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			h := newHostile(t)
			h.write(t, "server.log", "line\n")
			p := capturePlan(h.fake(t, mode))
			p.MaxReply, p.Profiles = most, &plan.Profiles{}
			got := within(t, p)
			h.unharmed(t, got)
			for name, e := range got.paths {
				if strings.HasPrefix(name, "threads/") && e.Bytes > most {
					t.Errorf("%s has %d bytes", name, e.Bytes)
				}
			}
			if mode == jvm.FakeEndless && got.paths["threads/dump-01.txt"].Truncated == "" {
				t.Errorf("of an endless dump nothing is kept: %+v", got.status("thread-dumps"))
			}
			if told != "" && !slices.ContainsFunc(got.Coverage, func(c bundle.Coverage) bool { return strings.Contains(c.Reason, told) }) {
				t.Errorf("the ledger does not tell of %q: %+v", told, got.Gaps())
			}
			if log := got.content["logs/server.log"]; log != "line\n" {
				t.Errorf("its log is %q", log)
			}
		})
	}
}

// Every file that a process names or owns, replaced by what is not its user's to read.
func TestFilesReplacedBeforeCapture(t *testing.T) {
	for how, replace := range map[string]func(h *hostile, name string) error{
		"link":      func(h *hostile, name string) error { return errors.Join(os.Symlink(h.secret, name), h.own(name)) },
		"hard link": func(h *hostile, name string) error { return os.Link(h.secret, name) },
		"pipe":      func(h *hostile, name string) error { return errors.Join(unix.Mkfifo(name, 0o666), h.own(name)) },
		"device": func(h *hostile, name string) error {
			return errors.Join(unix.Mknod(name, unix.S_IFCHR|0o666, int(unix.Mkdev(1, 5))), h.own(name))
		},
		"folder": func(h *hostile, name string) error { return errors.Join(os.Mkdir(name, 0o700), h.own(name)) },
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			h := newHostile(t)
			pid := h.fake(t, jvm.FakeHonest)
			files := []string{fmt.Sprintf("/tmp/hsperfdata_fake%d/%d", pid, pid)}
			for _, name := range []string{"gc.log", "gc.log.0", "server.log", "out.log", "argfile", "flags", "server.properties", "libjvm.so"} {
				files = append(files, filepath.Join(h.dir, name))
			}
			for _, name := range files {
				if err := errors.Join(os.RemoveAll(name), replace(h, name)); err != nil {
					t.Fatal(err)
				}
			}
			got := within(t, capturePlan(pid))
			h.unharmed(t, got)
			for name, e := range got.paths {
				if slices.Contains(files, e.Source) {
					t.Errorf("%s was read of %s", name, e.Source)
				}
			}
			if got.content["threads/dump-03.txt"] == "" {
				t.Error("its dumps are missing")
			}
		})
	}
}

// flipper exchanges files of a user and links to a file of root, again and again.
type flipper struct {
	pairs []string
	n     int
}

func (f *flipper) add(t *testing.T, h *hostile, file string) {
	t.Helper()
	if err := errors.Join(os.Symlink(h.secret, file+"~"), h.own(file+"~")); err != nil {
		t.Fatal(err)
	}
	f.pairs = append(f.pairs, file)
}

// run flips every pair some thousand times a second until done.
func (f *flipper) run(done <-chan struct{}) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			for _, p := range f.pairs {
				_ = unix.Renameat2(unix.AT_FDCWD, p, unix.AT_FDCWD, p+"~", unix.RENAME_EXCHANGE)
			}
			f.n++
		}
	}
}

// raceFor is how long files are exchanged; CASEFILE_RACE=10s makes it longer.
func raceFor(t *testing.T) time.Duration {
	if text := os.Getenv("CASEFILE_RACE"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	return 2 * time.Second
}

// What a user exchanges while casefile looks, opens and reads discloses nothing.
func TestFilesExchangedDuringCapture(t *testing.T) {
	h := newHostile(t)
	for _, name := range []string{"gc.log", "gc.log.0", "gc.log.1", "server.log", "server.log.1", "controller.log"} {
		h.write(t, name, "line\n")
	}
	for name, kind := range map[string]uint32{"gc.log.7": unix.S_IFIFO | 0o666, "server.log.pipe": unix.S_IFIFO | 0o666, "server.log.zero": unix.S_IFCHR | 0o666} {
		if err := unix.Mknod(filepath.Join(h.dir, name), kind, int(unix.Mkdev(1, 5))); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(h.secret, filepath.Join(h.dir, "server.log.hard")); err != nil {
		t.Fatal(err)
	}
	pid := h.fake(t, jvm.FakeHonest)
	counters, err := filepath.Glob(fmt.Sprintf("/tmp/hsperfdata_fake%d/%d", pid, pid))
	if err != nil || len(counters) != 1 {
		t.Fatalf("%v, %v", counters, err)
	}
	race := &flipper{}
	for _, name := range []string{"gc.log", "gc.log.0", "gc.log.1", "server.log", "server.log.1", "controller.log", "out.log", "argfile", "flags", "server.properties", "libjvm.so"} {
		race.add(t, h, filepath.Join(h.dir, name))
	}
	race.add(t, h, counters[0])
	race.add(t, h, h.dir) // the folder itself, for one that the secret lies in
	if err := errors.Join(os.Remove(h.dir+"~"), os.Symlink(filepath.Dir(h.secret), h.dir+"~"), h.own(h.dir+"~")); err != nil {
		t.Fatal(err)
	}
	p := capturePlan(pid)
	p.Duration, p.SampleEvery = plan.Duration(raceFor(t)), plan.Duration(100*time.Millisecond)
	done := make(chan struct{})
	var flips sync.WaitGroup
	flips.Go(func() { race.run(done) })
	got := within(t, p)
	close(done)
	flips.Wait()
	if race.n < 100 {
		t.Fatalf("%d flips are no race", race.n)
	}
	t.Logf("%d rounds of %d exchanges in %v", race.n, len(race.pairs), time.Duration(p.Duration))
	h.unharmed(t, got)
}

// A real JVM of another user is captured whole, and what its user puts in the place of its
// files is not read.
func TestFilesOfAnotherUser(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		h := newHostile(t)
		gc := filepath.Join(h.dir, "gc.log")
		args := live.GCLogArgs(jdk.Major, gc)
		p := livetest.Start(t, jdk, "healthy", live.Options{User: &h.user, JVM: args})
		for _, name := range []string{"gc.log.8", "gc.log.9"} {
			h.write(t, name, "old\n")
		}
		if err := errors.Join(os.Symlink(h.secret, gc+".0"), h.own(gc+".0"), os.Link(h.secret, gc+".1"), unix.Mkfifo(gc+".2", 0o666)); err != nil {
			t.Fatal(err)
		}
		c := capturePlan(p.PID)
		if jdk.Major >= 11 {
			c.Profiles = &plan.Profiles{}
		}
		got := run(t, t.Context(), c)
		h.unharmed(t, got)
		gap := got.status("gc-log")
		if gap.Status != bundle.Partial || !strings.Contains(gap.Reason, "gc.log.0") || !strings.Contains(gap.Reason, "nobody") || gap.Fix == "" {
			t.Errorf("the ledger says of the GC log: %+v", gap)
		}
		for _, name := range []string{"gc/gc.log", "gc/gc.log.8", "threads/dump-03.txt", "vm/flags.txt", "hsperf/last.hsperfdata"} {
			if got.content[name] == "" {
				t.Errorf("%s is missing", name)
			}
		}
		for _, g := range got.Gaps() {
			if g.Item != "gc-log" && !tooLate(g) {
				t.Errorf("gap: %+v", g)
			}
		}
	})
}
