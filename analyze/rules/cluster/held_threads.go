package cluster

import (
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/rules/views"
	"casefile/analyze/threads"
)

var (
	propagationThreads = analyze.NewLimit(3, "threads", "that wait in one dump only", "one that is seen twice "+
		"without moving is enough")
)

// held is the threads of one process that waited for the network exactly while another node stood still.
type held struct {
	view    *member
	threads []*threads.Track
	dumps   []int // inside of the standstill
	// seenTwice are those that stood in one place, without using CPU, in two dumps or more of that time.
	seenTwice int
	cluster   int // those that wait for another member of the cluster by their stack
	cites     []views.Sighting
}

// heldWhile looks through one process's dumps. Nil: nobody was held, or the dumps do not tell.
func heldWhile(v *member, s *standstill) *held {
	h := &held{view: v}
	var outside []int
	for i, d := range v.Series.Dumps {
		if d.Time.IsZero() || !d.ZoneKnown {
			continue
		}
		switch at := referenceOf(v.Node, d.Time); {
		case !at.Before(s.from) && !at.After(s.to):
			h.dumps = append(h.dumps, i)
		case at.Before(s.from.Add(-s.lead-settle)) || at.After(s.to.Add(s.slack+settle)):
			outside = append(outside, i)
		}
	}
	if len(h.dumps) == 0 || len(outside) == 0 {
		return nil
	}
	for _, tr := range v.Series.Threads() {
		cluster, ok := v.heldThread(tr, h.dumps, outside)
		if !ok {
			continue
		}
		h.threads = append(h.threads, tr)
		if len(h.dumps) > 1 {
			h.seenTwice++
		}
		if cluster {
			h.cluster++
		}
		for _, i := range h.dumps {
			h.cites = append(h.cites, views.Sighting{Dump: i, Thread: tr.Obs[i]})
		}
	}
	if len(h.threads) == 0 {
		return nil
	}
	return h
}

// settle is what is left out around a standstill: requests that were on their way, and clocks of half a dump.
const settle = 200 * time.Millisecond

// heldThread reports whether a thread waits for the network on one stack, unmoved, in all dumps of the standstill, and
// moves outside of it: it uses CPU between those dumps, or is elsewhere in most of them.
func (v *member) heldThread(tr *threads.Track, inside, outside []int) (cluster, ok bool) {
	first := tr.Obs[inside[0]]
	if first == nil {
		return false, false
	}
	cluster, ok = v.waitsForPeer(first)
	if !ok {
		return false, false
	}
	for k, i := range inside[1:] {
		t := tr.Obs[i]
		if t == nil || t.Stack != first.Stack {
			return false, false
		}
		if used, source := tr.CPU(inside[k], i); source != threads.NoCPU && used > views.StuckCPU.Value {
			return false, false
		}
	}
	return cluster, v.movesOutside(tr, first, outside, len(inside) > 1)
}

// movesOutside: a thread that was seen once must be elsewhere in two dumps of three.
func (v *member) movesOutside(tr *threads.Track, held *threads.Thread, outside []int, twice bool) bool {
	elsewhere, seen, moved, steps := 0, 0, 0, 0
	last := -1
	for _, i := range outside {
		t := tr.Obs[i]
		if t == nil {
			continue
		}
		if seen++; t.Stack != held.Stack {
			elsewhere++
		}
		if last == i-1 && last >= 0 {
			if used, source := tr.CPU(last, i); source != threads.NoCPU {
				if steps++; used > views.StuckCPU.Value {
					moved++
				}
			}
		}
		last = i
	}
	switch {
	case seen == 0:
		return false
	case 3*elsewhere >= 2*seen && (twice || seen > 1):
		return true
	}
	return twice && steps > 0 && 3*moved >= 2*steps
}

// waitsForPeer reports whether a thread waits for an answer that another node may owe it: not a database's, a
// directory's or the like.
func (v *member) waitsForPeer(t *threads.Thread) (cluster, ok bool) {
	w := v.Series.Wait(t)
	switch w.Kind {
	case threads.WaitResult:
		cluster = strings.Contains(w.Text, "cluster member")
		return cluster, cluster
	case threads.WaitSocketRead, threads.WaitSocketWrite, threads.WaitConnect:
	default:
		return false, false
	}
	_, peer, own := threads.CallSite(t.Stack.Frames)
	switch {
	case strings.Contains(peer, "cluster member"):
		return true, true
	case peer == "an HTTP service":
		return false, own
	}
	return false, peer == "" && own
}

// hurts reports whether so many threads were held that it is no chance.
func (h *held) hurts() bool {
	return h.seenTwice > 0 || len(h.threads) >= propagationThreads.Value
}
