package waits

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var (
	sameAddr = cmpopts.EquateComparable(netip.AddrPort{})
	addrOf   = netip.MustParseAddrPort
	second   = time.UnixMilli(1732347000123)
)

func example() *Snapshot {
	after := second.Add(38 * time.Millisecond)
	return &Snapshot{PID: 4711, Before: second, After: after, LeftOut: 1, Denied: 2, Changed: 3, Waits: []Wait{
		{TID: 4712, NID: 7, Call: "poll", FD: 57, Events: In, Kind: TCP, Local: addrOf("10.0.0.1:50001"),
			Remote: addrOf("10.0.0.5:5432"), Line: 3},
		{TID: 4713, NID: 8, Call: "accept", FD: 0, Kind: TCP, Local: addrOf("[::]:8090"), Line: 4},
		{TID: 4714, NID: 9, Call: "fsync", FD: 12, Kind: File, Path: "/var/lib/shop/a b", Line: 5},
		{TID: 4715, NID: 10, Call: Running, FD: NoFD, Line: 6},
	}}
}

func exampleSamples() *Samples {
	s := &Samples{PID: 4711, First: second, Last: second.Add(time.Minute), Rounds: 600, LeftOut: 4}
	for i, w := range example().Waits[:3] {
		last := second.Add(time.Duration(i) * time.Second)
		s.Samples = append(s.Samples, Sample{Wait: w, Count: 100 * i, First: second, Last: last})
	}
	return s
}

func TestRoundTrip(t *testing.T) {
	got, err := Read(bytes.NewReader(example().Encode()))
	if diff := cmp.Diff(example(), got, sameAddr); diff != "" || err != nil {
		t.Error(err, diff)
	}
	samples, err := ReadSamples(bytes.NewReader(exampleSamples().Encode()))
	if diff := cmp.Diff(exampleSamples(), samples, sameAddr); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestNameOfAFileBreaksNothing(t *testing.T) {
	s := &Snapshot{Waits: []Wait{{Call: "read", FD: 1, Kind: File, Path: "/a\n1\t2\tread\r\n" + strings.Repeat("x", 2*MaxPath)}}}
	got, err := Read(bytes.NewReader(s.Encode()))
	if err != nil || len(got.Waits) != 1 || got.Skipped != 0 || !strings.HasPrefix(got.Waits[0].Path, "/a 1 2 read") {
		t.Errorf("%+v %v", got, err)
	}
}

func TestReadCountsWhatItSkips(t *testing.T) {
	text := string(example().Encode()) +
		"1\t2\tread\t3\t-\ttcp\t10.0.0.1:1\n" + "1\t2\tread\t3\t-\tplane\t-\t-\t-\n" + "1\t2\tread\t-5\t-\ttcp\t-\t-\t-\n" + "1\t2\tread\t4"
	got, err := Read(strings.NewReader(text))
	if err != nil || len(got.Waits) != 4 || got.Skipped != 4 {
		t.Errorf("%+v %v", got, err)
	}
	for _, bad := range []string{"", columns, magic + "pid=x\n", string(exampleSamples().Encode())} {
		if _, err := Read(strings.NewReader(bad)); err == nil {
			t.Errorf("%q passes for a table", bad)
		}
	}
	if _, err := ReadSamples(bytes.NewReader(example().Encode())); err == nil {
		t.Error("a table of a dump passes for samples")
	}
}

func TestReadIsBounded(t *testing.T) {
	text := string((&Snapshot{}).Encode()) + strings.Repeat("1\t2\tread\t-\t-\t-\t-\t-\t-\n", MaxThreads+1)
	got, err := Read(strings.NewReader(text))
	if err == nil || len(got.Waits) != MaxThreads {
		t.Errorf("%d rows, %v", len(got.Waits), err)
	}
}

func TestLastAt(t *testing.T) {
	local, remote := addrOf("10.0.0.1:50001"), addrOf("10.0.0.5:5432")
	at := func(tid int64, s int) Sample {
		last := second.Add(time.Duration(s) * time.Second)
		return Sample{Wait: Wait{TID: tid, Kind: TCP, Local: local, Remote: remote}, Last: last}
	}
	for _, c := range []struct {
		name string
		all  []Sample
		want int64
	}{
		{"none", nil, 0},
		{"the last", []Sample{at(1, 1), at(2, 5), at(3, 2)}, 2},
		{"two at once", []Sample{at(1, 5), at(2, 5)}, 0},
		{"two at once, then one", []Sample{at(1, 5), at(2, 5), at(3, 6)}, 3},
		{"one in two calls", []Sample{at(1, 5), at(1, 5)}, 1},
	} {
		got, ok := (&Samples{Samples: c.all}).LastAt(local, remote)
		if ok != (c.want != 0) || ok && got.TID != c.want {
			t.Errorf("%s: %v %v", c.name, got.TID, ok)
		}
	}
	if _, ok := (&Samples{Samples: []Sample{{}}}).LastAt(netip.AddrPort{}, netip.AddrPort{}); ok {
		t.Error("a thread at no socket")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(example().Encode())
	f.Add(exampleSamples().Encode())
	f.Add([]byte(magic + "pid=1 before_ms=1 after_ms=2 left_out=0 denied=0 changed=0\n\t\t\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if s, err := Read(bytes.NewReader(text)); err == nil {
			again, err := Read(bytes.NewReader(s.Encode()))
			if err != nil || len(again.Waits) != len(s.Waits) || again.Skipped != 0 {
				t.Errorf("%d rows, then %v, %v", len(s.Waits), again, err)
			}
		}
		if s, err := ReadSamples(bytes.NewReader(text)); err == nil {
			again, err := ReadSamples(bytes.NewReader(s.Encode()))
			if err != nil || len(again.Samples) != len(s.Samples) || again.Skipped != 0 {
				t.Errorf("%d rows, then %v, %v", len(s.Samples), again, err)
			}
		}
	})
}
