package capacity

import (
	"fmt"

	"casefile/analyze"
	"casefile/analyze/loss"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

// ofLocks are the locks that threads wait for. Two things tell how much one is used: in how many dumps it is held, and how many wait for it.
func ofLocks(j *analyze.JVM) (out []Resource) {
	if j.Dumps == nil || len(j.Dumps.Dumps) == 0 {
		return nil
	}
	looks := len(j.Dumps.Dumps)
	seen := map[string]bool{}
	for _, c := range j.Dumps.Contention() { // most waiters first
		if c.Kind == threads.ClassInit {
			continue
		}
		name := "a lock of " + c.Class
		if c.Site != nil {
			name = "the lock at " + loss.LockAt(c.Class, say.Short(c.Site.Func))
		}
		if seen[name] { // of several locks at one place the most used one
			continue
		}
		seen[name] = true
		shown := 0
		for i := range j.Dumps.Dumps {
			if st := c.States[i]; st != nil || heldBy(j.Dumps, i, c) {
				shown++
			}
		}
		mean := float64(c.Total) / float64(looks)
		out = append(out, Resource{Name: name, Node: j.Node.Name, Used: lockUsed(mean, shown, looks), Each: true,
			Text: fmt.Sprintf("%s threads wait for it on average; held in %d of %d dumps", say.Number(mean), shown, looks)})
	}
	return out
}

// lockUsed joins what the queue tells with what the holders tell: both hold the truth, else one of them was bad luck.
func lockUsed(waiting float64, shown, looks int) Range {
	queue := queued(waiting, looks)
	byQueue := Range{LockUse(queue.Low).Low, LockUse(queue.High).High}
	held := share(shown, looks)
	both := Range{max(byQueue.Low, held.Low), min(byQueue.High, held.High)}
	if both.Low > both.High {
		return Range{min(byQueue.Low, held.Low), max(byQueue.High, held.High)}
	}
	return both
}

// heldBy reports whether a thread of the dump is inside the lock, though no other waits for it: it holds one of that class, at that address or taken
// in that method (collections move objects).
func heldBy(s *threads.Series, dump int, c *threads.Contention) bool {
	for _, st := range s.Graph(dump).Locks() {
		if st.Owner == nil || st.Class != c.Class {
			continue
		}
		for _, a := range c.Addrs {
			if a != 0 && a == st.Addr {
				return true
			}
		}
		frames := st.Owner.Stack.Frames
		if d := st.OwnerDepth; c.Site != nil && len(c.Addrs) == 1 && d >= 0 && d < len(frames) && frames[d].Func == c.Site.Func {
			return true
		}
	}
	return false
}
