package machines

import (
	"fmt"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/bundle/format/entries"
)

var (
	swapRate = analyze.NewLimit(float64(1<<20), "bytes/s", "coming back from swap", "256 pages a second, each "+
		"a wait of a thread")
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
	Limits:   []analyze.Threshold{swapRate, swapPressure, views.SpanLeast, views.SpanSure},
	Run:      analyze.Each(machines, judgeSwap),
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
