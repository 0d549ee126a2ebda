package budget

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Limits are the most that one run takes from its inputs. A zero field means its
// default, a negative one no limit.
type Limits struct {
	// Unpacked is how many bytes one input may unpack to; by default MaxUnpacked,
	// or MaxRatio times the input where that is less, but no less than FreeUnpacked.
	Unpacked int64
	// Entries of one archive or folder; default MaxEntries.
	Entries int
	// Memory is how many bytes of the heap may be in use while inputs are read. The
	// default is no limit: a program that knows the size of its inputs sets it, see MemoryFor.
	Memory int64
	// Silence is how long a stream may give nothing; default MaxSilence.
	Silence time.Duration
}

// Defaults of [Limits].
const (
	MaxUnpacked  = 64 << 30
	MaxRatio     = 1000      // of text that repeats itself: zstd makes 1/50 of a GC log
	FreeUnpacked = 256 << 20 // is read of any input, however small
	MaxEntries   = 100_000
	MaxSilence   = 10 * time.Minute
)

// MemoryFor is the limit of memory for inputs of this many bytes: together with
// what the analysis needs a process stays below 300 MB for up to 100 MB.
func MemoryFor(bytes int64) int64 {
	const least = 140 << 20
	return max(least, least+(bytes-100<<20)*2)
}

// MostEntries is the limit of entries; negative when there is none.
func (l Limits) MostEntries() int {
	if l.Entries == 0 {
		return MaxEntries
	}
	return l.Entries
}

// Over says that an input is larger than its budget.
type Over struct {
	What string // "more than 337 MB unpacked, 1,000 times its size"
	Flag string // that raises the limit, if there is one
}

func (e *Over) Error() string {
	if e.Flag == "" {
		return "not read further: " + e.What
	}
	return fmt.Sprintf("not read further: %s (%s reads more)", e.What, e.Flag)
}

// IsOver reports whether an error is, or wraps, that a budget is used up.
func IsOver(err error) bool {
	var over *Over
	return errors.As(err, &over)
}

type key struct{}

// With gives the limits to whoever reads with this context.
func With(ctx context.Context, l Limits) context.Context { return context.WithValue(ctx, key{}, l) }

// From gives the limits of a context; the defaults where it has none.
func From(ctx context.Context) Limits {
	l, _ := ctx.Value(key{}).(Limits)
	return l
}
