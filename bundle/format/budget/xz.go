package budget

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/ulikunitz/xz"
)

var xzMagic = []byte("\xfd7zXZ\x00")

// IsXZ reports whether a file begins as xz does.
func IsXZ(head []byte) bool { return bytes.HasPrefix(head, xzMagic) }

// xzWindow bounds the dictionary that an xz file may ask for, in bytes: that of xz -9.
const xzWindow = 64 << 20

// NewXZ unpacks xz. A file whose first block asks for a larger dictionary than xz -9 makes is refused.
func NewXZ(r io.Reader) (io.Reader, error) {
	in := bufio.NewReader(r)
	head, _ := in.Peek(64)
	if size, err := xzDictionary(head); err != nil {
		return nil, fmt.Errorf("xz: %w", err)
	} else if size > xzWindow {
		return nil, fmt.Errorf("xz: its dictionary is larger than %s", Size(xzWindow))
	}
	z, err := xz.NewReader(in)
	if err != nil {
		return nil, fmt.Errorf("xz: %w", err)
	}
	return z, nil
}

var errXZ = errors.New("its first block cannot be read")

// xzDictionary is the size of the dictionary of the first block, in bytes; 0 when there is no block
// (https://tukaani.org/xz/xz-file-format.txt, 3.1 and 5.3.1).
func xzDictionary(head []byte) (int64, error) {
	const streamHeader, lzma2 = 12, 0x21
	if len(head) < streamHeader+2 {
		return 0, errXZ
	}
	b := head[streamHeader:]
	if b[0] == 0 { // the index
		return 0, nil
	}
	flags := b[1]
	at := 2
	for _, size := range []byte{0x40, 0x80} { // of the block, packed and not
		if flags&size != 0 {
			_, n := binary.Uvarint(b[at:])
			if n <= 0 {
				return 0, errXZ
			}
			at += n
		}
	}
	for range flags&3 + 1 {
		id, n := binary.Uvarint(b[min(at, len(b)):])
		if n <= 0 || at+n+1 >= len(b) {
			return 0, errXZ
		}
		at += n
		length := int(b[at])
		if at++; id == lzma2 {
			bits := b[at] & 0x3f
			if bits >= 40 {
				return 1<<32 - 1, nil
			}
			return int64(2|bits&1) << (bits/2 + 11), nil
		}
		at += length
	}
	return 0, errXZ
}
