package hostile

import (
	"bufio"
	"strings"
)

const gcHead = "[2026-11-23T07:44:57.352+0000][0.003s][info][gc] Using G1\n"

// gcLogs are logs of collectors.
func gcLogs() []Input {
	log := func(name, head, format string) Input {
		return file(name, "", func(w *bufio.Writer, size float64) error {
			if _, err := w.WriteString(head); err != nil {
				return err
			}
			return lines(w, mb(95, size), 1<<30, format)
		})
	}
	stamp := "[2026-11-23T07:44:57.352+0000][%[1]d.000s]"
	return []Input{
		log("gc-pauses.log", gcHead, stamp+"[info][gc] GC(%[1]d) Pause Young (Normal) (G1 Evacuation Pause) 24M->4M(256M) 1.123ms\n"),
		log("gc-causes.log", gcHead, stamp+"[info][gc] GC(%[1]d) Pause Young (Normal) (Cause %[1]d) 24M->4M(256M) 1.123ms\n"),
		log("gc-phases.log", gcHead, stamp+"[info][gc,phases] GC(%[1]d)   Phase %[1]d: 0.1ms\n"+stamp+"[info][gc,phases] GC(0)   Other %[1]d: 0.1ms\n"),
		log("gc-tags.log", gcHead, stamp+"[info][gc,tag%[1]d] GC(%[1]d) whatever %[1]d\n"),
		log("gc-open.log", gcHead, stamp+"[info][gc,start] GC(%[1]d) Pause Young (Normal) (G1 Evacuation Pause)\n"),
		log("gc-safepoints.log", gcHead, stamp+"[info][safepoint] Safepoint \"Op%[1]d\", Time since last: 1 ns, Reaching safepoint: 1 ns, At safepoint: 1 ns, Total: 2 ns\n"),
		log("gc-numbers.log", gcHead, stamp+"[info][gc] GC(%[1]d) Pause Young (Normal) (G1 Evacuation Pause) "+strings.Repeat("9", 400)+"M->4M("+strings.Repeat("9", 400)+"M) 1"+strings.Repeat("0", 300)+"ms\n"),
		log("gc-legacy.log", "", "%[1]d.000: [GC (Allocation Failure) [PSYoungGen: 1024K->512K(2048K)] 1024K->512K(4096K), 0.0010000 secs] [Times: user=0.00 sys=0.00, real=0.00 secs]\n"),
		log("gc-names.log", "", "%[1]d.000: [GC (Cause%[1]d) [Gen%[1]d: 1024K->512K(2048K)] 1024K->512K(4096K), 0.0010000 secs]\n"),
		log("gc-nested.log", "1.000: [GC (Allocation Failure) 1.000: [ParNew: 1K->1K(1K), 0.1 secs] 1K->1K(1K), 0.1 secs]\n", "%[1]d.000: "+strings.Repeat("[GC ", 15_000)+"\n"),
		file("gc-j9.log", "", func(w *bufio.Writer, size float64) error {
			if _, err := w.WriteString("<?xml version=\"1.0\" ?>\n<verbosegc xmlns=\"http://www.ibm.com/j9/verbosegc\" version=\"x\">\n"); err != nil {
				return err
			}
			return lines(w, mb(95, size), 1<<30, "<gc-start id=\"%[1]d\" type=\"scavenge%[1]d\" contextid=\"%[1]d\" timestamp=\"2026-11-23T07:44:57.352\">\n<mem type=\"m%[1]d\" free=\"1\" total=\"1\" percent=\"1\" />\n")
		}),
		log("gc-jrockit.log", "[INFO ][memory ] Running with 32 bit heap and compressed references.\n[INFO ][memory ] GC mode: Garbage collection optimized for throughput, strategy: Generational Parallel Mark & Sweep.\n[INFO ][memory ] Heap size: 65536KB, maximal heap size: 4194304KB, nursery size: 32768KB.\n",
			"[INFO ][memory ] [YC#%[1]d] %[1]d.000-%[1]d.001: YC 1024KB->512KB (4096KB), 0.001 s, sum of pauses 1.0 ms, longest pause 1.0 ms.\n"),
		log("gc-heap-flow.log", gcHead, stamp+"[info][gc,heap] GC(%[1]d) Eden regions: 1->0(1)\n"+stamp+"[info][gc,metaspace] GC(%[1]d) Metaspace: 1K(1K)->1K(1K)\n"+stamp+"[info][gc] GC(%[1]d) Pause Full (System.gc()) 255M->255M(256M) 1000.000ms\n"),
	}
}
