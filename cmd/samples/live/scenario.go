package live

import (
	"fmt"
	"slices"
)

// Scenario is one planted problem, and how a JVM must be started for it.
type Scenario struct {
	Name      string
	Finding   string // id of the finding that a correct analysis puts first; empty for none
	JVM       []string
	Args      []string // arguments that are always there, after the name
	Env       []string
	MinMajor  int
	OpenFiles int  // limit of open files; 0 leaves the user's own
	GCLog     bool // with a GC log, as a well-kept service has one
}

// Secrets are the values that the scenario "secrets" plants, by where: none of
// them may ever be in a bundle.
func Secrets() map[string]string {
	return map[string]string{
		"system property":  "pw-from-property-7hW4",
		"run-time setting": "pw-from-runtime-8fK2",
		"thread name":      "pw-from-thread-3xQ9",
		"environment":      "pw-from-environment-5tB1",
		"argument":         "pw-from-argument-6mC8",
	}
}

// Scenarios returns all of them. Heaps are small and fixed, so that a problem
// shows after seconds and does not depend on the machine.
func Scenarios() []Scenario {
	heap := func(args ...string) []string {
		return append([]string{"-Xms128m", "-Xmx128m", "-XX:+HeapDumpOnOutOfMemoryError"}, args...)
	}
	secret := Secrets()
	return []Scenario{
		{Name: "healthy", JVM: heap("-XX:+UseG1GC"), GCLog: true},
		{Name: "hot-thread", Finding: "hot-thread", JVM: heap()},
		{Name: "stuck-thread", Finding: "stuck-thread", JVM: heap()},
		{Name: "slow-downstream", Finding: "slow-downstream", JVM: heap()},
		{Name: "pool-exhausted", Finding: "unexplained-wait", JVM: heap()},
		{Name: "db-pool-exhausted", Finding: "db-pool-exhausted", JVM: heap()},
		{Name: "deadlock-monitors", Finding: "deadlock", JVM: heap()},
		{Name: "deadlock-locks", Finding: "deadlock", JVM: heap()},
		{Name: "lock-contention", Finding: "lock-contention", JVM: heap()},
		{Name: "logging-lock", Finding: "logging-lock", JVM: heap()},
		{Name: "class-loading", Finding: "class-loading-lock", JVM: heap()},
		{Name: "threads", JVM: heap()},
		{Name: "thread-leak", Finding: "thread-leak", JVM: heap("-Xss256k")},
		{Name: "virtual-pinned", Finding: "pinned-virtual-threads", JVM: heap(), MinMajor: 21},
		{Name: "heap-too-small", Finding: "heap-too-small", JVM: []string{"-Xms96m", "-Xmx96m", "-XX:+UseG1GC"}},
		{Name: "memory-leak", Finding: "memory-leak", JVM: heap("-Xms256m", "-Xmx256m", "-XX:+UseG1GC")},
		{Name: "gc-overhead", Finding: "gc-overhead", JVM: heap("-XX:+UseParallelGC", "-Xmn4m")},
		{Name: "explicit-gc", Finding: "explicit-gc", JVM: heap()},
		{Name: "humongous", Finding: "humongous-allocations", JVM: heap("-XX:+UseG1GC", "-XX:G1HeapRegionSize=1m")},
		{Name: "finalizer", Finding: "finalizer-backlog", JVM: heap()},
		{Name: "metaspace", Finding: "metaspace-pressure", JVM: heap("-XX:MaxMetaspaceSize=32m")},
		{Name: "code-cache", Finding: "code-cache-full", JVM: heap("-XX:ReservedCodeCacheSize=4m", "-XX:-UseCodeCacheFlushing")},
		{Name: "bursts", Finding: "evacuation-failure", JVM: heap("-XX:+UseG1GC")},
		{Name: "flood", Finding: "allocation-stall", JVM: heap("-XX:+UseZGC"), MinMajor: 17},
		{Name: "compress", Finding: "gc-locker", JVM: heap("-XX:+UseG1GC")},
		{Name: "short-lived", Finding: "premature-promotion", JVM: heap("-Xms256m", "-Xmx256m", "-XX:+UseParallelGC", "-XX:SurvivorRatio=60", "-XX:-UseAdaptiveSizePolicy")},
		{Name: "counted-loop", Finding: "long-safepoint", JVM: heap("-XX:+IgnoreUnrecognizedVMOptions", "-Xbatch", "-XX:+UseParallelGC",
			"-XX:-UseCountedLoopSafepoints", "-XX:LoopStripMiningIter=0")},
		{Name: "fd-leak", Finding: "fd-exhaustion", JVM: heap(), OpenFiles: 1024},
		{Name: "profiled", JVM: heap("-XX:CompileCommand=quiet", "-XX:CompileCommand=dontinline,com.example.shop.Profiled::*")},
		{Name: "cluster-node", JVM: heap()},
		{Name: "secrets", JVM: heap("-Dhibernate.connection.password=" + secret["system property"]),
			Args: []string{"--admin-password=" + secret["argument"]}, Env: []string{"SHOP_DB_PASSWORD=" + secret["environment"]}},
	}
}

// ByName returns one scenario.
func ByName(name string) (Scenario, error) {
	list := Scenarios()
	i := slices.IndexFunc(list, func(s Scenario) bool { return s.Name == name })
	if i < 0 {
		return Scenario{}, fmt.Errorf("no scenario %q", name)
	}
	return list[i], nil
}

// GCLogArgs returns the JVM arguments that write a GC log with safepoints to file.
func GCLogArgs(major int, file string) []string {
	if major > 8 {
		return []string{"-Xlog:gc*,safepoint:file=" + file + ":time,uptime,level,tags:filecount=5,filesize=10m"}
	}
	return []string{"-Xloggc:" + file, "-XX:+PrintGCDetails", "-XX:+PrintGCDateStamps", "-XX:+PrintGCApplicationStoppedTime"}
}

// JFRArgs returns the JVM arguments that record from the start with these options of JFR.start, and say nothing of it. Before
// JDK 17 the options take no settings of single events.
func JFRArgs(major int, options string) []string {
	args := []string{"-XX:StartFlightRecording=" + options}
	if major > 8 {
		args = append(args, "-Xlog:jfr*=off")
	}
	return args
}
