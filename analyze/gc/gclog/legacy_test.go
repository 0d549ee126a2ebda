package gclog

import (
	"errors"
	"strings"
	"testing"
	"time"

	"casefile/analyze/gc"
)

func TestLegacyRecords(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		kind       gc.Kind
		cause      string
		took       time.Duration
		flags      gc.Flags
		before     int64 // KiB
		after      int64
	}{
		{"verbose", "1.031: [GC 16000K->1732K(81280K), 0.0149712 secs]", gc.KindYoung, "", 14971200, gc.FlagHeap, 16000, 1732},
		{"no stamps", "[Full GC 4660K->1602K(81280K), 0.0696539 secs]", gc.KindFull, "", 69653900, gc.FlagHeap, 4660, 1602},
		{"comma", "1,031: [GC 16000K->1732K(81280K), 0,0149712 secs]", gc.KindYoung, "", 14971200, gc.FlagHeap, 16000, 1732},
		{"parallel", "22.001: [GC (GCLocker Initiated GC) [PSYoungGen: 178936K->9992K(349696K)] 179026K->10090K(355328K), 0.0048000 secs] [Times: user=0.02 sys=0.01, real=0.00 secs]",
			gc.KindYoung, "GCLocker Initiated GC", 4800000, gc.FlagHeap | gc.FlagCPU, 179026, 10090},
		{"parallel full", "24.729: [Full GC (Ergonomics) [PSYoungGen: 25080K->2964K(473600K)] [ParOldGen: 12858K->13271K(26624K)] 37938K->16236K(500224K) [PSPermGen: 8531K->8493K(21504K)], 0.0590550 secs]",
			gc.KindFull, "Ergonomics", 59055000, gc.FlagHeap, 37938, 16236},
		{"adaptive size policy", "11.663: [GC (Allocation Failure) AdaptiveSizePolicy::update_averages:  survived: 524288  promoted: 6518464  overflow: true\nAdaptiveSizeStart: 11.669 collection: 1 \n" +
			"AdaptiveSizeStop: collection: 1 \n[PSYoungGen: 86016K->512K(86528K)] 86016K->6877K(261632K), 0.0065109 secs] [Times: user=0.03 sys=0.01, real=0.01 secs]",
			gc.KindYoung, "Allocation Failure", 6510900, gc.FlagHeap | gc.FlagCPU, 86016, 6877},
		{"defnew with tenuring", "0.265: [GC (Allocation Failure) 0.265: [DefNew\nDesired survivor size 557056 bytes, new threshold 1 (max 15)\n- age   1:    1114112 bytes,    1114112 total\n" +
			": 8704K->1088K(9792K), 0.0039555 secs] 8704K->1634K(31680K), 0.0041700 secs]", gc.KindYoung, "Allocation Failure", 4170000, gc.FlagHeap, 8704, 1634},
		{"initial mark", "1.837: [GC [1 CMS-initial-mark: 22021K(40512K)] 24186K(58752K), 0.0047170 secs] [Times: user=0.00 sys=0.00, real=0.00 secs]",
			gc.KindInitialMark, "", 4717000, gc.FlagHeap | gc.FlagCPU, 24186, 24186},
		{"remark", "2.235: [GC[YG occupancy: 16910 K (18240 K)]2.235: [Rescan (parallel) , 0.0141140 secs]2.249: [weak refs processing, 0.0000170 secs] [1 CMS-remark: 27451K(40512K)] 44361K(58752K), 0.0143210 secs]",
			gc.KindRemark, "", 14321000, gc.FlagHeap, 44361, 44361},
		{"concurrent mode failure", "4.363: [Full GC 4.363: [CMS4.368: [CMS-concurrent-mark: 0.012/0.813 secs] [Times: user=2.51 sys=0.10, real=0.81 secs] \n" +
			" (concurrent mode failure): 16487K->23431K(2960704K), 0.1828700 secs] 84377K->23431K(3127232K), [CMS Perm : 19815K->19787K(21248K)], 0.1830090 secs] [Times: user=0.48 sys=0.04, real=0.18 secs]",
			gc.KindFull, "", 183009000, gc.FlagHeap | gc.FlagCPU | gc.FlagConcurrentModeFailure, 84377, 23431},
		{"promotion failed", "9.0: [GC 9.0: [ParNew (promotion failed): 10K->20K(30K), 0.1 secs]9.1: [CMS: 100K->50K(200K), 1.2 secs] 110K->50K(230K), [CMS Perm : 1K->1K(2K)], 1.3000000 secs]",
			gc.KindFull, "", 1300 * time.Millisecond, gc.FlagHeap | gc.FlagPromotionFailed, 110, 50},
		{"icms", "3.5: [GC 3.5: [ParNew: 148032K->15560K(166528K), 0.0155030 secs] 148032K->15560K(3127232K) icms_dc=5 , 0.0156020 secs]", gc.KindYoung, "", 15602000, gc.FlagHeap, 148032, 15560},
		{"G1 short", "0.4: [GC pause (G1 Evacuation Pause) (mixed) 24M->12M(256M), 0.0123000 secs]", gc.KindMixed, "G1 Evacuation Pause", 12300000, gc.FlagHeap, 24 << 10, 12 << 10},
		{"G1 details", "3.735: [GC pause (G1 Humongous Allocation) (young) (initial-mark) (to-space exhausted)\nDesired survivor size 33554432 bytes, new threshold 15 (max 15)\n" +
			" 3.735: [G1Ergonomics (CSet Construction) start choosing CSet, _pending_cards: 16957, predicted base time: 30.62 ms]\n, 0.0310490 secs]\n   [Parallel Time: 20.7 ms, GC Workers: 18]\n" +
			"      [GC Worker Start (ms): Min: 3735.4, Avg: 3735.8, Max: 3738.3, Diff: 2.9]\n   [Eden: 24.0M(24.0M)->0.0B(13.0M) Survivors: 0.0B->3072.0K Heap: 24.0M(256.0M)->21.5M(256.0M)]\n [Times: user=0.02 sys=0.00, real=0.03 secs]",
			gc.KindConcurrentStart, "G1 Humongous Allocation", 31049000, gc.FlagHeap | gc.FlagCPU | gc.FlagEvacuationFailure, 24 << 10, 21<<10 + 512},
		{"G1 remark", "5.0: [GC remark 5.0: [GC ref-proc, 0.0001 secs], 0.0013608 secs]\n [Times: user=0.00 sys=0.00, real=0.00 secs]", gc.KindRemark, "", 1360800, gc.FlagCPU, 0, 0},
		{"G1 cleanup", "5.0: [GC cleanup 12M->11M(24M), 0.0003019 secs]", gc.KindCleanup, "", 301900, gc.FlagHeap, 12 << 10, 11 << 10},
		{"free lists", "0.199: [GCBefore GC:\nStatistics for BinaryTreeDictionary:\n------------------------------------\nTotal Free Space: 2801664\n free=0 frag=0.0000\n" +
			"0.199: [ParNew: 4389K->509K(4928K), 0.0051086 secs] 4389K->4001K(15872K)After GC:\nTree      Height: 1\n, 0.0052000 secs]", gc.KindYoung, "", 5200000, gc.FlagHeap, 4389, 4001},
		{"heap tables inside", "{Heap before GC invocations=0 (full 0):\n def new generation   total 9792K, used 8704K [0x00000000f0000000, 0x00000000f0aa0000)\n" +
			"0.265: [GC 0.265: [DefNew: 8704K->1088K(9792K), 0.0039555 secs] 8704K->1634K(31680K), 0.0041700 secs]\nHeap after GC invocations=1 (full 0):\n}", gc.KindYoung, "", 4170000, gc.FlagHeap, 8704, 1634},
	} {
		l := parseText(t, tt.text+"\n")
		if l.Total.Count != 1 || l.Unparsed.Count != 0 {
			t.Errorf("%s: %d pauses, unparsed %+v", tt.name, l.Total.Count, l.Unparsed)
			continue
		}
		p := &l.Pauses[0]
		if p.Kind != tt.kind || l.Cause(p) != tt.cause || p.Duration != tt.took || p.Flags != tt.flags || p.Before != tt.before<<10 || p.After != tt.after<<10 {
			t.Errorf("%s: %v %q %v flags %b %d->%d KiB", tt.name, p.Kind, l.Cause(p), p.Duration, p.Flags, p.Before>>10, p.After>>10)
		}
	}
}

func TestLegacyTwoThreadsWroteAtOnce(t *testing.T) {
	l := parseText(t, `295.880: [GC295.880: [ParNew295.891: [CMS-concurrent-abortable-preclean: 1.412/2.973 secs] [Times: user=1.37 sys=0.04, real=2.98 secs]
297.708: [GC[YG occupancy: 3705 K (153344 K)]297.708: [Rescan (parallel) , 0.1472830 secs] [1 CMS-remark: 1898584K(1926784K)] 1902290K(2080128K), 0.1569420 secs] [Times: user=0.13 sys=0.00, real=0.16 secs]
Desired survivor size 8716288 bytes, new threshold 6 (max 6)
: 140622K->3617K(153344K), 1.8212020 secs] 2039047K->1902202K(2080128K), 1.8214970 secs] [Times: user=0.19 sys=0.00, real=1.83 secs]
`)
	if l.Total.Count != 2 || l.Total.Sum != 1821497*us+156942*us || l.Unparsed.Count != 0 {
		t.Errorf("%d pauses of %v, unparsed %+v", l.Total.Count, l.Total.Sum, l.Unparsed)
	}
	if l.Kind(gc.KindRemark).Count != 1 || l.Kind(gc.KindYoung).Count != 1 {
		t.Errorf("%v", l.Groups())
	}
}

func TestLegacyScavengeInsideRemark(t *testing.T) {
	l := parseText(t, "9.0: [GC (CMS Final Remark) [YG occupancy: 500 K (900 K)]9.0: [GC (CMS Final Remark) 9.0: [ParNew: 500K->10K(900K), 0.0100000 secs] 800K->310K(2000K), 0.0110000 secs]"+
		"9.1: [Rescan (parallel) , 0.0050000 secs][1 CMS-remark: 300K(1100K)] 310K(2000K), 0.0200000 secs]\n")
	if l.Total.Count != 2 || l.Stopped != 20*time.Millisecond || !l.Pauses[0].Flags.Has(gc.FlagNested) || l.Pauses[1].Kind != gc.KindRemark {
		t.Errorf("%d pauses, stopped %v, %+v", l.Total.Count, l.Stopped, l.Pauses)
	}
}

func TestLegacyHeaderAndSafepoints(t *testing.T) {
	l := parseText(t, `2019-02-01 02:14:25 GC log file created /logs/gc.log
OpenJDK 64-Bit Server VM (25.172-b01) for linux-amd64 JRE (1.8.0_172-b01), built on Apr 19 2018 05:34:58 by "x" with gcc 4.4.7
Memory: 4k page, physical 264400592k(26882280k free), swap 25165816k(23747916k free)
CommandLine flags: -XX:ConcGCThreads=3 -XX:MaxHeapSize=5905580032 -XX:ParallelGCThreads=8 -XX:+UseG1GC
2019-02-01T02:14:25.776+0000: 431.781: Application time: 1.5191836 seconds
2019-02-01T02:14:25.789+0000: 431.795: Total time for which application threads were stopped: 0.0254612 seconds, Stopping threads took: 0.0000625 seconds
 431.800: [G1Ergonomics (Concurrent Cycles) request concurrent cycle initiation, reason: requested by GC cause, allocation request: 5242896 bytes, source: concurrent humongous allocation]
`)
	s := l.Settings
	if l.Collector != "G1" || l.JVMVersion != "1.8.0_172-b01" || s.HeapMax != 5905580032 || s.ParallelWorkers != 8 || s.ConcurrentWorkers != 3 || s.Memory != 264400592<<10 {
		t.Errorf("%s, %s, %+v", l.Collector, l.JVMVersion, s)
	}
	if sp := l.Safepoints; sp.Count != 1 || sp.Total.Sum != 25461200 || sp.Reach.Sum != 62500 || sp.AppTime != 1519183600 {
		t.Errorf("%+v", sp)
	}
	if l.Humongous.LargestObject != 5242896 || l.OtherLines.Count+l.Unparsed.Count != 0 {
		t.Errorf("%+v, other %+v", l.Humongous, l.OtherLines)
	}
	if w, ok := l.Wall(l.First); !ok || w.UTC().Format(time.RFC3339Nano) != "2019-02-01T02:14:25.776Z" {
		t.Errorf("wall clock %v", w)
	}
}

func TestApplicationLogIsNoGCLog(t *testing.T) {
	_, err := Parse("app.log", strings.NewReader("2024-01-01 10:00:00 INFO [GC] sweeper started (12)\n[GC (x)]\n[main] done in 3ms\n"), Options{})
	if !errors.Is(err, ErrNotGCLog) {
		t.Errorf("error %v", err)
	}
}

func TestClassHistogramInFullGC(t *testing.T) {
	l := parseText(t, `1.000: [Full GC (Heap Inspection Initiated GC) 1.000: [CMS1.100: [Class Histogram (before full gc): 
 num     #instances         #bytes  class name
----------------------------------------------
   1:         10000        1000000  [C
   2:          5000         500000  [[Ljava.lang.String;
Total         15000        1500000
, 0.1000000 secs]
: 490K->900K(10944K), 0.2200000 secs]1.400: [Class Histogram (after full gc): 
 num     #instances         #bytes  class name
----------------------------------------------
   1:         10000        1000000  [C
Total         15000        1500000
, 0.1000000 secs]
 1900K->900K(15936K), [CMS Perm : 2059K->2059K(12288K)], 0.4201000 secs] [Times: user=0.42 sys=0.00, real=0.42 secs]
2.000: [GC 2.000: [ParNew: 144448K->15992K(144448K), 0.0300000 secs] 444448K->330000K(1032192K), 0.0310000 secs]
`)
	if l.Total.Count != 2 || l.Total.Sum != 451100*us || l.Kind(gc.KindFull).Count != 1 || l.Unparsed.Count != 0 {
		t.Errorf("%d pauses of %v, %d full, not understood: %v", l.Total.Count, l.Total.Sum, l.Kind(gc.KindFull).Count, l.Unparsed)
	}
}
