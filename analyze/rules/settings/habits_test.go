package settings

import (
	"slices"
	"strings"
	"testing"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/host"
	"casefile/bundle/format/hostseries"
)

// habitCase is a JVM that has the fault of a row, and a twin that only looks like it.
type habitCase struct {
	says           string
	sick, healthy  []string
	version        string
	healthyVersion string
	prepare        func(j *analyze.JVM, sick bool)
}

var habitCases = []habitCase{
	{says: "does not look at the limits of its container", sick: []string{"-XX:-UseContainerSupport"}, healthy: []string{"-XX:+UseContainerSupport"}, prepare: container},
	{says: "classes are never unloaded", sick: []string{"-Xnoclassgc"}, healthy: []string{"-Xnoclassgc", "-XX:+ClassUnloading"}},
	{says: "classes are never unloaded", sick: []string{"-XX:-ClassUnloading"}, healthy: []string{"-XX:+ClassUnloading"}},
	{says: "promoted at their first", sick: []string{"-XX:MaxTenuringThreshold=0"}, healthy: []string{"-XX:MaxTenuringThreshold=1"}},
	{says: "promoted at their first", sick: []string{"-XX:+AlwaysTenure"}, healthy: []string{"-XX:-AlwaysTenure"}},
	{says: "compiled before its first call", sick: []string{"-Xcomp"}, healthy: []string{"-Xmixed"}},
	{says: "wait for the compiler", sick: []string{"-Xbatch"}, healthy: []string{"-XX:+BackgroundCompilation"}},
	{says: "wait for the compiler", sick: []string{"-XX:-BackgroundCompilation"}, healthy: []string{"-Xbatch", "-XX:+BackgroundCompilation"}},
	{says: "call of native code is checked", sick: []string{"-Xcheck:jni"}, healthy: []string{"-Xverify:none"}},
	{says: "before update 40", sick: nil, healthy: nil, version: "1.8.0_20", healthyVersion: "1.8.0_40", prepare: logOf(gc.G1)},
	{says: "before update 60", sick: nil, healthy: nil, version: "1.8.0_45-b14", healthyVersion: "1.8.0_60", prepare: logOf(gc.G1)},
	{says: "knows nothing of containers", sick: []string{"-Da=b"}, healthy: []string{"-Da=b"}, version: "1.8.0_181", healthyVersion: "1.8.0_191", prepare: container},
	{says: "what frees direct buffers", sick: []string{"-XX:+DisableExplicitGC", "-XX:MaxDirectMemorySize=64m"}, healthy: []string{"-XX:+DisableExplicitGC"}},
	{says: "no tool can attach", sick: []string{"-XX:+DisableAttachMechanism"}, healthy: []string{"-XX:-DisableAttachMechanism"}},
	{says: "signals are not handled", sick: []string{"-Xrs"}, healthy: []string{"-XX:-ReduceSignalUsage"}},
	{says: "by full collections only", sick: []string{"-XX:-ClassUnloadingWithConcurrentMark"}, healthy: []string{"-XX:+ClassUnloadingWithConcurrentMark"}},
	{says: "large pages were asked for", sick: []string{"-XX:+UseLargePages"}, healthy: []string{"-XX:+UseLargePages"}, prepare: func(j *analyze.JVM, sick bool) {
		j.Flags = map[string]analyze.Flag{"UseLargePages": {Value: map[bool]string{true: "false", false: "true"}[sick], Origin: "command line"}}
	}},
	{says: "large pages were asked for", sick: []string{"-XX:+UseLargePages"}, healthy: []string{"-Xmx1g"}, prepare: func(j *analyze.JVM, _ bool) {
		j.GC = []*gc.Log{{Source: "gc.log", Settings: gc.Settings{LargePages: gc.Off}}}
	}},
	{says: "the kernel has them switched off", sick: []string{"-XX:+UseTransparentHugePages"}, healthy: []string{"-XX:+UseTransparentHugePages"}, prepare: hugePages("never", "madvise", "madvise")},
	{says: "makes huge pages of all memory", sick: []string{"-Xmx1g"}, healthy: []string{"-Xmx1g"}, prepare: hugePages("always", "always", "madvise")},
	{says: "counters lie on a busy disk", sick: []string{"-Xmx1g"}, healthy: []string{"-Xmx1g"}, prepare: slowTmp},
	{says: "counters lie on a busy disk", sick: []string{"-Xmx1g"}, healthy: []string{"-XX:+PerfDisableSharedMem"}, prepare: func(j *analyze.JVM, _ bool) { slowTmp(j, true) }},
	{says: "larger than all of metaspace", sick: []string{"-XX:CompressedClassSpaceSize=1g", "-XX:MaxMetaspaceSize=256m"}, healthy: []string{"-XX:CompressedClassSpaceSize=128m", "-XX:MaxMetaspaceSize=256m"}},
	{says: "references take twice the room", sick: []string{"-Xmx4g"}, healthy: []string{"-Xmx64g"}, prepare: logOf(gc.ZGC)},
	{says: "starts anew with each start", sick: []string{"-Xlog:gc*:file=/var/log/gc.log::filecount=0"}, healthy: []string{"-Xlog:gc*:file=/var/log/gc.log"}},
	{says: "starts anew with each start", sick: []string{"-Xloggc:/var/log/gc.log"}, healthy: []string{"-Xloggc:/var/log/gc-%t.log"}, version: "1.8.0_392", healthyVersion: "1.8.0_392"},
	{says: "grows without bounds", sick: []string{"-Xlog:gc*:gc-%t.log::filecount=0"}, healthy: []string{"-Xlog:gc*:gc-%t.log::filecount=3"}},
	{says: "grows without bounds", sick: []string{"-Xloggc:gc-%t.log"}, healthy: []string{"-Xloggc:gc-%t.log", "-XX:+UseGCLogFileRotation"}, version: "1.8.0_392", healthyVersion: "1.8.0_392"},
	{says: "heap dumps go to one file", sick: []string{"-XX:+HeapDumpOnOutOfMemoryError", "-XX:HeapDumpPath=/var/dumps/heap.hprof"},
		healthy: []string{"-XX:+HeapDumpOnOutOfMemoryError", "-XX:HeapDumpPath=/var/dumps"}},
	{says: "would not fit where it goes", sick: []string{"-Xmx8g", "-XX:+HeapDumpOnOutOfMemoryError", "-XX:HeapDumpPath=/var/dumps"},
		healthy: []string{"-Xmx1g", "-XX:+HeapDumpOnOutOfMemoryError", "-XX:HeapDumpPath=/var/dumps"}, prepare: smallDisk},
	{says: "same option twice", sick: []string{"-Xmx1g", "-Xmx2g"}, healthy: []string{"-Xmx1g", "-Xmx1g"}},
	{says: "same option twice", sick: []string{"-XX:MaxGCPauseMillis=100", "-XX:MaxGCPauseMillis=200"}, healthy: []string{"-Xlog:gc:a", "-Xlog:gc:b", "-Dx=1", "-Dx=2"}},
	{says: "does not complain of", sick: []string{"-XX:+IgnoreUnrecognizedVMOptions", "-XX:+UseConcMarkSwepGC"}, healthy: []string{"-XX:+IgnoreUnrecognizedVMOptions", "-XX:+UseG1GC"},
		prepare: func(j *analyze.JVM, _ bool) {
			j.Flags = map[string]analyze.Flag{"UseG1GC": {Value: "true"}}
			for i := range allFlags {
				j.Flags["Flag"+string(rune('a'+i%26))+string(rune('a'+i/26))] = analyze.Flag{}
			}
		}},
}

func container(j *analyze.JVM, _ bool) {
	j.PID = 7
	limit := host.Number{Value: 1 << 30, Ref: host.Ref{Source: "cgroup"}}
	j.Node.Host = &host.Facts{Cgroups: []host.Cgroup{{PIDs: []int{7}, MemoryLimit: limit}}}
}

func logOf(c gc.Collector) func(*analyze.JVM, bool) {
	return func(j *analyze.JVM, _ bool) { j.GC = []*gc.Log{{Source: "gc.log", Collector: c}} }
}

func hugePages(thp, defrag, healthy string) func(*analyze.JVM, bool) {
	return func(j *analyze.JVM, sick bool) {
		if !sick {
			thp = healthy
		}
		j.Node.Host = &host.Facts{System: host.System{THP: host.Text{Value: thp, Ref: host.Ref{Source: "thp"}}, THPDefrag: host.Text{Value: defrag}}}
	}
}

func slowTmp(j *analyze.JVM, sick bool) {
	latency := 5.0
	if sick {
		latency = 400
	}
	j.Node.Host = &host.Facts{Disks: []host.Disk{{Name: "sda", WriteLatency: host.Spread{P95: latency, Ref: host.Ref{Source: "disks"}}}},
		FileSystems: []host.FileSystem{{Kind: "disk", Filesystem: hostseries.Filesystem{Mount: "/", Disk: "sda"}}}}
}

func smallDisk(j *analyze.JVM, _ bool) {
	j.Node.Host = &host.Facts{FileSystems: []host.FileSystem{{Kind: "disk", Filesystem: hostseries.Filesystem{Mount: "/var", Total: 8 << 30, Available: 2 << 30}}}}
}

func TestHabits(t *testing.T) {
	seen := map[string]bool{}
	for _, test := range habitCases {
		for _, sick := range []bool{true, false} {
			j := &analyze.JVM{Node: &analyze.Node{}, Version: "17.0.15", Options: test.healthy, OptionsSource: "cmdline"}
			if sick {
				j.Options = test.sick
			}
			if test.version != "" {
				if j.Version = test.healthyVersion; sick {
					j.Version = test.version
				}
			}
			if test.prepare != nil {
				test.prepare(j, sick)
			}
			found := faultsOf(&config{JVM: j, node: j.Node})
			i := slices.IndexFunc(found, func(f fault) bool { return strings.Contains(f.text.String(), test.says) })
			if (i >= 0) != sick {
				t.Errorf("%q with %v of %s (sick: %t): found %t", test.says, j.Options, j.Version, sick, i >= 0)
			}
			if i < 0 {
				continue
			}
			seen[test.says] = true
			if a := found[i].advice; a.Action == "" || a.Risk == "" || a.From == a.To && a.To != "" {
				t.Errorf("%q: advice %+v", test.says, a)
			}
		}
	}
	for i := range habits {
		if !slices.ContainsFunc(habitCases, func(test habitCase) bool {
			return strings.Contains(habits[i].says, test.says)
		}) {
			t.Errorf("no test of %q", habits[i].says)
		}
	}
}
