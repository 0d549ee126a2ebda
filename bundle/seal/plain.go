package seal

import (
	"bufio"
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"filippo.io/age"
	"golang.org/x/crypto/chacha20poly1305"
)

const (
	magic       = "age-encryption.org/v1\n"
	piece       = 64 << 10
	sealedPiece = piece + chacha20poly1305.Overhead
	nonceSize   = 16
	maxHeader   = 1 << 20
)

// IsSealed reports whether a file begins like a sealed one.
func IsSealed(head []byte) bool { return bytes.HasPrefix(head, []byte(magic)) }

// Errors of what cannot be opened.
var (
	ErrLocked   = errors.New("is sealed: give a key that opens it with --age-identity FILE")
	ErrWrongKey = errors.New("is sealed to other keys than those of --age-identity")
	ErrHeader   = errors.New("its header was changed after it was sealed, or is no header of age")
)

// ChangedError is a piece that is not what was written.
type ChangedError struct{ At int64 }

// Error names the place in the file.
func (e *ChangedError) Error() string {
	return fmt.Sprintf("was changed after it was sealed, at byte %d or within 64 KiB after it", e.At)
}

// Plain is the content of a sealed file.
type Plain struct {
	*io.SectionReader
	// Cut says that the file ends early: reading ends with it.
	Cut error
}

// Open opens a sealed file of that size. One that these keys write at this moment is read as it is now.
func (k *Keys) Open(src io.ReaderAt, size int64) (*Plain, error) {
	in := bufio.NewReaderSize(io.NewSectionReader(src, 0, min(size, maxHeader)), 4<<10)
	header, err := age.ExtractHeader(in)
	if err != nil {
		return nil, ErrHeader
	}
	if k == nil {
		return nil, ErrLocked
	}
	nonce := make([]byte, nonceSize)
	if _, err := src.ReadAt(nonce, int64(len(header))); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	k.mu.Lock()
	own := k.made[string(header)+string(nonce)]
	k.mu.Unlock()
	if own != nil {
		if plain, err := own.snapshot(); !errors.Is(err, os.ErrClosed) {
			return plain, err
		}
		return openKey(src, size, own.key, own.header)
	}
	fileKey, err := k.unwrap(header)
	if err != nil {
		return nil, err
	}
	return openKey(src, size, fileKey, append(header, nonce...))
}

func (k *Keys) unwrap(header []byte) ([]byte, error) {
	if len(k.Identities) == 0 {
		return nil, ErrLocked
	}
	fileKey, err := age.DecryptHeader(header, k.Identities...)
	var none *age.NoIdentityMatchError
	switch {
	case errors.As(err, &none):
		return nil, ErrWrongKey
	case err != nil:
		return nil, fmt.Errorf("%w: %v", ErrHeader, err)
	}
	return fileKey, nil
}

// snapshot is what was written so far.
func (s *File) snapshot() (*Plain, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, os.ErrClosed
	}
	p, err := openPieces(s.f, s.key, s.header)
	if err != nil {
		return nil, err
	}
	g := &growing{p, s.disk, bytes.Clone(s.tail)}
	return &Plain{SectionReader: io.NewSectionReader(g, 0, s.size())}, nil
}

// growing is a file of which the end is in memory.
type growing struct {
	disk *pieces
	size int64
	tail []byte
}

func (g *growing) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		at := off + int64(n)
		if at >= g.size {
			if at-g.size >= int64(len(g.tail)) {
				return n, io.EOF
			}
			n += copy(p[n:], g.tail[at-g.size:])
			continue
		}
		text, err := g.disk.piece(at/piece, false)
		if err != nil {
			return n, err
		}
		n += copy(p[n:], text[at%piece:])
	}
	return n, nil
}

// pieces decrypts one after the other, in any order.
type pieces struct {
	src   io.ReaderAt
	aead  cipher.AEAD
	start int64
	size  int64 // bytes of all pieces, as they are in the file

	number int64 // of the piece in text; it is read by one goroutine
	text   []byte
}

func openPieces(src io.ReaderAt, fileKey, header []byte) (*pieces, error) {
	secret, err := hkdf.Key(sha256.New, fileKey, header[len(header)-nonceSize:], "payload", chacha20poly1305.KeySize)
	if err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.New(secret)
	return &pieces{src: src, aead: aead, start: int64(len(header)), number: -1}, err
}

// openKey finds how the file ends.
func openKey(src io.ReaderAt, size int64, fileKey, header []byte) (*Plain, error) {
	p, err := openPieces(src, fileKey, header)
	if err != nil {
		return nil, err
	}
	p.size = max(size-p.start, 0)
	whole, rest := p.size/sealedPiece, p.size%sealedPiece
	last := whole
	if rest == 0 {
		last--
	}
	plain := whole * piece
	if last >= 0 {
		if text, err := p.piece(last, true); err == nil {
			return &Plain{SectionReader: io.NewSectionReader(&ended{p, last, nil}, 0, last*piece+int64(len(text)))}, nil
		}
	}
	if rest == 0 && last >= 0 {
		if _, err := p.piece(last, false); err != nil {
			plain -= piece
		}
	}
	cut := fmt.Errorf("the sealed file ends early, or was changed within its last 64 KiB: %w", io.ErrUnexpectedEOF)
	return &Plain{SectionReader: io.NewSectionReader(&ended{p, -1, cut}, 0, plain+1), Cut: cut}, nil
}

// ended is a file that is not written any more. Where it is cut, its end is no end.
type ended struct {
	p    *pieces
	last int64
	cut  error
}

func (e *ended) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		at := off + int64(n)
		i := at / piece
		if e.cut != nil && i >= e.p.size/sealedPiece {
			return n, e.cut
		}
		text, err := e.p.piece(i, i == e.last)
		if err != nil {
			if e.cut != nil && (i+1)*sealedPiece >= e.p.size {
				return n, e.cut
			}
			return n, err
		}
		if at%piece >= int64(len(text)) {
			return n, io.EOF
		}
		n += copy(p[n:], text[at%piece:])
	}
	return n, nil
}

// piece decrypts one.
func (p *pieces) piece(i int64, last bool) ([]byte, error) {
	if i == p.number {
		return p.text, nil
	}
	b := make([]byte, sealedPiece)
	n, err := p.src.ReadAt(b, p.start+i*sealedPiece)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	nonce := make([]byte, chacha20poly1305.NonceSize)
	binary.BigEndian.PutUint64(nonce[3:], uint64(i))
	if last {
		nonce[11] = 1
	}
	text, err := p.aead.Open(b[:0], nonce, b[:n], nil)
	if err != nil {
		return nil, &ChangedError{p.start + i*sealedPiece}
	}
	p.number, p.text = i, text
	return text, nil
}
