package fromjfr

import (
	"fmt"
	"testing"

	"casefile/analyze/jfr"
)

// What a sample of async-profiler stands for depends on what it was told to sample, and by which option.
func TestPeriodsOfAsyncProfiler(t *testing.T) {
	const ms = int64(1e6)
	texts := []string{"", runnableState, sleepingState}
	wallSamples := []jfr.Sample{{Kind: jfr.WallClock, State: 1, Count: 3}, {Kind: jfr.WallClock, State: 2, Count: 17}}
	old := []jfr.Sample{{Kind: jfr.Execution, State: 1, Count: 3}, {Kind: jfr.Execution, State: 2, Count: 17}}
	for _, test := range []struct {
		name     string
		settings map[string]string
		samples  []jfr.Sample
		want     map[string]int64
	}{
		{"-e wall", map[string]string{"event": "wall", "interval": "0"}, wallSamples, map[string]int64{"cpu": 3 * 50 * ms, "wall": 20 * 50 * ms}},
		{"-e wall -i 20ms", map[string]string{"event": "wall", "interval": "20000000"}, wallSamples, map[string]int64{"cpu": 3 * 20 * ms, "wall": 20 * 20 * ms}},
		{"-e wall, as execution samples", map[string]string{"event": "wall", "interval": "0"}, old, map[string]int64{"cpu": 3 * 50 * ms, "wall": 20 * 50 * ms}},
		{"-e cpu --wall 20ms", map[string]string{"event": "cpu", "interval": "0", "wall": "20000000"}, append(old[:1:1], wallSamples...),
			map[string]int64{"cpu": 3 * 10 * ms, "wall": 20 * 20 * ms}},
		{"-e cpu --wall", map[string]string{"event": "cpu", "interval": "0", "wall": "0"}, append(old[:1:1], wallSamples...),
			map[string]int64{"cpu": 3 * 10 * ms, "wall": 20 * 50 * ms}},
		{"-e cpu -i 1ms", map[string]string{"event": "cpu", "interval": "1000000"}, old[:1], map[string]int64{"cpu": 3 * ms}},
		{"-e malloc", map[string]string{"event": "malloc", "interval": "0"}, old[:1], map[string]int64{"malloc": 3}},
		{"-e cache-misses", map[string]string{"event": "cache-misses", "interval": "1000"}, old[:1], map[string]int64{"events": 3}},
		{"--nativemem", map[string]string{"event": "N/A"}, []jfr.Sample{{Kind: jfr.Malloc, Count: 2, Amount: 4096}}, map[string]int64{"nativemem": 4096}},
	} {
		rec := &jfr.Recording{Source: "x.jfr", Texts: texts, Stacks: []jfr.Stack{{}}, Threads: []jfr.Thread{{}}, Functions: []jfr.Function{{}}, Spans: []jfr.Span{{}}, Samples: test.samples}
		for name, value := range test.settings {
			rec.Settings = append(rec.Settings, jfr.Setting{Event: "jdk.ActiveRecording", Name: name, Value: value})
		}
		list, err := Profiles(rec)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int64{}
		for _, p := range list {
			main := p.Main()
			got[main.Type] = main.Total()
		}
		if fmt.Sprint(got) != fmt.Sprint(test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}
