package gc

import "time"

// Pause is one stop of the application for the collector. Sizes are bytes; unknown ones are zero and FlagHeap is not set.
type Pause struct {
	Start     time.Duration // on the log's timeline; the end stamp less the duration
	Duration  time.Duration
	Before    int64 // heap used
	After     int64
	Committed int64
	User      float32 // CPU seconds of all GC threads; with FlagCPU
	Sys       float32
	Real      float32
	Line      uint32 // line of the log that ends the pause, from 1
	GCID      uint32
	CauseID   uint16
	File      uint16 // index into Log.Files for joined series
	Kind      Kind
	Flags     Flags
}

// End is the moment the application went on.
func (p *Pause) End() time.Duration { return p.Start + p.Duration }

// Run is one JVM start inside a log.
type Run struct {
	FirstLine int
	First     time.Duration // first and last stamp, on the log's timeline
	Last      time.Duration
	Base      time.Duration // timeline = Base + stamp
	WallZero  time.Time     // wall clock at timeline position Base; zero when the log has no wall clock
	Resumed   bool          // no start: the log misses a stretch, and goes on with the same JVM
}

// Mention is a line of the log that supports a fact.
type Mention struct {
	File uint16
	Line int
	Time time.Duration
	Text string // at most 200 bytes of it
}

// Mentions counts lines and keeps the first few.
type Mentions struct {
	Count int64
	Lines []Mention
}

// Format is how a source tells of collections. Those that only their reader knows stand in package gclog.
type Format string

const (
	FormatUnified    Format = "unified"     // -Xlog, JDK 9 and later
	FormatPreUnified Format = "pre-unified" // JDK 8 and older
	FormatCounters   Format = "counters"    // made of hsperfdata
	FormatJFR        Format = "jfr"         // made of a flight recording
)

// Log is all that is known about the collections of one JVM from one source.
type Log struct {
	Source     string
	Files      []string // the parts of a joined series, in time order; one for a single file
	Format     Format
	Collector  Collector
	JVMVersion string // as stated in the log; empty when it is not
	Settings   Settings

	Timed bool          // the source has time stamps
	Parts []*Log        // of several runs, each by itself (of very many, the first ones together); nil for one
	Runs  []Run         // at most Limits.Runs; the last one then stands for all later ones
	First time.Duration // first and last stamp on the timeline
	Last  time.Duration
	Span  time.Duration // covered by the log: sum over runs of last - first

	Pauses  []Pause // in log order, at most Limits.Pauses
	Dropped int64   // pauses counted below but no longer in Pauses
	Longest []Pause // the longest pauses of the whole log, longest first
	Total   *Dist   // all pauses
	Stopped time.Duration
	FullGCs int64
	causes  []string
	groups  []*Group

	Phases     []Phase // concurrent work by name
	Stalls     Stalls
	Safepoints Safepoints
	CPU        CPU

	Heap       Heap
	Allocation Flow // bytes allocated by the application
	Promotion  Flow // bytes moved into the old generation by young collections
	Live       []LivePoint
	Metaspace  Metaspace
	Humongous  Humongous
	References References

	EvacuationFailures        Mentions
	PromotionFailures         Mentions
	ConcurrentModeFailures    Mentions
	ConcurrentModeInterrupted Mentions
	OutOfMemory               Mentions

	Cycles []Cycle  // collections of the whole heap, in time order; of very many every other one
	Notes  []string // what is odd about the source: its order, a stamp that was cut, a part that is missing

	Gaps   []Gap   // longest stretches without any line, longest first
	Checks []Check // our figures against the JVM's own

	Lines       int64    // all lines
	DetailLines int64    // GC detail that is recognised but carries no fact kept here
	OtherLines  Mentions // not GC or safepoint logging
	Unparsed    Mentions // GC or safepoint logging that was not understood
	CutLines    int64    // lines over the length limit
	Limits      Limits
}

// Cycle is a collection of the whole heap: a full pause, or one that ran while the application did.
type Cycle struct {
	Time          time.Duration // its end
	Duration      time.Duration // zero where it is not told
	Before, After int64         // bytes in use; zero where they are not told
	Committed     int64         // size of the heap after it
	OldAfter      int64         // old generation in use, and its size, after it; zero where they are not told
	OldCommitted  int64
	CauseID       uint16
	Concurrent    bool // it ran while the application did
	Line          uint32
	File          uint16
}

// Settings are what the log states about the JVM's configuration; zero means not stated.
type Settings struct {
	CPUs              int   // available to the JVM
	Memory            int64 // bytes of the machine or container
	ParallelWorkers   int
	ConcurrentWorkers int
	RegionSize        int64
	HeapMin           int64
	HeapInitial       int64
	HeapMax           int64
	MemoryFree        int64 // of Memory, when the JVM started
	Swap              int64
	SwapFree          int64 // when the JVM started; with SwapKnown
	SwapKnown         bool
	CompressedOops    Known
	LargePages        Known
	GOGC              int    // of Go: per cent by which the heap may grow, as its goals show; 0 unknown
	CommandLineAt     int    // its line
	CommandLine       string // "CommandLine flags:" of JDK 8, "Command Line:" of unified logs with gc+init or arguments
}

// Known is a switch that the log may tell of.
type Known uint8

// States of a switch.
const (
	NotTold Known = iota
	On
	Off
)

// Group is the distribution of the pauses of one kind and cause.
type Group struct {
	Kind  Kind
	Cause string
	*Dist
}

// Work that a pause may have within, because an option or a person asked for it (HeapDumpBeforeFullGC, PrintClassHistogram).
const (
	PhaseHeapDump  = "Heap Dump"
	PhaseHistogram = "Class Histogram"
)

// Phase is concurrent work of the collector, by its name in the log.
type Phase struct {
	Name string
	*Dist
}

// Stalls are the waits of application threads for memory (ZGC "Allocation Stall", Shenandoah pacing is not among them).
type Stalls struct {
	Total    *Dist
	List     []Stall        // in the order of the log, at most Limits.Stalls
	ByThread []ThreadStalls // most time first, at most Limits.Threads; the rest is in Total only
	Relocate *Dist          // ZGC "Relocation Stall"
	Lines    Mentions
}

// Stall is one wait of one thread.
type Stall struct {
	End      time.Duration
	Duration time.Duration
	Line     uint32
	File     uint16
}

// ThreadStalls are the allocation stalls of one thread.
type ThreadStalls struct {
	Thread string
	Count  int64
	Sum    time.Duration
	Max    time.Duration
}

// Safepoints are the stops of the application, for any reason. Logs of JDK 8-12 give stops without their operation, or
// with it on another line; Operation is then empty where it is unknown.
type Safepoints struct {
	Count        int64
	Total        *Dist // from the request until threads run again
	Reach        *Dist // time to safepoint
	ByOperation  []SafepointOp
	WorstReach   []Safepoint // longest times to safepoint, longest first
	Longest      []Safepoint // longest operations other than collections, as far as they have a name; longest first
	AppTime      time.Duration
	AppTimeLines int64
}

// SafepointOp is what one VM operation cost. The sums are exact.
type SafepointOp struct {
	Operation string
	Count     int64
	ReachSum  time.Duration // until all threads stood still
	ReachMax  time.Duration
	AtSum     time.Duration // in the operation, cleanup included
	AtMax     time.Duration
	TotalSum  time.Duration
	TotalMax  time.Duration
}

// Safepoint is one stop.
type Safepoint struct {
	Operation string
	Start     time.Duration
	Reach     time.Duration
	At        time.Duration
	Total     time.Duration
	File      uint16
	Line      int
}

// CPU sums user, sys and real over the pauses that state them.
type CPU struct {
	Share    float64 // of all CPU time since the start, as Go states it, 0 to 1; 0 unknown
	Pauses   int64
	Took     time.Duration // sum of their durations
	User     float64       // seconds
	Sys      float64
	Real     float64
	SysHeavy int64 // pauses with sys > user and sys of at least 20 ms
	// ConcurrentPhases is user and sys of concurrent phases, in seconds (CMS states it).
	ConcurrentPhases float64
	Inverted         int64 // pauses of several workers' kinds where user+sys < real and real is at least 20 ms: threads waited
	Lines            Mentions
}

// Heap are extremes over the log, in bytes.
type Heap struct {
	Max           int64 // stated maximum, else the largest committed size
	MaxStated     bool
	Estimated     int64 // maximum by the shares of it that ZGC gives, which are whole percents; 0 without
	share         float64
	PeakUsed      int64 // largest heap before a collection
	PeakAfter     int64
	PeakCommitted int64
	LastUsed      int64
	YoungPeak     int64 // largest capacity of the young generation seen
	OldPeak       int64 // largest capacity of the old generation seen
	OldLast       int64 // old generation used after the last collection that states it
}

// Flow is an amount of bytes over a time.
type Flow struct {
	Bytes  int64
	Over   time.Duration
	Known  bool
	Series Series // bytes per second over time
}

// LiveSource says from what a live set was read.
type LiveSource uint8

// Sources of live sets, best first.
const (
	LiveMarked LiveSource = iota // stated by the collector at the end of marking (ZGC)
	LiveFull                     // heap after a full collection
	LiveOld                      // heap after a concurrent cycle (CMS sweep, G1 cleanup, Shenandoah)
	LiveMixed                    // heap after a mixed collection
	LiveLow                      // lowest heap after any collection in a stretch of time: an upper bound
)

var liveNames = [...]string{"marked", "after full", "after old cycle", "after mixed", "low after young"}

func (s LiveSource) String() string {
	if int(s) < len(liveNames) {
		return liveNames[s]
	}
	return "unknown"
}

// LivePoint is a reading of the live set.
type LivePoint struct {
	Time   time.Duration
	Bytes  int64
	Line   uint32
	File   uint16
	Source LiveSource
}

// Metaspace in bytes; Class is the compressed class space where it is stated.
type Metaspace struct {
	Used      int64
	Committed int64
	Reserved  int64
	PeakUsed  int64
	Series    Series
	PermGen   bool  // figures are of the permanent generation (JDK 7 and older)
	Threshold int64 // pauses with a metadata cause
}

// Humongous objects of G1: at least half a region.
type Humongous struct {
	PeakRegions   int64 // largest number of humongous regions before a pause
	Reclaimed     int64 // regions freed by pauses
	Pauses        int64 // pauses with a humongous cause
	LargestObject int64 // bytes; stated at debug level only
	Requests      Mentions
}

// References processed; times are sums over pauses.
type References struct {
	Time                       time.Duration
	Soft, Weak, Final, Phantom int64 // discovered
}

// Gap is a stretch without lines.
type Gap struct {
	From, To time.Duration
	Line     int // the first line after it
}

// Check compares a figure of casefile's with one the JVM printed itself.
type Check struct {
	What  string
	Ours  float64
	JVM   float64
	Unit  string
	Line  int
	Agree bool
	Note  string // why figures that agree are not equal
}

// Limits bound what is kept. Zero fields take the defaults of DefaultLimits.
type Limits struct {
	Pauses  int // pause records
	Exact   int // values over all distributions that are kept for exact percentiles
	Longest int
	Points  int // per series
	Samples int // per Mentions
	Names   int // causes, phases, operations: each
	Runs    int // JVM starts
	Threads int // stalled threads
	Stalls  int // single waits of threads
}

// DefaultLimits keep a parse below 64 MB of memory whatever the log's size.
func DefaultLimits() Limits {
	return Limits{Pauses: 1 << 17, Exact: 1 << 19, Longest: 64, Points: 4096, Samples: 32, Names: 256, Runs: 1024, Threads: 1024, Stalls: 1 << 14}
}

// Cause gives the cause of a pause as the log names it; empty when it has none.
func (l *Log) Cause(p *Pause) string { return l.causeName(p.CauseID) }

// CauseOf gives the cause of a collection of the whole heap.
func (l *Log) CauseOf(c *Cycle) string { return l.causeName(c.CauseID) }

func (l *Log) causeName(id uint16) string {
	if int(id) < len(l.causes) {
		return l.causes[id]
	}
	return ""
}

// Wall maps a position on the timeline to the wall clock; ok is false when the log has none.
func (l *Log) Wall(at time.Duration) (t time.Time, ok bool) {
	for i := len(l.Runs) - 1; i >= 0; i-- {
		r := &l.Runs[i]
		if (at >= r.First || i == 0) && !r.WallZero.IsZero() {
			return r.WallZero.Add(at - r.Base), true
		}
	}
	return time.Time{}, false
}
