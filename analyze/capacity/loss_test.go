package capacity

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"casefile/analyze"
)

// Whatever the shares of the nodes: what each of the others is used most, whichever node dies, is what is foretold.
func TestLossOfUnequalNodes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a property that holds for all
	for range 500 {
		load := make([]float64, 2+random.IntN(5))
		for i := range load {
			load[i] = random.Float64()
		}
		for i, own := range load {
			truth := 0.0
			var others []Range
			for dead, carried := range load {
				if dead != i {
					truth = max(truth, own+carried/float64(len(load)-1))
					others = append(others, Range{carried * 0.9, carried * 1.1})
				}
			}
			if then := AfterLoss(len(load), Range{own * 0.9, own * 1.1}, others); truth < then.Low || truth > then.High {
				t.Fatalf("node %d of %v: %v foretold, %v is true", i, load, then, truth)
			}
		}
	}
}

func TestLossSaysWhoIsFull(t *testing.T) {
	for _, x := range []struct {
		busy       []float64
		says, hush string
	}{
		{[]float64{80, 5, 5}, "the others carry its share", "would be used"},
		{[]float64{70, 30, 30}, "the others carry its share", "would be used"}, // n1 gets 15 more, the others 35
		{[]float64{90, 60, 10}, "CPU of n1", "CPU of n3"},
		{[]float64{40, 95}, "CPU of n1", "the others carry"},
	} {
		text := strings.Join(Of(machines(x.busy...), &analyze.Result{}).Sentences(), "\n")
		if !strings.Contains(text, x.says) || strings.Contains(text, x.hush) {
			t.Errorf("%s\n%s", fmt.Sprint(x.busy), text)
		}
	}
}
