package gclog

import (
	"testing"
	"time"

	"casefile/analyze/gc"
)

// The form of -Xverbosegclog from R26 on; the words and the nesting are the format's, the figures are made up.
const openJ9 = `<?xml version="1.0" encoding="UTF-8"?>
<verbosegc xmlns="http://www.ibm.com/j9/verbosegc" version="9c2ca2c_CMPRSS">
<initialized id="1" timestamp="2024-01-02T10:00:00.000">
  <attribute name="gcPolicy" value="-Xgcpolicy:gencon" />
  <attribute name="maxHeapSize" value="0x20000000" />
</initialized>
<exclusive-start id="2" timestamp="2024-01-02T10:00:01.000" intervalms="1000.000">
</exclusive-start>
<af-start id="3" totalBytesRequested="16392" timestamp="2024-01-02T10:00:01.000" intervalms="1000.000" />
<gc-start id="4" type="scavenge" contextid="3" timestamp="2024-01-02T10:00:01.001">
  <mem-info id="5" free="104857600" total="536870912" percent="19">
  </mem-info>
</gc-start>
<gc-end id="6" type="scavenge" contextid="3" durationms="5.158" usertimems="20.000" systemtimems="4.000" timestamp="2024-01-02T10:00:01.006">
  <mem-info id="7" free="436207616" total="536870912" percent="81">
  </mem-info>
</gc-end>
<exclusive-end id="8" timestamp="2024-01-02T10:00:01.006" durationms="5.643" />

<exclusive-start id="9" timestamp="2024-01-02T10:00:11.000" intervalms="9994.000">
</exclusive-start>
<sys-start id="10" timestamp="2024-01-02T10:00:11.000" intervalms="10000.000" />
<gc-start id="11" type="global" contextid="10" timestamp="2024-01-02T10:00:11.000">
  <mem-info id="12" free="104857600" total="536870912" percent="19">
  </mem-info>
</gc-start>
<gc-end id="13" type="global" contextid="10" durationms="35.973" timestamp="2024-01-02T10:00:11.036">
  <mem-info id="14" free="503316480" total="536870912" percent="93">
  </mem-info>
</gc-end>
<exclusive-end id="15" timestamp="2024-01-02T10:00:11.037" durationms="36.500" />
</verbosegc>
`

func TestOpenJ9(t *testing.T) {
	l := parseText(t, openJ9)
	if l.Collector != "OpenJ9 gencon" || l.Total.Count != 2 || l.Total.Sum != 5643*time.Microsecond+36500*time.Microsecond || l.FullGCs != 1 || l.Unparsed.Count != 0 {
		t.Fatalf("%s, %d pauses of %v, %d full, unparsed %+v", l.Collector, l.Total.Count, l.Total.Sum, l.FullGCs, l.Unparsed)
	}
	young, global := &l.Pauses[0], &l.Pauses[1]
	if young.Kind != gc.KindYoung || young.Before != 412<<20 || young.After != 96<<20 || !young.Flags.Has(gc.FlagCPU) {
		t.Errorf("%+v", young)
	}
	if global.Kind != gc.KindFull || global.Before != 412<<20 || global.After != 32<<20 {
		t.Errorf("%+v", global)
	}
	if live, src, ok := l.LiveSet(); !ok || live != 32<<20 || src != gc.LiveFull {
		t.Errorf("live set %d from %v", live, src)
	}
	if at, ok := l.Wall(l.Last); !ok || at.Format(time.DateTime) != "2024-01-02 10:00:11" {
		t.Errorf("last %v", at)
	}
}

// PrintReferenceGC puts the times of reference processing inside the lines of the pauses.
func TestPrintReferenceGC(t *testing.T) {
	l := parseText(t, `2.100: [GC (Allocation Failure) 2.110: [SoftReference, 0 refs, 0.0000200 secs]2.110: [WeakReference, 12 refs, 0.0000100 secs]2.110: [FinalReference, 1034 refs, 0.0070000 secs]2.117: [PhantomReference, 0 refs, 3 refs, 0.0000100 secs]2.117: [JNI Weak Reference, 0.0000200 secs][PSYoungGen: 65536K->8192K(76288K)] 65536K->12288K(251392K), 0.0200000 secs] [Times: user=0.05 sys=0.00, real=0.02 secs]
`)
	p := l.Pauses
	if len(p) != 1 || p[0].Duration != 20*time.Millisecond || p[0].Before != 65536<<10 || p[0].After != 12288<<10 || l.Unparsed.Count != 0 {
		t.Fatalf("%+v, unparsed %+v", p, l.Unparsed)
	}
	if r := l.References; r.Final != 1034 || r.Weak != 12 || r.Time < 7*time.Millisecond || r.Time > 8*time.Millisecond {
		t.Errorf("%+v", r)
	}
}

func TestSun12(t *testing.T) {
	l := parseText(t, `<GC: need to expand mark bits to cover 16384 bytes>
<GC: managing allocation failure: need 1032 bytes, type=1, action=1>
<GC: 0 milliseconds since last GC>
<GC: freed 18578 objects, 658392 bytes in 26 ms, 78% free (3300328/4192768)>
  <GC: init&scan: 1 ms, scan handles: 12 ms, sweep: 13 ms, compact: 0 ms>
  <GC: 0 register-marked objects, 1 stack-marked objects>
  <GC: 1 register-marked handles, 31 stack-marked handles>
  <GC: refs: soft 0 (age >= 32), weak 0, final 2, phantom 0>
<GC: managing allocation failure: need 1032 bytes, type=1, action=1>
<GC: 126 milliseconds since last GC>
<GC: freed 18578 objects, 658392 bytes in 30 ms, 78% free (3300328/4192768)>
`)
	if l.Total.Count != 2 || l.Total.Sum != 56000*us || l.Unparsed.Count != 0 || l.Last != 182000*us {
		t.Errorf("%d pauses of %v up to %v, not understood: %v", l.Total.Count, l.Total.Sum, l.Last, l.Unparsed)
	}
	if live, _, ok := l.LiveSet(); !ok || live != 4192768-3300328 {
		t.Errorf("live set %d, %v", live, ok)
	}
}
