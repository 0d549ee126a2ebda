package profile

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	pprof "github.com/google/pprof/profile"
)

// Limits bound what Read accepts. Zero fields mean the default.
type Limits struct {
	// FileBytes is the size of the input; default 64 MiB.
	FileBytes int64
	// UnpackedBytes is its size after gunzip; default 256 MiB.
	UnpackedBytes int64
	// MemoryBytes is the estimate of what the decoded profile takes; default 768 MiB.
	MemoryBytes int64
}

func (l Limits) withDefaults() Limits {
	for _, d := range []struct {
		v   *int64
		def int64
	}{{&l.FileBytes, 64 << 20}, {&l.UnpackedBytes, 256 << 20}, {&l.MemoryBytes, 768 << 20}} {
		if *d.v <= 0 {
			*d.v = d.def
		}
	}
	return l
}

// Errors a caller may decide on.
var (
	ErrTooLarge   = errors.New("profile is larger than the limit")
	ErrNotProfile = errors.New("not a pprof profile")
	ErrCut        = errors.New("profile is cut off")
)

// Read decodes one profile. name is its file name, which tells apart what the
// content alone does not (Go's mutex and block profiles); it may be empty.
func Read(r io.Reader, name string, limits Limits) (*Profile, error) {
	data, err := unpack(r, limits.withDefaults())
	if err != nil {
		return nil, fmt.Errorf("read profile %s: %w", name, err)
	}
	if err := checkSize(data, limits.withDefaults().MemoryBytes); err != nil {
		return nil, fmt.Errorf("read profile %s: %w", name, err)
	}
	raw, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("read profile %s: %w: %w", name, ErrNotProfile, err)
	}
	return New(raw, name), nil
}

// unpack reads all of r within the limits and removes gzip.
func unpack(r io.Reader, l Limits) ([]byte, error) {
	file := &io.LimitedReader{R: r, N: l.FileBytes + 1}
	in := bufio.NewReader(file)
	var src io.Reader = in
	if magic, _ := in.Peek(2); string(magic) == "\x1f\x8b" {
		gz, err := gzip.NewReader(in)
		if err != nil {
			return nil, cut(err)
		}
		src = gz
	}
	data, err := io.ReadAll(io.LimitReader(src, l.UnpackedBytes+1))
	switch {
	case file.N <= 0:
		return nil, fmt.Errorf("%w: file of more than %d bytes", ErrTooLarge, l.FileBytes)
	case int64(len(data)) > l.UnpackedBytes:
		return nil, fmt.Errorf("%w: unpacks to more than %d bytes", ErrTooLarge, l.UnpackedBytes)
	case err != nil:
		return nil, cut(err)
	case len(data) == 0:
		return nil, fmt.Errorf("%w: empty file", ErrNotProfile)
	}
	return data, nil
}

func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %w", ErrCut, err)
	}
	return err
}

// decode runs pprof's own decoder. A panic of it is an error of the input: the
// decoder is not ours, and one bad file must not end the analysis of a case.
func decode(data []byte) (p *pprof.Profile, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("malformed: %v", r)
		}
	}()
	if p, err = pprof.ParseUncompressed(data); err != nil {
		return nil, err
	}
	if err = p.CheckValid(); err != nil {
		return nil, err
	}
	if len(p.SampleType) == 0 {
		return nil, errors.New("no sample types")
	}
	p.DropFrames, p.KeepFrames = shortPattern(p.DropFrames), shortPattern(p.KeepFrames)
	if err := p.RemoveUninteresting(); err != nil {
		return nil, err
	}
	return p, nil
}

// shortPattern drops a pattern of a size that no writer uses: it would be
// compiled and run over all names.
func shortPattern(s string) string {
	if len(s) > 1024 || strings.Count(s, "{") > 8 {
		return ""
	}
	return s
}
