package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/ids"
	"casefile/analyze/loss"
	"casefile/analyze/say"
)

// KeyFigure is one of the four figures of a story, of the node where it is worst.
type KeyFigure struct {
	Name  string `json:"name"`
	Value string `json:"value"`          // "58 %"; empty: not known
	Note  string `json:"note,omitempty"` // what it is of, or what is missing
	Node  string `json:"node,omitempty"`
	// Level is that of the worst finding about what the figure measures; "fine": none was found. Without a value it is
	// empty.
	Level string `json:"level,omitempty"`
}

// keyFigures are in this order in every output.
func keyFigures(c *analyze.Case, r *analyze.Result) []KeyFigure {
	return []KeyFigure{lostFigure(r), pauseFigure(c, r), cpuFigure(c, r), errorFigure(c, r)}
}

// Findings that are about what a key figure measures.
var (
	pauseFindings = []string{
		ids.LongGCPause, ids.GCOverhead, ids.FullGC, ids.ExplicitGC, ids.HeapTooSmall, ids.HeapExhausted,
		ids.MemoryLeak, ids.EvacuationFailure, ids.ConcurrentModeFailure, ids.AllocationStall, ids.LongSafepoint,
		ids.LongOperation, ids.PausePropagation, ids.SysTimeInGC, ids.GCThreadsMismatch, ids.SerialGCOnServer,
	}
	cpuFindings   = []string{ids.CPUSaturated, ids.CPUThrottled, ids.CPUSteal, ids.HotThread, ids.HostStall}
	errorFindings = []string{ids.AppSignature, ids.OutOfMemory, ids.ExceptionFlow}
)

// levelOf is the level of the worst finding of a node that is one of some kinds.
func levelOf(r *analyze.Result, node string, kinds []string) string {
	best := "fine"
	for i := range r.Findings {
		f := &r.Findings[i]
		if !slices.Contains(kinds, f.ID) || !slices.Contains(f.Nodes, node) || !f.Severity.AtLeast(analyze.Warning) {
			continue
		}
		if l := level(f.Severity); best == "fine" || l == "critical" {
			best = l
		}
	}
	return best
}

// lostFigure is the share of request time that findings at warning or above hold for lost; waits that no finding calls a fault are named next
// to it. A service that asks its database all the time waits all the time, and loses nothing.
func lostFigure(r *analyze.Result) KeyFigure {
	k := KeyFigure{Name: "Request time lost", Note: "no dumps of request threads"}
	worst, most := -1.0, 0.0
	for _, s := range r.Loss {
		lost, rest, largest := loss.Waited(s.Parts)
		if len(s.Parts) == 0 || lost < worst || lost == worst && rest <= most {
			continue
		}
		worst, most = lost, rest
		k.Value, k.Node, k.Level = say.Percent(lost), clean(onNode(s.Node)), "fine"
		var note []string
		if lost > 0 {
			at, claimed := largestFault(s.Parts)
			k.Level = levelOf(r, s.Node, claimed)
			note = append(note, "most of it: "+placeOf(at))
		}
		if rest >= analyze.WorthNaming {
			note = append(note, say.Percent(rest)+" waits and no finding holds it for a fault, most of it: "+placeOf(largest))
		}
		k.Note = "no request thread waited"
		if len(note) > 0 {
			k.Note = strings.Join(note, "; ")
		} else if rest > 0 {
			k.Note = "they wait for " + say.Percent(rest) + " of it"
		}
	}
	return k
}

// placeOf names a part in short.
func placeOf(p loss.Part) string {
	return clean(cut(joined(", ", string(p.Kind), shortPlace(p.Where)), 70))
}

// largestFault is the largest part that is lost, and the rules that claim all such parts.
func largestFault(parts []loss.Part) (largest loss.Part, claimed []string) {
	for _, p := range parts {
		if !p.Fault || p.Kind == loss.CPU || p.Kind == loss.Running || p.Kind == loss.Idle {
			continue
		}
		claimed = append(claimed, p.ClaimedBy)
		if p.Share > largest.Share {
			largest = p
		}
	}
	return largest, claimed
}

// shortPlace drops the packages of a name.
func shortPlace(where string) string {
	words := strings.Fields(where)
	for i, w := range words {
		if strings.Count(w, ".") > 1 && !strings.Contains(w, ":") {
			words[i] = shortFunc(w)
		}
	}
	return strings.Join(words, " ")
}

func pauseFigure(c *analyze.Case, r *analyze.Result) KeyFigure {
	k := KeyFigure{Name: "Longest pause", Note: "no log of collections"}
	worst := time.Duration(-1)
	for _, n := range c.Nodes {
		for _, j := range n.JVMs {
			for _, log := range j.GC {
				longest, note := stopOf(log)
				if longest <= worst {
					continue
				}
				worst = longest
				k.Value, k.Node, k.Level, k.Note = say.Took(worst), figureNode(n), levelOf(r, n.Name, pauseFindings), note
			}
		}
	}
	return k
}

// stopOf is the longest time that a log has threads stand still: in a pause, or in a wait for memory.
func stopOf(l *gc.Log) (longest time.Duration, note string) {
	if s := l.Stalls.Total; s != nil && s.Max > l.Total.Max {
		return s.Max, joined(" in ", say.HowOften(int(s.Count))+" a thread waited for memory", span(l))
	}
	note = joined(" in ", count(l.Total.Count, "pause"), span(l))
	if share, ok := l.Throughput(); ok {
		note += ", " + say.Percent(1-share/100) + " of the time"
	}
	return l.Total.Max, note
}

// figureNode names the node of a figure.
func figureNode(n *analyze.Node) string {
	if onNode(n.Name) == "" {
		return ""
	}
	return nameOf(n)
}

// span is how long a log is; "": not known.
func span(l *gc.Log) string {
	if l.Span <= 0 {
		return ""
	}
	return say.Took(l.Span.Round(time.Second))
}

func cpuFigure(c *analyze.Case, r *analyze.Result) KeyFigure {
	k := KeyFigure{Name: "CPU of the machine", Note: "no figures of the host over time"}
	worst := -1.0
	for _, n := range c.Nodes {
		if n.Host == nil || !n.Host.CPU.Busy.Known() || n.Host.CPU.Busy.Mean <= worst {
			continue
		}
		busy := n.Host.CPU.Busy
		worst = busy.Mean
		k.Value, k.Node, k.Level = say.Percent(busy.Mean/100), figureNode(n), levelOf(r, n.Name, cpuFindings)
		k.Note = fmt.Sprintf("on average, at most %s", say.Percent(busy.Max/100))
	}
	return k
}

// errorLevels are the words for errors in logs.
var errorLevels = []string{"ERROR", "FATAL", "SEVERE", "CRITICAL"}

func errorFigure(c *analyze.Case, r *analyze.Result) KeyFigure {
	k := KeyFigure{Name: "Errors in logs", Note: "no application log"}
	worst := int64(-1)
	for _, n := range c.Nodes {
		errs, entries := int64(0), int64(0)
		for _, j := range n.JVMs {
			for _, log := range j.Logs {
				entries += log.Entries
				for _, l := range errorLevels {
					errs += log.Levels[l]
				}
			}
		}
		for _, log := range n.LooseLogs {
			entries += log.Entries
			for _, l := range errorLevels {
				errs += log.Levels[l]
			}
		}
		if entries == 0 || errs <= worst {
			continue
		}
		worst = errs
		k.Value, k.Node, k.Level = say.Whole(errs), figureNode(n), levelOf(r, n.Name, errorFindings)
		k.Note = fmt.Sprintf("of %s", count(entries, "entry"))
		if entries != 1 {
			k.Note = "of " + say.Whole(entries) + " entries"
		}
	}
	return k
}
