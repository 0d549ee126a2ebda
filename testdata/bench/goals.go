package main

// A goal is what a benchmark should show. Its figure is a metric of one benchmark, or of one divided by another.
type goal struct {
	what   string
	bench  string // name and subtests, without the number of CPUs
	metric string // its unit, as the benchmark reports it
	per    string // metric of the same benchmark to divide by, or empty
	unit   string // what the figure is in
	most   float64
	least  float64 // neither: the figure is for comparison
}

// goals are in the order of a reader: what a machine can do, whole processes, parsers, capture, scale.
var goals = []goal{
	{what: "a scan for lines on this machine, in Go", bench: "UnifiedG1Debug", metric: "scan-MB/s", unit: "MB/s"},
	{what: "a copy in memory", bench: "UnifiedG1Debug", metric: "copy-MB/s", unit: "MB/s"},

	{what: "`analyze` of a GC log of 47 MB", bench: "AnalyzeGCLog", metric: "x-parsing", unit: "x its parsing alone", most: 1.5},
	{what: "the same", bench: "AnalyzeGCLog", metric: "x-wc-l", unit: "x `wc -l`"},
	{what: "`analyze` of four nodes, 128 MB", bench: "AnalyzeCase/128MB", metric: "cpu-s", unit: "s of CPU"},
	{what: "256 MB", bench: "AnalyzeCase/256MB", metric: "cpu-s", unit: "s of CPU"},
	{what: "1 GB", bench: "AnalyzeCase/1024MB", metric: "cpu-s", unit: "s of CPU"},
	{what: "1 GB", bench: "AnalyzeCase/1024MB", metric: "wall-s", unit: "s", most: 5},
	{what: "1 GB, a quarter of it recordings", bench: "AnalyzeCase/1024MB-recordings", metric: "wall-s", unit: "s", most: 5},
	{what: "the same", bench: "AnalyzeCase/1024MB-recordings", metric: "cpu-s", unit: "s of CPU"},
	{what: "the same", bench: "AnalyzeCase/1024MB-recordings", metric: "peak-MB", unit: "MB of memory", most: 400},
	{what: "rules over a GC log", bench: "GCLog/rules", metric: "rules/parse", unit: "x parsing it", most: 1},

	{what: "GC log, G1 debug", bench: "UnifiedG1Debug", metric: "MB/s", unit: "MB/s", least: 800},
	{what: "the same", bench: "UnifiedG1Debug", metric: "x-line-scan", unit: "x a scan for lines", most: 5},
	{what: "GC log, JDK 8, G1 details", bench: "JDK8G1Details", metric: "x-line-scan", unit: "x a scan for lines", most: 5},
	{what: "GC log, JDK 8, adaptive", bench: "JDK8G1Adaptive", metric: "MB/s", unit: "MB/s", least: 400},
	{what: "the same", bench: "JDK8G1Adaptive", metric: "x-line-scan", unit: "x a scan for lines", most: 5},
	{what: "dumps", bench: "ParseHotSpot", metric: "MB/s", unit: "MB/s", least: 1000},
	{what: "the same", bench: "ParseHotSpot", metric: "x-line-scan", unit: "x a scan for lines", most: 5},
	{what: "recordings", bench: "Read", metric: "MB/cpu-s", unit: "MB a second of CPU", least: 300},
	{what: "`jfr print` of execution samples", bench: "BesideTheJDK/ExecutionSamples", metric: "x-faster", unit: "x as long as casefile"},
	{what: "`jfr summary`", bench: "BesideTheJDK/Counts", metric: "x-faster", unit: "x as long as casefile"},

	{what: "bundle of 6 dumps of 500 threads on 4 nodes", bench: "Dumps/join", metric: "size/zip-9", unit: "of `zip -9`", most: 0.25},
	{what: "bundle of the demo", bench: "DemoBundle", metric: "size/zip-9", unit: "of `zip -9`", most: 0.45},

	{what: "dump of 500 threads, JDK 17: `jstack`'s time", bench: "ThreadDump/java17-500threads", metric: "wall-times-less", unit: "x ours", least: 20},
	{what: "its CPU", bench: "ThreadDump/java17-500threads", metric: "cpu-times-less", unit: "x ours", least: 60},
	{what: "its pause", bench: "ThreadDump/java17-500threads", metric: "pause-times-less", unit: "x ours", least: 1},
	{what: "dump of 500 threads, JDK 25: `jstack`'s time", bench: "ThreadDump/java25-500threads", metric: "wall-times-less", unit: "x ours", least: 20},
	{what: "its CPU", bench: "ThreadDump/java25-500threads", metric: "cpu-times-less", unit: "x ours", least: 60},
	{what: "its pause", bench: "ThreadDump/java25-500threads", metric: "pause-times-less", unit: "x ours", least: 1},
	{what: "dump of 5,000 threads, JDK 25: `jstack`'s time", bench: "ThreadDump/java25-5000threads", metric: "wall-times-less", unit: "x ours"},
	{what: "counters of a JVM: `jstat`'s time", bench: "Counters", metric: "times-faster", unit: "x ours"},
	{what: "`collect` of a minute on 4 JVMs of 500 threads", bench: "Collect/4JVMs-500threads-1m0s", metric: "cpu-s", unit: "s of CPU"},
	{what: "the same", bench: "Collect/4JVMs-500threads-1m0s", metric: "peak-MB", unit: "MB of memory"},
	{what: "pauses in each of these JVMs", bench: "Collect/4JVMs-500threads-1m0s", metric: "pauses-ms/JVM", unit: "ms"},
	{what: "before, in as long", bench: "Collect/4JVMs-500threads-1m0s", metric: "before-pauses-ms/JVM", unit: "ms"},
	{what: "an idle agent", bench: "IdleAgent", metric: "rss-MB", unit: "MB of memory", most: 25},

	{what: "agents of 5 MB each to one admin", bench: "Join", metric: "agents", unit: "agents", least: 1000},
	{what: "time of it", bench: "Join", metric: "capture-s", per: "plain-copy-s", unit: "x a plain copy", most: 2},
	{what: "the same", bench: "Join", metric: "capture-s", per: "tls-copy-s", unit: "x a copy of the same bytes over TLS, one connection after the other"},
	{what: "CPU of the admin", bench: "Join", metric: "joiner-cpu-s", unit: "s"},
	{what: "memory of the admin", bench: "Join", metric: "joiner-MB", unit: "MB", most: 300},
	{what: "6 dumps of 5,000 threads", bench: "AnalyzeDumps/6x5000", metric: "cpu-s", unit: "s of CPU"},
	{what: "125 dumps of 650 threads", bench: "AnalyzeDumps/125x650", metric: "cpu-s", unit: "s of CPU"},
	{what: "250", bench: "AnalyzeDumps/250x650", metric: "cpu-s", unit: "s of CPU"},
	{what: "500", bench: "AnalyzeDumps/500x650", metric: "cpu-s", unit: "s of CPU"},
	{what: "`collect` of 20 s on 100 JVMs", bench: "Collect/100JVMs-20threads-20s", metric: "cpu-s", unit: "s of CPU"},
	{what: "the same", bench: "Collect/100JVMs-20threads-20s", metric: "peak-MB", unit: "MB of memory"},
}
