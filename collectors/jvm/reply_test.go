package jvm

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// endless gives zeros without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// What is read of a reply, and of all at a time, is bounded; what is held is given back.
func TestRepliesAreBounded(t *testing.T) {
	const most = 3 << 20
	r := newReplies(most)
	for _, n := range []int{0, 1, leastChunk - 1, leastChunk, leastChunk + 1, 1 << 20, most - 1, most} {
		want := bytes.Repeat([]byte("r"), n)
		got, err := r.read(iotest.HalfReader(bytes.NewReader(want)))
		if err != nil || !bytes.Equal(got, want) || r.held.Load() != int64(n) {
			t.Fatalf("%d bytes: %d, %v, held %d", n, len(got), err, r.held.Load())
		}
		r.free(int64(n))
	}
	var long *ErrLongReply
	var held int64
	for range repliesAtOnce - 1 {
		got, err := r.read(endless{})
		if !errors.As(err, &long) || len(got) != most+1 || long.Fix() == "" {
			t.Fatalf("endless: %d bytes, %v", len(got), err)
		}
		held += int64(len(got))
	}
	if got, err := r.read(endless{}); !errors.Is(err, errManyReplies) || got != nil {
		t.Errorf("one too many: %d bytes, %v", len(got), err)
	}
	if _, err := r.read(io.MultiReader(bytes.NewReader(make([]byte, 100)), iotest.ErrReader(io.ErrClosedPipe))); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a broken one: %v", err)
	}
	if r.held.Load() != held {
		t.Errorf("held %d, want %d", r.held.Load(), held)
	}
}
