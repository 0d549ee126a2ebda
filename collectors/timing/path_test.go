package timing

import (
	"net"
	"sync"
	"testing"

	"casefile/bundle/format/timing"
)

// TestPath asks a responder whose way carries all, and ways that swallow what is larger than they carry.
func TestPath(t *testing.T) {
	key := NewKey()
	r, err := Listen(t.Context(), "udp://127.0.0.1:0", key)
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = r.Serve(t.Context()) })
	t.Cleanup(serving.Wait)
	_, whole, err := timing.SplitAddress(r.Address())
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		name    string
		address string
		want    *timing.Path
	}{
		{"all", whole, &timing.Path{MTU: maxPath, Carried: maxPath}},
		{"a tunnel", swallowing(t, whole, 1450), &timing.Path{MTU: maxPath, Carried: 1450}},
		{"no padded question", swallowing(t, whole, timing.PacketSize+28), nil},
		{"nobody", swallowing(t, whole, 0), nil},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			got := pathOf(t.Context(), x.address, key)
			if (got == nil) != (x.want == nil) || got != nil && *got != *x.want {
				t.Errorf("%+v, want %+v", got, x.want)
			}
		})
	}
}

// swallowing passes packets on to a responder unless they are larger than a size, with the headers that they travel with.
func swallowing(t *testing.T, to string, most int) (address string) {
	t.Helper()
	in, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	out, err := net.Dial("udp", to)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { in.Close(); out.Close(); wg.Wait() })
	wg.Go(func() {
		buf, answer := make([]byte, 1<<16), make([]byte, timing.PacketSize)
		for {
			n, from, err := in.ReadFrom(buf)
			if err != nil {
				return
			}
			if n+20+8 > most {
				continue
			}
			if _, err := out.Write(buf[:n]); err == nil {
				if n, err = out.Read(answer); err == nil {
					_, _ = in.WriteTo(answer[:n], from)
				}
			}
		}
	})
	return in.LocalAddr().String()
}
