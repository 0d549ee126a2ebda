package capacity

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// Captures of one law, each of which bounds what is carried, bound it closer together, whatever their order; of two laws it says so.
func TestTogether(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9)) //nolint:gosec // a property that holds for all
	for range 200 {
		const truth = 120.0
		var list []*Estimate
		for range 3 {
			list = append(list, &Estimate{Rate: 20 + 80*r.Float64(), Carries: Range{truth * (1 - 0.5*r.Float64()), truth * (1 + r.Float64())}})
		}
		e := Together(list)
		if truth < e.All.Low || truth > e.All.High || len(e.Loads) != 3 || e.Rate != e.Loads[2] || e.All.Low < e.Carries.Low || e.All.High > e.Carries.High {
			t.Fatalf("%+v", e)
		}
	}
	of := func(rate, low, high float64) *Estimate {
		return &Estimate{Nodes: 1, Rate: rate, Resources: []Resource{{Name: "CPU", Used: Range{0.5, 0.5}}}, Carries: Range{low, high}}
	}
	for text, list := range map[string][]*Estimate{
		"all of them together allow 100 to 120": {of(50, 90, 120), of(20, 100, 300), of(0, 0, 0)},
		"do not agree":                          {of(50, 90, 95), of(20, 100, 300)},
	} {
		if got := strings.Join(Together(list).Sentences(), "\n"); !strings.Contains(got, text) {
			t.Errorf("want %q:\n%s", text, got)
		}
	}
	if got := Together([]*Estimate{of(50, 90, 95)}).Sentences()[0]; strings.Contains(got, "together") {
		t.Error(got)
	}
}
