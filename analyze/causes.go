package analyze

import "slices"

// explains tells which findings make another one a mere consequence when both
// are about the same process: curing the cause cures both. A consequence stands
// behind its cause, and is not more severe.
var explains = map[string][]string{
	"thread-pool-exhausted": {"deadlock", "lock-contention", "db-pool-exhausted", "slow-downstream", "class-loading-lock", "logging-lock",
		"heap-too-small", "memory-leak", "gc-overhead", "allocation-stall"}, // hot-thread: the rule itself weighs the two
	"stuck-thread":  {"deadlock", "lock-contention", "db-pool-exhausted", "heap-too-small", "memory-leak"},
	"hot-thread":    {"heap-too-small", "memory-leak", "gc-overhead"},
	"pool-mismatch": {"db-pool-exhausted"},
	"gc-overhead":   {"heap-too-small", "memory-leak", "explicit-gc", "premature-promotion"},
	"full-gc":       {"heap-too-small", "premature-promotion", "memory-leak", "explicit-gc", "metaspace-pressure", "humongous-allocations", "evacuation-failure"},
	"long-gc-pause": {"heap-too-small", "memory-leak", "full-gc", "premature-promotion", "memory-swapping"},
	"cpu-saturated": {"heap-too-small", "memory-leak", "gc-overhead", "hot-thread", "cpu-throttled"},
}

// repeats tells which findings say the same as another one when both are about
// the same thing of the same process: dumps and a recording see one problem. The
// second is a note, with what its own instrument measured.
var repeats = map[string][]string{
	"lock-site": {"lock-contention", "class-loading-lock", "logging-lock"},
	"hot-code":  {"hot-thread"},
	"io-site":   {"slow-downstream"},
}

// sameSubject tells whether f repeats c.
func sameSubject(f, c *Finding) bool {
	return slices.Contains(repeats[f.ID], c.ID) && slices.ContainsFunc(f.About, func(name string) bool { return slices.Contains(c.About, name) })
}

// rank puts consequences behind their causes, and what repeats another finding
// among the notes. A cause counts when it takes a share worth the name.
func rank(list []Finding) {
	const worth = 0.1
	for i := range list {
		f := &list[i]
		for _, c := range list {
			again := sameSubject(f, &c)
			if !again && !slices.Contains(explains[f.ID], c.ID) || !sameProcess(f, &c) || c.Weight < worth || !c.Severity.AtLeast(Warning) {
				continue
			}
			if again {
				f.Severity = Info
			}
			f.Weight = min(f.Weight, 0.9*c.Weight)
			if !c.Severity.AtLeast(f.Severity) {
				f.Severity = c.Severity
			}
		}
	}
}

// sameProcess: about one process, or one of them about the machine it runs on.
func sameProcess(a, b *Finding) bool {
	onNode := slices.ContainsFunc(a.Nodes, func(n string) bool { return slices.Contains(b.Nodes, n) })
	return onNode && (a.Subject == b.Subject || hostWide[a.ID] || hostWide[b.ID])
}

// hostWide findings are about a machine, whatever their subject says.
var hostWide = map[string]bool{"cpu-saturated": true, "memory-swapping": true}
