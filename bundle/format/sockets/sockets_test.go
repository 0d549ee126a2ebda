package sockets

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var sameAddr = cmpopts.EquateComparable(netip.AddrPort{})

func addr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func TestRoundTrip(t *testing.T) {
	in := &Snapshot{PID: 4711, Taken: time.UnixMilli(1732347000123), LeftOut: 3, Sockets: []Socket{
		{Local: addr("10.0.0.1:50001"), Remote: addr("10.0.0.5:5432"), State: "ESTABLISHED", SendQ: 12, RecvQ: 7, Retransmits: 2},
		{Local: addr("[::1]:8090"), Remote: addr("[::]:0"), State: "LISTEN"},
	}}
	out, err := Read(bytes.NewReader(in.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(in, out, sameAddr); d != "" {
		t.Error(d)
	}
	out, err = Read(bytes.NewReader(append(in.Encode(), "10.0.0.1:5\t10.0"...)))
	if err != nil || len(out.Sockets) != 2 || out.Skipped != 1 {
		t.Errorf("a cut line: %+v, %v", out, err)
	}
	for _, bad := range []string{"", "x\n", magic + "pid=x\n"} {
		if _, err := Read(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is taken for a table", bad)
		}
	}
}

// Fields as Linux prints them on a machine of little endian order.
const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F9A 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 111 1 0000000000000000 100 0 0 10 0
   1: 0100000A:C351 0500000A:1538 01 0000000C:00000007 01:00000014 00000002  1000        0 222 1 0000000000000000 20 4 30 10 -1
   2: 0100000A:C352 0500000A:1538 01 00000000:00000000 00:00000000 00000000  1000        0 333 1 0000000000000000 20 4 30 10 -1
   3: 0100000A:C353 0500000A:15
`

func TestReadTable(t *testing.T) {
	if !addrOK(t) {
		t.Skip("written for little endian")
	}
	got, err := ReadTable(strings.NewReader(table), func(inode string) bool { return inode != "333" })
	if err != nil {
		t.Fatal(err)
	}
	want := []Socket{{Local: addr("127.0.0.1:8090"), Remote: addr("0.0.0.0:0"), State: "LISTEN", Inode: "111"},
		{Local: addr("10.0.0.1:50001"), Remote: addr("10.0.0.5:5432"), State: "ESTABLISHED", SendQ: 12, RecvQ: 7, Retransmits: 2, Inode: "222"}}
	if d := cmp.Diff(want, got, sameAddr); d != "" {
		t.Error(d)
	}
}

func addrOK(t *testing.T) bool {
	t.Helper()
	a, ok := ParseAddr("0100007F:1F9A")
	return ok && a.Addr().IsLoopback()
}

func FuzzRead(f *testing.F) {
	f.Add((&Snapshot{PID: 1, Sockets: []Socket{{Local: addr("1.2.3.4:5"), Remote: addr("[::1]:6"), State: "LISTEN"}}}).Encode())
	f.Add([]byte(table))
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := ReadTable(bytes.NewReader(text), func(string) bool { return true }); err != nil && len(text) < 60_000 {
			t.Error(err)
		}
		s, err := Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		again, err := Read(bytes.NewReader(s.Encode()))
		if err != nil || len(again.Sockets) != len(s.Sockets) {
			t.Errorf("%d sockets, then %v, %v", len(s.Sockets), again, err)
		}
	})
}
