package answer

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/say"
)

// GCQuery narrows the logs.
type GCQuery struct {
	Of
	Longest int `json:"longest,omitempty" jsonschema:"how many of the longest pauses of each log to give, up to 50; default 10"`
}

// GCAnswer is what collections cost, log by log.
type GCAnswer struct {
	Capture string  `json:"capture"`
	Logs    []GCLog `json:"logs"`
}

// GCLog is one log, or what counters or a recording tell instead.
type GCLog struct {
	Node    string     `json:"node"`
	Process string     `json:"process"`
	Figures gc.Summary `json:"figures"`
	ByCause []GCCause  `json:"by_cause"`
	Longest []GCPause  `json:"longest"`
	Notes   []string   `json:"notes,omitempty"`
}

// GCCause is the pauses of one cause.
type GCCause struct {
	Cause   string  `json:"cause"`
	Pauses  int64   `json:"pauses"`
	TotalMS float64 `json:"total_ms"`
	MaxMS   float64 `json:"max_ms"`
}

// GCPause is one pause, with the line that ends it.
type GCPause struct {
	At       string  `json:"at"` // wall clock where it is known, else seconds of the log
	Kind     string  `json:"kind"`
	Cause    string  `json:"cause"`
	MS       float64 `json:"ms"`
	BeforeMB int64   `json:"heap_before_mb,omitempty"`
	AfterMB  int64   `json:"heap_after_mb,omitempty"`
	Place
}

const mostPauses = 50

// GC gives the figures of the logs of a query.
func (c *Capture) GC(q GCQuery) (*GCAnswer, error) {
	most := q.Longest
	if most <= 0 || most > mostPauses {
		most = 10
	}
	out := &GCAnswer{Capture: c.Name, Logs: []GCLog{}}
	var have []string
	for _, n := range c.Case.Nodes {
		for _, j := range n.JVMs {
			for _, l := range j.GC {
				have = append(have, n.Name+" "+j.Target)
				if q.node(n) && q.process(j.Target) {
					g := logOf(l, most)
					g.Node, g.Process = n.Name, j.Target
					out.Logs = append(out.Logs, g)
				}
			}
		}
	}
	if len(out.Logs) == 0 {
		return nil, notThere("GC log", have)
	}
	return out, nil
}

func logOf(l *gc.Log, most int) GCLog {
	g := GCLog{Figures: l.Summary(), ByCause: []GCCause{}, Longest: []GCPause{}, Notes: l.Notes}
	for _, c := range l.ByCause() {
		g.ByCause = append(g.ByCause, GCCause{c.Cause, c.Count, millis(c.Sum), millis(c.Max)})
	}
	for i := range l.Longest[:min(len(l.Longest), most)] {
		g.Longest = append(g.Longest, pauseOf(l, &l.Longest[i]))
	}
	return g
}

func pauseOf(l *gc.Log, p *gc.Pause) GCPause {
	out := GCPause{At: fmt.Sprintf("%.3fs", p.Start.Seconds()), Kind: p.Kind.String(), Cause: l.Cause(p), MS: millis(p.Duration),
		BeforeMB: p.Before >> 20, AfterMB: p.After >> 20, Place: Place{Entry: l.Source}}
	if at, ok := l.Wall(p.Start); ok {
		out.At = say.Instant(at)
	}
	if int(p.File) < len(l.Files) {
		out.Entry = l.Files[p.File]
	}
	if l.Format != gc.FormatCounters && l.Format != gc.FormatJFR { // those have no line that a person could read
		out.Lines = analyze.Lines(int(p.Line), int(p.Line))
	}
	return out
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
