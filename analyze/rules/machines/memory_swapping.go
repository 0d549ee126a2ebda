package machines

import (
	"fmt"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/bundle/format/entries"
)

var (
	swapRate = analyze.NewLimit(float64(1<<20), "bytes/s", "coming back from swap", "256 pages a second, each "+
		"a wait of a thread")
	swapStart    = analyze.NewLimit(0.9, "1", "swap in use when a JVM started", "own judgement: what is left holds nothing")
	swapPressure = analyze.NewLimit(
		5.0,
		"%",
		"time in which some task waited for memory",
		"own judgement: a twentieth of the time",
	)
)

var memorySwapping = &analyze.Rule{
	ID:       ids.MemorySwapping,
	Doc:      "Pages come back from swap while work waits for them.",
	Needs:    needsHost,
	Fix:      "Make memory fit: smaller heaps, fewer programs, or more memory.",
	HostWide: true,
	Limits:   []analyze.Threshold{swapRate, swapPressure, swapStart, recordedSwap, recordedFull, views.SpanLeast, views.SpanSure},
	Run: analyze.Sequence(analyze.Each(machines, judgeSwap), analyze.Each(logHeads, judgeSwapAtStart),
		analyze.Each(alone, judgeRecordedSwap)),
}

// logHead is the head of a GC log that states the memory of the machine when the JVM started.
type logHead struct {
	node string
	log  *gc.Log
}

// About names the machine.
func (h *logHead) About() analyze.Subject { return analyze.Subject{Node: h.node} }

func logHeads(p *analyze.Pass) (all []*logHead) {
	for _, n := range p.Nodes {
		if n.Host != nil { // the machine itself was looked at
			continue
		}
		for _, j := range n.JVMs {
			for _, l := range j.GC {
				if l.Settings.SwapKnown && l.Settings.Swap > 0 {
					all = append(all, &logHead{n.Name, l})
				}
			}
		}
	}
	return all
}

// judgeSwapAtStart notes a swap that was as good as full when the JVM started. Whether it still is the log does not say.
func judgeSwapAtStart(_ *analyze.Pass, h *logHead) []analyze.Finding {
	s := &h.log.Settings
	used := float64(s.Swap-s.SwapFree) / float64(s.Swap)
	if used < swapStart.Value {
		return nil
	}
	f := analyze.Finding{Severity: analyze.Info, Confidence: analyze.Medium, Weight: 0.05}
	f.Say("When the JVM started, %s of the swap of %s was in use, and %s of %s of memory were free", say.Share("swap_used", used),
		say.Size("swap", s.Swap), say.Size("memory_free", s.MemoryFree), say.Size("memory", s.Memory))
	f.Impact = "memory was short then; a heap in swap makes collections of seconds"
	f.Explanation = "The head of the GC log states it (Memory:). Whether it is so now it does not say."
	f.Evidence = []analyze.Evidence{{Entry: h.log.Source, Text: "Memory: line of the log's head"}}
	f.Advice = []analyze.Advice{{Action: "Look at the machine's memory and swap as they are now (free, vmstat 1), and capture with casefile collect.",
		Effect: "Shows whether the machine swaps.", Risk: "None in looking.", Verify: "Nothing comes back from swap."}}
	return []analyze.Finding{f}
}

// judgeSwap goes by what comes back from swap: what only went there hurts nobody.
func judgeSwap(pass *analyze.Pass, v *hostView) []analyze.Finding {
	in, psi := v.Memory.SwapIn, v.Pressure["memory"].SomePercent
	if !in.Known() || !v.long() {
		return nil
	}
	pressed := psi.Known() && psi.Mean >= swapPressure.Value
	if in.Mean < swapRate.Value && !(pressed && in.Mean >= swapRate.Value/8) {
		pass.Evaluated()
		return nil
	}
	f := analyze.Finding{Severity: analyze.Warning, Confidence: v.sure(), Weight: 0.3}
	f.Say("The machine swaps: %s came back from swap, at most %s", say.Flow("swapped_in", in.Mean), say.Flow("swapped_in_max", in.Max))
	f.Impact = "each page is a wait of milliseconds in the middle of any instruction"
	if psi.Known() {
		f.Weight = max(f.Weight, min(1, psi.Mean/100))
		f.Impact = fmt.Sprintf("in %s of the time some task waited for memory", say.Percent(psi.Mean/100))
	}
	f.Explanation = "A collection walks through the whole heap: when parts of it are in swap, a pause takes " +
		"seconds. There is less memory than what runs needs."
	f.Evidence = cite.Known(
		cite.Ref(
			in.Ref,
			fmt.Sprintf("from swap: mean %s/s, highest %s/s%s", say.Bytes(in.Mean), say.Bytes(in.Max), v.at(in)),
		),
		cite.Ref(
			v.Memory.SwapUsed.Ref,
			say.Bytes(v.Memory.SwapUsed.Value)+" of swap in use",
		),
		cite.Ref(v.Memory.Available.Ref, say.Bytes(v.Memory.Available.Value)+" of memory available"),
	)
	for _, w := range watchedOn(v.node) {
		if out, ok := w.Last(entries.SwappedOut); ok && out > 64*say.MB {
			f.Add("; %s of %s are swapped out", say.Size("swapped_out", out), say.Target(w.Name))
			f.Evidence = append(
				f.Evidence,
				cite.Known(analyze.Evidence{Entry: w.entry, Text: fmt.Sprintf("%s %.0f", entries.SwappedOut, out)})...)
		}
	}
	f.Advice = []analyze.Advice{{Action: "Make memory fit: smaller heaps, fewer programs on the machine, or more " +
		"memory. The sum of all heaps and a third of it should stay below what there is.",
		Effect: "No page comes from disk.", Risk: "A heap that is too small collects all the time: look at its " +
			"live set.", Verify: "Nothing comes back from swap in the next capture."},
		{
			Action:   "Let the kernel prefer to drop file cache.",
			Setting:  "vm.swappiness",
			From:     v.swappiness(),
			To:       "1",
			Effect:   "Programs are swapped out last.",
			Risk:     "With too little memory the kernel kills instead.",
			Rollback: "The old value.",
			Verify:   "As above.",
		}}
	return []analyze.Finding{f}
}

func (v *hostView) swappiness() string {
	if t, ok := v.Setting("/proc/sys/vm/swappiness"); ok {
		return t.Value
	}
	return "60 (the default)"
}
