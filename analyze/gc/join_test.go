package gc

import (
	"reflect"
	"testing"
	"time"
)

// A log of two runs is the sum of its parts: no field is forgotten. The fields that are not sums are named here.
func TestNoFieldIsLeftOutOfTheSum(t *testing.T) {
	fill := func(b *Builder, at time.Duration) {
		l := b.Log()
		b.Seen(at, 1)
		b.Pause(Pause{Start: at, Duration: time.Second, Kind: KindFull, CauseID: b.Cause([]byte("Metadata GC Threshold")), Before: 9, After: 5, Committed: 10,
			User: 2, Sys: 3, Real: 4, Flags: FlagHeap | FlagCPU})
		b.Pause(Pause{Start: at, Duration: time.Second, Kind: KindYoung, CauseID: b.Cause([]byte("G1 Humongous Allocation")), Before: 19, After: 5, Flags: FlagHeap})
		b.Phase([]byte("mark"), time.Second)
		b.Stall([]byte("t"), time.Second, Mention{})
		b.RelocationStall(time.Second)
		b.Safepoint(Safepoint{Operation: "HeapDumper", Reach: 1, At: 2, Total: 3})
		b.AppTime(time.Second)
		b.Promoted(at+1, 5)
		b.Metaspace(at, 3, 4, 5)
		for _, m := range []*Mentions{&l.EvacuationFailures, &l.PromotionFailures, &l.ConcurrentModeFailures, &l.ConcurrentModeInterrupted, &l.OutOfMemory,
			&l.OtherLines, &l.Unparsed, &l.Humongous.Requests} {
			b.Mention(m, Mention{})
		}
		l.References = References{1, 1, 1, 1, 1}
		l.Humongous.PeakRegions, l.Humongous.Reclaimed, l.Humongous.LargestObject = 1, 1, 1
		l.CPU.ConcurrentPhases, l.CPU.Inverted, l.CPU.Share = 1, 1, 1
		l.Heap.YoungPeak, l.Heap.OldPeak, l.Heap.OldLast, l.Heap.Estimated, l.Heap.share = 1, 1, 1, 1, 1
		l.Lines, l.DetailLines, l.CutLines = 1, 1, 1
		l.Collector, l.JVMVersion, l.Format = "G1", "17", "unified"
		l.Settings = Settings{CPUs: 1, HeapMax: 7}
		l.Dropped = 1
		b.Seen(at+10*time.Second, 2)
		b.Seen(at+20*time.Second, 2)
	}
	b := NewBuilder("test", "unified", Limits{})
	fill(b, time.Second)
	b.NewRun(time.Second, time.Time{}, 1)
	fill(b, time.Second)
	whole := b.Finish()
	if len(whole.Parts) != 2 || whole.Total.Count != 4 || whole.Humongous.Reclaimed != 2 || whole.Metaspace.Threshold != 2 || whole.Lines != 2 {
		t.Errorf("%d parts, %d pauses", len(whole.Parts), whole.Total.Count)
	}
	missing := func(name string, part, sum reflect.Value) {
		if !part.IsZero() && sum.IsZero() {
			t.Errorf("%s is in the parts and not in the whole", name)
		}
	}
	var walk func(name string, part, sum reflect.Value)
	walk = func(name string, part, sum reflect.Value) {
		for i := range part.NumField() {
			field := name + "." + part.Type().Field(i).Name
			if part.Field(i).Kind() == reflect.Struct {
				walk(field, part.Field(i), sum.Field(i))
			} else {
				missing(field, part.Field(i), sum.Field(i))
			}
		}
	}
	walk("Log", reflect.ValueOf(whole.Parts[1]).Elem(), reflect.ValueOf(whole).Elem())
}
