package timing

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func sample() *Record {
	clock := &Clock{At: noon.Add(time.Minute), OffsetMS: 1.9, ErrorMS: 0.2, DriftPPM: -3, DriftErrorPPM: 0.5,
		Steps: []Step{{After: noon, Before: noon.Add(time.Second), ByMS: 250, ErrorMS: 0.4, Certain: true, Whose: "to"}}}
	spread := Spread{Count: 600, Min: 0.3, P50: 0.4, P90: 0.6, P99: 1.5, Max: 3}
	round := Round{Number: 1, Due: noon, Starts: []Start{
		{Node: "n1", At: noon.Add(2 * time.Millisecond), ErrorMS: 0.2}, {Node: "n2", At: noon.Add(-time.Millisecond), ErrorMS: 0.3}, {Node: "n3", At: noon, ErrorMS: 0.1}}}
	round.Measure()
	return &Record{Version: Version, Reference: "admin", Started: noon, Ended: noon.Add(time.Minute),
		Links: []Link{
			{From: "admin", To: "n1", Transport: HTTP, Clock: clock, Phases: []Phase{{When: Before, Measured: Measured{
				Transport: HTTP, Started: noon, Ended: noon, Count: 601, Lost: 1, RTT: spread, JitterMS: 0.1, Clock: clock,
				Queue: &Queue{ThereP90: 0.1, BackP90: 2}, Points: []Point{{At: noon, OffsetMS: 1.9, RTTMS: 0.3}}}}}},
			{From: "n1", To: "n2", Failure: "timing: udp://n2:5001: no answer at all"},
		},
		Nodes: []Node{{Name: "n1", Started: noon, Hiccups: &Hiccups{StepMS: 1, Late: spread, Stalls: 1, StallMS: 90, StallFromMS: 20,
			Worst: []Hiccup{{noon, 90}}, Limit: LimitFor(MeasureHiccup)},
			Databases: []Probe{{Target: "db:5432", Kind: "postgresql", Tries: 3, Failures: 1, Steps: []Timed{{StepConnect, spread, 0.4}}, Errors: []string{"refused"}, Limit: LimitFor(MeasureDatabase)}},
			Storage:   []Probe{{Target: "/shared", Kind: "shared-home", Tries: 1, Failures: 1, Stuck: "fsync", Rate: 900}}}},
		Rounds: []Round{round}, Limits: Limits()}
}

func TestRoundTrip(t *testing.T) {
	var b bytes.Buffer
	want := sample()
	if err := Write(&b, want); err != nil {
		t.Fatal(err)
	}
	got, err := Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	b.Reset()
	if err := WriteNode(&b, &want.Nodes[0]); err != nil {
		t.Fatal(err)
	}
	if n, err := ReadNode(&b); err != nil || n.Version != Version || n.Databases[0].Step(StepConnect) == nil || n.Databases[0].Step(StepQuery) != nil {
		t.Errorf("%+v, %v", n, err)
	}
}

func TestRoundSkew(t *testing.T) {
	r := sample().Rounds[0]
	if r.SkewMS != 3 || r.SkewErrorMS != 0.6 || r.Starts[0].LateMS != 2 || r.Starts[1].LateMS != -1 {
		t.Errorf("%+v", r)
	}
	alone := Round{Starts: []Start{{Node: "n1", At: noon, ErrorMS: 1}}}
	if alone.Measure(); alone.SkewMS != 0 || alone.SkewErrorMS != 0 {
		t.Errorf("%+v", alone)
	}
}

func TestClockOffset(t *testing.T) {
	c := Clock{At: noon, OffsetMS: 10, ErrorMS: 0.1, DriftPPM: 20, DriftErrorPPM: 5}
	for after, want := range map[time.Duration][2]float64{0: {10, 0.1}, 100 * time.Second: {12, 0.6}, -100 * time.Second: {8, 0.6}} {
		if off, bound := c.Offset(noon.Add(after)); math.Abs(off-want[0]) > 1e-9 || math.Abs(bound-want[1]) > 1e-9 {
			t.Errorf("after %v: %v give or take %v, want %v", after, off, bound, want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	good, err := json.Marshal(sample())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, changed, want string }{
		"no version":        {`"version":1`, `"version":0`, "no version"},
		"newer":             {`"version":1`, `"version":99`, "newer"},
		"not JSON":          {`{"version"`, `<version`, "invalid character"},
		"measured itself":   {`"to":"n1"`, `"to":"admin"`, "itself"},
		"no name":           {`"to":"n1"`, `"to":""`, "name the parties"},
		"more lost":         {`"lost":1`, `"lost":9999`, "do not fit"},
		"negative error":    {`"error_ms":0.2,"drift`, `"error_ms":-1,"drift`, "negative"},
		"percentiles":       {`"p50_ms":0.4`, `"p50_ms":9`, "order"},
		"negative rtt":      {`"rtt_ms":0.3`, `"rtt_ms":-0.3`, "negative rtt_ms"},
		"absurd offset":     {`"offset_ms":1.9,"error`, `"offset_ms":1e300,"error`, "thousand years"},
		"failures":          {`"failures":1`, `"failures":7`, "do not fit"},
		"negative skew":     {`"skew_ms":3`, `"skew_ms":-3`, "negative skew"},
		"number as a text":  {`"jitter_ms":0.1`, `"jitter_ms":"x"`, "jitter_ms"},
		"too large a float": {`"jitter_ms":0.1`, `"jitter_ms":1e999`, "jitter_ms"},
	} {
		if !bytes.Contains(good, []byte(c.old)) {
			t.Errorf("%s: the sample has no %s", name, c.old)
			continue
		}
		if _, err := Read(strings.NewReader(strings.Replace(string(good), c.old, c.changed, 1))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ReadNode(strings.NewReader(`{"version":1}` + strings.Repeat(" ", MaxNodeBytes))); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("oversized: %v", err)
	}
	if _, err := Read(strings.NewReader(`{"version":1,"links":[` + strings.Repeat("{},", maxLinks) + `{}]}`)); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("many links: %v", err)
	}
	if err := Write(&bytes.Buffer{}, &Record{Links: []Link{{Clock: &Clock{OffsetMS: math.NaN()}}}}); err == nil {
		t.Error("NaN was written")
	}
}

func TestLimits(t *testing.T) {
	for _, l := range Limits() {
		if l.Source == "" || l.Good >= l.Bad || l.Judge(l.Good) != Good || l.Judge(l.Bad) != Fair || l.Judge(l.Bad*1.01) != Bad {
			t.Errorf("%+v", l)
		}
	}
	if LimitFor("nothing") != nil {
		t.Error("a limit for nothing")
	}
	LimitFor(MeasureLink).Bad = 0
	Limits()[0].Bad = 0
	if LimitFor(MeasureLink).Bad != 50 {
		t.Error("a caller changed the table")
	}
}

func TestOrder(t *testing.T) {
	good := Order{Key: make([]byte, KeySize), Peers: []Peer{{"n1", []string{"udp://h:1", "https://h:2"}}, {"n2", []string{"tcp://[::1]:2"}}}, Every: time.Second}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Order){
		"key": func(o *Order) { o.Key = nil }, "peers": func(o *Order) { o.Peers = nil }, "flood": func(o *Order) { o.Every = 1 },
		"many": func(o *Order) { o.Peers = make([]Peer, MaxPeers+1) }, "all at once": func(o *Order) { o.Peers, o.Every = slices.Repeat(o.Peers, 16), 50*time.Millisecond },
		"scheme": func(o *Order) { o.Peers = []Peer{{"n", []string{"unix:///x"}}} }, "port": func(o *Order) { o.Peers = []Peer{{"n", []string{"h"}}} },
		"name": func(o *Order) { o.Peers = []Peer{{"", []string{"h:1"}}} }, "nowhere": func(o *Order) { o.Peers = []Peer{{"n", nil}} },
		"everywhere": func(o *Order) { o.Peers = []Peer{{"n", slices.Repeat([]string{"h:1"}, MaxAddresses+1)}} },
	} {
		o := good
		if change(&o); o.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestPacket(t *testing.T) {
	key := []byte("0123456789abcdef0123456789abcdef")
	want := Packet{Kind: Answer, Session: 1 << 63, Sequence: 7, T1: noon, T2: noon.Add(time.Nanosecond), Hold: time.Microsecond, Up: time.Hour}
	b := want.Append([]byte("x"), key)[1:]
	got, err := ParsePacket(b, key)
	if err != nil || len(b) != PacketSize || !got.T1.Equal(want.T1) || !got.T2.Equal(want.T2) || got.Hold != want.Hold || got.Up != want.Up || got.Session != want.Session || got.Sequence != 7 {
		t.Fatalf("%+v, %v", got, err)
	}
	for i := range b {
		bad := bytes.Clone(b)
		bad[i] ^= 1
		if _, err := ParsePacket(bad, key); err != ErrPacket {
			t.Errorf("byte %d: %v", i, err)
		}
	}
}

func FuzzPacket(f *testing.F) {
	key := []byte("k")
	f.Add(Packet{Kind: Question, T1: noon}.Append(nil, key))
	f.Add([]byte("CFT1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := ParsePacket(b, []byte("other")); err == nil {
			t.Fatal("taken with a foreign key")
		}
		if len(b) < macFrom {
			return
		}
		// With a true MAC the rest of the parser is reached.
		signed := append(bytes.Clone(b[:macFrom]), mac(b[:macFrom], key)[:PacketSize-macFrom]...)
		if p, err := ParsePacket(signed, key); err == nil && !bytes.Equal(p.Append(nil, key), signed) {
			t.Fatalf("%x reads as %+v and writes differently", signed, p)
		}
	})
}

func FuzzRead(f *testing.F) {
	// Small ones: the fuzzer spends its time on making large ones shorter.
	f.Add([]byte(`{"version":1,"links":[{"from":"a","to":"b","clock":{"offset_ms":5,"error_ms":1,"steps":[{"by_ms":1}]}}]}`))
	f.Add([]byte(`{"version":1,"rounds":[{"due":"2026-03-01T12:00:00Z","starts":[{"node":"a","error_ms":1}],"skew_ms":1}]}`))
	f.Add([]byte(`{"version":1,"links":[{"from":"a","to":"b","phases":[{"rtt":{}}]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		rec, err := Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := Write(&out, rec); err != nil {
			t.Fatalf("cannot be written: %v", err)
		}
		again, err := Read(&out)
		if err != nil {
			t.Fatalf("cannot be read again: %v", err)
		}
		if d := cmp.Diff(rec.Links, again.Links, cmpopts.EquateEmpty()); d != "" {
			t.Fatal(d)
		}
	})
}

func FuzzReadNode(f *testing.F) {
	f.Add([]byte(`{"version":1,"hiccups":{"step_ms":1,"worst":[{"late_ms":3}]},"names":[{"target":"h"}]}`))
	f.Add([]byte(`{"version":1,"databases":[{"tries":1,"steps":[{"name":"query","count":1,"p50_ms":0}]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := ReadNode(bytes.NewReader(b))
		if err != nil {
			return
		}
		if err := WriteNode(&bytes.Buffer{}, n); err != nil {
			t.Fatal(err)
		}
	})
}
