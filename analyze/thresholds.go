package analyze

import "time"

// Thresholds are the figures from which on rules speak up, each with its source.
type Thresholds struct {
	SystemThresholds
	ClusterThresholds
	RecordingThresholds

	// Lock contention. A monitor with more than 5 waiters is what thread dump
	// analysers flag; 10 % of request-thread time is their congestion mark.
	ContentionWaiters  int
	ContentionShare    float64
	ContentionDumps    int
	ContentionCritical float64
	HotThreadCores     float64 // cores used by one thread over the series
	HotThreadShare     float64 // of all cores the process may use
	StuckDumps         int     // dumps with the same stack
	StuckSpan          time.Duration
	LeakThreads        int     // growth of one family over the series
	PoolExhaustedShare float64 // of dumps in which no worker was idle
	PoolMinimum        int     // smaller pools are full by nature

	// Threads, beyond what stands above.
	HotThreadFull     float64       // cores of one thread from which on it is the limit of its own work: no thread can use more than one, and a busy machine gives it less
	StuckCPU          time.Duration // that a thread uses at most while it does not move; one short call to a socket costs 0.1 ms, measured on JDK 17 and 25
	LeakShare         float64       // growth of a family, of its last number: 10 %, the mark for congestion
	PoolGrowth        float64       // a pool that grew by more than this over the series has not met its maximum
	DownstreamThreads int           // in one call, on average over the dumps; as for waiters at a monitor
	DownstreamShare   float64       // of request-thread time in one call: below a quarter a service that mostly asks its database is healthy
	DBPoolWaiters     int           // a healthy pool hands out connections in microseconds: three at once waiting is no chance
	DBPoolShare       float64       // of request-thread time; half of the congestion mark, as no healthy service has any
	// DBConnectionsCritical is the share of a database's connections in use from which on the next are about to be refused: Atlassian
	// calls 90 % of a pool bad, and here one more pool is enough.
	DBConnectionsCritical float64
	FinalizerShare        float64       // of dumps that show the finalizer at work; an idle one waits for references
	PinnedShare           float64       // of the carriers' time, warning: half of the machine is missing
	PinnedCritical        float64       // nothing else can run
	SignatureShare        float64       // of request-thread time beneath a known method: the congestion mark
	LogRecent             time.Duration // before its end a log line counts as of today; a log may reach back for months

	GCOverheadWarn      float64 // share of time; analysers use 5/10 % over 60 s windows and throughput below 95/90 %
	GCOverheadCritical  float64
	HeapFullShare       float64 // live set of the maximum heap
	HeapTarget          float64 // live set share after the advised change
	LeakR2              float64 // fit of the live set's trend
	ExplicitGCs         int
	CPUWarn, CPUHigh    float64 // Atlassian: good up to 70 %, bad above 90 %
	RunQueuePerCPU      float64
	ThrottledShare      float64 // of cgroup periods
	ThrottledCritical   float64
	FDWarn, FDCritical  float64 // Atlassian: good below 70 %, bad from 90 % on
	DiskFreeWarn        int64   // bytes; Atlassian: at least 8192 MB
	DiskFreeCritical    int64
	DiskFreeShare       float64
	CompressedOopsLimit int64 // bytes of heap from which on object pointers take 8 bytes
	CompressedOopsAgain int64 // heap that makes up for it
}

// DefaultThresholds are the published ones, see the comments of Thresholds.
func DefaultThresholds() Thresholds {
	return Thresholds{
		SystemThresholds: defaultSystemThresholds(), ClusterThresholds: defaultClusterThresholds(),
		RecordingThresholds: defaultRecordingThresholds(),
		ContentionWaiters:   5, ContentionShare: 0.10, ContentionDumps: 2, ContentionCritical: 0.5,
		HotThreadCores: 0.6, HotThreadShare: 0.25,
		StuckDumps: 3, StuckSpan: 10 * time.Second,
		LeakThreads: 20, PoolExhaustedShare: 0.75, PoolMinimum: 4,
		LogRecent:     24 * time.Hour,
		HotThreadFull: 0.8, StuckCPU: 50 * time.Microsecond, LeakShare: 0.1, PoolGrowth: 1.1,
		DownstreamThreads: 5, DownstreamShare: 0.25, DBPoolWaiters: 3, DBPoolShare: 0.05, DBConnectionsCritical: 0.90,
		FinalizerShare: 0.75, PinnedShare: 0.5, PinnedCritical: 0.95, SignatureShare: 0.10,
		GCOverheadWarn: 0.10, GCOverheadCritical: 0.25,
		HeapFullShare: 0.80, HeapTarget: 0.50, LeakR2: 0.7, ExplicitGCs: 2,
		CPUWarn: 0.90, CPUHigh: 0.97, RunQueuePerCPU: 2,
		ThrottledShare: 0.05, ThrottledCritical: 0.25,
		FDWarn: 0.70, FDCritical: 0.90,
		DiskFreeWarn: 1 << 30, DiskFreeCritical: 256 << 20, DiskFreeShare: 0.05,
		CompressedOopsLimit: 32 << 30, CompressedOopsAgain: 48 << 30,
	}
}
