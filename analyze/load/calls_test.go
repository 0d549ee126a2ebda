package load

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/bundle"
	format "casefile/bundle/format/waits"
)

// The tables of calls are read as they were written: connections without the mapping of IPv4 to IPv6, files, and where a
// poll waits for room.
func TestCallsOfThreads(t *testing.T) {
	at := time.UnixMilli(1732347000000)
	db := netip.MustParseAddrPort("10.0.0.9:5432")
	written := []format.Wait{
		{TID: 4712, NID: 7, Call: "poll", FD: 5, Events: format.In, Kind: format.TCP, Local: netip.MustParseAddrPort("[::ffff:10.0.0.1]:50001"), Remote: db},
		{TID: 4713, NID: 8, Call: "poll", FD: 6, Events: format.Out, Kind: format.TCP, Local: netip.MustParseAddrPort("10.0.0.1:50002"), Remote: db},
		{TID: 4714, NID: 9, Call: "fsync", FD: 7, Kind: format.File, Path: "/data/journal"},
		{TID: 4715, NID: 10, Call: "futex", FD: format.NoFD},
	}
	snap := &format.Snapshot{PID: 4711, Before: at, After: at.Add(20 * time.Millisecond), Waits: written}
	samples := &format.Samples{PID: 4711, First: at, Last: at.Add(time.Second), Rounds: 10,
		Samples: []format.Sample{{Wait: written[0], Count: 4, First: at, Last: at.Add(time.Second)}}}
	on := &target{jvm: &analyze.JVM{}}
	if err := on.readCalls(nil, bundle.Entry{Path: "threads/dump-01-waits.tsv"}, bytes.NewReader(snap.Encode())); err != nil {
		t.Fatal(err)
	}
	if err := on.readSamples(nil, bundle.Entry{Path: "threads/waits-samples.tsv"}, bytes.NewReader(samples.Encode())); err != nil {
		t.Fatal(err)
	}
	table := on.jvm.Calls[0]
	if table.Source != "threads/dump-01-waits.tsv" || !table.Taken.Equal(at.Add(10*time.Millisecond)) {
		t.Errorf("%+v", table)
	}
	read, _ := table.Of(7)
	if want := netip.MustParseAddrPort("10.0.0.1:50001"); !read.Reads() || read.Conn.Local != want || read.Conn.Remote != db || read.Line != 3 {
		t.Errorf("%+v", read)
	}
	if room, _ := table.Of(8); room.Reads() || !room.Conn.Known() {
		t.Errorf("a poll for room: %+v", room)
	}
	if file, _ := table.Of(9); !file.OnDisk() || file.File != "/data/journal" || file.Conn.Known() {
		t.Errorf("%+v", file)
	}
	if other, _ := table.Of(10); other.Conn.Known() || other.OnDisk() {
		t.Errorf("%+v", other)
	}
	if s := on.jvm.Samples; s == nil || s.List[0].Count != 4 || s.List[0].Conn != read.Conn || !s.List[0].Last.Equal(at.Add(time.Second)) {
		t.Errorf("%+v", s)
	}
}
