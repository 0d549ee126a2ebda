package goproc

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"io"
	"strings"
)

const (
	// maxBinaryRead bounds what is read of one executable.
	maxBinaryRead = 256 << 20
	// maxScan bounds the scan of one section for the mark of net/http/pprof.
	maxScan = 64 << 20
)

// mark is a function that every program with net/http/pprof has: the package
// registers it when it is initialised, so that the linker cannot drop it. Its
// name is in the table of functions also when symbols are stripped.
var mark = []byte("net/http/pprof.Index\x00")

// inspectExecutable reads what r says of itself; nil when it is not a Go program.
func inspectExecutable(ctx context.Context, r io.ReaderAt) (b *executable) {
	// debug/elf does not promise to withstand every file; a strange executable
	// of some process must cost only itself.
	defer func() {
		if recover() != nil {
			b = nil
		}
	}()
	limited := &budget{ctx: ctx, r: r, left: maxBinaryRead}
	info, err := buildinfo.Read(limited)
	if err != nil {
		return nil
	}
	return &executable{info: info, pprof: linksPprof(limited)}
}

// functionTables are the sections that may hold the names of functions: their
// own, or with an external linker the read-only data they were put into.
var functionTables = []string{"gopclntab", ".data.rel.ro", ".rodata"}

func linksPprof(r io.ReaderAt) bool {
	f, err := elf.NewFile(r)
	if err != nil {
		return false
	}
	for _, name := range functionTables {
		for _, s := range f.Sections {
			if strings.HasSuffix(s.Name, name) && s.Type != elf.SHT_NOBITS {
				if contains(io.LimitReader(s.Open(), maxScan), mark) {
					return true
				}
			}
		}
	}
	return false
}

// contains looks for a mark in a stream with a constant amount of memory.
func contains(r io.Reader, mark []byte) bool {
	buf := make([]byte, 256<<10)
	kept := 0
	for {
		n, err := io.ReadFull(r, buf[kept:])
		if bytes.Contains(buf[:kept+n], mark) {
			return true
		}
		if err != nil {
			return false
		}
		kept = copy(buf, buf[len(buf)-len(mark)+1:])
	}
}

var errBudget = errors.New("executable is larger than what is read of one")

// budget is a ReaderAt that ends after a number of bytes or with its context.
type budget struct {
	ctx  context.Context
	r    io.ReaderAt
	left int
}

func (b *budget) ReadAt(p []byte, off int64) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	if b.left -= len(p); b.left < 0 {
		return 0, errBudget
	}
	return b.r.ReadAt(p, off)
}
