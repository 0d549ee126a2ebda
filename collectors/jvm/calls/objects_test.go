package calls

import (
	"net/netip"
	"strings"
	"testing"

	"casefile/bundle/format/sockets"
	"casefile/bundle/format/waits"
)

func TestObjectOf(t *testing.T) {
	local, remote := netip.MustParseAddrPort("10.0.0.1:50001"), netip.MustParseAddrPort("10.0.0.5:5432")
	known := Sockets{}
	known.Add([]sockets.Socket{{Inode: "7", Local: local, Remote: remote},
		{Inode: "8", Local: local, Remote: netip.MustParseAddrPort("0.0.0.0:0"), State: "LISTEN"}})
	for _, c := range []struct {
		link  string
		want  waits.Object
		known bool
	}{
		{"socket:[7]", waits.Object{Kind: waits.TCP, Local: local, Remote: remote}, true},
		{"socket:[8]", waits.Object{Kind: waits.TCP, Local: local}, true},
		{"socket:[9]", waits.Object{Kind: waits.Socket}, false},
		{"pipe:[7]", waits.Object{Kind: waits.Pipe}, true},
		{"anon_inode:[eventfd]", waits.Object{Kind: waits.EventFD}, true},
		{"anon_inode:[eventpoll]", waits.Object{Kind: waits.Other}, true},
		{"/var/lib/shop/journal (deleted)", waits.Object{Kind: waits.File, Path: "/var/lib/shop/journal (deleted)"}, true},
		{"/dev/random", waits.Object{Kind: waits.Device, Path: "/dev/random"}, true},
		{"/dev/shm/a", waits.Object{Kind: waits.File, Path: "/dev/shm/a"}, true},
		{"/memfd:jit (deleted)", waits.Object{Kind: waits.Other}, true},
		{"", waits.Object{}, true},
	} {
		if got, ok := objectOf(c.link, known); got != c.want || ok != c.known {
			t.Errorf("%q: %+v %v", c.link, got, ok)
		}
	}
}

func TestReadUnix(t *testing.T) {
	const table = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 20442 /run/post gres/.s.PGSQL.5432
0000000000000000: 00000002 00000000 00000000 0001 03 20443
0000000000000000: 00000002 00000000 00000000 0001 03 20444 @/tmp/x
0000000000000000: 00000002 00000000 00000000 0001 03
`
	got := Sockets{}
	err := readUnix(got, strings.NewReader(table), func(inode string) bool { return inode != "20444" })
	if err != nil || len(got) != 2 || got["20442"].Path != "/run/post gres/.s.PGSQL.5432" ||
		got["20443"] != (waits.Object{Kind: waits.Unix}) {
		t.Errorf("%+v %v", got, err)
	}
}
