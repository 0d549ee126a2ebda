package profile

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// share is what the tests compare of a row.
type share struct {
	Frame     string
	Self, Cum float64
}

func shares(rows []Row) []share {
	var list []share
	for _, r := range rows {
		list = append(list, share{r.Frame, r.SelfPct, r.CumPct})
	}
	return list
}

func wantShares(t *testing.T, got []Row, want ...share) {
	t.Helper()
	if d := cmp.Diff(want, shares(got), cmpopts.EquateApprox(0, 1e-9)); d != "" {
		t.Errorf("shares (-want +got):\n%s", d)
	}
}

func TestTopExactShares(t *testing.T) {
	p := newMaker("samples/count", "cpu/nanoseconds").
		add("main;serve;hash:1", nil, 50, 500).
		add("main;serve;hash:22", nil, 20, 200). // another line of the same function
		add("main;serve", nil, 10, 100).
		add("main;gc", nil, 20, 200).
		read(t, "cpu.pb.gz")
	v := p.Main()
	if v.Kind != CPU || v.Total() != 1000 || v.Samples() != 100 {
		t.Errorf("kind %s, total %d, samples %d; want cpu, 1000, 100", v.Kind, v.Total(), v.Samples())
	}
	wantShares(t, v.Top(-1), share{"hash", 70, 70}, share{"gc", 20, 20}, share{"serve", 10, 80})
	wantShares(t, v.Top(1), share{"hash", 70, 70})
	wantShares(t, v.TopCumulative(2), share{"main", 0, 100}, share{"serve", 10, 80})
	if r := v.Top(1)[0]; r.Self != 700 || r.File != "hash.go" {
		t.Errorf("first row %+v; want self 700 of hash.go", r)
	}
}

func TestRecursionCountsOnce(t *testing.T) {
	v := newMaker("cpu/nanoseconds").
		add("main;walk;walk;visit;walk", nil, 30).
		add("main;walk", nil, 10).
		read(t, "").Main()
	wantShares(t, v.Top(-1), share{"walk", 100, 100})
	wantShares(t, v.TopCumulative(-1), share{"walk", 100, 100}, share{"main", 0, 100}, share{"visit", 0, 75})
}

func TestInlinedFramesAreFrames(t *testing.T) {
	v := newMaker("cpu/nanoseconds").
		add("main;loop+add+carry", nil, 3).
		add("main;carry", nil, 1).
		read(t, "").Main()
	wantShares(t, v.Top(-1), share{"carry", 100, 100})
	wantShares(t, v.TopCumulative(3), share{"carry", 100, 100}, share{"main", 0, 100}, share{"add", 0, 75})
}

func TestGeneratedNamesFold(t *testing.T) {
	v := newMaker("cpu/nanoseconds").
		add("a.B$$Lambda$14/0x00000008000c2c40.run", nil, 1).
		add("a.B$$Lambda$991/0x0000000840aa1040.run", nil, 1).
		add("a.B$$Lambda/0x000001b2c3.run", nil, 1).
		add("jdk.internal.reflect.GeneratedMethodAccessor17.invoke", nil, 1).
		add("jdk.internal.reflect.GeneratedMethodAccessor4.invoke", nil, 1).
		add("com.sun.proxy.$Proxy33.get", nil, 1).
		add("com.sun.proxy.$Proxy7.get", nil, 1).
		read(t, "").Main()
	var names []string
	for _, r := range v.Top(-1) {
		names = append(names, r.Frame)
	}
	want := []string{"a.B$$Lambda.run", "com.sun.proxy.$Proxy.get", "jdk.internal.reflect.GeneratedMethodAccessor.invoke"}
	if d := cmp.Diff(want, names); d != "" {
		t.Errorf("frames (-want +got):\n%s", d)
	}
}

// In profiles of waiting the share belongs to who waits, not to the plumbing.
func TestPlumbingGivesItsShareToTheCaller(t *testing.T) {
	mutex := newMaker("contentions/count", "delay/nanoseconds").
		add("main.worker;main.update;sync.(*Mutex).Unlock", nil, 3, 60).
		add("main.worker;main.update;sync.(*RWMutex).Unlock", nil, 1, 20).
		add("main.worker;main.read;sync.(*RWMutex).RUnlock", nil, 1, 20).
		read(t, "mutex.pb.gz").Main()
	wantShares(t, mutex.Top(-1), share{"main.update", 80, 80}, share{"main.read", 20, 20})
	if via := mutex.Top(1)[0].Via; via != "sync.(*Mutex).Unlock" {
		t.Errorf("via %q; want the Unlock with most of the share", via)
	}
	if mutex.Samples() != 5 {
		t.Errorf("samples %d; want 5 contentions", mutex.Samples())
	}
	parked := newMaker("goroutine/count").
		add("main.leak;runtime.chanrecv1;runtime.chanrecv;runtime.gopark", nil, 900).
		add("runtime.bgsweep;runtime.goparkunlock;runtime.gopark", nil, 100).
		read(t, "goroutine.pb.gz").Main()
	wantShares(t, parked.Top(-1), share{"main.leak", 90, 90}, share{"runtime.gopark", 10, 100})

	cpu := newMaker("cpu/nanoseconds").add("main.serve;runtime.mallocgc", nil, 1).read(t, "").Main()
	wantShares(t, cpu.Top(-1), share{"runtime.mallocgc", 100, 100})
}

func TestCallers(t *testing.T) {
	v := newMaker("cpu/nanoseconds").
		add("main;serve;hash;block", nil, 60).
		add("main;warm;hash", nil, 30).
		add("hash", nil, 10).
		add("main;other", nil, 1000).
		read(t, "").Main()
	var got []share
	for _, r := range v.Callers("hash", -1) {
		got = append(got, share{Frame: r.Frame, Self: r.SelfPct})
	}
	if d := cmp.Diff([]share{{"serve", 60, 0}, {"warm", 30, 0}, {"[root]", 10, 0}}, got); d != "" {
		t.Errorf("callers (-want +got):\n%s", d)
	}
	if rows := v.Callers("nobody", 3); len(rows) != 0 {
		t.Errorf("callers of an unknown frame: %v", rows)
	}
}

func TestSumsDoNotWrap(t *testing.T) {
	const huge = 1<<63 - 1
	v := newMaker("cpu/nanoseconds").add("a", nil, huge).add("b", nil, huge).add("c", nil, -huge).read(t, "").Main()
	if v.Total() != huge {
		t.Errorf("total %d; want it held at %d", v.Total(), int64(huge))
	}
	for _, r := range v.Top(-1) {
		if r.SelfPct > 100 || r.SelfPct < -100 {
			t.Errorf("%s has %g %%", r.Frame, r.SelfPct)
		}
	}
}
