package waits

import (
	"net/netip"
	"time"
)

// Kind says what a descriptor leads to.
type Kind string

// Kinds.
const (
	None    Kind = "" // the call is for no descriptor, or for several
	TCP     Kind = "tcp"
	UDP     Kind = "udp"
	Unix    Kind = "unix"
	Socket  Kind = "socket" // of another family, or of a network namespace that could not be read
	File    Kind = "file"
	Device  Kind = "device" // below /dev
	Pipe    Kind = "pipe"
	EventFD Kind = "eventfd"
	Other   Kind = "other"
)

// Kinds are all of them.
var Kinds = []Kind{None, TCP, UDP, Unix, Socket, File, Device, Pipe, EventFD, Other}

// What stands for the call of a thread that is in none.
const (
	Running = "running" // on a CPU, or waiting for one
	NoCall  = "none"    // blocked in a page fault, or stopped
)

// Events is what a poll waits for.
type Events string

// Events.
const (
	In    Events = "in"  // bytes to read, or a connection to accept
	Out   Events = "out" // room to write, or the end of a connect
	InOut Events = "in+out"
)

// NoFD is the descriptor of a call that is for none.
const NoFD = -1

// Limits of the tables.
const (
	MaxThreads = 50_000
	MaxSamples = 20_000
	// MaxPath bounds a path, in bytes: PATH_MAX with the kernel's " (deleted)".
	MaxPath = 4200
)

// Wait is what one thread waits for in the kernel.
type Wait struct {
	TID, NID int64
	Call     string
	FD       int    // NoFD: none
	Events   Events // of a poll for FD; empty: of another call
	Kind     Kind
	Local    netip.AddrPort // the zero value: not known
	Remote   netip.AddrPort
	Path     string
	// Line of the row, as Read found it; Encode ignores it.
	Line int
}

// Object is what a call is for.
type Object struct {
	Kind          Kind
	Local, Remote netip.AddrPort
	Path          string
}

// Object gives what the call is for.
func (w *Wait) Object() Object { return Object{w.Kind, w.Local, w.Remote, w.Path} }

// Snapshot is the calls of all threads of a process at a dump.
type Snapshot struct {
	PID int
	// Before and After are the beginning of the first reading and the end of the second: the dump is between them.
	Before, After time.Time
	// LeftOut, Denied and Changed count threads that have no row: see the package.
	LeftOut, Denied, Changed int
	Waits                    []Wait
	// Skipped counts lines that Read did not understand.
	Skipped int
}

// Sample is how often a thread was found in a call for an object.
type Sample struct {
	Wait
	Count       int
	First, Last time.Time
}

// Samples are those of a process over a capture.
type Samples struct {
	PID int
	// First and Last are the first and the last round.
	First, Last time.Time
	Rounds      int
	// LeftOut counts findings that have no row.
	LeftOut int
	Samples []Sample
	// Skipped counts lines that ReadSamples did not understand.
	Skipped int
}

// LastAt gives the sample of the thread that was seen last at a socket. It is false where none was, and where two
// threads were seen there in the same round.
func (s *Samples) LastAt(local, remote netip.AddrPort) (last Sample, ok bool) {
	for _, k := range s.Samples {
		switch {
		case k.Local != local || k.Remote != remote || !local.IsValid():
		case k.Last.After(last.Last):
			last, ok = k, true
		case k.Last.Equal(last.Last) && k.TID != last.TID:
			ok = false
		}
	}
	return last, ok
}
