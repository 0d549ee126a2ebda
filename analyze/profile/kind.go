package profile

import (
	"path"
	"strings"

	pprof "github.com/google/pprof/profile"
)

// Kind is the meaning of a value.
type Kind string

const (
	CPU          Kind = "cpu"
	Wall         Kind = "wall"
	Heap         Kind = "heap"  // live memory
	Alloc        Kind = "alloc" // all memory ever allocated
	Mutex        Kind = "mutex" // waiting that holders of a lock caused, counted where they release it
	Block        Kind = "block" // waiting, counted where it happens
	Lock         Kind = "lock"  // contention, not told which of the two
	Goroutine    Kind = "goroutine"
	ThreadCreate Kind = "threadcreate"
	IO           Kind = "io"
	Exception    Kind = "exception"
	Native       Kind = "native"    // threads seen inside native code, waiting there or at work
	NativeMem    Kind = "nativemem" // asked for by malloc
	Other        Kind = "other"
)

// waiting are the kinds whose stacks end in plumbing.
var waiting = map[Kind]bool{Mutex: true, Block: true, Lock: true, Goroutine: true, ThreadCreate: true, Wall: true, IO: true, Exception: true, Native: true, NativeMem: true}

// cumulative are the kinds whose snapshots count from the start of the process.
var cumulative = map[Kind]bool{Alloc: true, Mutex: true, Block: true, Lock: true}

// kinds gives the meaning of a sample type as its writers name it. Sources: runtime/pprof (proto.go, protomem.go),
// async-profiler's and dd-trace's pprof output, grafana/jfr-parser's pprof builder.
var kinds = map[string]Kind{
	"cpu": CPU, "itimer": CPU, "process_cpu": CPU, "ctimer": CPU,
	"wall": Wall, "wallclock": Wall, "threads": Wall,
	"inuse_space": Heap, "inuse_objects": Heap, "live": Heap, "heap-live-objects": Heap, "heap-live-size": Heap,
	"alloc_space": Alloc, "alloc_objects": Alloc, "alloc": Alloc, "alloc-samples": Alloc, "alloc-size": Alloc,
	"alloc_in_new_tlab_objects": Alloc, "alloc_in_new_tlab_bytes": Alloc,
	"alloc_outside_tlab_objects": Alloc, "alloc_outside_tlab_bytes": Alloc,
	"contentions": Lock, "delay": Lock, "lock": Lock, "lock_count": Lock, "lock_duration": Lock,
	"mutex_count": Mutex, "mutex_duration": Mutex, "mutex": Mutex,
	"block_count": Block, "block_duration": Block, "block": Block,
	"goroutine": Goroutine, "goroutines": Goroutine, "goroutineleak": Goroutine,
	"threadcreate": ThreadCreate,
	"io":           IO, "socket-io-read-time": IO, "socket-io-write-time": IO, "file-io-read-time": IO, "file-io-write-time": IO,
	"exception": Exception, "exception-samples": Exception,
	"native": Native, "nativemem": NativeMem, "malloc": NativeMem,
}

// kindOf gives the meaning of one value of p.
func kindOf(p *pprof.Profile, t *pprof.ValueType, name string) Kind {
	k, known := kinds[t.Type]
	switch {
	case known && k == Lock && t.Type != "lock":
		return contention(p, name)
	case known:
		return k
	case (t.Type == "samples" || t.Type == "sample") && p.PeriodType != nil:
		// The number of samples belongs to what was sampled.
		if k, known = kinds[p.PeriodType.Type]; known {
			return k
		}
	}
	return Other
}

// contention tells Go's mutex profile from its block profile. Their types are
// the same, so the file's name decides, else the stacks: a mutex is counted
// where it is released.
func contention(p *pprof.Profile, name string) Kind {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	for _, k := range []Kind{Mutex, Block} {
		if strings.HasPrefix(base, string(k)) {
			return k
		}
	}
	release, other := 0, 0
	for _, s := range p.Sample {
		switch leaf := leafName(s); {
		case leaf == "":
		case strings.HasSuffix(leaf, "Unlock") || strings.HasSuffix(leaf, "runtime.unlock"):
			release++
		default:
			other++
		}
	}
	switch {
	case release > other:
		return Mutex
	case other > 0:
		return Block
	}
	return Lock
}

func leafName(s *pprof.Sample) string {
	if len(s.Location) == 0 || len(s.Location[0].Line) == 0 || s.Location[0].Line[0].Function == nil {
		return ""
	}
	return s.Location[0].Line[0].Function.Name
}

// isCount tells that a value counts things rather than measures an amount.
func isCount(t *pprof.ValueType) bool {
	return t.Unit == "count" || t.Unit == "objects" || t.Unit == ""
}
