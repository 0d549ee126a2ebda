package goproc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func TestParseIndex(t *testing.T) {
	rows := map[string]string{
		"1.8":  "<tr><td align=right>7<td><a href=\"goroutine?debug=1\">goroutine</a>\n<tr><td align=right>0<td><a href=\"mutex?debug=1\">mutex</a>\n",
		"1.12": "<tr><td>7</td><td><a href=goroutine?debug=1>goroutine</a></td></tr>\n<tr><td>0</td><td><a href=mutex?debug=1>mutex</a></td></tr>\n",
		"1.26": "<tr><td>7</td><td><a href='goroutine?debug=1'>goroutine</a></td></tr>\n<tr><td>0</td><td><a href='mutex?debug=1'>mutex</a></td></tr>\n",
	}
	for release, text := range rows {
		x, ok := parseIndex([]byte("<html>\n<head>\n<title>/debug/pprof/</title>\n</head>" + text))
		if d := cmp.Diff(index{"goroutine": 7, "mutex": 0}, x); d != "" || !ok {
			t.Errorf("Go %s: %v, index (-want +got):\n%s", release, ok, d)
		}
		if _, ok := parseIndex([]byte("<title>shop</title>" + text)); ok {
			t.Errorf("Go %s: a page of another title is an index", release)
		}
	}
	if _, ok := parseIndex([]byte("<title>/debug/pprof/</title>no rows")); ok {
		t.Error("a page without goroutines is an index")
	}
}

func TestParseBase(t *testing.T) {
	for in, want := range map[string]string{
		"http://127.0.0.1:6060":             "http://127.0.0.1:6060/debug/pprof/",
		"127.0.0.1:6060":                    "http://127.0.0.1:6060/debug/pprof/",
		"https://h/":                        "https://h/debug/pprof/",
		"http://h:1/debug/pprof":            "http://h:1/debug/pprof/",
		"http://h:1/debug/pprof/?debug=1#x": "http://h:1/debug/pprof/",
		"http://h:1/proxy/debug/pprof//":    "http://h:1/proxy/debug/pprof/",
		"http://user:pass@[::1]:80/x":       "http://user:pass@[::1]:80/x/debug/pprof/",
	} {
		u, err := parseBase(in)
		if err != nil || u.String() != want {
			t.Errorf("%s: %v, %v; want %s", in, u, err, want)
		}
	}
	for _, in := range []string{"", "http://", "ftp://h", "file:///etc/passwd", "http://h:port", "http://%zz"} {
		if u, err := parseBase(in); err == nil {
			t.Errorf("%q gave %s", in, u)
		}
	}
}

// As a kernel of a little-endian machine prints them.
const (
	tcp4 = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:17AC 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0000000000000000 100 0 0 10 0
   2: 0501A8C0:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000000000000000 100 0 0 10 0
   3: 0100007F:9D4C 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 4714 1 0000000000000000 20 4 30 10 -1
   4: 0100007F:1771 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4715 1 0000000000000000 100 0 0 10 0
`
	tcp6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:1F91 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4716 1 0000000000000000 100 0 0 10 0
   1: 00000000000000000000000001000000:1F92 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4717 1 0000000000000000 100 0 0 10 0
   2: 0000000000000000FFFF00000100007F:1F93 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4718 1 0000000000000000 100 0 0 10 0
`
)

func TestReadListening(t *testing.T) {
	got := map[string]netip.AddrPort{}
	readListening(strings.NewReader(tcp4), got) // ends at the first connection: 4715 is never reached
	readListening(strings.NewReader(tcp6), got)
	want := map[string]string{"4711": "127.0.0.1:6060", "4712": "0.0.0.0:8080", "4716": "[::]:8081", "4717": "[::1]:8082", "4718": "127.0.0.1:8083"}
	text := map[string]string{}
	for inode, a := range got {
		text[inode] = a.String()
	}
	if d := cmp.Diff(want, text); d != "" {
		t.Errorf("sockets (-want +got):\n%s", d)
	}
}

func TestAddresses(t *testing.T) {
	for in, want := range map[string]string{"0.0.0.0:1": "[127.0.0.1:1]", "[::]:2": "[[::1]:2 127.0.0.1:2]", "127.0.0.5:3": "[127.0.0.5:3]", "[::1]:4": "[[::1]:4]"} {
		if got := fmt.Sprint(addresses(netip.MustParseAddrPort(in))); got != want {
			t.Errorf("%s is asked at %s, want %s", in, got, want)
		}
	}
}

func TestContains(t *testing.T) {
	const chunk = 256 << 10
	for at := chunk - len(mark) - 1; at <= chunk+1; at++ { // across the edge of the buffer
		text := strings.Repeat("x", at) + string(mark) + strings.Repeat("y", chunk)
		if !contains(iotest.HalfReader(strings.NewReader(text)), mark) {
			t.Errorf("not found at %d", at)
		}
		if contains(strings.NewReader(strings.Replace(text, "Index", "index", 1)), mark) {
			t.Errorf("found at %d what is not there", at)
		}
	}
}

func TestBudget(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := &budget{ctx: ctx, r: strings.NewReader("0123456789"), left: 8}
	if n, err := b.ReadAt(make([]byte, 4), 0); n != 4 || err != nil {
		t.Errorf("first read: %d, %v", n, err)
	}
	if _, err := b.ReadAt(make([]byte, 5), 4); !errors.Is(err, errBudget) {
		t.Errorf("read beyond the budget: %v", err)
	}
	cancel()
	if _, err := b.ReadAt(make([]byte, 1), 0); !errors.Is(err, context.Canceled) {
		t.Errorf("read after the end: %v", err)
	}
}

func TestExplain(t *testing.T) {
	for _, tt := range []struct {
		err    error
		reason string
	}{
		{fmt.Errorf("dial: %w", syscall.ECONNREFUSED), "nothing listens at the address"},
		{io.ErrUnexpectedEOF, "the service ended the connection in the middle of the answer"},
		{errEnded, "the capture was ended before the answer came"},
		{&refusal{503, "try later"}, "the service answered 503: try later"},
		{errors.New("some\nother\x1b[1m thing"), "some other [1m thing"},
		{errors.New(strings.Repeat("long ", 1000)), strings.TrimSpace(strings.Repeat("long ", 40))},
	} {
		if reason, _ := explain(tt.err); reason != tt.reason {
			t.Errorf("%v is explained by %q, want %q", tt.err, reason, tt.reason)
		}
	}
}

// A process found and an address named by the user meet when they are one.
func TestListenerOf(t *testing.T) {
	own := &process{pid: 1, listens: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:6060")}}
	anyAddr := &process{pid: 2, listens: []netip.AddrPort{netip.MustParseAddrPort("[::]:80")}}
	contained := &process{pid: 3, foreignNet: true, listens: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:7070")}}
	for address, want := range map[string]*process{
		"http://127.0.0.1:6060": own, "http://localhost:6060/x": own, "http://[::1]:6060": nil, "http://127.0.0.1": anyAddr,
		"http://127.0.0.1:7070": nil, "http://10.0.0.1:6060": nil, "http://example.org:6060": nil,
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := listenerOf(u, []*process{own, anyAddr, contained}); got != want {
			t.Errorf("%s leads to %+v", address, got)
		}
	}
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte("<title>/debug/pprof/</title><tr><td>7</td><td><a href='goroutine?debug=1'>goroutine</a></td></tr>"))
	f.Add([]byte("<title>/debug/pprof/</title><tr><td align=right>999999999<td><a href=\"goroutine?debug=1\">"))
	f.Fuzz(func(t *testing.T, page []byte) {
		x, ok := parseIndex(page)
		for name := range maps.Keys(x) {
			if x[name] < 0 || len(name) > len(page) {
				t.Errorf("%q has %d", name, x[name])
			}
		}
		if ok && len(x) == 0 {
			t.Error("an index without profiles")
		}
	})
}

func FuzzListening(f *testing.F) {
	f.Add(tcp4)
	f.Add(tcp6)
	f.Fuzz(func(t *testing.T, text string) {
		m := map[string]netip.AddrPort{}
		readListening(strings.NewReader(text), m)
		for inode, a := range m {
			if !a.IsValid() || !a.Addr().IsLoopback() && !a.Addr().IsUnspecified() {
				t.Errorf("inode %q at %v", inode, a)
			}
		}
	})
}

func FuzzExecutable(f *testing.F) {
	if exe, err := os.ReadFile("/bin/true"); err == nil && len(exe) < 1<<20 {
		f.Add(exe)
	}
	f.Add([]byte("\x7fELF\x02\x01\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if b := inspectExecutable(t.Context(), strings.NewReader(string(data))); b != nil && b.info == nil {
			t.Error("a Go program without build information")
		}
	})
}
