// Package profile turns pprof profiles of any origin into shares: which function burns the CPU, who allocates, where locks wait.
//
// # Reading
//
// [Read] takes one profile.proto file, gzipped or not, as net/http/pprof, async-profiler and google/pprof write it
// (https://github.com/google/pprof/blob/main/proto/profile.proto). Text formats of old gperftools are not read. Input is
// hostile until parsed: [Limits] bound the file, what it unpacks to and the memory its decoding takes, and all three are
// checked before anything is built.
//
// # Views
//
// A profile holds several values for each stack (a heap profile: live and allocated, bytes and objects). A [View] is one
// of them with its meaning, its [Kind]:
//
//	p, err := profile.Read(f, "cpu.pb.gz", profile.Limits{})
//	v := p.Main()
//	v.Top(10)                          functions by their own share
//	v.Labels()                         totals by label
//	v.Focus("node", "n2").Tree()       merged call tree of one node
//	v.Folded(w), v.Speedscope(w, name) for other tools
//	profile.Merge(parts)               all nodes as one profile, labelled by node
//	profile.Delta(before, after)       what two snapshots of a cumulative profile have between them
//
// # Definitions
//
// A frame is a function: its lines, inlined copies and generated siblings (the numbers that JVMs give to lambda classes)
// are folded into one name. Self is what was counted while the function itself was on top of the stack, cumulative while
// it was anywhere on it; a recursive function counts once a stack. Shares are of the sum of absolute values, so that they
// stay below 100 % in a profile with negative values too.
//
// Profiles of waiting (mutex, block, goroutine, wall, lock, I/O) end in the runtime's own plumbing, and those of exceptions in
// constructors: every waiting goroutine is
// in runtime.gopark, every contended mutex in sync.(*Mutex).Unlock. There, self belongs to the first frame below the
// plumbing, and [Row].Via names what it called. Trees and exports keep all frames.
package profile
