package timing

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// What is written is rounded, holds what was measured within its bound, and is written the same again.
func TestWrittenFiguresStayWithinTheirBounds(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		c := Clock{OffsetMS: rnd.NormFloat64() * math.Pow(10, float64(rnd.IntN(8)-4)), ErrorMS: rnd.Float64(), DriftPPM: 500 * rnd.NormFloat64(), DriftErrorPPM: rnd.Float64()}
		p := Point{At: time.Unix(0, rnd.Int64N(1<<60)), OffsetMS: c.OffsetMS, RTTMS: rnd.Float64()}
		var written Clock
		var point Point
		again(t, c, &written)
		again(t, p, &point)
		if most := c.ErrorMS + 2*grain; written.OffsetMS-written.ErrorMS > c.OffsetMS-c.ErrorMS+1e-9 || written.OffsetMS+written.ErrorMS < c.OffsetMS+c.ErrorMS-1e-9 || written.ErrorMS > most {
			t.Fatalf("%+v is written as %+v", c, written)
		}
		if written.DriftPPM-written.DriftErrorPPM > c.DriftPPM-c.DriftErrorPPM+1e-9 || written.DriftPPM+written.DriftErrorPPM < c.DriftPPM+c.DriftErrorPPM-1e-9 {
			t.Fatalf("%+v is written as %+v", c, written)
		}
		if point.OffsetMS-point.RTTMS/2 > p.OffsetMS-p.RTTMS/2+1e-9 || point.OffsetMS+point.RTTMS/2 < p.OffsetMS+p.RTTMS/2-1e-9 || point.At.Sub(p.At).Abs() > momentGrain {
			t.Fatalf("%+v is written as %+v", p, point)
		}
	}
}

// again writes v, reads it into to, and fails where that is written otherwise.
func again[T any](t *testing.T, v T, to *T) {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, to); err != nil {
		t.Fatal(err)
	}
	if second, err := json.Marshal(*to); err != nil || string(second) != string(text) {
		t.Fatalf("%s is written as %s again, %v", text, second, err)
	}
	if len(text) > 200 {
		t.Fatalf("%d bytes: %s", len(text), text)
	}
}
