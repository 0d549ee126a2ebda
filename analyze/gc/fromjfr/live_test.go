package fromjfr

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"casefile/analyze/gc"
	"casefile/analyze/gc/gclog"
	"casefile/analyze/jfr"
	"casefile/bundle/format/hsperf"
	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

// runs are collectors with what their counters count: the names of the log's pauses that a collector's invocations are.
var runs = []struct {
	name, option string
	heap         string
}{
	{"Serial", "-XX:+UseSerialGC", "64m"},
	{"Parallel", "-XX:+UseParallelGC", "64m"},
	{"G1", "-XX:+UseG1GC", "64m"},
	{"ZGC", "-XX:+UseZGC", "96m"}, // experimental before JDK 15
	{"Shenandoah", "-XX:+UseShenandoahGC", "64m"},
}

// The same run tells the same in its log, in its recording and in its counters.
func TestRecordingAgreesWithLogAndCounters(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		classes := livetest.Compile(t, jdk, filepath.Join("..", "..", "..", "testdata", "gc", "Churn.java"))
		for _, r := range runs {
			t.Run(r.name, func(t *testing.T) {
				// Between two readings of the clock the JVM may wait for a CPU: sums of times may differ in one run, not in each.
				const runs = 3
				for n := 1; ; n++ {
					dir := t.TempDir()
					churn(t, jdk, classes, dir, r.option, "-Xms"+r.heap, "-Xmx"+r.heap) // JDK 26 and later begin with a tiny heap, collected often before the recording
					times := compareRun(t, dir, r.name)
					if len(times) == 0 || t.Failed() {
						return
					}
					t.Logf("run %d: %s", n, strings.Join(times, "; "))
					if n == runs {
						t.Fatalf("in each of %d runs times differ", runs)
					}
				}
			})
		}
	})
}

func churn(t *testing.T, jdk live.JDK, classes, dir string, options ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	logging := live.GCLogArgs(jdk.Major, dir+"/gc.log")
	if jdk.Major > 8 {
		logging[0] = strings.Replace(logging[0], "filecount=5,filesize=10m", "filecount=0", 1)
	}
	options = append(slices.Concat(options, logging), "-XX:+UsePerfData", "-XX:+PerfDataSaveToFile", "-XX:PerfDataSaveFile="+dir+"/perf",
		"-XX:StartFlightRecording=filename="+dir+"/r.jfr,settings=profile", "-cp", classes, "Churn", "16000")
	out, err := exec.CommandContext(ctx, filepath.Join(jdk.Home, "bin", "java"), options...).CombinedOutput()
	if err != nil {
		if strings.Contains(string(out), "not supported") || strings.Contains(string(out), "Unrecognized") || strings.Contains(string(out), "is experimental") {
			t.Skip("this JDK lacks it")
		}
		t.Fatalf("java: %v\n%s", err, out)
	}
}

// differences are times that do not agree.
type differences []string

func (d *differences) add(format string, args ...any) { *d = append(*d, fmt.Sprintf(format, args...)) }

// compareRun fails the test where counts differ, and returns the times that do.
func compareRun(t *testing.T, dir, collector string) differences {
	text, err := os.Open(filepath.Join(dir, "gc.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	log, err := gclog.Parse("gc.log", text, gclog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, "r.jfr"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rec, err := jfr.Read(f, "r.jfr", jfr.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	got := Log(rec)
	if got == nil || len(got.Pauses) < 3 {
		t.Fatal("too few pauses in the recording")
	}
	if log.JVMVersion == "" { // logs before JDK 17 do not state them
		log.JVMVersion, log.Settings.HeapMax = got.JVMVersion, got.Settings.HeapMax
	}
	if log.Settings.HeapMax == 0 {
		log.Settings.HeapMax = got.Settings.HeapMax
	}
	alignOld(t, log, got)
	if got.Collector != log.Collector || got.JVMVersion != log.JVMVersion || got.Settings.HeapMax != log.Settings.HeapMax {
		t.Errorf("%s %s %d, in the log %s %s %d", got.Collector, got.JVMVersion, got.Settings.HeapMax, log.Collector, log.JVMVersion, log.Settings.HeapMax)
	}
	var d differences
	early, last := comparePauses(t, &d, log, got)
	compareSafepoints(t, &d, dir, log, rec, got)
	compareCounters(t, &d, dir, collector, early, last, got)
	return d
}

// alignOld gives the pauses of an old log what it does not tell: before JDK 9 lines have no number of their collection, and events before
// JDK 17 do not tell the young pause that prepares mixed ones.
func alignOld(t *testing.T, log, got *gc.Log) {
	t.Helper()
	prepares := slices.ContainsFunc(got.Pauses, func(p gc.Pause) bool { return p.Kind == gc.KindPrepareMixed })
	numbered := false
	for i := range log.Pauses {
		p := &log.Pauses[i]
		numbered = numbered || p.GCID != log.Pauses[0].GCID
		if p.Kind == gc.KindPrepareMixed && !prepares {
			p.Kind = gc.KindYoung
		}
	}
	if numbered {
		return
	}
	// Of a cycle that a full collection has ended, a last pause does nothing: JDK 8 logs it, and has no event of it.
	full := false
	log.Pauses = slices.DeleteFunc(log.Pauses, func(p gc.Pause) bool {
		aborted := full && (p.Kind == gc.KindRemark || p.Kind == gc.KindCleanup)
		full = p.Kind == gc.KindFull || aborted
		return aborted
	})
	n := len(got.Pauses)
	for first := range max(len(log.Pauses)-n+1, 0) {
		part := log.Pauses[first : first+n]
		if slices.EqualFunc(part, got.Pauses, func(a, b gc.Pause) bool { return a.Kind == b.Kind }) {
			for i := range log.Pauses {
				log.Pauses[i].GCID = 1<<20 + uint32(i)
			}
			for i := range part {
				part[i].GCID = got.Pauses[i].GCID
			}
			return
		}
	}
	t.Errorf("the kinds of pauses differ:\n%v\nin the log\n%v", kindsOf(got), kindsOf(log))
}

func kindsOf(l *gc.Log) (kinds []gc.Kind) {
	for _, p := range l.Pauses {
		kinds = append(kinds, p.Kind)
	}
	return kinds
}

type pauseKey struct {
	id   uint32
	kind gc.Kind
	n    int // of this kind in the collection
}

// keysOf names the pauses of a log, in its order.
func keysOf(l *gc.Log) []pauseKey {
	seen := map[pauseKey]int{}
	keys := make([]pauseKey, len(l.Pauses))
	for i, p := range l.Pauses {
		k := pauseKey{p.GCID, p.Kind, 0}
		keys[i] = pauseKey{p.GCID, p.Kind, seen[k]}
		seen[k]++
	}
	return keys
}

func byKey(l *gc.Log) map[pauseKey]gc.Pause {
	m := map[pauseKey]gc.Pause{}
	for i, k := range keysOf(l) {
		m[k] = l.Pauses[i]
	}
	return m
}

// late is how far the log line and the event of one pause may be apart. A machine with
// other work can put any time between the two, but not in most pauses.
const late = 100 * time.Millisecond

// comparePauses holds every pause of the recording against the log, and the other way
// round those between its first and its last one. It returns those of the log before the
// first, and those behind the last, while the recording was being written.
func comparePauses(t *testing.T, d *differences, log, got *gc.Log) (early, after []gc.Pause) {
	t.Helper()
	want, have := byKey(log), byKey(got)
	apart, other := 0, 0
	for k, p := range have {
		w, ok := want[k]
		if !ok {
			t.Errorf("GC(%d) %v of %v is not in the log", k.id, k.kind, p.Duration)
			continue
		}
		at, _ := got.Wall(p.End())
		if wantAt, _ := log.Wall(w.End()); at.Sub(wantAt).Abs() > late {
			t.Logf("GC(%d) %v ends at %v, in the log at %v", k.id, k.kind, at, wantAt)
			apart++
		}
		// Log lines are of the whole pause, events of the part within their own bounds: under
		// G1 without the wait for the scan of root regions.
		if (p.Duration - w.Duration).Abs() > w.Duration/20+time.Millisecond {
			t.Logf("GC(%d) %v takes %v, in the log %v", k.id, k.kind, p.Duration, w.Duration)
			other++
		}
		if p.Flags.Has(gc.FlagHeap) && w.Flags.Has(gc.FlagHeap) && (near(p.Before, w.Before) || near(p.After, w.After)) {
			t.Errorf("GC(%d) heap %d->%d, in the log %d->%d", k.id, p.Before, p.After, w.Before, w.After)
		}
	}
	if most := len(have) / 4; apart > most || other > most {
		d.add("of %d pauses %d end at another time than in the log, and %d take another time", len(have), apart, other)
	}
	first, last := -1, -1
	for i, k := range keysOf(log) {
		if _, ok := have[k]; ok {
			if last = i; first < 0 {
				first = i
			}
		}
	}
	for i, k := range keysOf(log) {
		p := log.Pauses[i]
		switch _, ok := have[k]; {
		case ok:
		case i < first: // the program began after the recording, the JVM before it
			early = append(early, p)
		case i > last:
			after = append(after, p)
		case outer(log, p), p.Kind == gc.KindYoung && p.Before == p.After: // Serial: gives way to a full one at once
		default:
			t.Errorf("GC(%d) %v at %v of %v is not in the recording", k.id, k.kind, p.Start, p.Duration)
		}
	}
	if len(early) > len(log.Pauses)/4 {
		t.Errorf("%d of %d pauses came before the recording", len(early), len(log.Pauses))
	}
	return early, after
}

// near tells sizes apart that are not the same within the log's unit.
func near(a, b int64) bool { return math.Abs(float64(a-b)) > 2<<20 }

// outer tells a young pause that holds a full one.
func outer(log *gc.Log, p gc.Pause) bool {
	for _, q := range log.Pauses {
		if q.Flags.Has(gc.FlagNested) && q.Start >= p.Start-2*time.Millisecond && q.End() <= p.End()+2*time.Millisecond && q.GCID != p.GCID {
			return true
		}
	}
	return false
}

// stop is a safepoint as its line in the log tells it.
type stop struct {
	ended        time.Time // to the millisecond
	reach, total time.Duration
}

// JDK 11 and JDK 8 tell seconds, and the whole before the part.
var (
	safepointLine    = regexp.MustCompile(`^\[([^\]]+)\].*\] Safepoint ".*Reaching safepoint: (\d+) ns.*Total: (\d+) ns`)
	oldSafepointLine = regexp.MustCompile(`^\[?([-+:.T0-9]+?)(?:: |\]).*Total time for which application threads were stopped: ([0-9.]+) seconds, Stopping threads took: ([0-9.]+) seconds`)
)

func stopsOf(t *testing.T, path string) (stops []stop) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		unit := "ns"
		m := safepointLine.FindStringSubmatch(line)
		if m == nil {
			if m = oldSafepointLine.FindStringSubmatch(line); m == nil {
				continue
			}
			unit, m[2], m[3] = "s", m[3], m[2]
		}
		at, err := time.Parse("2006-01-02T15:04:05.000-0700", m[1])
		if err != nil {
			t.Fatal(err)
		}
		reach, _ := time.ParseDuration(m[2] + unit)
		total, _ := time.ParseDuration(m[3] + unit)
		stops = append(stops, stop{at, reach, total})
	}
	return stops
}

// compareSafepoints holds each safepoint of the recording against its line in the log: they are a part of the log's without a gap, which
// begins with the first that ends after the first of the recording began.
func compareSafepoints(t *testing.T, d *differences, dir string, log *gc.Log, rec *jfr.Recording, got *gc.Log) {
	t.Helper()
	want, have := stopsOf(t, filepath.Join(dir, "gc.log")), rec.GC.Safepoints
	if int64(len(want)) != log.Safepoints.Count || int64(len(have)) != got.Safepoints.Count {
		t.Errorf("%d and %d safepoints; %d lines in the log, %d in the recording", log.Safepoints.Count, got.Safepoints.Count, len(want), len(have))
	}
	if len(have) < len(want)/2 {
		t.Fatalf("%d safepoints, %d in the log", len(have), len(want))
	}
	first := slices.IndexFunc(want, func(s stop) bool { return !s.ended.Before(have[0].Start.Truncate(time.Millisecond)) })
	if first < 0 || len(want)-first < len(have) {
		t.Fatalf("%d safepoints from %v on, in the log %d of %d", len(have), have[0].Start, len(want)-max(first, 0), len(want))
	}
	// One that ended in the millisecond in which the first began is not it.
	fewest := len(have)
	for ; first < len(want) && len(want)-first >= len(have) && !want[first].ended.After(have[0].Start.Add(late)); first++ {
		other := 0
		for i, s := range have {
			w, total := want[first+i], cmp.Or(s.Total, s.Reach+s.Operated)
			if (s.Reach-w.reach).Abs() > w.reach/2+200*time.Microsecond || (total-w.total).Abs() > w.total/20+time.Millisecond {
				other++
			}
		}
		fewest = min(fewest, other)
	}
	// The event is of the operation; the line is of the whole stop, in which the event is written and a CPU may be waited for.
	if fewest > len(have)/2 {
		d.add("%d of %d safepoints take another time than in the log", fewest, len(have))
	}
	if got.Safepoints.Total.Sum < got.Stopped {
		d.add("%v in safepoints, %v in pauses", got.Safepoints.Total.Sum, got.Stopped)
	}
}

// compareCounters: what the counters have is what was recorded and what the log has from before, and of what came after it some or all. The
// counters of Shenandoah's cycles are not of pauses, and Serial counts the young collection that a full one ends.
func compareCounters(t *testing.T, d *differences, dir, collector string, early, after []gc.Pause, got *gc.Log) {
	t.Helper()
	if collector == "Shenandoah" || collector == "Serial" {
		return
	}
	raw, err := os.ReadFile(filepath.Join(dir, "perf"))
	if err != nil {
		t.Fatal(err)
	}
	snap, err := hsperf.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	var count, ticks int64
	for n := range 8 {
		at := "sun.gc.collector." + strconv.Itoa(n)
		if v, ok := snap.Int(at + ".invocations"); ok {
			count += v
		}
		if v, ok := snap.Int(at + ".time"); ok {
			ticks += v
		}
	}
	freq, _ := snap.Int("sun.os.hrt.frequency")
	have := time.Duration(float64(ticks) / float64(freq) * 1e9)
	recorded := got.Pauses
	if _, ok := snap.Int("sun.gc.collector.2.invocations"); collector == "G1" && !ok { // JDK 8 counts no pauses of a cycle
		ofCycle := func(p gc.Pause) bool { return p.Kind == gc.KindRemark || p.Kind == gc.KindCleanup }
		recorded = slices.DeleteFunc(slices.Clone(recorded), ofCycle)
		early, after = slices.DeleteFunc(early, ofCycle), slices.DeleteFunc(after, ofCycle)
	}
	n := int64(len(recorded))
	least, most := n+int64(len(early)), n+int64(len(early)+len(after))
	if count < least || count > most {
		d.add("counters have %d pauses; %d recorded, %d before and %d after", count, n, len(early), len(after))
	}
	shortest := total(recorded) + total(early)
	longest := shortest + total(after)
	if spare := longest/10 + 5*time.Millisecond; have < shortest-spare || have > longest+spare {
		d.add("counters have %v; %v recorded and before, %v with what came after", have, shortest, longest)
	}
}

func total(pauses []gc.Pause) (sum time.Duration) {
	for _, p := range pauses {
		sum += p.Duration
	}
	return sum
}
