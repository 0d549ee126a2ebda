package waits

import (
	"cmp"
	"slices"
	"time"

	"casefile/analyze/database"
	"casefile/analyze/threads"
)

// Round is one moment: the dumps of all processes and the looks at all servers that belong together.
type Round struct {
	Index int
	At    time.Time // of the first of them, on the reference clock
	Dumps map[*Process]int
	Looks []*database.Look

	processes []*Process // with a dump, in the order of the input
	ends      ends
	vertices  vertices
	adrift    map[*Process]int // sessions that wait for threads that are not known
}

// Processes are those with a dump in the round.
func (r *Round) Processes() []*Process { return r.processes }

// threadsOf are the threads of a process in the round.
func (r *Round) threadsOf(p *Process) []*threads.Thread {
	return p.Series.Dumps[r.Dumps[p]].Threads
}

// roundSlack is how far apart the dumps of one round are at most, whatever the time between two rounds.
const roundSlack = 3 * time.Second

// moment is a dump on the reference clock.
type moment struct {
	at   time.Time
	p    *Process
	dump int
}

// roundsOf puts the dumps of all processes that were taken at one moment together, and each look at a server to the
// dumps next to it.
func roundsOf(all []*Process, looks []*database.Look, reference func(node string, t time.Time) time.Time) []*Round {
	var moments []moment
	var gaps []time.Duration
	for _, p := range all {
		for i, d := range p.Series.Dumps {
			if d.Time.IsZero() {
				continue
			}
			moments = append(moments, moment{reference(p.Node, d.Time), p, i})
			if i > 0 && !p.Series.Dumps[i-1].Time.IsZero() {
				gaps = append(gaps, d.Time.Sub(p.Series.Dumps[i-1].Time))
			}
		}
	}
	slack := roundSlack
	if slices.Sort(gaps); len(gaps) > 0 { // one that came late makes a short gap
		slack = min(slack, gaps[len(gaps)/2]/2)
	}
	slices.SortStableFunc(moments, func(a, b moment) int { return a.at.Compare(b.at) })
	var out []*Round
	for _, m := range moments {
		r := lastOf(out)
		if r == nil || m.at.Sub(r.At) > slack || r.has(m.p) {
			r = newRound(m.at)
			out = append(out, r)
		}
		r.Dumps[m.p] = m.dump
		r.processes = append(r.processes, m.p)
	}
	for _, l := range looks {
		at := reference(l.Node, l.Taken)
		r := nearestTo(out, at)
		if r == nil {
			r = newRound(at)
			out = append(out, r)
		}
		r.addLook(l)
	}
	slices.SortStableFunc(out, func(a, b *Round) int { return a.At.Compare(b.At) })
	for i, r := range out {
		r.Index = i
		slices.SortFunc(r.processes, func(a, b *Process) int {
			return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Name, b.Name))
		})
	}
	return out
}

func newRound(at time.Time) *Round { return &Round{At: at, Dumps: map[*Process]int{}} }

// nearestTo is the round next to a moment; nil: none is near.
func nearestTo(list []*Round, at time.Time) (best *Round) {
	nearest := roundSlack
	for _, r := range list {
		if gap := r.At.Sub(at).Abs(); gap <= nearest {
			best, nearest = r, gap
		}
	}
	return best
}

func lastOf(list []*Round) *Round {
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

func (r *Round) has(p *Process) bool {
	_, ok := r.Dumps[p]
	return ok
}

// addLook keeps one look at each server: of several nodes that asked it the one that saw more.
func (r *Round) addLook(l *database.Look) {
	for i, o := range r.Looks {
		if !database.SameServer(o, l) {
			continue
		}
		if l.Visible() > o.Visible() {
			r.Looks[i] = l
		}
		return
	}
	r.Looks = append(r.Looks, l)
}
