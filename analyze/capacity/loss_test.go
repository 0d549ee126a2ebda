package capacity

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"casefile/analyze"
	"casefile/analyze/loss"
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

// What was hardly seen is no reason for alarm, and none for a promise.
func TestLossIsUnsure(t *testing.T) {
	r := &analyze.Result{}
	for _, n := range []string{"n1", "n2"} {
		r.Loss = append(r.Loss, statement(n, loss.Part{Kind: loss.Pool, Where: "Pool.borrow", Seconds: 5}))
	}
	text := strings.Join(Of(machines(20, 20), r).Sentences(), "\n")
	if !strings.Contains(text, "the others probably carry its share") || !strings.Contains(text, "the pool at Pool.borrow of n1") {
		t.Error(text)
	}
}

// Threads that wait for a lock are taken all the same when the load of another node comes.
func TestWaitingThreadsAreTaken(t *testing.T) {
	r := &analyze.Result{}
	for _, n := range []string{"n1", "n2"} {
		r.Loss = append(r.Loss, statement(n, loss.Part{Kind: loss.Lock, Where: "Cache.get", Seconds: 1200}))
	}
	e := Of(machines(20, 20), r)
	for _, x := range e.After {
		if x.Name == "request threads" && x.Then.High < 1.2 {
			t.Errorf("24 of 40 threads of each of two nodes: %+v", x.Then)
		}
	}
	if e.Resources[0].Name == "request threads" {
		t.Errorf("threads that only wait end growth: %+v", e.Resources[0])
	}
}
