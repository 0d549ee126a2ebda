// Package ids names the rules: what a finding is called in reports, in JSON and where one rule depends on another.
//
// A name, once given, stays.
package ids

// Threads.
const (
	Deadlock             = "deadlock"
	LockContention       = "lock-contention"
	ThreadPoolExhausted  = "thread-pool-exhausted"
	DBPoolExhausted      = "db-pool-exhausted"
	PoolMismatch         = "pool-mismatch"
	SlowDownstream       = "slow-downstream"
	StuckThread          = "stuck-thread"
	HotThread            = "hot-thread"
	ThreadLeak           = "thread-leak"
	FinalizerBacklog     = "finalizer-backlog"
	ClassLoadingLock     = "class-loading-lock"
	LoggingLock          = "logging-lock"
	PinnedVirtualThreads = "pinned-virtual-threads"
	AppSignature         = "app-signature"
	UnresponsiveJVM      = "unresponsive-jvm"
	UnexplainedWait      = "unexplained-wait"
	SelfStarvation       = "self-starvation"
	HiddenDeadlock       = "hidden-deadlock"
	QueueFull            = "queue-full"
	ClusterCall          = "cluster-call"
	ObjectPoolExhausted  = "object-pool-exhausted"
	EventLoopBlocked     = "event-loop-blocked"
	ShutdownHangs        = "shutdown-hangs"
)

// Waits that go through a database or to another node.
const (
	DBLockWait          = "db-lock-wait"
	IdleInTransaction   = "idle-in-transaction"
	SlowStatement       = "slow-statement"
	DistributedDeadlock = "distributed-deadlock"
	SlowFile            = "slow-file"
)

// Collections, memory and settings of a JVM.
const (
	HeapTooSmall          = "heap-too-small"
	BackToBackCycles      = "back-to-back-cycles"
	LongOperation         = "long-operation"
	OutOfMemory           = "out-of-memory"
	DirectMemory          = "direct-memory"
	HeapExhausted         = "heap-exhausted"
	MemoryLeak            = "memory-leak"
	LongGCPause           = "long-gc-pause"
	GCOverhead            = "gc-overhead"
	FullGC                = "full-gc"
	ExplicitGC            = "explicit-gc"
	MetaspacePressure     = "metaspace-pressure"
	HumongousAllocations  = "humongous-allocations"
	EvacuationFailure     = "evacuation-failure"
	ConcurrentModeFailure = "concurrent-mode-failure"
	AllocationStall       = "allocation-stall"
	PrematurePromotion    = "premature-promotion"
	GCLocker              = "gc-locker"
	GCThreadsMismatch     = "gc-threads-mismatch"
	SerialGCOnServer      = "serial-gc-on-server"
	SysTimeInGC           = "sys-time-in-gc"
	LongSafepoint         = "long-safepoint"
	CodeCacheFull         = "code-cache-full"
	JITDisabled           = "jit-disabled"
	UnsafeConfig          = "unsafe-config"
	JDKOutOfSupport       = "jdk-out-of-support"
)

// Machines.
const (
	CPUSaturated   = "cpu-saturated"
	CPUThrottled   = "cpu-throttled"
	CPUSteal       = "cpu-steal"
	MemorySwapping = "memory-swapping"
	OOMRisk        = "oom-risk"
	DiskSaturated  = "disk-saturated"
	DiskFull       = "disk-full"
	FDExhaustion   = "fd-exhaustion"
	HostStall      = "host-stall"
	NativeMemory   = "native-memory"
)

// Pods and nodes of Kubernetes.
const (
	OOMKilled    = "oom-killed"
	PodRestarts  = "pod-restarts"
	PodNotReady  = "pod-not-ready"
	NodePressure = "node-pressure"
)

// The nodes of a cluster, and the way between them.
const (
	ClockSkew        = "clock-skew"
	SlowLink         = "slow-link"
	SlowDependency   = "slow-dependency"
	PacketLoss       = "packet-loss"
	AsymmetricRoute  = "asymmetric-route"
	NodeOutlier      = "node-outlier"
	ConfigDrift      = "config-drift"
	PausePropagation = "pause-propagation"
)

// Flight recordings.
const (
	HotCode        = "hot-code"
	CostlyCalls    = "costly-calls"
	AllocationSite = "allocation-site"
	LockSite       = "lock-site"
	IOSite         = "io-site"
	ExceptionFlow  = "exception-flow"
)
