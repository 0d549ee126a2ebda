package analyze

import "time"

// SystemThresholds are those of the rules about collections, memory and machines, beside the ones of Thresholds.
type SystemThresholds struct {
	// What of a GC log is judged. JDK Mission Control and the JVM's own MMU goals look at windows of 60 s.
	Recent        time.Duration // at least so much before the end of the capture, where the log has it
	RecentLoose   time.Duration // of a log without a capture beside it
	SpanLeast     time.Duration // a shorter stretch proves nothing
	SpanSure      time.Duration // from here on confidence is high
	StartUp       time.Duration // of a JVM: class loading and a heap that has yet to grow make many collections
	StartUpFactor float64       // by which a share of time must be higher while it lasts

	LeakGrowth     float64       // of the maximum heap, over the readings
	LeakReadings   int           // at least
	LeakSpan       time.Duration // of the readings, at least
	LeakHeapShare  float64       // live set at the end, of the maximum: below it caches may still fill, unless it went on for LeakLongSpan
	LeakLongSpan   time.Duration
	LeakLowR2      float64 // where only heaps after young collections are known, which hold garbage too
	LeakLowGrowth  float64
	YoungTiny      float64       // young generation, of the maximum heap; ergonomics give a third, G1 at least 5 %
	ExplicitShare  float64       // of time; GCViewer and garbagecat complain of any
	ExplicitPause  time.Duration // one of them
	ExplicitWindow time.Duration // looked at where the recent past has none

	LongPause       time.Duration // what users of an interactive service notice, and the mark of all peers
	LongPauseShare  float64       // of time; less is once in many hours
	FullGCInterval  time.Duration // peers flag full collections closer than this
	FullGCShare     float64       // of time
	HumongousShare  float64       // of pauses that humongous allocations start
	HumongousMinute float64       // such pauses a minute
	StallsMinute    float64       // peers: 10 a minute warning
	StallsCritical  float64       // 100 a minute critical
	CodeCacheFull   float64       // used, of one part of the code cache: below a tenth of free room the JVM throws code away
	PromotedShare   float64       // of what is allocated reaches the old generation: GC log analysers use 5 %
	PromotedWaste   float64       // of what the old generation held is dead when it is collected
	FailedCopies    float64       // of G1's young collections found no room; a healthy G1 has none
	LockerShare     float64       // of the collections: 10 % is the mark of GC log analysers
	MetaspaceFull   float64       // used, of MaxMetaspaceSize: the JVM gives it out in chunks, and at 80 % none may be left, measured on 17 and 25
	MetaspaceGCs    int           // in the recent past
	SafepointReach  time.Duration // one stop's time to safepoint; GC Easy and garbagecat warn from there on
	SafepointShare  float64       // of time
	SysShare        float64       // system part of the CPU time of collections; garbagecat warns where it passes user time
	SysGCShare      float64       // of time that such collections stop

	PSICPU           float64 // percent of time in which some task waited for a CPU
	RunQueueCritical float64 // tasks a CPU
	ThrottlePeriods  float64 // fewer prove nothing: 5 s of running at the kernel's 100 ms
	InodesFree       float64 // percent
	DiskSoon         time.Duration
	Steal            float64 // percent of all CPU time; cloud vendors call 10 % high
	StealCritical    float64
	SwapRate         float64 // bytes per second that come back from swap: each page is a wait of a thread
	SwapPressure     float64 // percent of time in which some task waited for memory
	MemoryFull       float64 // percent of a container's limit, page cache that can go not counted; JDK Mission Control: 85 / 95 %
	MemoryAvailable  float64 // percent of the machine's
	DiskBusy         float64 // percent of time
	DiskLatency      float64 // milliseconds; Atlassian: local disk write good below 5, bad above 15
	DiskPressure     float64 // percent of time in which some task waited for I/O
	HostStall        float64 // seconds that a sample came late
}

func defaultSystemThresholds() SystemThresholds {
	return SystemThresholds{
		Recent: time.Minute, RecentLoose: 5 * time.Minute, SpanLeast: 5 * time.Second, SpanSure: 30 * time.Second,
		StartUp: 30 * time.Second, StartUpFactor: 2,
		LeakGrowth: 0.10, LeakReadings: 5, LeakSpan: 20 * time.Second, LeakHeapShare: 0.4, LeakLongSpan: 30 * time.Minute,
		LeakLowR2: 0.9, LeakLowGrowth: 0.25,
		YoungTiny: 0.10, ExplicitShare: 0.01, ExplicitPause: 500 * time.Millisecond, ExplicitWindow: time.Hour,
		LongPause: time.Second, LongPauseShare: 0.001, FullGCInterval: time.Minute, FullGCShare: 0.02,
		HumongousShare: 0.3, HumongousMinute: 6, StallsMinute: 10, StallsCritical: 100,
		CodeCacheFull: 0.9, PromotedShare: 0.05, PromotedWaste: 0.5, LockerShare: 0.1, FailedCopies: 0.05,
		MetaspaceFull: 0.75, MetaspaceGCs: 3,
		SafepointReach: time.Second, SafepointShare: 0.05, SysShare: 0.5, SysGCShare: 0.02,
		PSICPU: 50, RunQueueCritical: 10, ThrottlePeriods: 50, InodesFree: 2, DiskSoon: time.Hour,
		Steal: 10, StealCritical: 25, SwapRate: 1 << 20, SwapPressure: 5, MemoryFull: 95, MemoryAvailable: 3,
		DiskBusy: 90, DiskLatency: 15, DiskPressure: 20, HostStall: 3,
	}
}
