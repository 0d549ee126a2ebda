package jfr

// Kind is what a sample is of.
type Kind uint8

// Kinds of samples, with the meaning of Amount and Detail.
const (
	Execution    Kind = iota // Amount: -; State: of the thread
	CPUTime                  // Amount: CPU time, ns
	Native                   // a thread in native code, running or waiting
	WallClock                // Amount: elapsed time, ns, where told; State: of the thread
	AllocTLAB                // Amount: bytes of new TLABs; Detail: class
	AllocOutside             // Amount: bytes; Detail: class
	AllocSample              // Amount: bytes that the sample stands for; Detail: class
	LiveObject               // Amount: bytes; Detail: class
	MonitorEnter             // Amount: ns blocked; Detail: class of the monitor
	MonitorWait              // Amount: ns; Detail: class of the monitor
	Park                     // Amount: ns; Detail: class of the blocker
	Sleep                    // Amount: ns
	SocketRead               // Amount: ns; Detail: peer "host:port"
	SocketWrite              // Amount: ns; Detail: peer
	FileRead                 // Amount: ns; Detail: path
	FileWrite                // Amount: ns; Detail: path
	FileForce                // Amount: ns; Detail: path
	Exception                // Detail: class
	ClassLoad                // Amount: ns; Detail: class
	Pinned                   // Amount: ns that a virtual thread held its carrier; Detail: reason
	AgentCPU                 // execution sample of an agent next to the JDK's own, as dd-trace's; State: of the thread
	AgentAlloc               // as AllocSample, of an agent
	Malloc                   // Amount: bytes that native code asked for
	kinds
)

var kindNames = [kinds]string{"execution", "cpu time", "native", "wall clock", "allocation in new TLAB", "allocation outside TLAB", "allocation sample",
	"live object", "monitor enter", "monitor wait", "park", "sleep", "socket read", "socket write", "file read", "file write", "file force",
	"exception", "class load", "pinned", "agent's execution", "agent's allocation", "malloc"}

func (k Kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return "unknown"
}

// sampled names the events that become samples, and their fields; the first name that the type has counts.
var sampled = []sampledEvent{
	{event: "jdk.ExecutionSample", kind: Execution, state: "state"},
	{event: "jdk.CPUTimeSample", kind: CPUTime, amount: []string{"samplingPeriod"}},
	{event: "jdk.NativeMethodSample", kind: Native, state: "state"},
	{event: "profiler.WallClockSample", kind: WallClock, state: "state", count: "samples"},
	{event: "datadog.ExecutionSample", kind: AgentCPU, state: "state", count: "weight"},
	{event: "datadog.MethodSample", kind: WallClock, state: "state", count: "weight"},
	{event: "jdk.ObjectAllocationInNewTLAB", kind: AllocTLAB, amount: []string{"tlabSize"}, detail: []string{"objectClass"}},
	{event: "jdk.ObjectAllocationOutsideTLAB", kind: AllocOutside, amount: []string{"allocationSize"}, detail: []string{"objectClass"}},
	{event: "jdk.ObjectAllocationSample", kind: AllocSample, amount: []string{"weight"}, detail: []string{"objectClass"}},
	{event: "datadog.ObjectSample", kind: AgentAlloc, amount: []string{"size", "allocationSize"}, detail: []string{"objectClass"}, scale: "weight"},
	{event: "profiler.LiveObject", kind: LiveObject, amount: []string{"allocationSize"}, detail: []string{"objectClass"}},
	{event: "datadog.HeapLiveObject", kind: LiveObject, amount: []string{"size"}, detail: []string{"objectClass"}, scale: "weight"},
	{event: "profiler.Malloc", kind: Malloc, amount: []string{"size"}},
	{event: "jdk.JavaMonitorEnter", kind: MonitorEnter, amount: duration, detail: []string{"monitorClass"}},
	{event: "jdk.JavaMonitorWait", kind: MonitorWait, amount: duration, detail: []string{"monitorClass"}},
	{event: "jdk.ThreadPark", kind: Park, amount: duration, detail: []string{"parkedClass"}},
	{event: "jdk.ThreadSleep", kind: Sleep, amount: duration},
	{event: "jdk.SocketRead", kind: SocketRead, amount: duration, peer: true, bytes: "bytesRead"},
	{event: "jdk.SocketWrite", kind: SocketWrite, amount: duration, peer: true, bytes: "bytesWritten"},
	{event: "jdk.FileRead", kind: FileRead, amount: duration, detail: []string{"path"}, bytes: "bytesRead"},
	{event: "jdk.FileWrite", kind: FileWrite, amount: duration, detail: []string{"path"}, bytes: "bytesWritten"},
	{event: "jdk.FileForce", kind: FileForce, amount: duration, detail: []string{"path"}},
	{event: "jdk.JavaExceptionThrow", kind: Exception, detail: []string{"thrownClass"}},
	{event: "jdk.JavaErrorThrow", kind: Exception, detail: []string{"thrownClass"}},
	{event: "jdk.ClassLoad", kind: ClassLoad, amount: duration, detail: []string{"loadedClass"}},
	{event: "jdk.VirtualThreadPinned", kind: Pinned, amount: duration, detail: []string{"pinnedReason", "blockingOperation"}},
}

var duration = []string{"duration"}

type sampledEvent struct {
	event  string
	kind   Kind
	amount []string
	detail []string
	state  string
	count  string // how many samples the event stands for
	scale  string // what to multiply the amount with
	bytes  string
	peer   bool // the detail is host, address and port
}

// Places of the fields in the selection of a sampled event.
const (
	fieldStack = iota
	fieldThread
	fieldThread2
	fieldState
	fieldCount
	fieldScale
	fieldBytes
	fieldHost
	fieldAddress
	fieldPort
	fieldContext
	fieldSpan
	fieldRoot
	fieldRoot2
	fieldTime
	fieldFirstAmount // then the others, then details
)

// fields lists the fields to select.
func (s *sampledEvent) fields() []string {
	f := []string{"stackTrace", "eventThread", "sampledThread", s.state, s.count, s.scale, s.bytes, "", "", "",
		"contextId", "spanId", "localRootSpanId", "rootSpanId", ""}
	if s.peer {
		f[fieldHost], f[fieldAddress], f[fieldPort] = "host", "address", "port"
	}
	if s.kind == AllocSample {
		f[fieldTime] = "startTime"
	}
	return append(append(f, s.amount...), s.detail...)
}
