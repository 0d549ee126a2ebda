package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"casefile/bundle/format/budget"
	"casefile/bundle/seal"
)

// sizeFlag is a number of bytes: 4096, 600MB, 64GB.
type sizeFlag int64

func (s *sizeFlag) String() string {
	if *s == 0 {
		return ""
	}
	return budget.Size(int64(*s))
}

func (s *sizeFlag) Type() string { return "size" }

// sizeUnits are the ends of a size; first match wins.
var sizeUnits = []struct {
	end   string
	bytes int64
}{{"GB", 1 << 30}, {"MB", 1 << 20}, {"KB", 1 << 10}, {"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}, {"B", 1}, {"", 1}}

func (s *sizeFlag) Set(text string) error {
	number := strings.ToUpper(strings.ReplaceAll(text, " ", ""))
	for _, u := range sizeUnits {
		rest, ok := strings.CutSuffix(number, u.end)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(rest, 10, 64)
		if err != nil || n < 1 || n > 1<<62/u.bytes {
			return fmt.Errorf("%q: want a size like 600MB", text)
		}
		*s = sizeFlag(n * u.bytes)
		return nil
	}
	return nil
}

// limits are the flags that bound what a verb reads.
type limits struct {
	unpacked, memory sizeFlag
	identities       []string
	budget.Limits
}

func (l *limits) flags(f *pflag.FlagSet) {
	f.Var(&l.unpacked, "max-unpacked", "most that an input may unpack to (default: 64 GB, or 1,000 times its size where that is less)")
	f.Var(&l.memory, "max-memory", "most memory that what is read may take (default: 140 MB, more for inputs of over 100 MB)")
	f.IntVar(&l.Entries, "max-entries", budget.MaxEntries, "most entries of an archive or folder that are read")
	f.StringArrayVar(&l.identities, "age-identity", nil, "file of keys that opens what is sealed: age's own, or an SSH private key without passphrase (repeatable)")
	f.DurationVar(&l.Silence, "max-silence", budget.MaxSilence, "how long a pipe may give nothing")
}

// bound gives the limits, and the keys of what is sealed, to what reads these paths.
func (l *limits) bound(ctx context.Context, paths ...string) (context.Context, error) {
	if len(l.identities) > 0 {
		ids, err := seal.ParseIdentities(l.identities)
		if err != nil {
			return nil, usage("--age-identity: %w", err)
		}
		ctx = seal.With(ctx, &seal.Keys{Identities: ids})
	}
	l.Unpacked, l.Memory = int64(l.unpacked), int64(l.memory)
	if l.Memory == 0 {
		l.Memory = budget.MemoryFor(sizeOf(paths))
	}
	return budget.With(ctx, l.Limits), nil
}

// sizeOf is how many bytes lie at the paths.
func sizeOf(paths []string) (bytes int64) {
	for _, p := range paths {
		_ = filepath.WalkDir(p, func(_ string, e fs.DirEntry, err error) error {
			if err != nil {
				return nil //nolint:nilerr // what cannot be read has no size
			}
			if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
				bytes += info.Size()
			}
			return nil
		})
		if info, err := os.Stat(p); err == nil && info.Mode().IsRegular() {
			if link, err := os.Lstat(p); err == nil && link.Mode()&os.ModeSymlink != 0 {
				bytes += info.Size()
			}
		}
	}
	return bytes
}
