package profile

import (
	"math"
	"testing"

	pprof "github.com/google/pprof/profile"
)

// Shares are compared, not amounts: a profile twice as long changes nothing.
func TestCompare(t *testing.T) {
	of := func(values map[string]int64) View {
		p := &pprof.Profile{SampleType: []*pprof.ValueType{{Type: "cpu", Unit: "nanoseconds"}}}
		for name, v := range values {
			f := &pprof.Function{ID: uint64(len(p.Function) + 1), Name: name}
			l := &pprof.Location{ID: f.ID, Line: []pprof.Line{{Function: f}}}
			p.Function, p.Location = append(p.Function, f), append(p.Location, l)
			p.Sample = append(p.Sample, &pprof.Sample{Location: []*pprof.Location{l}, Value: []int64{v}})
		}
		return New(p, "cpu.pb.gz").Main()
	}
	before := of(map[string]int64{"a": 50, "b": 30, "gone": 20})
	if same := Compare(before, of(map[string]int64{"a": 100, "b": 60, "gone": 40}), -1); len(same) > 0 {
		t.Errorf("twice as long: %+v", same)
	}
	list := Compare(before, of(map[string]int64{"a": 50, "b": 40, "new": 10}), 2)
	if len(list) != 2 || list[0].Frame != "gone" || list[0].Points() != -20 || math.Abs(list[1].Points()) != 10 {
		t.Errorf("%+v", list)
	}
}
