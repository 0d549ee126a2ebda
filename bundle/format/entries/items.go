package entries

// Items of the ledger for a JVM. What follows a dash tells more of the item before it.
const (
	ItemProcess     = "process"
	ItemCommandLine = "command-line"
	ItemEnvironment = "environment"
	ItemContainer   = "container"
	ItemLimits      = "limits"

	ItemThreadDumps    = "thread-dumps"
	ItemThreadDumpsCut = "thread-dumps-cut"
	ItemThreadCPU      = "thread-cpu"
	ItemThreadStates   = "thread-states-instead-of-dump"
	ItemVirtualThreads = "virtual-threads"
	ItemVirtualOff     = "virtual-threads-off"
	ItemSockets        = "sockets"
	ItemThreadWaits    = "thread-waits"
	ItemWaitSamples    = "thread-wait-samples"
	ItemCounters       = "counters"
	ItemCounterSeries  = "counter-series"
	ItemProcessSeries  = "process-series"
	ItemGCLog          = "gc-log"
	ItemGCLogContent   = "gc-log-content"
	ItemGCLogOff       = "gc-log-off"
	ItemLogs           = "logs"
	ItemConfig         = "config"
	ItemPlugins        = "plugins"
	ItemJFR            = "jfr"
	ItemJFRSettings    = "jfr-settings"
	ItemJFRStart       = "jfr-start"
	ItemJFRSamples     = "jfr-cpu-samples"
	ItemJFROff         = "jfr-off"
	ItemRepository     = "jfr-repository"
	ItemAsyncProfiler  = "async-profiler"
	ItemAsyncOff       = "async-profiler-off"
	ItemVMCommands     = "vm-commands"
	ItemVMVersion      = "vm-version"
	ItemVMCommandLine  = "vm-command-line"
	ItemVMFlags        = "vm-flags"
	ItemVMUptime       = "vm-uptime"
	ItemHeapInfo       = "heap-info"
	ItemCodeCache      = "code-cache"
	ItemVMEvents       = "vm-events"
	ItemNativeMemory   = "native-memory"
	ItemVMLogConfig    = "vm-log-config"
	ItemProperties     = "system-properties"
	ItemClassHistogram = "class-histogram"
	ItemMetaspace      = "metaspace"
)

// Items of the ledger for a Go service.
const (
	ItemPprof          = "pprof"
	ItemGoroutineDumps = "goroutine-dumps"
	ItemFullStacks     = "full-stacks"
	ItemCPUProfile     = "cpu-profile"
	ItemIOProfile      = "io-profile"
	ItemProfiles       = "profiles"
	ItemMetrics        = "runtime-metrics"
	ItemProcessFigures = "process-figures"
	ItemBuildInfo      = "build-info"
)

// Items of the ledger for a database. What follows a dash tells more of the item before it.
const (
	ItemSessions       = "sessions"
	ItemSessionsRights = "sessions-rights"
	ItemSessionsSpared = "sessions-spared"
	ItemStatements     = "statements"
)

// Items of the ledger for a pod.
const (
	ItemPodState   = "pod-state"
	ItemPodEvents  = "pod-events"
	ItemPodMachine = "pod-node"
	ItemPodLogs    = "pod-logs"
)

// Items of any job.
const (
	ItemSearch = "search" // for targets
	ItemJob    = "job"    // the capture of a target as a whole
)

// ItemCommonValues is the scrubber's: values that stand after a secret's name and are not looked for elsewhere.
const ItemCommonValues = "common-values"

// Items of a node as a whole, by those who reach it and hand its bundle on.
const (
	ItemNode       = "node"
	ItemProcesses  = "processes"
	ItemSpool      = "spool"
	ItemStream     = "stream"
	ItemReportPage = "report next to the bundle"
	ItemStorage    = "storage latency" // of folders that people named
)
