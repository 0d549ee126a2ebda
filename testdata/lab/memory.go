package lab

// MemoryFault is a way to use memory that hurts, and what is right about it.
type MemoryFault struct {
	Name string
	// Args are the program's: the fault's own name, its mode, and numbers.
	Sick, Healthy []string
	Options       []string // of both JVMs
	// Finds are the ids that name the problem, "a|b"; Names and Advice are patterns of the title and of the first advice. No Finds: what
	// would be sick elsewhere is right.
	Finds, Names, Advice string
	Collectors           string // a pattern of those that know the fault; all
	Seconds              int    // of the capture; 0: the program dies, and its log alone tells
	Alone                bool   // takes the CPU, so that one collector is tried at a time
	Info                 bool   // a note is enough
	Recorded             bool   // by JFR too
	MinMajor             int
}

// MemoryFaults are all of them.
var MemoryFaults = []MemoryFault{
	{Name: "full", Sick: []string{"leak", "sick", "25", "12"}, Healthy: []string{"leak", "healthy", "25"}, Options: []string{"-Xmx96m"},
		Finds: "heap-exhausted|out-of-memory", Names: `full|OutOfMemory`, Advice: `heap dump|fills the heap|restart`},
	{Name: "leak-512", Sick: []string{"leak", "sick", "80", "3.5"}, Healthy: []string{"leak", "healthy", "80"}, Options: []string{"-Xmx512m"},
		Finds: "memory-leak|heap-exhausted|out-of-memory", Names: `rose from|full|OutOfMemory`, Advice: `histogram|heap dump|restart`, Seconds: 60},
	{Name: "leak-96", Sick: []string{"leak", "sick", "8", "1.2"}, Healthy: []string{"leak", "healthy", "8"}, Options: []string{"-Xmx96m"},
		Finds: "memory-leak|heap-exhausted|out-of-memory", Names: `rose from|full|OutOfMemory`, Advice: `histogram|heap dump|restart`, Seconds: 50},
	{Name: "step", Healthy: []string{"step", "healthy", "60", "22"}, Options: []string{"-Xmx400m"}, Seconds: 30},
	{Name: "direct", Sick: []string{"direct", "sick", "28"}, Healthy: []string{"direct", "healthy", "28"},
		Options: []string{"-Xmx128m", "-XX:MaxDirectMemorySize=32m"},
		Finds:   "direct-memory", Names: `[Dd]irect`, Advice: `MaxDirectMemorySize|buffers`, Seconds: 20, Recorded: true},
	{Name: "direct-leak", Sick: []string{"direct-leak", "sick"}, Healthy: []string{"direct-leak", "healthy"},
		Options: []string{"-Xmx128m", "-XX:MaxDirectMemorySize=96m"},
		Finds:   "direct-memory|out-of-memory", Names: `[Dd]irect`, Advice: `buffers`, Seconds: 20},
	{Name: "metaspace", Sick: []string{"metaspace", "sick", "600"}, Healthy: []string{"metaspace", "healthy", "600"},
		Options: []string{"-Xmx128m", "-XX:MaxMetaspaceSize=40m"},
		Finds:   "metaspace-pressure|out-of-memory", Names: `[Mm]etaspace`, Advice: `load|MaxMetaspaceSize`, Seconds: 20},
	{Name: "class-loaders", Sick: []string{"class-loaders", "sick", "400"}, Healthy: []string{"class-loaders", "healthy", "400"},
		Options: []string{"-Xmx256m"},
		Finds:   "metaspace-pressure", Names: `[Mm]etaspace|[Cc]lass`, Advice: `load`, Seconds: 25, Info: true},
	{Name: "explicit", Sick: []string{"explicit", "sick"}, Healthy: []string{"explicit", "healthy"}, Options: []string{"-Xmx256m"},
		Finds: "explicit-gc", Names: `System\.gc`, Advice: `calls|cleanUp`, Seconds: 15, Info: true},
	{Name: "heap-dump", Sick: []string{"heap-dump", "sick", "250"}, Healthy: []string{"heap-dump", "healthy", "250"}, Options: []string{"-Xmx900m"},
		Finds: "long-operation|long-gc-pause", Names: `[Hh]eap ?[Dd]ump`, Advice: `heap dump`, Seconds: 20, Alone: true},
	{Name: "humongous-1", Sick: []string{"humongous", "sick", "1"}, Healthy: []string{"humongous", "healthy", "1"}, Options: []string{"-Xmx512m"},
		Finds: "humongous-allocations", Names: `[Hh]umongous`, Advice: `region`, Seconds: 15, Collectors: "G1"},
	{Name: "humongous-4", Sick: []string{"humongous", "sick", "4"}, Healthy: []string{"humongous", "healthy", "4"}, Options: []string{"-Xmx1g"},
		Finds: "humongous-allocations", Names: `[Hh]umongous`, Advice: `region`, Seconds: 15, Collectors: "G1"},
	{Name: "humongous-8", Sick: []string{"humongous", "sick", "7"}, Healthy: []string{"humongous", "healthy", "7"}, Options: []string{"-Xmx1g"},
		Finds: "humongous-allocations", Names: `[Hh]umongous`, Advice: `region`, Seconds: 15, Collectors: "G1"},
	{Name: "too-small", Sick: []string{"sessions", "sick", "70", "8", "20"}, Healthy: []string{"sessions", "healthy", "30", "2", "10"},
		Options: []string{"-Xmx96m"}, Finds: "heap-too-small|gc-overhead|heap-exhausted|allocation-stall", Names: `heap|free`, Advice: `-Xmx`, Seconds: 15, Alone: true},
}

// Collectors are those that are tried, with the options that choose them.
var Collectors = []struct {
	Name     string
	Options  []string
	From, To int // major versions
}{
	{Name: "Serial", Options: []string{"-XX:+UseSerialGC"}, From: 8, To: 99},
	{Name: "Parallel", Options: []string{"-XX:+UseParallelGC"}, From: 8, To: 99},
	{Name: "G1", Options: []string{"-XX:+UseG1GC"}, From: 8, To: 99},
	{Name: "ZGC", Options: []string{"-XX:+UseZGC"}, From: 15, To: 99},
	{Name: "ZGC-generational", Options: []string{"-XX:+UseZGC", "-XX:+ZGenerational"}, From: 21, To: 23},
	{Name: "Shenandoah", Options: []string{"-XX:+UseShenandoahGC"}, From: 12, To: 99},
	{Name: "Shenandoah-generational", Options: []string{"-XX:+UseShenandoahGC", "-XX:ShenandoahGCMode=generational"}, From: 25, To: 99},
}
