package say

import (
	"slices"
	"testing"
	"time"
)

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Percent(0), "0 %"}, {Percent(0.58), "58 %"}, {Percent(0.024), "2.4 %"}, {Percent(0.05), "5 %"}, {Percent(0.9993), "99.93 %"},
		{Percent(1), "100 %"}, {Percent(0.953), "95.3 %"}, {Percent(0.0034), "0.34 %"}, {Percent(0.00001), "under 0.01 %"}, {Percent(2.5), "250 %"},
		{Bytes(int64(0)), "0 B"}, {Bytes(int64(96 << 20)), "96 MB"}, {Bytes(int64(1500 << 20)), "1.5 GB"}, {Bytes(int64(310 << 20)), "310 MB"},
		{Bytes(1023.99 * 1024), "1 MB"}, {Bytes(float64(12*1024+300) * MB), "12.3 GB"}, {Bytes(-2048.0), "-2 KB"},
		{Took(0), "0 s"}, {Took(250 * time.Microsecond), "250 µs"}, {Took(12340 * time.Microsecond), "12.3 ms"}, {Took(999600 * time.Microsecond), "1 s"},
		{Took(1402 * time.Millisecond), "1.4 s"}, {Took(9960 * time.Millisecond), "10 s"}, {Took(17 * time.Second), "17 s"},
		{Took(185 * time.Second), "3 min 5 s"}, {Took(2 * time.Minute), "2 min"}, {Took(26 * time.Hour), "26 h"}, {Took(50 * time.Hour), "2 d 2 h"},
		{Seconds(0), "an unknown time"}, {Count(1, "thread"), "1 thread"}, {Count(12000, "thread"), "12\u202f000 threads"}, {HowOften(1), "once"},
		{Number(6.666), "6.67"}, {Number(-0.0001), "0"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// A phrase says its figures in words and keeps them; without them, two that say the same are alike.
func TestPhrase(t *testing.T) {
	make := func(n int, who string, share float64) Phrase {
		in := Text("%s in %s", Counted("waiters", n, "thread"), As(who, "exec"))
		return Text("%s wait for %s of the time%s", in, Share("share", share), Phrase{})
	}
	a, b := make(1, "exec-1", 0.5), make(7, "exec-12", 0.25)
	if a.String() != "1 thread in exec-1 wait for 50 % of the time" || b.String() != "7 threads in exec-12 wait for 25 % of the time" {
		t.Errorf("%s / %s", a, b)
	}
	if a.Pattern() != b.Pattern() {
		t.Errorf("%s / %s", a.Pattern(), b.Pattern())
	}
	type plain struct {
		name, unit string
		value      float64
	}
	var got []plain
	for _, f := range b.Figures() {
		got = append(got, plain{f.Name, f.Unit, f.Value})
	}
	if !slices.Equal(got, []plain{{"waiters", "threads", 7}, {"share", "1", 0.25}}) {
		t.Errorf("%v", got)
	}
	if l := Enumerate([]Phrase{Text("a"), Text("b"), Text("c")}); l.String() != "a, b and c" {
		t.Error(l)
	}
}
