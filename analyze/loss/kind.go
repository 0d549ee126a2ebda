package loss

import "casefile/analyze/threads"

// Kind is where time goes.
type Kind string

// The kinds of parts.
const (
	Idle      Kind = "idle"     // no work
	CPU       Kind = "cpu"      // on a CPU
	Running   Kind = "running"  // RUNNABLE in the dump, and what it used of a CPU is not known, or less: native code counts here
	Runnable  Kind = "runnable" // ready to run, and had no CPU
	Lock      Kind = "lock"
	Database  Kind = "database" // an answer of the database
	DBPool    Kind = "database-pool"
	HTTPPool  Kind = "http-pool"
	Pool      Kind = "pool" // an object of another bounded pool
	Permit    Kind = "permit"
	Room      Kind = "queue-full"
	Queue     Kind = "queue" // an element of a queue
	Future    Kind = "future"
	Others    Kind = "barrier" // latch, barrier, phaser, exchanger
	Member    Kind = "cluster"
	Socket    Kind = "socket"
	Client    Kind = "client" // the user's own side of a request: a slow upload or download
	Connect   Kind = "connect"
	Disk      Kind = "disk"
	FileLock  Kind = "file-lock"
	Process   Kind = "process"
	Sleep     Kind = "sleep"
	Condition Kind = "condition"
	Unknown   Kind = "unknown" // the dump does not tell
	GC        Kind = "gc"
	Safepoint Kind = "safepoint" // other than collections
	Stall     Kind = "allocation-stall"
)

var kinds = map[threads.WaitKind]Kind{
	threads.WaitRunning: Running, threads.WaitLock: Lock, threads.WaitDBPool: DBPool, threads.WaitHTTPPool: HTTPPool,
	threads.WaitSocketRead: Socket, threads.WaitSocketWrite: Socket, threads.WaitConnect: Connect, threads.WaitDisk: Disk,
	threads.WaitResult: Future, threads.WaitQueue: Queue, threads.WaitSleep: Sleep, threads.WaitProcess: Process,
	threads.WaitCondition: Condition, threads.WaitPool: Pool, threads.WaitPermit: Permit, threads.WaitRoom: Room,
	threads.WaitMember: Member, threads.WaitOthers: Others, threads.WaitFileLock: FileLock,
}

func kindOf(w threads.Wait) Kind {
	if w.Idle || w.Kind == threads.WaitIdle {
		return Idle
	}
	if k, ok := kinds[w.Kind]; ok {
		return k
	}
	return Unknown
}

// waits reports whether threads wait there, in one place of the program.
func (k Kind) waits() bool {
	switch k {
	case Idle, CPU, Running, Runnable, Unknown, GC, Safepoint, Stall:
		return false
	}
	return true
}
