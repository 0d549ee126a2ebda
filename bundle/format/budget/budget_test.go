package budget

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

func zeros(n int64) io.Reader { return io.LimitReader(endless{}, n) }

type endless struct{}

func (endless) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func packedZeros(t *testing.T, n int64) *bytes.Buffer {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := io.Copy(z, zeros(n)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return &packed
}

// What a packed file within an input unpacks to counts for itself and for the whole; one that is over costs only itself.
func TestRoomOfPackedFiles(t *testing.T) {
	room := NewRoom(With(t.Context(), Limits{Unpacked: 3 << 20}), 100)
	for i, want := range []struct {
		size, read int64
		over       bool
	}{{1 << 20, 1 << 20, false}, {1 << 20, 1 << 20, false}, {5 << 20, 1 << 20, true}, {100, 0, true}} {
		in, err := room.Unpack(packedZeros(t, want.size))
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, in)
		if n < want.read || n > want.read+64<<10 || IsOver(err) != want.over {
			t.Errorf("file %d: read %d, %v", i, n, err)
		}
	}
	roomy := NewRoom(With(t.Context(), Limits{}), MaxUnpacked)
	for i, want := range []bool{true, false} {
		in, _ := roomy.Unpack(packedZeros(t, []int64{FreeUnpacked + 1<<20, 1 << 20}[i]))
		if _, err := io.Copy(io.Discard, in); IsOver(err) != want {
			t.Errorf("file %d: %v", i, err)
		}
	}
}

func TestRoomEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in := NewRoom(ctx, 1).Reader(endless{})
	if _, err := io.CopyN(io.Discard, in, 1<<20); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.Copy(io.Discard, in); !errors.Is(err, context.Canceled) {
		t.Errorf("after an interrupt: %v", err)
	}
	full := NewRoom(With(t.Context(), Limits{Memory: 1}), MaxUnpacked)
	if _, err := io.Copy(io.Discard, full.Reader(endless{})); !IsOver(err) || !strings.Contains(err.Error(), "--max-memory") {
		t.Errorf("without memory: %v", err)
	}
}

func TestStream(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	ctx, cancel := context.WithCancel(With(t.Context(), Limits{Silence: time.Millisecond}))
	defer cancel()
	if _, err := w.WriteString("what came"); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(Stream(ctx, r))
	if string(text) != "what came" && len(text) != 0 || !IsOver(err) {
		t.Errorf("silent: %q, %v", text, err)
	}
	cancel()
	if _, err := io.ReadAll(Stream(ctx, r)); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	whole, err := io.ReadAll(Stream(t.Context(), zeros(1<<20+7)))
	if len(whole) != 1<<20+7 || err != nil {
		t.Errorf("%d bytes, %v", len(whole), err)
	}
}

func TestUnmarshalCounts(t *testing.T) {
	var v struct{ List []struct{ A, B, C string } }
	if err := Unmarshal([]byte(`{"list":[{"a":"x"},{}]}`), &v); err != nil || len(v.List) != 2 {
		t.Errorf("%v, %v", v, err)
	}
	if err := Unmarshal([]byte(`{"list":[`+strings.Repeat("{},", maxObjects)+`{}]}`), &v); !IsOver(err) {
		t.Errorf("objects without end: %v", err)
	}
}
