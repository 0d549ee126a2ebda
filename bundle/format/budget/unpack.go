package budget

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Window bounds the memory that a zstd frame can ask for.
const Window = 32 << 20

// Unpack removes gzip, zstd, xz or bzip2 from a file of the input; what is in none is
// given as it is.
func (m *Room) Unpack(r io.Reader) (io.Reader, error) {
	in := bufio.NewReader(r)
	head, _ := in.Peek(10)
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		part := m.Part(0)
		z, err := gzip.NewReader(part.Source(in))
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		return part.Reader(z), nil
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		part := m.Part(0)
		z, err := zstd.NewReader(part.Source(in), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(Window))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		return part.Reader(z.IOReadCloser()), nil
	case IsXZ(head):
		part := m.Part(0)
		z, err := NewXZ(part.Source(in))
		if err != nil {
			return nil, err
		}
		return part.Reader(z), nil
	case IsBzip2(head):
		part := m.Part(0)
		return part.Reader(bzip2.NewReader(part.Source(in))), nil
	}
	return in, nil
}

// IsBzip2 reports whether a file begins as bzip2 does: with the size of its blocks, in 100 kB, and the first half of pi.
func IsBzip2(head []byte) bool {
	return len(head) >= 10 && string(head[:3]) == "BZh" && head[3] >= '1' && head[3] <= '9' && string(head[4:10]) == "1AY&SY"
}
