package jvm

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/plan"
)

// A process that only calls itself a JVM answers with what it likes, for as long as it
// likes. A reply is bounded by the plan, and so are the replies of all JVMs together
// that are in memory at a time.

// repliesAtOnce is how many replies of the largest size may be in memory.
const repliesAtOnce = 4

// A reply grows by chunks, of its own size within these bounds.
const (
	leastChunk = 64 << 10
	mostChunk  = 1 << 20
)

// replies bounds those of one capture.
type replies struct {
	most int64 // bytes of one
	held atomic.Int64
}

func newReplies(most int64) *replies {
	if most <= 0 {
		most = plan.DefaultMaxReply
	}
	return &replies{most: most}
}

// ErrLongReply is a reply that was not read to its end.
type ErrLongReply struct{ Most int64 }

// Cause makes it known to the ledger.
func (e *ErrLongReply) Cause() entries.Cause { return entries.TooLarge }

func (e *ErrLongReply) Error() string {
	return fmt.Sprintf("the reply is longer than %d MB: no more of it is read (--max-reply)", e.Most>>20)
}

// Fix says what an admin can do.
func (e *ErrLongReply) Fix() string { return fmt.Sprintf("--max-reply %d", 4*e.Most) }

var errManyReplies = entries.NewError(entries.NoSpace, "the replies of all JVMs together take more memory than casefile may use: capture fewer at a time (--pid, --app)")

// read reads one reply to its end, or as much as one may be long, which comes with an
// ErrLongReply. Its memory counts until it is given to free.
func (r *replies) read(in io.Reader) ([]byte, error) {
	var chunks [][]byte
	for size := int64(0); ; {
		want := min(max(size, leastChunk), mostChunk, r.most+1-size)
		if r.held.Add(want) > repliesAtOnce*r.most {
			r.free(size + want)
			return nil, errManyReplies
		}
		chunk := make([]byte, want)
		n, err := io.ReadFull(in, chunk)
		r.free(want - int64(n))
		chunks, size = append(chunks, chunk[:n]), size+int64(n)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return slices.Concat(chunks...), nil
		case err != nil:
			r.free(size)
			return nil, err
		case size > r.most:
			return slices.Concat(chunks...), &ErrLongReply{r.most}
		}
	}
}

func (r *replies) free(n int64) { r.held.Add(-n) }
