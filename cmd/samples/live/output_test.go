package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestLinesInPieces(t *testing.T) {
	o := newOutput()
	for _, piece := range []string{"on", "e\r\ntwo\nthr", "ee 3\n", "\nlast"} {
		fmt.Fprint(o, piece)
	}
	ctx, cancel := context.WithCancel(t.Context())
	for _, want := range []string{"two", "three 3"} {
		if got, err := o.next(ctx, want[:3]); got != want || err != nil {
			t.Errorf("next(%q) = %q, %v", want[:3], got, err)
		}
	}
	cancel()
	if _, err := o.next(ctx, "one"); !errors.Is(err, context.Canceled) {
		t.Errorf("a line that was passed over: %v", err)
	}
	o.end()
	if got, err := o.next(t.Context(), "last"); got != "last" || err != nil {
		t.Errorf("line without an end: %q, %v", got, err)
	}
	if _, err := o.next(t.Context(), "more"); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
}

func TestNextWaits(t *testing.T) {
	o := newOutput()
	got := make(chan string)
	go func() {
		line, _ := o.next(t.Context(), "late")
		got <- line
	}()
	fmt.Fprintln(o, "early")
	fmt.Fprintln(o, "late 1")
	if line := <-got; line != "late 1" {
		t.Errorf("got %q", line)
	}
}

func TestOutputIsBounded(t *testing.T) {
	o := newOutput()
	line := strings.Repeat("x", lineLimit+100) + "\n"
	for range outputLimit/lineLimit + 10 {
		fmt.Fprint(o, line)
	}
	fmt.Fprintln(o, "end")
	if n := len(o.String()); n > outputLimit {
		t.Errorf("%d bytes kept", n)
	}
	if got, err := o.next(t.Context(), "end"); got != "end" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}
