package profile

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMergeNodes(t *testing.T) {
	n1 := newMaker("samples/count", "cpu/nanoseconds").add("main;hash:1", nil, 6, 60).add("main;gc", nil, 4, 40).read(t, "cpu.pb.gz")
	n2 := newMaker("samples/count", "cpu/nanoseconds").add("other;main;hash:9", map[string]string{"pool": "http"}, 30, 300).read(t, "cpu.pb.gz")
	p, err := Merge([]Part{{Node: "n1", Profile: n1}, {Node: "n2", Profile: n2}})
	if err != nil {
		t.Fatal(err)
	}
	v := p.Main()
	wantShares(t, v.Top(-1), share{"hash", 90, 90}, share{"gc", 10, 10})
	wantShares(t, v.Focus(NodeLabel, "n1").Top(-1), share{"hash", 60, 60}, share{"gc", 40, 40})
	want := []Label{
		{Key: "node", Distinct: 2, Values: []LabelValue{{"n2", 300, 75}, {"n1", 100, 25}}},
		{Key: "pool", Distinct: 2, Values: []LabelValue{{"http", 300, 75}, {"", 100, 25}}},
	}
	if d := cmp.Diff(want, v.Labels()); d != "" {
		t.Errorf("labels (-want +got):\n%s", d)
	}
	if got := v.Focus("pool", "").Total(); got != 100 {
		t.Errorf("samples without the label sum up to %d, want 100", got)
	}
	if len(n1.Main().Labels()) != 0 {
		t.Error("merge labelled its input")
	}
}

func TestMergeRefuses(t *testing.T) {
	cpu := newMaker("cpu/nanoseconds").add("f", nil, 1).read(t, "")
	heap := newMaker("inuse_space/bytes").add("f", nil, 1).read(t, "")
	if _, err := Merge([]Part{{Node: "a", Profile: cpu}, {Node: "b", Profile: heap}}); err == nil {
		t.Error("a CPU and a heap profile were merged")
	}
	if _, err := Merge(nil); err == nil {
		t.Error("no profiles were merged")
	}
}

func TestDelta(t *testing.T) {
	const days = int64(90 * 24 * time.Hour) // more digits than a float64 holds
	before := newMaker("contentions/count", "delay/nanoseconds").add("old;sync.(*Mutex).Unlock", nil, 5, days+1).read(t, "mutex.pb.gz")
	after := newMaker("contentions/count", "delay/nanoseconds").
		add("old;sync.(*Mutex).Unlock", nil, 6, days+4).add("new;sync.(*Mutex).Unlock", nil, 9, 97).read(t, "mutex.end.pb.gz")
	d, err := Delta(before, after)
	if err != nil {
		t.Fatal(err)
	}
	wantShares(t, d.Main().Top(-1), share{"new", 97, 97}, share{"old", 3, 3})
	if _, err := Delta(after, before); !errors.Is(err, ErrRestarted) {
		t.Errorf("counters that went back: %v", err)
	}
}

func TestDeltaLeavesLiveMemoryOut(t *testing.T) {
	types := []string{"alloc_space/bytes", "inuse_space/bytes"}
	before := newMaker(types...).add("f", nil, 100, 80).read(t, "allocs.pb.gz")
	after := newMaker(types...).add("f", nil, 160, 10).read(t, "allocs.end.pb.gz")
	d, err := Delta(before, after)
	if err != nil {
		t.Fatal(err)
	}
	if v := d.Main(); len(d.Views()) != 1 || v.Kind != Alloc || v.Total() != 60 {
		t.Errorf("%d views, %s of %d; want one, alloc of 60", len(d.Views()), v.Kind, v.Total())
	}
	cpu := newMaker("cpu/nanoseconds").add("f", nil, 1).read(t, "")
	if _, err := Delta(cpu, cpu); !errors.Is(err, ErrNotCumulative) {
		t.Errorf("delta of CPU profiles: %v", err)
	}
}
