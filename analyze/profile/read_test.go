package profile

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

func gz(data []byte) []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	_, _ = w.Write(data)
	_ = w.Close()
	return buf.Bytes()
}

func TestHostileInput(t *testing.T) {
	good := newMaker("cpu/nanoseconds").add("main;hash", nil, 3).bytes(t)
	tests := []struct {
		name string
		data []byte
		want error
	}{
		{"empty", nil, ErrNotProfile},
		{"empty gzip", gz(nil), ErrNotProfile},
		{"page", []byte("<html><body>404 page not found</body></html>"), ErrNotProfile},
		{"text", []byte("goroutine profile: total 4\n4 @ 0x1 0x2\n"), ErrNotProfile},
		{"gzipped page", gz([]byte("<html>")), ErrNotProfile},
		{"cut gzip", good[:len(good)-9], ErrCut},
		{"gzip head only", good[:5], ErrCut},
		{"cut field", []byte{0x0a, 0x7f, 1}, ErrCut},
		{"bomb", gz(make([]byte, 3<<20)), ErrTooLarge},
		{"large file", bytes.Repeat([]byte{0x32, 0}, 1<<20), ErrTooLarge},
		{"many empty samples", gz(bytes.Repeat([]byte{0x12, 0}, 500<<10)), ErrTooLarge},
		{"one sample of many locations", gz(manyLocations(800 << 10)), ErrTooLarge},
		{"sample without types", []byte{0x12, 0, 0x32, 0}, ErrNotProfile},
		{"no types", []byte{0x32, 0}, ErrNotProfile},
		{"location of nothing", []byte{0x0a, 0, 0x12, 4, 0x08, 9, 0x10, 1, 0x32, 0}, ErrNotProfile},
		{"string out of table", []byte{0x0a, 2, 0x08, 99, 0x32, 0}, ErrNotProfile},
	}
	limits := Limits{FileBytes: 1 << 20, UnpackedBytes: 2 << 20, MemoryBytes: 16 << 20}
	for _, tt := range tests {
		p, err := Read(bytes.NewReader(tt.data), "x.pb.gz", limits)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, %v; want %v", tt.name, p, err, tt.want)
		} else if !strings.Contains(err.Error(), "x.pb.gz") {
			t.Errorf("%s: %q does not name the file", tt.name, err)
		}
	}
}

// manyLocations is a profile whose one sample has n location ids of one byte each.
func manyLocations(n int) []byte {
	ids := bytes.Repeat([]byte{1}, n)
	sample := append(binary.AppendUvarint([]byte{0x0a}, uint64(n)), ids...)
	return append(binary.AppendUvarint([]byte{0x12}, uint64(len(sample))), sample...)
}

func TestErrorsOfTheReader(t *testing.T) {
	broken := errors.New("disk on fire")
	r := io.MultiReader(bytes.NewReader([]byte{0x12, 0}), errReader{broken})
	if _, err := Read(r, "", Limits{}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

func TestPlainFileIsReadToo(t *testing.T) {
	m := newMaker("cpu/nanoseconds").add("main;hash", nil, 3)
	var buf bytes.Buffer
	if err := m.p.WriteUncompressed(&buf); err != nil {
		t.Fatal(err)
	}
	p, err := Read(&buf, "", Limits{})
	if err != nil {
		t.Fatal(err)
	}
	wantShares(t, p.Main().Top(-1), share{"hash", 100, 100})
}

func TestNamesAreMadeFit(t *testing.T) {
	m := newMaker("cpu/nanoseconds").add("esc\x1b[31m\nname", nil, 1).add(strings.Repeat("n", 5000), nil, 1)
	for _, r := range m.read(t, "").Main().Top(-1) {
		if strings.ContainsAny(r.Frame, "\x1b\n") || len(r.Frame) > maxName+3 {
			t.Errorf("frame %q", r.Frame)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(newMaker("samples/count", "cpu/nanoseconds").add("main;hash+x:1", map[string]string{"k": "v"}, 1, 2).add("", nil, 3, 4).bytes(f))
	f.Add(newMaker("contentions/count", "delay/nanoseconds").add("f;sync.(*Mutex).Unlock", nil, 1, 2).bytes(f))
	f.Add([]byte{0x0a, 0, 0x12, 4, 0x08, 9, 0x10, 1, 0x32, 0})
	var plain bytes.Buffer
	_ = newMaker("alloc_space/bytes", "inuse_space/bytes").add("a;b", nil, 3, 4).p.WriteUncompressed(&plain)
	f.Add(plain.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Read(bytes.NewReader(data), "f", Limits{FileBytes: 1 << 20, UnpackedBytes: 1 << 20, MemoryBytes: 32 << 20})
		if err != nil {
			return
		}
		for _, v := range p.Views() {
			use(t, v)
		}
		if m, err := Merge([]Part{{Node: "a", Profile: p}, {Node: "b", Profile: p}}); err == nil {
			use(t, m.Main())
		}
		if d, err := Delta(p, p); err == nil && len(d.Raw().Sample) > 0 {
			t.Errorf("the delta of a profile to itself has %d samples", len(d.Raw().Sample))
		}
	})
}

// use asks everything of a view and checks what must always hold.
func use(t *testing.T, v View) {
	for _, r := range v.Top(-1) {
		if r.SelfPct > 100.001 || !utf8.ValidString(r.Frame) {
			t.Errorf("row %+v", r)
		}
	}
	v.TopCumulative(3)
	v.Labels()
	v.Summary("f", 3)
	v.Focus("k", "v").Tree()
	tree := v.Tree()
	if tree.Total < 0 {
		t.Errorf("total %d", tree.Total)
	}
	if err := errors.Join(v.Folded(io.Discard), v.Speedscope(io.Discard, "f")); err != nil {
		t.Error(err)
	}
}
