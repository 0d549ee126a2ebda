package budget

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Window bounds the memory that a zstd frame can ask for.
const Window = 32 << 20

// Unpack removes gzip or zstd from a file of the input; what is in neither is
// given as it is.
func (m *Room) Unpack(r io.Reader) (io.Reader, error) {
	in := bufio.NewReader(r)
	head, _ := in.Peek(4)
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
	}
	return in, nil
}
