package threads

import (
	"strings"
	"time"
)

// Format is the kind of text a dump was read from.
type Format uint8

const (
	FormatUnknown  Format = iota
	FormatHotSpot         // "Full thread dump ...", jstack, jcmd Thread.print, kill -3
	FormatVisualVM        // "name" - Thread t@12
	FormatJMX             // "name" id=12 in RUNNABLE, or ThreadInfo.toString
	FormatSA              // jstack -F: Thread 12: (state = BLOCKED)
	FormatDumpFile        // jcmd Thread.dump_to_file, text
	FormatDumpJSON        // jcmd Thread.dump_to_file -format=json
	FormatOpenJ9          // javacore
	FormatJRockit         // ===== FULL THREAD DUMP =====
	FormatGo              // goroutine dump, any debug level
)

var formatNames = [...]string{"unknown", "hotspot", "visualvm", "jmx", "sa", "dump_to_file", "dump_to_file json", "openj9", "jrockit", "go"}

func (f Format) String() string {
	if int(f) < len(formatNames) {
		return formatNames[f]
	}
	return "unknown"
}

// State is java.lang.Thread.State, to which the states of other runtimes are mapped.
type State uint8

const (
	StateUnknown State = iota
	New
	Runnable
	Blocked
	Waiting
	TimedWaiting
	Terminated
)

var stateNames = [...]string{"UNKNOWN", "NEW", "RUNNABLE", "BLOCKED", "WAITING", "TIMED_WAITING", "TERMINATED"}

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "UNKNOWN"
}

// Dump is what one process printed about its threads at one moment.
type Dump struct {
	Source    string
	Virtual   *Dump     // the list of virtual threads that was added to it; nil: none was
	Time      time.Time // zero when the dump gives none; without a zone in the text it is kept as UTC
	ZoneKnown bool      // the text gave a zone, or an instant
	VM        string    // as printed, for example "OpenJDK 64-Bit Server VM (25.0.3+9-LTS mixed mode, sharing)"
	PID       int       // 0 when not printed
	Format    Format

	Line, EndLine int // 1-based lines of the source, date line included

	Threads        []*Thread
	DroppedThreads int  // beyond Options.MaxThreads
	Gaps           int  // places where lines are missing, by what stands around them: a title, a header, a state, a place
	Truncated      bool // the source ended, or another dump began, before this one was complete

	ReportedDeadlocks int            // as counted by the runtime itself
	Reported          []ReportedWait // the lines of its deadlock section
	Unparsed          []UnparsedLine // a bounded sample of the lines not understood
	UnparsedLines     int            // all of them
}

// ReportedWait is one "waiting to lock ..., which is held by ..." of a JVM's deadlock section.
type ReportedWait struct {
	Deadlock int // 0-based section
	Thread   string
	Addr     uint64
	Class    string
	Owner    string // "" when the JVM did not know
	Ownable  bool   // a java.util.concurrent synchronizer, not a monitor
	Line     int
}

// UnparsedLine is a line inside a dump that the parser did not understand.
type UnparsedLine struct {
	Line int
	Text string // cut at 200 bytes
}

// Identity is what stays the same of a thread from dump to dump. The dumps of one source share it: do not change it.
type Identity struct {
	Name         string // as printed; "virtual #65" for a virtual thread without one
	Num          int64  // the Java thread id: #n, id=, t@; the goroutine id; 0 absent
	TID          uint64 // address of the VM's thread structure; 0 absent
	NID          int64  // OS thread id in decimal, of the process's own PID namespace; -1 absent. HP-UX: lwp_id
	Group        string // thread container, or the labels of goroutines, when the dump tells
	Creator      string // Go: the function that started it
	Parent       int64  // Go: the number of the goroutine that started it; 0 unknown
	Prio, OSPrio int16
	Daemon       bool
	Virtual      bool
	VMInternal   bool // a thread of the runtime (GC, compiler, VM Thread): it has no Java stack
	goroutine    bool
}

// Thread is one thread, goroutine or virtual thread of a dump.
type Thread struct {
	*Identity // never nil

	CPU       time.Duration // since the thread started; -1 absent
	Elapsed   time.Duration // since the thread started; -1 absent
	Allocated int64         // bytes since the thread started; -1 absent

	StateText   string // the words of the header: "waiting for monitor entry", "in Object.wait()", "chan receive"
	StateDetail string // what stands behind the state: "parking", "on object monitor", "sleeping"
	State       State
	added       bool // from Dump.Virtual, where its lines are

	// Object is, of a goroutine at debug=2, the address of what its innermost method with a receiver belongs to: the mutex, WaitGroup or
	// pool that it waits at, or the program's own object whose channel it is. 0 unknown.
	Object uint64
	call   uint64 // Go: tells one request of a connection from the next, by what its server was called with; 0 unknown

	Count         int32 // threads this entry stands for: above 1 only in Go profiles at debug=1
	Line, EndLine int32 // 1-based lines of the source

	track int32 // of the Series made last of this dump, from 1
	wait  int32 // what the thread waits for, in the same Series, from 1; 0 not asked yet

	Stack *Stack // never nil; equal stacks of one source share a pointer
	Locks []Lock // from the top of the stack down, owned synchronizers last; shared between threads, do not change

	Mounted int64   // carriers: the id of the virtual thread they run; 0 none
	Carrier *Thread // mounted virtual threads: the carrier, when the dump tells
}

// LockKind says what a thread has to do with a lock.
type LockKind uint8

const (
	Locked           LockKind = iota // entered the monitor in that frame; released while WaitingOn the same one
	WaitingToLock                    // blocked at entry
	WaitingOn                        // in Object.wait
	WaitingToRelock                  // in Object.wait; when BLOCKED, notified and waiting for the monitor
	Parking                          // parked on a java.util.concurrent object, which need not be a lock
	OwnsSynchronizer                 // owns a java.util.concurrent lock
	Eliminated                       // the compiler removed the lock
	ClassInit                        // waits until another thread has initialised the class
)

var lockKindNames = [...]string{"locked", "waiting to lock", "waiting on", "waiting to re-lock", "parking to wait for", "owns", "eliminated", "waiting for class initialisation"}

func (k LockKind) String() string {
	if int(k) < len(lockKindNames) {
		return lockKindNames[k]
	}
	return "unknown"
}

// Lock is one lock line of a thread.
type Lock struct {
	Kind  LockKind
	Depth int32  // index into Stack.Frames; -1 for owned synchronizers
	Addr  uint64 // 0 when the dump gives none
	Class string // "java.lang.Object"; for a class object "java.lang.Class for com.acme.Foo"
	Owner string // name of the owning thread where the dump prints it
}

// Stack is a list of frames, innermost first.
type Stack struct {
	Frames []*Frame
	ID     uint32 // number within the source, from 1; 0 is the empty stack
}

// Frame is one call. Equal frames of one source share a pointer.
type Frame struct {
	Text   string // as printed, without "at"
	Func   string // class and method; what differs between runs of the same code is left out: hidden class addresses, lambda and proxy numbers
	Module string // "java.base@25.0.3"
	File   string // "" unknown
	Line   int    // 0 unknown
	Native bool
}

// Class is the part of Func before the last dot.
func (f *Frame) Class() string {
	for i := len(f.Func) - 1; i > 0; i-- {
		if f.Func[i] == '.' {
			return f.Func[:i]
		}
	}
	return ""
}

// OuterClass is the class of a method without the names of classes within it; the method's own name where it has no class.
func OuterClass(fn string) string {
	dot := strings.LastIndexByte(fn, '.')
	if dot < 0 {
		return fn
	}
	class, _, _ := strings.Cut(fn[:dot], "$")
	return class
}

var emptyStack = &Stack{}

// Top gives the innermost frame's function, "" for an empty stack.
func (s *Stack) Top() string {
	if len(s.Frames) == 0 {
		return ""
	}
	return s.Frames[0].Func
}

// Waiting gives the lock the thread waits for: blocked, waiting, parked, or for a class initialisation. Nil when it waits for none.
func (t *Thread) Waiting() *Lock {
	for i := range t.Locks {
		switch t.Locks[i].Kind {
		case WaitingToLock, WaitingOn, WaitingToRelock, Parking, ClassInit:
			return &t.Locks[i]
		}
	}
	return nil
}
