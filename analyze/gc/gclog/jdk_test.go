package gclog

import (
	"testing"
	"time"

	"casefile/analyze/gc"
)

// The lines here were written by JVMs of JDK 8, 11, 21 and 27 that ran the project's own programs.

func TestNumberedCollections(t *testing.T) { // PrintGCID
	l := parseText(t, `0.177: #0: [GC pause (G1 Evacuation Pause) (young), 0.3924194 secs]
   [Eden: 7168.0K(7168.0K)->0.0B(2048.0K) Survivors: 0.0B->1024.0K Heap: 11351.5K(65536.0K)->9192.0K(65536.0K)]
 [Times: user=0.00 sys=0.00, real=0.40 secs] 
0.619: #3: [GC concurrent-root-region-scan-start]
0.619: #4: [GC pause (G1 Evacuation Pause) (young)0.761: #3: [GC concurrent-root-region-scan-end, 0.1422870 secs]
0.761: #3: [GC concurrent-mark-start]
, 0.1457541 secs]
   [Eden: 1024.0K(2048.0K)->0.0B(2048.0K) Survivors: 1024.0K->1024.0K Heap: 13447.2K(65536.0K)->14848.1K(65536.0K)]
 [Times: user=0.00 sys=0.00, real=0.15 secs] 
`)
	if len(l.Pauses) != 2 || l.Unparsed.Count+l.OtherLines.Count != 0 {
		t.Fatalf("%d pauses, %+v, %+v", len(l.Pauses), l.Unparsed, l.OtherLines)
	}
	if p := l.Pauses[1]; p.GCID != 4 || p.Start != 619*time.Millisecond || p.Duration != 145754100 || l.Pauses[0].Start != 177*time.Millisecond {
		t.Errorf("%+v", l.Pauses)
	}
	if len(l.Phases) != 1 || l.Phases[0].Sum != 142287*us {
		t.Errorf("%+v", l.Phases)
	}
}

func TestHeapPrintedInsideRemark(t *testing.T) { // CMSScavengeBeforeRemark without details
	l := parseText(t, `0.5: [GC (CMS Initial Mark)  43680K(63360K), 0.0003316 secs]
1.174: [GC (CMS Final Remark) {Heap before GC invocations=5 (full 4):
 par new generation   total 19648K, used 2592K [0x00000000fc000000, 0x00000000fd550000, 0x00000000fd550000)
1.174: [GC (CMS Final Remark)  43680K->44312K(63360K), 0.0013446 secs]
Heap after GC invocations=6 (full 4):
}
 44312K(63360K), 0.0031902 secs]
`)
	if l.Total.Count != 3 || l.Stopped != 3521800 || l.Unparsed.Count != 0 || l.Kind(gc.KindRemark).Max != 3190200 || l.Collector != "CMS" {
		t.Errorf("%s, %d pauses, stopped %v, %v, %+v", l.Collector, l.Total.Count, l.Stopped, l.Groups(), l.Unparsed)
	}
}

func TestFailedEvacuationWithoutDetails(t *testing.T) {
	l := parseText(t, `0.661: [GC pause (GCLocker Initiated GC) (young)-- 50735K->54272K(65536K), 0.0122822 secs]
0.692: [GC pause (G1 Evacuation Pause) (young) (initial-mark)-- 59392K->61440K(65536K), 0.0084006 secs]
0.700: [GC pause (G1 Evacuation Pause) (mixed) 54849K->50241K(65536K), 0.0153113 secs]
`)
	if l.EvacuationFailures.Count != 2 || !l.Pauses[1].Flags.Has(gc.FlagEvacuationFailure) || l.Pauses[2].Flags.Has(gc.FlagEvacuationFailure) {
		t.Errorf("%+v, %+v", l.EvacuationFailures, l.Pauses)
	}
}

func TestPhaseBehindStatistics(t *testing.T) { // PrintCMSStatistics
	l := parseText(t, `0.548: [CMS-concurrent-mark-start]
0.550: [CMS-concurrent-mark: 0.002/0.002 secs] (CMS-concurrent-mark yielded 1 times)
 [Times: user=0.00 sys=0.00, real=0.00 secs] 
 (cardTable: 0 cards, re-scanned 0 cards, 1 iterations)
 [4 iterations, 4 waits, 0 cards)] 0.937: [CMS-concurrent-abortable-preclean: 0.003/0.387 secs] (CMS-concurrent-abortable-preclean yielded 0 times)
 [Times: user=0.08 sys=0.00, real=0.38 secs] 
`)
	if len(l.Phases) != 2 || l.Phases[0].Sum != 387*time.Millisecond || l.OtherLines.Count != 0 || l.CPU.ConcurrentPhases != 0.08 {
		t.Errorf("%+v, %v, %+v", l.Phases, l.CPU.ConcurrentPhases, l.OtherLines)
	}
}

const statisticsHead = "         vmop                    [threads: total initially_running wait_to_block]    [time: spin block sync cleanup vmop] page_trap_count\n"

func TestSafepointStatistics(t *testing.T) {
	l := parseText(t, "0.178: [GC (Allocation Failure)  13184K->10661K(47552K), 0.0146060 secs]\n"+statisticsHead+
		"0.179: GenCollectForAllocation          [      11          0              1    ]      [     0     3     3     1    16    ]  0   \n"+
		statisticsHead+"0.205: no vm operation                  [       8          0              0    ]      [     0     0     0     0     0    ]  0   \n")
	sp := l.Safepoints
	if sp.Count != 2 || sp.Total.Sum != 20*time.Millisecond || sp.Reach.Sum != 3*time.Millisecond || sp.ByOperation[0].Operation != "GenCollectForAllocation" || l.OtherLines.Count != 0 {
		t.Errorf("%+v, %+v", sp, l.OtherLines)
	}
	// With lines of the stopped time, rows give those their names and are no safepoints of their own.
	l = parseText(t, statisticsHead+"0.179: GenCollectForAllocation          [      11          0              1    ]      [     0     3     3     1    16    ]  0   \n"+
		"0.199: Total time for which application threads were stopped: 0.0200100 seconds, Stopping threads took: 0.0030100 seconds\n"+
		"0.299: Total time for which application threads were stopped: 0.0000100 seconds, Stopping threads took: 0.0000010 seconds\n")
	sp = l.Safepoints
	if sp.Count != 2 || sp.Total.Sum != 20020*us || sp.ByOperation[0].Operation != "GenCollectForAllocation" || sp.ByOperation[0].Count != 1 {
		t.Errorf("%+v", sp)
	}
}

func TestStampsOfTwoThreads(t *testing.T) {
	for _, stamps := range []string{
		"2026-11-25T17:00:34.734+0000: 2026-11-25T17:00:34.735+0000: 0.291: 0.292: ",
		"2026-11-25T17:00:34.734+00002026-11-25T17:00:34.735+0000: : 0.291: 0.292: ",
	} {
		l := parseText(t, "CommandLine flags: -XX:+UseG1GC\n"+stamps+"Total time for which application threads were stopped: 0.0008406 seconds, Stopping threads took: 0.0000099 seconds\n")
		if l.Safepoints.Count != 1 || l.Last != 292*time.Millisecond || l.OtherLines.Count != 0 {
			t.Errorf("%s: %+v, last %v, %+v", stamps, l.Safepoints, l.Last, l.OtherLines)
		}
	}
}

func TestCollectorOfHeapLayout(t *testing.T) {
	for layout, want := range map[string]gc.Collector{
		" PSYoungGen      total 76288K, used 64961K [0x00000000fab00000, 0x0000000100000000, 0x0000000100000000)\n": "Parallel",
		" par new generation   total 19648K, used 1K [0x0, 0x1, 0x1)\n tenured generation   total 43712K\n":         "ParNew",
		" par new generation   total 19648K, used 1K [0x0, 0x1, 0x1)\n concurrent mark-sweep generation total 9K\n": "CMS",
		" def new generation   total 19648K, used 1K [0x0, 0x1, 0x1)\n":                                             "Serial",
	} {
		l := parseText(t, "{Heap before GC invocations=1 (full 0):\n"+layout+"0.271: #0: [GC  65985K->44841K(251392K), 0.0838042 secs]\n")
		if l.Collector != want || l.OtherLines.Count != 0 {
			t.Errorf("%s, want %s; %+v", l.Collector, want, l.OtherLines)
		}
	}
}

func TestCycleOfZGCBesideItsPauses(t *testing.T) {
	l := parseText(t, `[0.252s][info ][gc,start             ] GC(0) Garbage Collection (Warmup)
[0.300s][debug][gc,phases,start      ] GC(0) Pause Mark End
[0.300s][info ][gc,phases            ] GC(0) Pause Mark End 0.012ms
[0.301s][debug][gc,phases,start      ] GC(0) Concurrent Mark (XWorker#0)
[0.310s][trace][gc,phases            ] GC(0) Concurrent Mark (XWorker#0) 9.000ms
[0.310s][debug][gc,phases            ] GC(0) Concurrent Mark 9.500ms
[0.533s][info ][gc                   ] GC(0) Garbage Collection (Warmup) 24M(25%)->86M(90%)
`)
	if len(l.Phases) != 2 || l.Phases[0].Sum != 281*time.Millisecond || l.Phases[1].Name != "Concurrent Mark" || l.Phases[1].Count != 1 || l.Total.Count != 1 {
		t.Errorf("%d pauses, %+v", l.Total.Count, l.Phases)
	}
	l = parseText(t, `[0.310s][trace][gc,phases] GC(3) Y: Concurrent Mark Roots (ZWorkerYoung#1) 9.000ms
[0.311s][info][gc,phases] GC(3) Y: Concurrent Mark 9.000ms
[0.312s][info][gc,phases] GC(3) Y: Pause Mark End 0.012ms
`)
	if len(l.Phases) != 1 || l.Phases[0].Name != "Young Concurrent Mark" {
		t.Errorf("%+v", l.Phases)
	}
}

func TestMonotonicClockAmongDecorators(t *testing.T) { // timenanos, which looks like uptimenanos
	l := parseText(t, `[0.011s][27235476371718ns][gc] Using G1
[0.949s][27236414355172ns][949141437ns][gc] GC(0) Pause Young (Normal) (G1 Evacuation Pause) 19M->13M(64M) 6.277ms
`)
	if l.First != 11*time.Millisecond || l.Last != 949141437 || len(l.Runs) != 1 {
		t.Errorf("from %v to %v, %d runs", l.First, l.Last, len(l.Runs))
	}
}

func TestSafepointsWithoutTags(t *testing.T) {
	l := parseText(t, `[0.224s] Safepoint "ParallelGCFailedAllocation", Time since last: 175938778 ns, Reaching safepoint: 118186 ns, Cleanup: 45068 ns, At safepoint: 23587864 ns, Total: 23751118 ns
[0.225s] GC(0) Pause Young (Allocation Failure) 16M->12M(61M) 18.693ms
`)
	if l.Safepoints.Count != 1 || l.OtherLines.Count != 0 {
		t.Errorf("%+v, %+v", l.Safepoints, l.OtherLines)
	}
	l = parseText(t, `[251ms] Entering safepoint region: EnableBiasedLocking
[252ms] Leaving safepoint region
[252ms] Total time for which application threads were stopped: 0.0008406 seconds, Stopping threads took: 0.0000099 seconds
[262ms] Application time: 0.0097134 seconds
`)
	if l.Safepoints.Count != 1 || l.Safepoints.ByOperation[0].Operation != "EnableBiasedLocking" || l.OtherLines.Count != 0 {
		t.Errorf("%+v, %+v", l.Safepoints, l.OtherLines)
	}
}

func TestYoungInsideRemark(t *testing.T) { // JDK 11, CMSScavengeBeforeRemark
	l := parseText(t, `[0.191s][info][gc,start] GC(1) Pause Remark
[0.192s][info][gc,start] GC(3) Pause Young (CMS Final Remark)
[0.202s][info][gc      ] GC(3) Pause Young (CMS Final Remark) 35M->30M(61M) 10.053ms
[0.204s][info][gc      ] GC(1) Pause Remark 35M->30M(61M) 12.290ms
`)
	if l.Total.Count != 2 || l.Stopped != 12290*us {
		t.Errorf("%d pauses, stopped %v", l.Total.Count, l.Stopped)
	}
}

func TestUncommitAndHeapAddress(t *testing.T) { // JDK 27, JDK 11
	l := parseText(t, `[0.006s][info][gc,heap,coops] Heap address: 0x00000000fc000000, size: 64 MB, Compressed Oops mode: 32-bit
[0.672s][info][gc] Concurrent uncommit 11776K (85504K) 1.996ms
[0.700s][info][gc] GC(6) Global GC moves 10 unaffiliated regions from young collector to old collector reserves
`)
	if l.Unparsed.Count != 0 || len(l.Phases) != 1 || l.Phases[0].Name != "Concurrent uncommit" || l.Phases[0].Sum != 1996*us || l.Settings.HeapMax != 64<<20 {
		t.Errorf("%+v, %+v, heap %d", l.Unparsed, l.Phases, l.Settings.HeapMax)
	}
}

func TestMetaspaceBeforeCollection(t *testing.T) {
	for _, text := range []string{
		"1.0: [Full GC (Metadata GC Threshold) [PSYoungGen: 25080K->0K(473600K)] [ParOldGen: 12858K->13271K(26624K)] 37938K->13271K(500224K), [Metaspace: 27019K->5858K(1058816K)], 0.0590550 secs]\n",
		"[1.0s][info][gc,metaspace] GC(0) Metaspace: 27019K(27392K)->5858K(6000K)\n[1.0s][info][gc] GC(0) Pause Full (Metadata GC Threshold) 35M->30M(61M) 10.053ms\n",
	} {
		if l := parseText(t, text); l.Metaspace.PeakUsed != 27019<<10 || l.Metaspace.Used != 5858<<10 {
			t.Errorf("%+v", l.Metaspace)
		}
	}
}
