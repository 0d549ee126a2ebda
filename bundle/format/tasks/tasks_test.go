package tasks

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRoundTrip(t *testing.T) {
	in := &Snapshot{PID: 4711, Started: time.UnixMilli(1732347000123), Ended: time.UnixMilli(1732347000131), Tasks: []Task{
		{TID: 4712, NID: 7, State: 'S', CPU: 12311751, Delay: 4152451, Switches: 15, Processor: 1, Comm: "main"},
		{TID: 4713, NID: 8, State: 'R', CPU: time.Hour, Comm: "a\tb\nc", Wchan: "futex_do_wait"},
	}}
	out, err := Read(bytes.NewReader(in.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	in.Tasks[1].Comm = "a b c"
	if d := cmp.Diff(in, out); d != "" {
		t.Error(d)
	}
}

func TestReadTellsWhatItSkips(t *testing.T) {
	text := string((&Snapshot{PID: 1, Tasks: []Task{{TID: 1, State: 'S', Comm: "x"}}}).Encode()) + "12\t13\tS\t99"
	s, err := Read(strings.NewReader(text))
	if err != nil || len(s.Tasks) != 1 || s.Skipped != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	for _, bad := range []string{"", "tid\tnid\n", "# casefile-tasks 1 pid=x\n"} {
		if _, err := Read(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add((&Snapshot{PID: 1, Tasks: []Task{{TID: 1, State: 'S', Comm: "x"}}}).Encode())
	f.Add([]byte("# casefile-tasks 1 pid=1 started_ms=1 ended_ms=2\n\t\t\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		again, err := Read(bytes.NewReader(s.Encode()))
		if err != nil || len(again.Tasks) != len(s.Tasks) {
			t.Fatalf("%d tasks became %d: %v", len(s.Tasks), len(again.Tasks), err)
		}
	})
}
