package gclog

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"casefile/analyze/gc"
)

const ms = time.Millisecond

// form is a log of one form and what is in it.
type form struct {
	name, text   string
	format       gc.Format
	collector    gc.Collector
	pauses, full int64
	sum, longest time.Duration
	span         time.Duration
	live         int64
	max          int64
}

// forms are logs of collectors and products, with figures made up.
var forms = []form{
	{
		name: "native image before 23.0",
		text: `[1350 msec: Incremental GC (CollectOnAllocation) 286720K->24576K, 0.0008000 secs]
[2350 msec: Full GC (JavaLangSystemGC) 286720K->20480K, 0.0108000 secs]
`, format: formatNative, collector: gc.Native, pauses: 2, full: 1, sum: 11600 * us, longest: 10800 * us, span: time.Second, live: 20 << 20,
	}, {
		name: "native image with VerboseGC alone",
		text: `[Heap policy parameters: 
  YoungGenerationSize: 268435456
      MaximumHeapSize: 858993459
]
[[847201000000000 GC: before  epoch: 7  cause: CollectOnAllocation]
 [847201000900000 GC: after   epoch: 7  cause: CollectOnAllocation  policy: by space and time  type: incremental
  collection time: 852161 nanoSeconds]]
[[847203000000000 GC: before  epoch: 8  cause: CollectOnAllocation]
 [847203900000000 GC: after   epoch: 8  cause: CollectOnAllocation  policy: by space and time  type: complete
  collection time: 900000000 nanoSeconds]]
`, format: formatNative, collector: gc.Native, pauses: 2, full: 1, sum: 852161 + 900*ms, longest: 900 * ms, span: 2900 * ms, max: 858993459,
	}, {
		name: "native image with VerboseGC and PrintGC: one pause each",
		text: `[[847201000000000 GC: before  epoch: 7  cause: CollectOnAllocation]
[Incremental GC (CollectOnAllocation) 286720K->24576K, 0.0008000 secs]
 [847201000900000 GC: after   epoch: 7  cause: CollectOnAllocation  policy: by space and time  type: incremental
  collection time: 852161 nanoSeconds]]
`, format: formatNative, collector: gc.Native, pauses: 1, sum: 800 * us, longest: 800 * us, span: 900 * us,
	}, {
		name: "native image of 23.0 and later",
		text: `[1.000s] GC(0) Pause Full GC (Collect on allocation) 13.00M->3.00M 14.698ms
[2.000s] GC(1) Pause Incremental GC (Collect on allocation) 16.00M->3.50M 2.440ms
`, format: gc.FormatUnified, collector: gc.Native, pauses: 2, full: 1, sum: 17138 * us, longest: 14698 * us, span: time.Second, live: 7 << 19,
	}, {
		name: "Go",
		text: `gc 1 @0.500s 1%: 0.10+2.0+0.20 ms clock, 0.40+0.94/1.9/2.9+0.80 ms cpu, 4->5->1 MB, 5 MB goal, 0 MB stacks, 0 MB globals, 4 P
pacer: assist ratio=+2.1
gc 2 @1.500s 3%: 0.10+2.0+0.40 ms clock, 0.40+0.94/1.9/2.9+1.6 ms cpu, 6->6->2 MB, 5 MB goal, 4 P (forced)
`, format: formatGo, collector: gc.Go, pauses: 4, sum: 800 * us, longest: 400 * us, span: time.Second + 2500*us, live: 2 << 20,
	}, {
		name: "jstat -gccause -t",
		text: `Timestamp         S0C    S1C    S0U    S1U      EC       EU        OC         OU       MC     MU    CCSC   CCSU   YGC     YGCT    FGC    FGCT     GCT    LGCC                 GCC
           10.0 1024.0 1024.0  0.0    0.0    8192.0   1000.0   20480.0     3000.0   4480.0 770.0  384.0   76.0      3    0.012     1    0.020    0.032 Allocation Failure   No GC
           11.0 1024.0 1024.0  0.0    0.0    8192.0   1000.0   20480.0     3000.0   4480.0 770.0  384.0   76.0      4    0.016     1    0.020    0.036 Allocation Failure   No GC
           12.0 1024.0 1024.0  0.0    0.0    8192.0   1048.0   20480.0     4072.0   4480.0 770.0  384.0   76.0      6    0.026     2    0.520    0.546 System.gc()          No GC
`, format: formatJstat, pauses: 4, full: 1, sum: 514 * ms, longest: 500 * ms, span: 2 * time.Second, live: 5 << 20,
	}, {
		name: "hs_err of JDK 8 to 22",
		text: `# A fatal error has been detected by the Java Runtime Environment:
#  fatal error: OutOfMemory encountered: Java heap space
Heap:
 def new generation   total 14784K, used 14652K [0x00000000fd000000, 0x00000000fe000000, 0x00000000fe000000)
GC Heap History (4 events):
Event: 1.000 GC heap before
{Heap before GC invocations=1 (full 0):
 def new generation   total 10240K, used 10240K [0x00000000fd000000, 0x00000000fe000000, 0x00000000fe000000)
  eden space 8192K,  99% used [0x00000000fd000000, 0x00000000fdcc88c8, 0x00000000fdce0000)
 tenured generation   total 30720K, used 30720K [0x00000000fe000000, 0x0000000100000000, 0x0000000100000000)
 Metaspace       used 130K, committed 320K, reserved 1114112K
}
Event: 1.250 GC heap after
{Heap after GC invocations=2 (full 1):
 def new generation   total 10240K, used 10240K [0x00000000fd000000, 0x00000000fe000000, 0x00000000fe000000)
 tenured generation   total 30720K, used 30720K [0x00000000fe000000, 0x0000000100000000, 0x0000000100000000)
 Metaspace       used 130K, committed 320K, reserved 1114112K
}
`, format: formatHsErr, collector: "Serial", pauses: 1, full: 1, sum: 250 * ms, longest: 250 * ms, span: 250 * ms, live: 40 << 20, max: 40 << 20,
	}, {
		name: "hs_err of JDK 23 and later",
		text: `GC Heap Usage History (2 events):
Event: 0.900 {heap Before GC invocations=201 (full 37):
 garbage-first heap   total reserved 49152K, committed 49152K, used 47104K [0x00000000fd000000, 0x0000000100000000)
  region size 1024K, 1 young (1024K), 0 survivors (0K)
}
Event: 0.902 {heap After GC invocations=202 (full 38):
 garbage-first heap   total reserved 49152K, committed 49152K, used 46080K [0x00000000fd000000, 0x0000000100000000)
}
`, format: formatHsErr, collector: "G1", pauses: 1, full: 1, sum: 2 * ms, longest: 2 * ms, span: 2 * ms, live: 45 << 20, max: 48 << 20,
	}, {
		name: "Elasticsearch 7",
		text: `[2024-10-10T16:41:34,134][WARN ][o.e.m.j.JvmGcMonitorService] [node-1] [gc][old][171436][6] duration [11.6s], collections [1]/[12.6s], total [11.6s]/[19.5s], memory [10gb]->[6gb]/[12gb], all_pools {[young] [1gb]->[0b]/[1.4gb]}
[2024-10-10T16:41:34,135][WARN ][o.e.m.j.JvmGcMonitorService] [node-1] [gc][171436] overhead, spent [11.6s] collecting in the last [12.6s]
[2024-10-10T16:41:35,000][INFO ][o.e.c.s.ClusterApplierService] [node-1] added {node-2}
[2024-10-10T16:41:44,134][INFO ][o.e.m.j.JvmGcMonitorService] [node-1] [gc][171446] overhead, spent [400ms] collecting in the last [1s]
`, format: formatElastic, pauses: 2, full: 1, sum: 12 * time.Second, longest: 11600 * ms, span: 10 * time.Second, live: 6 << 30, max: 12 << 30,
	}, {
		name: "Elasticsearch 1",
		text: `[2014-01-01 12:00:00,123][WARN ][monitor.jvm              ] [node] [gc][young][1436][6] duration [1.5s], collections [2]/[2.6s], total [1.5s]/[19.5s], memory [9gb]->[6gb]/[10gb], all_pools {}
`, format: formatElastic, pauses: 2, sum: 1500 * ms,
	}, {
		name: "Cassandra 3",
		text: `WARN  [Service Thread] 2019-10-10 16:42:45,034 GCInspector.java:282 - G1 Old Generation GC in 42467ms.  G1 Old Gen: 8388608000 -> 8378122240; G1 Eden Space: 1048576 -> 0; Code Cache: 35251328 -> 35276800; 
INFO  [Service Thread] 2019-10-10 16:43:45,034 GCInspector.java:284 - G1 Young Generation GC in 333ms.  G1 Eden Space: 671088640 -> 0; G1 Old Gen: 5043436640 -> 5091062064; 
`, format: formatCassandra, collector: "G1", pauses: 2, full: 1, sum: 42800 * ms, longest: 42467 * ms, span: time.Minute, live: 7990 << 20,
	}, {
		name: "Cassandra 1",
		text: `INFO [ScheduledTasks:1] 2013-01-01 00:00:00,000 GCInspector.java (line 116) GC for ParNew: 234 ms for 1 collections, 1234567 used; max is 8388608000
`, format: formatCassandra, collector: "CMS", pauses: 1, sum: 234 * ms, longest: 234 * ms, max: 8000 << 20,
	}, {
		name: "JvmPauseMonitor",
		text: `2019-10-10 16:41:34,000 WARN  [JvmPauseMonitor] util.JvmPauseMonitor: Detected pause in JVM or host machine (eg GC): pause of approximately 5432ms
GC pool 'ParNew' had collection(s): count=2 time=500ms
GC pool 'ConcurrentMarkSweep' had collection(s): count=1 time=5000ms
2019-10-10 16:42:34,000 WARN  [JvmPauseMonitor] util.JvmPauseMonitor: Detected pause in JVM or host machine (eg GC): pause of approximately 7000ms
No GCs detected
`, format: formatMonitor, collector: "CMS", pauses: 3, full: 1, sum: 5500 * ms, longest: 5 * time.Second, span: time.Minute,
	}, {
		name: "OpenJ9 Metronome",
		text: `<verbosegc xmlns="http://www.ibm.com/j9/verbosegc" version="R26">
<initialized id="1" timestamp="2011-07-12T09:32:00.000"><attribute name="gcPolicy" value="-Xgcpolicy:metronome" />
  <attribute name="maxHeapSize" value="0x8000000" />
<gc-op id="27" type="heartbeat" contextid="26" timestamp="2011-07-12T09:32:05.000">
  <quanta quantumCount="321" quantumType="mark" minTimeMs="0.367" meanTimeMs="0.500" maxTimeMs="1.878" maxTimestampMs="598704.070" />
  <exclusiveaccess-info minTimeMs="0.006" meanTimeMs="0.062" maxTimeMs="0.147" />
</gc-op>
<gc-op id="28" type="syncgc" timems="1289.500" contextid="26" timestamp="2011-07-12T09:32:07.000">
  <syncgc-info reason="out of memory" exclusiveaccessTimeMs="0.006" threadPriority="11" />
  <free-mem-delta type="heap" bytesBefore="1048576" bytesAfter="2097152" />
</gc-op>
</verbosegc>
`, format: formatJ9, collector: "OpenJ9 metronome", pauses: 322, full: 1, sum: 160500*us + 1289500*us, longest: 1289500 * us, span: 7 * time.Second, live: 126 << 20, max: 128 << 20,
	}, {
		name: "JDK 8 Shenandoah with dates alone",
		text: `2021-10-27T19:00:00.000-0400: [Pause Init Mark, 0.436 ms]
2021-10-27T19:00:10.000-0400: [Pause Final Mark, 0.564 ms]
`, format: gc.FormatPreUnified, collector: "Shenandoah", pauses: 2, sum: ms, longest: 564 * us, span: 10 * time.Second,
	}, {
		name: "a blank before the unit",
		text: `[1.000s][info][gc] GC(0) Pause Young (Normal) (G1 Evacuation Pause) 19M->13M(64M) 6.250 ms
[2.000s][info][gc] GC(1) Concurrent Mark 1163.494 ms
[3.000s][info][gc] GC(1) Rendezvous roots 0.048ms
`, format: gc.FormatUnified, collector: "G1", pauses: 1, sum: 6250 * us, longest: 6250 * us, span: 2 * time.Second,
	}, {
		name: "CMS bails out in the middle of a line",
		text: `10.000: [Full GC 10.000: [CMSbailing out to foreground collection
10.500: [CMS-concurrent-mark: 0.500/0.500 secs]
 (concurrent mode failure): 20480K->10240K(40960K), 1.0000000 secs] 30720K->10240K(61440K), 1.0000000 secs]
`, format: gc.FormatPreUnified, collector: "CMS", pauses: 1, full: 1, sum: time.Second, longest: time.Second, span: time.Second, live: 10 << 20,
	}, {
		name: "SAP's header",
		text: `SAP Java Server VM (8.1.065 25.51-b02) for linux-amd64 JRE (1.8.0_265-b01), built on Jul 27 2020
1.000: [GC (Allocation Failure) [PSYoungGen: 65536K->8192K(76288K)] 65536K->12288K(251392K), 0.0200000 secs]
`, format: gc.FormatPreUnified, collector: "Parallel", pauses: 1, sum: 20 * ms, longest: 20 * ms, span: 20 * ms,
	},
}

func TestForms(t *testing.T) {
	for _, f := range forms {
		l := parseText(t, f.text)
		live, _, _ := l.LiveSet()
		got := form{name: f.name, format: l.Format, collector: l.Collector, pauses: l.Total.Count, full: l.FullGCs, sum: l.Total.Sum, longest: l.Total.Max,
			span: l.Span, live: live, max: l.Settings.HeapMax, text: f.text}
		if f.max > 0 && got.max == 0 {
			got.max = l.Heap.Max
		}
		if f.live == 0 {
			got.live = 0
		}
		if f.max == 0 {
			got.max = 0
		}
		if got != f {
			t.Errorf("%s:\n got %+v\nwant %+v", f.name, got, f)
		}
		if l.Unparsed.Count != 0 {
			t.Errorf("%s: not understood: %+v", f.name, l.Unparsed.Lines)
		}
		if !Sniff([]byte(f.text)) {
			t.Errorf("%s: is not known for a GC log", f.name)
		}
		if scanned := scan(t, f.name, f.text, 7); scanned.Total.Count != l.Total.Count || scanned.Total.Sum != l.Total.Sum || scanned.Lines != l.Lines {
			t.Errorf("%s: written in pieces %d pauses of %v in %d lines", f.name, scanned.Total.Count, scanned.Total.Sum, scanned.Lines)
		}
	}
}

// scan writes a text to a Scanner in pieces.
func scan(t *testing.T, name, text string, size int) *gc.Log {
	t.Helper()
	s := NewScanner(name, Options{})
	for piece := range slices.Chunk([]byte(text), size) {
		if n, err := s.Write(piece); n != len(piece) || err != nil {
			t.Fatal(n, err)
		}
	}
	l, err := s.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Every format of the table has a log above, or a test of its own, by which its name and its reader are held together.
func TestEveryFormatHasALog(t *testing.T) {
	elsewhere := []gc.Format{formatJRockit, formatIBM, formatHP, formatSun12}
	for _, f := range formats {
		if !slices.Contains(elsewhere, f.name) && !slices.ContainsFunc(forms, func(l form) bool { return l.format == f.name }) {
			t.Errorf("no log of the format %s", f.name)
		}
	}
}

func TestOwnLinesOfTheJVMTakeThePlaceOfRetoldOnes(t *testing.T) {
	var text strings.Builder
	for i := range 5 {
		fmt.Fprintf(&text, "2019-10-10 16:41:%02d,000 WARN  util.JvmPauseMonitor: Detected pause in JVM or host machine (eg GC): pause of approximately 2000ms\n", 10*i)
		fmt.Fprintf(&text, "GC pool 'G1 Young Generation' had collection(s): count=1 time=2000ms\n")
		fmt.Fprintf(&text, "[%d.000s][info][gc] GC(%d) Pause Young (Normal) (G1 Evacuation Pause) 19M->13M(64M) 2000.000ms\n", 100+10*i, i)
	}
	l := parseText(t, text.String())
	if l.Format != gc.FormatUnified || l.Total.Count != 5 || l.Total.Sum != 10*time.Second || l.Span != 40*time.Second || l.Lines != 15 {
		t.Errorf("%s: %d pauses of %v in %v, %d lines", l.Format, l.Total.Count, l.Total.Sum, l.Span, l.Lines)
	}
}

func TestFrontOfTheFirstStampIsCut(t *testing.T) {
	log := func(stamps ...string) string {
		var b strings.Builder
		for _, s := range stamps {
			fmt.Fprintf(&b, "%s: [GC (Allocation Failure) [PSYoungGen: 100K->8K(120K)] 500K->410K(1000K), 0.4000000 secs]\n", s)
		}
		return b.String()
	}
	for _, tt := range []struct {
		name, text string
		first      time.Duration
		span       time.Duration
		notes      int
	}{
		{"one digit", log("47000.000", "447002.000", "447004.000", "447006.000"), 447000 * time.Second, 6400 * ms, 1},
		{"all but two digits", log("00.000", "447002.000", "447004.000", "447006.000"), 447000 * time.Second, 6400 * ms, 1},
		{"nothing is cut", log("447000.000", "447002.000", "447004.000", "447006.000"), 447000 * time.Second, 6400 * ms, 0},
		{"an idle JVM that gets to work", log("1.200", "7201.900", "7400.100", "7599.500"), 1200 * ms, 7598700 * ms, 0},
	} {
		l := parseText(t, tt.text)
		if l.First != tt.first || l.Span != tt.span || len(l.Notes) != tt.notes || l.Total.Count != 4 || len(l.Runs) != 1 {
			t.Errorf("%s: first %v, span %v, notes %v, %d pauses, %d runs", tt.name, l.First, l.Span, l.Notes, l.Total.Count, len(l.Runs))
		}
		if p := l.Pauses[0]; p.Start != tt.first {
			t.Errorf("%s: the first pause begins at %v", tt.name, p.Start)
		}
	}
}

func TestNewestFirst(t *testing.T) {
	for name, text := range map[string]string{
		"unified": "[0.010s][info][gc] Using G1\n" + pauses(1, 40, 1),
		"JDK 8, two lines a record": "1.000: [GC pause (G1 Evacuation Pause) (young)\n, 0.0310490 secs]\n2.000: [GC pause (G1 Evacuation Pause) (young)\n, 0.0310490 secs]\n" +
			"3.000: [GC pause (G1 Evacuation Pause) (young)\n, 0.0310490 secs]\n4.000: [GC pause (G1 Evacuation Pause) (young)\n, 0.0310490 secs]\n",
	} {
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		slices.Reverse(lines)
		want, got := parseText(t, text), parseText(t, strings.Join(lines, "\n")+"\n")
		if got.Total.Count != want.Total.Count || got.Total.Sum != want.Total.Sum || got.Span != want.Span || len(got.Notes) != 1 || len(got.Runs) != 1 {
			t.Errorf("%s: %d pauses of %v in %v, notes %v; the right way round %d of %v in %v", name, got.Total.Count, got.Total.Sum, got.Span, got.Notes,
				want.Total.Count, want.Total.Sum, want.Span)
		}
	}
}

func TestMissingPartIsTold(t *testing.T) {
	l, err := ParseFiles("gc.log", []File{
		file("gc.log", pauses(30, 40, 1)), file("gc.log.0", pauses(1, 10, 1)), file("gc.log.1", pauses(10, 20, 1)),
	}, Options{})
	if err != nil || len(l.Notes) != 1 || !strings.Contains(l.Notes[0], "missing") {
		t.Fatalf("notes %v, %v", l.Notes, err)
	}
	if l.Total.Count != 29 || l.Span >= 30*time.Second || !l.Runs[len(l.Runs)-1].Resumed {
		t.Errorf("%d pauses in %v, runs %+v", l.Total.Count, l.Span, l.Runs)
	}
}

// The JDK 8 header states facts of the machine and the options.
func TestHeaderFacts(t *testing.T) {
	l := parseText(t, `OpenJDK 64-Bit Server VM (25.292-b10) for linux-amd64 JRE (1.8.0_292-b10), built on Apr 21 2021
Memory: 4k page, physical 16269820k(276356k free), swap 8257532k(123k free)
CommandLine flags: -XX:MaxHeapSize=4294967296 -XX:+UseParallelGC
1.000: [GC (Allocation Failure) [PSYoungGen: 65536K->8192K(76288K)] 65536K->12288K(251392K), 0.0200000 secs]
`)
	s := l.Settings
	if s.Memory != 16269820<<10 || s.MemoryFree != 276356<<10 || s.Swap != 8257532<<10 || s.SwapFree != 123<<10 || !s.SwapKnown || s.HeapMax != 4<<30 {
		t.Errorf("%+v", s)
	}
}

// Every run has a log of its own, and the whole is their sum.
func TestEveryRunHasALog(t *testing.T) {
	start := "[0.010s][info][gc] Using G1\n"
	l := parseText(t, start+pauses(1, 50, 1)+start+pauses(1, 10, 1)+"[9.500s][info][gc] GC(99) Pause Full (System.gc()) 19M->13M(64M) 100.000ms\n")
	if len(l.Parts) != 2 || l.Parts[0].FullGCs != 0 || l.Parts[1].FullGCs != 1 || l.FullGCs != 1 {
		t.Fatalf("%d parts, %d full", len(l.Parts), l.FullGCs)
	}
	var n int64
	var sum, span time.Duration
	for _, p := range l.Parts {
		n, sum, span = n+p.Total.Count, sum+p.Total.Sum, span+p.Span
		if p.Format != l.Format || p.Collector != "G1" || len(p.Runs) != 1 {
			t.Errorf("part %+v", p.Runs)
		}
	}
	if n != l.Total.Count || sum != l.Total.Sum || span != l.Span || len(l.Pauses) != int(n) {
		t.Errorf("parts %d of %v in %v, whole %d of %v in %v", n, sum, span, l.Total.Count, l.Total.Sum, l.Span)
	}
	if p := l.Pauses[len(l.Pauses)-1]; l.Cause(&p) != "System.gc()" {
		t.Errorf("cause %q", l.Cause(&p))
	}
}
