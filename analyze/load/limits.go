package load

import (
	"context"

	"casefile/analyze/jfr"
	"casefile/analyze/profile"
	"casefile/bundle/format/budget"
	format "casefile/bundle/format/jfr"
)

// bounds are what single files may take of the memory, for those parsers that hold one as a whole.
type bounds struct {
	profile profile.Limits
	jfr     jfr.Limits
}

// boundsOf divides the memory of a run; without a limit the parsers have their own.
func boundsOf(ctx context.Context) bounds {
	memory := budget.From(ctx).Memory
	if memory <= 0 {
		return bounds{}
	}
	const (
		constant = 80 // bytes that are allowed for one in the index
		sample   = 400
	)
	return bounds{
		profile: profile.Limits{FileBytes: memory / 2, UnpackedBytes: memory / 2, MemoryBytes: memory},
		jfr: jfr.Limits{
			Chunk:   format.Limits{ChunkBytes: int(memory * 3 / 4), Constants: int(memory / constant)},
			Samples: int(min(memory/sample, 1<<18)), Frames: int(min(memory/40, 4<<20)),
		},
	}
}
