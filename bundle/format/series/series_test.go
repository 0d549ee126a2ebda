package series

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"
)

func at(s int) time.Time { return time.UnixMilli(int64(s) * 1000) }

func TestRoundTrip(t *testing.T) {
	e := NewEncoder(Header{Source: "test", Target: "x"})
	e.Add(at(1), map[string]float64{"a": 1, "b": 2.5})
	e.Add(at(2), map[string]float64{"a": 1, "b": 3, "bad": math.NaN()})
	e.Add(at(3), map[string]float64{"a": 7, "b": 3, "c": 9})
	if got := strings.Count(e.buf.String(), `"a"`); got != 2 {
		t.Errorf("a did not change once, so it must be written twice, not %d times:\n%s", got, e.Bytes())
	}
	s, err := Read(bytes.NewReader(e.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]float64{"a": {1, 1, 7}, "b": {2.5, 3, 3}, "c": {math.NaN(), math.NaN(), 9}} {
		for i, w := range want {
			if v := s.Values(name)[i]; v != w && !(math.IsNaN(v) && math.IsNaN(w)) {
				t.Errorf("%s[%d] = %v, want %v", name, i, v, w)
			}
		}
	}
	if s.Values("bad") != nil {
		t.Error("NaN was written")
	}
	if d, over, ok := s.Delta("a"); d != 6 || over != 2*time.Second || !ok {
		t.Errorf("Delta(a) = %v %v %v", d, over, ok)
	}
	if _, _, ok := s.Delta("c"); ok {
		t.Error("Delta of a single value must not be ok")
	}
}

func TestJoinKeepsColumnsAligned(t *testing.T) {
	a := NewEncoder(Header{Source: "t"})
	a.Add(at(1), map[string]float64{"x": 1})
	b := NewEncoder(Header{Source: "t"})
	b.Add(at(2), map[string]float64{"y": 5})
	first, _ := Read(bytes.NewReader(a.Bytes()))
	second, _ := Read(bytes.NewReader(b.Bytes()))
	first.Join(second)
	for _, name := range first.Names() {
		if n := len(first.Values(name)); n != 2 {
			t.Errorf("%s has %d values for 2 times", name, n)
		}
	}
}

func TestCutAndForeignInput(t *testing.T) {
	e := NewEncoder(Header{Source: "t"})
	e.Add(at(1), map[string]float64{"x": 1})
	e.Add(at(2), map[string]float64{"x": 2})
	cut := e.Bytes()[:len(e.Bytes())-5]
	s, err := Read(bytes.NewReader(cut))
	if err != nil || len(s.Times) != 1 || s.Skipped != 1 {
		t.Errorf("cut series: %d samples, %d skipped, %v", len(s.Times), s.Skipped, err)
	}
	for _, bad := range []string{"", "hello\n", `{"series":99}` + "\n"} {
		if _, err := Read(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("{\"series\":1,\"source\":\"s\"}\n{\"t\":1,\"v\":{\"a\":1}}\n{\"t\":2,\"v\":{\"b\":1e300}}\n"))
	f.Add([]byte("{\"series\":1}\n\n{\"t\":1}\n{"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, _ := Read(bytes.NewReader(b))
		for _, name := range s.Names() {
			if len(s.Values(name)) != len(s.Times) {
				t.Fatalf("column %q has %d values for %d times", name, len(s.Values(name)), len(s.Times))
			}
			s.Delta(name)
		}
	})
}
