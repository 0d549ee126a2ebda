package report

import (
	"fmt"
	"math"

	"casefile/analyze/loss"
)

// lossLayers are the kinds of lost time as the chart shows them: the first that has a kind counts, the last takes the
// rest.
var lossLayers = []struct {
	class, name string
	kinds       []loss.Kind
}{
	{"s3", "on CPU", []loss.Kind{loss.CPU, loss.Running}},
	{"s5", "no CPU", []loss.Kind{loss.Runnable}},
	{"s4", "locks", []loss.Kind{loss.Lock, loss.FileLock}},
	{"s2", "pools and queues", []loss.Kind{loss.DBPool, loss.HTTPPool, loss.Pool, loss.Permit, loss.Room, loss.Queue}},
	{"s8", "database, network, disk", []loss.Kind{loss.Database, loss.Socket, loss.Client, loss.Connect, loss.Disk, loss.Process}},
	{"full", "collections and safepoints", []loss.Kind{loss.GC, loss.Safepoint, loss.Stall}},
	{"s7", "idle", []loss.Kind{loss.Idle}},
	{"s1", "other threads, members, sleep", nil},
}

// lossChart is one bar for the request threads of a process, in per cent of their time, and one for each of its largest
// pools.
func lossChart(s *loss.Statement) (figureChart, bool) {
	const pools = 5
	var names []string
	var bars [][]loss.Part
	if len(s.Parts) > 0 {
		names, bars = append(names, fmt.Sprintf("requests (%.0f)", s.RequestThreads)), append(bars, s.Parts)
	}
	for i, p := range s.Pools {
		if i == pools {
			break
		}
		names, bars = append(names, clean(cut(p.Name, 24))), append(bars, p.Parts)
	}
	layers := make([]layer, len(lossLayers))
	for i, l := range lossLayers {
		layers[i] = layer{class: l.class, name: l.name, values: make([]int, len(bars))}
	}
	for b, parts := range bars {
		for i, share := range sharesOf(parts) {
			layers[i].values[b] = int(math.Round(100 * share))
		}
	}
	return barChart("Where the time of threads went, in % of it", names, present(layers))
}

// sharesOf sums parts by layer.
func sharesOf(parts []loss.Part) []float64 {
	sums := make([]float64, len(lossLayers))
	for _, p := range parts {
		at := len(lossLayers) - 1
		for i, l := range lossLayers {
			for _, k := range l.kinds {
				if k == p.Kind {
					at = i
				}
			}
		}
		sums[at] += p.Share
	}
	return sums
}

// lossOf is the statement of a process; nil: it has no dumps.
func (b *viewBuilder) lossOf(node, subject string) *loss.Statement {
	for _, s := range b.result.Loss {
		if s.Node == node && s.Subject == subject {
			return s
		}
	}
	return nil
}
