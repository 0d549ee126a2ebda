package redact

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"casefile/bundle/format/hsperf"

	"github.com/google/pprof/profile"
)

// hsperfFile builds a file with one text.
func hsperfFile(name, text string) []byte {
	le := binary.LittleEndian
	data := (20 + len(name) + 1 + 7) &^ 7
	entry := make([]byte, data+256)
	for i, v := range []int{len(entry), 20, 256} {
		le.PutUint32(entry[4*i:], uint32(v))
	}
	entry[12] = 'B'
	le.PutUint32(entry[16:], uint32(data))
	copy(entry[20:], name)
	copy(entry[data:], text)
	b := make([]byte, 32)
	copy(b, []byte{0xca, 0xfe, 0xc0, 0xc0, 1, 2, 0, 1})
	le.PutUint32(b[8:], uint32(32+len(entry)))
	le.PutUint32(b[24:], 32)
	le.PutUint32(b[28:], 1)
	return append(b, entry...)
}

func TestHsperf(t *testing.T) {
	in := hsperfFile("java.rt.vmArgs", "-Xmx1g -Dx.password=Pl4nt!d-01 -Dy=2")
	out, err := New(nil).Bytes(Hsperf, in)
	if err != nil || len(out) != len(in) {
		t.Fatalf("%d bytes of %d, %v", len(out), len(in), err)
	}
	s, err := hsperf.Parse(out)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := s.Str("java.rt.vmArgs"); got != "-Xmx1g -Dx.password=********** -Dy=2" {
		t.Error(got)
	}
	again, _ := New(nil).Bytes(Hsperf, out)
	if hits, err := New(nil).Check(Hsperf, bytes.NewReader(out)); !bytes.Equal(again, out) || len(hits) > 0 || err != nil {
		t.Errorf("second pass differs; check %v, %v", hits, err)
	}
	in[0] = 0 // damaged: no offsets to trust
	if out, err := New(nil).Bytes(Hsperf, in); err != nil || bytes.Contains(out, []byte("Pl4nt")) || len(out) != len(in) {
		t.Errorf("damaged file: %v", err)
	}
}

func testProfile(label, comment string) []byte {
	f := &profile.Function{ID: 1, Name: "com.example.TokenStore.get"}
	l := &profile.Location{ID: 1, Line: []profile.Line{{Function: f, Line: 7}}}
	p := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "cpu", Unit: "nanoseconds"}},
		Sample:     []*profile.Sample{{Location: []*profile.Location{l}, Value: []int64{42}, Label: map[string][]string{"token": {label}, "thread": {"main"}}}},
		Location:   []*profile.Location{l}, Function: []*profile.Function{f}, Comments: []string{comment},
	}
	var b bytes.Buffer
	_ = p.Write(&b)
	return b.Bytes()
}

func TestPprof(t *testing.T) {
	out, err := New(nil).Bytes(Pprof, testProfile("Pl4nt!d-01", "run with --password Pl4nt!d-02"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.ParseData(out)
	if err != nil {
		t.Fatal(err)
	}
	if s := p.Sample[0]; s.Value[0] != 42 || s.Label["token"][0] != marker("token") || s.Label["thread"][0] != "main" || p.Function[0].Name != "com.example.TokenStore.get" {
		t.Errorf("%v", p)
	}
	if bytes.Contains([]byte(p.String()), []byte("Pl4nt")) {
		t.Error(p)
	}
	clean := testProfile("", "")
	if out, err := New(nil).Bytes(Pprof, clean); err != nil || !bytes.Equal(out, clean) {
		t.Errorf("a clean profile changed, %v", err)
	}
	var dst bytes.Buffer
	w := New(nil).Writer(&dst, Pprof)
	_, _ = w.Write([]byte{0x1f, 0x8b, 8, 0, 1, 2, 3})
	if err := w.Close(); !errors.Is(err, ErrUnreadable) || dst.Len() != 0 {
		t.Errorf("unreadable profile: %v, %d bytes written", err, dst.Len())
	}
}
