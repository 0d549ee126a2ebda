package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"casefile/bundle"
	"casefile/collectors"
)

func TestCaptureOverTLS(t *testing.T) {
	s := newScript()
	n := newNode(t, s)
	dir := cluster(t, "n1")
	addr := listen(t, loadID(t, dir, "node-n1.pem"), n.Handler(), served)
	c := dial(t, loadID(t, dir, adminFile), "n1", addr)
	h, err := c.Hello(t.Context())
	if err != nil || h.Name != "n1" || h.Version != "test" || h.OS != runtime.GOOS || h.Arch != runtime.GOARCH || h.Time.IsZero() {
		t.Fatalf("%+v, %v", h, err)
	}

	id := begin(t, c)
	var stages []string
	heard := make(chan Status, 1)
	go func() {
		end, err := c.Events(t.Context(), id, func(e collectors.Event) { stages = append(stages, e.Stage+" "+e.Message) })
		if err != nil {
			t.Error(err)
		}
		heard <- end
	}()
	got := &kept{grown: make(chan int)}
	fetched := make(chan error, 1)
	go func() {
		_, err := c.Download(t.Context(), id, 1<<30, got)
		fetched <- err
		close(got.grown)
	}()
	s.add(t, "one.txt", noise(1, 300_000))
	for <-got.grown < 150_000 {
	} // evidence arrives while the capture runs
	go func() {
		for range got.grown {
		}
	}()
	if st, err := c.Status(t.Context(), id); err != nil || st.State != Capturing || st.Bytes == 0 {
		t.Errorf("%+v, %v", st, err)
	}
	s.add(t, "two.txt", noise(2, 300_000))
	s.end()
	if err := <-fetched; err != nil {
		t.Fatal(err)
	}
	end := <-heard
	if end.State != Done || end.Error != "" || end.Interrupted != "" || end.Generation != 1 || end.Bytes != int64(got.buf.Len()) {
		t.Errorf("%+v, fetched %d bytes", end, got.buf.Len())
	}
	if want := []string{"ready Wiki, pid 4711", "dumps one.txt", "dumps two.txt"}; !slices.Equal(stages, want) {
		t.Errorf("events %q, want %q", stages, want)
	}
	if !bytes.Equal(got.buf.Bytes(), spooled(t, n, id)) {
		t.Error("what was fetched is not what the node wrote")
	}
	rep := check(t, got.buf.Bytes())
	m := rep.Reader.Manifest
	if !strings.Contains(pathsOf(m), "nodes/n1/jvm/4711-wiki/two.txt") || len(m.Gaps()) != 0 || m.Nodes[0].Name != "n1" || m.Interrupted != "" {
		t.Errorf("%s, gaps %+v", pathsOf(m), m.Gaps())
	}
	if strings.Contains(pathsOf(m), "spool") {
		t.Errorf("the agent left an entry of its own: %s", pathsOf(m))
	}

	if err := c.Delete(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if left := spoolFiles(t, n); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	_, err = c.Status(t.Context(), id)
	refused(t, err, Unknown)
}

func TestStopKeepsWhatIsThere(t *testing.T) {
	s := newScript()
	n := newNode(t, s)
	c := local(t, n)
	id := begin(t, c)
	s.add(t, "one.txt", []byte("one\n"))
	err := c.Delete(t.Context(), id)
	refused(t, err, Running)
	if err := c.Stop(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	end, err := c.Events(t.Context(), id, func(collectors.Event) {})
	if err != nil || end.State != Done || end.Interrupted != errStopped.Error() {
		t.Fatalf("%+v, %v", end, err)
	}
	got := &kept{}
	if _, err := c.Download(t.Context(), id, 1<<30, got); err != nil {
		t.Fatal(err)
	}
	m := check(t, got.buf.Bytes()).Reader.Manifest
	if m.Interrupted != errStopped.Error() || !strings.Contains(pathsOf(m), "one.txt") || len(m.Gaps()) != 1 {
		t.Errorf("interrupted %q, %s, gaps %+v", m.Interrupted, pathsOf(m), m.Gaps())
	}
	if err := c.Stop(t.Context(), id); err != nil {
		t.Errorf("stop after the end: %v", err)
	}
}

// A secret that shows only after an entry was sent makes the node begin anew.
func TestLateSecretRestartsTheStream(t *testing.T) {
	const secret = "xq7Zr41uPw9mKtBvN"
	s := newScript()
	n := newNode(t, s)
	c := local(t, n)
	id := begin(t, c)
	got := &kept{grown: make(chan int)}
	fetched := make(chan error, 1)
	go func() {
		_, err := c.Download(t.Context(), id, 1<<30, got)
		fetched <- err
		close(got.grown)
	}()
	s.add(t, "early.txt", append(noise(3, 100_000), "\nrequest of "+secret+" took 3 s\n"...))
	for <-got.grown < 50_000 {
	}
	go func() {
		for range got.grown {
		}
	}()
	s.do(t, func(_ context.Context, scope *collectors.Scope) {
		if !scope.Secrets.Learn(secret) {
			t.Error("not learnt")
		}
	})
	s.end()
	if err := <-fetched; err != nil {
		t.Fatal(err)
	}
	if got.restarts != 1 {
		t.Errorf("%d restarts", got.restarts)
	}
	if !bytes.Equal(got.buf.Bytes(), spooled(t, n, id)) {
		t.Error("what was fetched is not what the node wrote")
	}
	rep := check(t, got.buf.Bytes())
	file := filepath.Join(t.TempDir(), "b")
	if err := os.WriteFile(file, got.buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := bundle.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := r.ReadEntry(t.Context(), "nodes/n1/jvm/4711-wiki/early.txt", 1<<20)
	if err != nil || bytes.Contains(raw, []byte(secret)) || !bytes.Contains(raw, []byte("took 3 s")) {
		t.Errorf("%v; secret still there: %v", err, bytes.Contains(raw, []byte(secret)))
	}
	if m := rep.Reader.Manifest; !strings.Contains(m.Redaction.LeakCheck, "second pass") {
		t.Errorf("%+v", m.Redaction)
	}
	_, err = c.Fetch(t.Context(), id, 1, 10)
	var again *RestartError
	if !errors.As(err, &again) || again.Generation != 2 {
		t.Errorf("more of generation 1: %v", err)
	}
	if st, err := c.Status(t.Context(), id); err != nil || st.Generation != 2 {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestOneCaptureAtATimeAndEachIDOnce(t *testing.T) {
	s := newScript()
	n := newNode(t, s)
	c := local(t, n)
	id := begin(t, c)
	other, err := NewID()
	if err != nil {
		t.Fatal(err)
	}
	refused(t, c.Start(t.Context(), other, shortPlan()), Busy)
	refused(t, c.Start(t.Context(), id, shortPlan()), Used)
	s.end()
	if _, err := c.Events(t.Context(), id, func(collectors.Event) {}); err != nil {
		t.Fatal(err)
	}
	refused(t, c.Start(t.Context(), id, shortPlan()), Used)
	if err := c.Start(t.Context(), other, shortPlan()); err != nil {
		t.Errorf("an id whose capture was refused as busy is as good as new: %v", err)
	}
	if err := n.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	// the next agent on this machine remembers
	again := newNode(t, newScript())
	again.SpoolDir = n.SpoolDir
	refused(t, local(t, again).Start(t.Context(), id, shortPlan()), Used)
}

func TestSpoolLimitEndsTheCapture(t *testing.T) {
	s := newScript()
	n := newNode(t, s)
	n.MaxSpool = 4 << 20
	c := local(t, n)
	id, err := NewID()
	if err != nil {
		t.Fatal(err)
	}
	p := shortPlan()
	p.MaxLogBytes = 1 << 20
	if err := c.Start(t.Context(), id, p); err != nil {
		t.Fatal(err)
	}
	ended := make(chan Status, 1)
	go func() {
		end, err := c.Events(t.Context(), id, func(collectors.Event) {})
		if err != nil {
			t.Error(err)
		}
		ended <- end
	}()
	var end Status
	written := 0
	for ; end.State == ""; written++ {
		chunk, name := noise(uint64(written), 100_000), fmt.Sprintf("%04d.txt", written)
		step := func(ctx context.Context, scope *collectors.Scope) {
			if ctx.Err() == nil {
				scope.Add(collectors.Evidence{Name: name, Item: "dumps"}, chunk)
			}
		}
		select {
		case s.steps <- step:
		case end = <-ended:
		}
	}
	if !strings.Contains(end.Interrupted, "limit of 4 MB") || end.State != Done {
		t.Errorf("%+v after %d entries", end, written)
	}
	got := &kept{}
	if _, err := c.Download(t.Context(), id, 1<<30, got); err != nil {
		t.Fatal(err)
	}
	m := check(t, got.buf.Bytes()).Reader.Manifest
	gaps := m.Gaps()
	i := slices.IndexFunc(gaps, func(l bundle.Coverage) bool { return l.Collector == "agent" && l.Item == "spool" })
	if i < 0 || gaps[i].Status != bundle.Partial || gaps[i].Fix == "" || m.Interrupted != end.Interrupted {
		t.Errorf("%+v", gaps)
	}
}

func TestNodeWithoutTargets(t *testing.T) {
	host := newScript()
	host.name = "host"
	n := newNode(t, host)
	c := local(t, n)
	id := begin(t, c)
	host.end()
	end, err := c.Events(t.Context(), id, func(collectors.Event) {})
	if err != nil || end.State != Done {
		t.Fatalf("%+v, %v", end, err)
	}
	got := &kept{}
	if _, err := c.Download(t.Context(), id, 1<<30, got); err != nil {
		t.Fatal(err)
	}
	if gaps := check(t, got.buf.Bytes()).Reader.Manifest.Gaps(); len(gaps) != 1 || gaps[0].Item != "processes" || !strings.Contains(gaps[0].Reason, "no JVM") {
		t.Errorf("%+v", gaps)
	}
}

func TestCaptureThatCannotBegin(t *testing.T) {
	for name, c := range map[string]struct {
		list func() []collectors.Collector
		want string
	}{
		"nothing": {func() []collectors.Collector { return nil }, "no JVM"},
		"panic":   {func() []collectors.Collector { panic("broken") }, "casefile failed: broken"},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t)
			n.Collectors = c.list
			client := local(t, n)
			id := begin(t, client)
			end, err := client.Events(t.Context(), id, func(collectors.Event) {})
			if err != nil || end.State != Failed || !strings.Contains(end.Error, c.want) {
				t.Errorf("%+v, %v", end, err)
			}
			_, err = client.Download(t.Context(), id, 1<<30, &kept{})
			if text := refused(t, err, NoBundle); !strings.Contains(text, c.want) {
				t.Errorf("%q", text)
			}
			if left := spoolFiles(t, n); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

// A plan's start is on the clock of the node, wherever that stands.
func TestStartIsOnTheNodesClock(t *testing.T) {
	const ahead = 7 * time.Minute
	s := newScript()
	n := newNode(t, s)
	n.Now = func() time.Time { return time.Now().Add(ahead) }
	c := local(t, n)
	id, err := NewID()
	if err != nil {
		t.Fatal(err)
	}
	p := shortPlan()
	p.Start = time.Now().Add(ahead + time.Minute) // which the scripted job does not wait for
	if err := c.Start(t.Context(), id, p); err != nil {
		t.Fatal(err)
	}
	s.do(t, func(_ context.Context, scope *collectors.Scope) {
		if off := scope.Start().Sub(p.Start.Add(-ahead)); off.Abs() > time.Second {
			t.Errorf("starts %v off", off)
		}
	})
	s.end()
}

func TestLeftoversAreRemovedAndNothingElse(t *testing.T) {
	n := newNode(t)
	id, err := NewID()
	if err != nil {
		t.Fatal(err)
	}
	ours := []string{id + ".tar.zst", id + ".tar.zst.new", id + ".tar.zst.scrubbing", id + ".tar.zst.scrubbing.new"}
	others := []string{"casefile-wiki.tar.zst", "notes.txt", id, id + ".tar.zst.bak"}
	if err := os.MkdirAll(n.SpoolDir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Concat(ours, others) {
		if err := os.WriteFile(filepath.Join(n.SpoolDir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n.Handler()
	left, err := os.ReadDir(n.SpoolDir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range left {
		names = append(names, f.Name())
	}
	slices.Sort(others)
	if !slices.Equal(names, others) {
		t.Errorf("left %v, want %v", names, others)
	}
}

func TestEndedCapturesMakeRoom(t *testing.T) {
	s := newScript()
	n := newNode(t, s)
	n.MaxSpool = 4 << 20
	c := local(t, n)
	p := shortPlan()
	p.MaxLogBytes = 0
	var ids []string
	for i := range 3 {
		id, err := NewID()
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
		if err := c.Start(t.Context(), id, p); err != nil {
			t.Fatal(err)
		}
		s.add(t, "one.txt", noise(uint64(i), 2_000_000))
		s.end()
		if end, err := c.Events(t.Context(), id, func(collectors.Event) {}); err != nil || end.State != Done {
			t.Fatalf("%+v, %v", end, err)
		}
		s.steps = make(chan func(context.Context, *collectors.Scope))
	}
	if left := spoolFiles(t, n); len(left) != 2 {
		t.Errorf("%d bundles kept", len(left))
	}
	_, err := c.Status(t.Context(), ids[0])
	refused(t, err, Unknown)
}

func TestCloseEndsACaptureAndLeavesNothing(t *testing.T) {
	s := newScript()
	n := newNode(t, s)
	c := local(t, n)
	id := begin(t, c)
	s.add(t, "one.txt", []byte("one\n"))
	if err := n.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := spoolFiles(t, n); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	other, err := NewID()
	if err != nil {
		t.Fatal(err)
	}
	refused(t, c.Start(t.Context(), other, shortPlan()), NoSpool)
	_, err = c.Status(t.Context(), id)
	refused(t, err, Unknown)
}

func TestEventsAreBounded(t *testing.T) {
	var l log
	for i := range 5 * keepEvents {
		l.add(collectors.Event{Done: i + 1, Message: strings.Repeat("x", 2*maxMessage)})
	}
	if len(l.list) > 2*keepEvents || len(l.list[0].Message) != maxMessage {
		t.Errorf("%d events kept, %d bytes in one", len(l.list), len(l.list[0].Message))
	}
	first, list := l.after(0)
	if list[0].Done != first || list[len(list)-1].Done != 5*keepEvents {
		t.Errorf("the first is number %d and says %d", first, list[0].Done)
	}
	if first, list = l.after(5*keepEvents - 1); first != 5*keepEvents || len(list) != 1 {
		t.Errorf("%d events from %d", len(list), first)
	}
	if _, list = l.after(9 * keepEvents); len(list) != 0 {
		t.Errorf("%d events behind the last", len(list))
	}
}
