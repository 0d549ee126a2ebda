package calls

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"casefile/bundle/format/waits"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// blocked runs something that blocks on a thread of its own and gives the thread's id. release must end it.
func blocked(t *testing.T, release func(), block func()) (tid int) {
	t.Helper()
	started, ended := make(chan int), make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		started <- unix.Gettid()
		block()
	}()
	t.Cleanup(func() { release(); <-ended })
	return <-started
}

// pair is a TCP connection; the file is a blocking copy of the near end.
func pair(t *testing.T) (near *os.File, local, remote netip.AddrPort, far net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if far, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	if near, err = c.(*net.TCPConn).File(); err != nil {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(int(near.Fd()), false); err != nil {
		t.Fatal(err)
	}
	addr := func(a net.Addr) netip.AddrPort { return netip.MustParseAddrPort(a.String()) }
	return near, addr(c.LocalAddr()), addr(c.RemoteAddr()), far
}

// scene are threads of this process that wait, by their ids.
func scene(t *testing.T) (want map[int64]waits.Wait) {
	want = map[int64]waits.Wait{}
	read, l1, r1, far1 := pair(t)
	fd := int(read.Fd())
	tid := blocked(t, func() { far1.Close() }, func() {
		_, _ = unix.Read(fd, make([]byte, 1))
		read.Close()
	})
	want[int64(tid)] = waits.Wait{Call: "read", FD: fd, Kind: waits.TCP, Local: l1, Remote: r1}

	polled, l2, r2, far2 := pair(t)
	poll := int(polled.Fd())
	tid = blocked(t, func() { far2.Close() }, func() {
		for fds := []unix.PollFd{{Fd: int32(poll), Events: unix.POLLIN}}; fds[0].Revents == 0; {
			_, _ = unix.Ppoll(fds, nil, nil) // signals of the runtime end it
		}
		polled.Close()
	})
	want[int64(tid)] = waits.Wait{Call: "ppoll", FD: poll, Events: waits.In, Kind: waits.TCP, Local: l2, Remote: r2}

	name := filepath.Join(t.TempDir(), "journal")
	var files [2]*os.File
	for i := range files {
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		files[i] = f
	}
	if err := unix.Flock(int(files[0].Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	locked := int(files[1].Fd())
	tid = blocked(t, func() { files[0].Close() }, func() {
		for errors.Is(unix.Flock(locked, unix.LOCK_EX), unix.EINTR) {
		}
		files[1].Close()
	})
	want[int64(tid)] = waits.Wait{Call: "flock", FD: locked, Kind: waits.File, Path: name}
	return want
}

func reader(t *testing.T) *Reader {
	t.Helper()
	r, err := Open(fmt.Sprintf("/proc/%d", os.Getpid()), false, NewTables())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Check(); errors.Is(err, os.ErrPermission) || errors.Is(err, ErrUnsupported) {
		r.Close()
		t.Skip(err)
	}
	return r
}

// until calls f again and again until it says that all is there.
func until(t *testing.T, f func() string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for missing := f(); missing != ""; missing = f() {
		if ctx.Err() != nil {
			t.Fatal(missing)
		}
		runtime.Gosched()
	}
}

func (l *Look) has(want map[int64]waits.Wait) string {
	var not []string
	n := 0
	for _, f := range l.found {
		w, ok := want[int64(f.tid)]
		switch {
		case ok && f.name == w.Call && f.fd == w.FD:
			n++
		case ok:
			not = append(not, fmt.Sprintf("%+v is not in %+v but in %+v", f.tid, w, f))
		}
	}
	if n < len(want) {
		return fmt.Sprintf("%d of %d threads wait: %v", n, len(want), not)
	}
	return ""
}

func TestLookAndConfirm(t *testing.T) {
	r := reader(t)
	defer r.Close()
	want := scene(t)
	var first *Look
	until(t, func() string {
		var err error
		if first, err = r.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		return first.has(want)
	})
	table, err := r.Confirm(t.Context(), first, Sockets{})
	if err != nil {
		t.Fatal(err)
	}
	got := 0
	for _, w := range table.Waits {
		if expected, ok := want[w.TID]; ok {
			expected.TID, expected.NID = w.TID, w.TID
			if w != expected {
				t.Errorf("%+v, want %+v", w, expected)
			}
			got++
		}
	}
	if got != len(want) || table.After.Before(table.Before) || table.Denied > 0 || table.LeftOut > 0 {
		t.Errorf("%d of %d: %+v", got, len(want), table)
	}
}

// A thread that is elsewhere at the second look has no row.
func TestWhatChangedIsLeftOut(t *testing.T) {
	r := reader(t)
	defer r.Close()
	want := scene(t)
	var first *Look
	until(t, func() string {
		first, _ = r.Look(t.Context())
		return first.has(want)
	})
	for i := range first.found {
		if f := &first.found[i]; f.link != "" {
			f.link += "x" // as if the descriptor had led elsewhere
		}
	}
	table, err := r.Confirm(t.Context(), first, Sockets{})
	if err != nil || table.Changed < len(want) {
		t.Errorf("%+v %v", table, err)
	}
	for _, w := range table.Waits {
		if _, ok := want[w.TID]; ok {
			t.Errorf("kept: %+v", w)
		}
	}
}

func TestSampler(t *testing.T) {
	for _, files := range []int{mostFiles, 0} {
		s := NewSampler(reader(t))
		t.Cleanup(func() { s.dropAll(); s.Close() })
		s.files = min(s.files, files)
		want := scene(t)
		now := time.Now()
		round := func() *waits.Samples {
			now = now.Add(period)
			s.resolve = time.Time{} // whatever it costs here
			if _, err := s.round(t.Context(), now); err != nil {
				t.Fatal(err)
			}
			return s.Samples(os.Getpid())
		}
		var got *waits.Samples
		until(t, func() string {
			got = round()
			n := 0
			for _, k := range got.Samples {
				if w, ok := want[k.TID]; ok && k.Count >= 5 && k.Call == w.Call && k.Object() == w.Object() && k.Events == w.Events {
					n++
				}
			}
			if n < len(want) {
				return fmt.Sprintf("%d of %d threads were found", n, len(want))
			}
			return ""
		})
		for _, w := range want {
			if w.Kind == waits.TCP {
				if last, ok := got.LastAt(w.Local, w.Remote); !ok || last.FD != w.FD {
					t.Errorf("last at %v: %+v", w.Local, last)
				}
			}
		}
	}
}

// A thread that ends is let go of.
func TestSamplerForgetsWhoEnded(t *testing.T) {
	s := NewSampler(reader(t))
	t.Cleanup(func() { s.dropAll(); s.Close() })
	held := s.files
	const ended = 1 << 30
	s.known[ended] = true
	s.threads = append(s.threads, &thread{found: found{tid: ended}, stat: notHeld, now: notHeld})
	if _, err := s.round(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if s.known[ended] || s.files >= held {
		t.Errorf("%d files may be opened, at first %d", s.files, held)
	}
	for _, th := range s.threads {
		s.drop(th)
	}
	if s.files != held {
		t.Errorf("%d files may be opened, at first %d", s.files, held)
	}
}

// A thread that does not move is looked at less often, and counts for every round that it was there.
func TestSamplerCountsRoundsBetweenLooks(t *testing.T) {
	s := NewSampler(reader(t))
	t.Cleanup(func() { s.dropAll(); s.Close() })
	s.resolve = time.Now().Add(time.Hour)
	want := scene(t)
	now := time.Now()
	const rounds = 200
	looks := 0
	for range rounds {
		now = now.Add(period)
		if _, err := s.round(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		for _, th := range s.threads {
			if _, ok := want[int64(th.tid)]; ok && th.looked {
				looks++
			}
		}
	}
	counts := map[int64]int{}
	for _, k := range s.Samples(0).Samples {
		counts[k.TID] += k.Count
	}
	for tid := range want {
		if n := counts[tid]; n < rounds/2 || n > rounds {
			t.Errorf("%d of %d rounds found it", n, rounds)
		}
	}
	if most := len(want) * rounds / 2; looks > most {
		t.Errorf("%d looks, want at most %d", looks, most)
	}
}

// A look that hangs is left behind, and nothing is asked after it.
func TestLookThatHangs(t *testing.T) {
	r := reader(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	hang, ended := make(chan struct{}), make(chan struct{})
	_, err := bounded(ctx, r, answerWithin, func(context.Context) (int, error) {
		defer close(ended)
		<-hang
		return 0, nil
	})
	if !errors.Is(err, ErrNoAnswer) {
		t.Error(err)
	}
	if _, err := r.Look(t.Context()); !errors.Is(err, ErrNoAnswer) {
		t.Error(err)
	}
	close(hang)
	<-ended
}

func TestPace(t *testing.T) {
	start := time.Now()
	p := pace{period: period, share: roundShare, allowance: allowance}
	if next := p.next(start, allowance); next.Sub(start) != period {
		t.Errorf("the first round: the next after %v", next.Sub(start))
	}
	if next := p.next(start.Add(period), time.Duration(roundShare*float64(time.Second))); next.Sub(start) != time.Second {
		t.Errorf("a round of the share of a second: the next after %v", next.Sub(start))
	}
	if next := p.next(start.Add(time.Minute), time.Millisecond); next.Sub(start) != time.Minute+period {
		t.Errorf("a cheap one: the next after %v", next.Sub(start))
	}
}
