package machines

import (
	"fmt"
	"math"

	"casefile/analyze"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

var (
	recordedBusy = analyze.NewLimit(0.95, "1", "of all CPUs in use, on average over a recording", "a recording counts no queue: only a full machine is surely one that work waits for")
	recordedSwap = analyze.NewLimit(0.5, "1", "of the swap in use, with next to no memory free", "own judgement: what comes back from there is slow")
	recordedFull = analyze.NewLimit(0.97, "1", "of the machine's memory in use, by a recording", "own judgement: file cache counts as used there")
)

// alone are recordings of machines of which nothing else was captured.
func alone(p *analyze.Pass) (list []*views.Recording) {
	for _, r := range views.Recordings.Of(p) {
		if r.Node.Host == nil && (len(r.Rec.Load.CPU) > 0 || r.Rec.System.Memory > 0) {
			p.Evaluated()
			list = append(list, r)
		}
	}
	return list
}

// judgeRecordedCPU goes by jdk.CPULoad, which has the load of the whole machine.
func judgeRecordedCPU(_ *analyze.Pass, r *views.Recording) []analyze.Finding {
	const least = 5 // readings
	if len(r.Rec.Load.CPU) < least || r.Machine < recordedBusy.Value || r.Cpus == 0 {
		return nil
	}
	own := math.Min(1, r.Cores/r.Cpus)
	f := analyze.Finding{Severity: analyze.Warning, Confidence: analyze.Medium, Weight: 0.1}
	f.Say("All %s CPUs are busy: %s over the recording, %s of it by this JVM", say.Amount("cpus", r.Cpus, "CPUs"), say.Share("busy_share", r.Machine),
		say.Share("own_share", own/r.Machine))
	f.Impact = "work that is ready to run waits for a CPU"
	f.Explanation = "With no CPU left everything takes longer by its waiting, answers and collections as well. How many tasks wait a recording does not tell."
	f.Evidence = []analyze.Evidence{r.Cite("jdk.CPULoad: %s of all CPUs on average of %s", say.Percent(r.Machine), say.Count(len(r.Rec.Load.CPU), "reading"))}
	look := "See which other programs of the machine use its CPUs (top, pidstat 1)."
	if own > r.Machine/2 {
		look = "See what this JVM does with it: the profile of this recording."
	}
	f.Advice = []analyze.Advice{{Action: look + " Work that need not be done is the cheapest capacity.", Effect: "CPU for everything else.", Risk: "None in looking.",
		Verify: "jdk.CPULoad stays below 70 % of the machine at the same load."}}
	f.References = []string{"Atlassian: CPU usage good up to 70 %, bad above 90 %"}
	return []analyze.Finding{f}
}

// judgeRecordedMemory goes by the container's limit as the JVM saw it: what the JVM has in memory, or what its heap alone may come to.
func judgeRecordedMemory(pass *analyze.Pass, r *views.Recording) []analyze.Finding {
	s := &r.Rec.System
	heap := r.Rec.JVM.HeapMax
	if s.MemoryLimit <= 0 || r.Node.Host != nil {
		return nil
	}
	pass.Evaluated()
	f := analyze.Finding{Severity: analyze.Warning, Confidence: analyze.High, Weight: 0.3,
		Impact: "a little more, and the kernel kills the JVM"}
	limit := say.Size("limit", s.MemoryLimit)
	switch used := float64(s.Resident) / float64(s.MemoryLimit); {
	case 100*used >= memoryFull.Value:
		f.Say("%s of the container's limit of %s were in use by this JVM", say.Share("used_share", min(1, used)), limit)
		f.Explanation = "What a JVM has in memory is no file cache: nothing of it can be given back."
		f.Evidence = []analyze.Evidence{r.Cite("jdk.ResidentSetSize: up to %s; jdk.ContainerConfiguration: limit %s", say.Bytes(s.Resident), say.Bytes(s.MemoryLimit))}
	case heap >= s.MemoryLimit:
		f.Say("The heap may grow to %s, and the container's limit is %s", say.Size("max_heap", heap), limit)
		f.Explanation = "Metaspace, threads, code and buffers come on top of the heap. The JVM grows its heap as if the memory were there."
		f.Evidence = []analyze.Evidence{r.Cite("jdk.GCHeapConfiguration: maxSize %s; jdk.ContainerConfiguration: limit %s", say.Bytes(heap), say.Bytes(s.MemoryLimit))}
	default:
		return nil
	}
	f.Advice = []analyze.Advice{{
		Action: "Raise the container's memory limit, or lower -Xmx to at most three quarters of it, and look what the JVM takes beside its heap " +
			"(jcmd PID VM.native_memory, with -XX:NativeMemoryTracking=summary).",
		Effect: "Room for a peak.", Risk: "A heap that is too small collects all the time: look at its live set.",
		Verify: "The resident set stays below 85 % of the limit at the same load."}}
	f.References = []string{"JDK Mission Control: 85 and 95 %"}
	return []analyze.Finding{f}
}

// judgeRecordedSwap notes a machine that has put much into its swap while its memory is full.
func judgeRecordedSwap(_ *analyze.Pass, r *views.Recording) []analyze.Finding {
	s := &r.Rec.System
	if s.Swap <= 0 || s.SwapFree > s.Swap || s.Memory <= 0 {
		return nil
	}
	used, full := float64(s.Swap-s.SwapFree)/float64(s.Swap), float64(s.MemoryUsed)/float64(s.Memory)
	if used < recordedSwap.Value || full < recordedFull.Value {
		return nil
	}
	f := analyze.Finding{Severity: analyze.Info, Confidence: analyze.Low, Weight: 0.05}
	f.Say("%s of the swap of %s is in use, and %s of the memory of %s", say.Share("swap_share", used), say.Size("swap", s.Swap), say.Share("memory_share", full),
		say.Size("memory", s.Memory))
	f.Impact = "what was put out and is needed again costs milliseconds for each page"
	f.Explanation = "Whether it comes back all the time a recording does not tell: vmstat 1 does (column si)."
	f.Evidence = []analyze.Evidence{r.Cite("jdk.SwapSpace: %s of %s free; jdk.PhysicalMemory: %s of %s used", say.Bytes(s.SwapFree), say.Bytes(s.Swap), say.Bytes(s.MemoryUsed), say.Bytes(s.Memory))}
	f.Advice = []analyze.Advice{{Action: fmt.Sprintf("Look with vmstat 1; if pages come back, give the machine memory or its programs less: the heap may take %s.", say.Bytes(r.JVM.MaxHeap())),
		Effect: "No waiting for pages.", Risk: "None in looking.", Verify: "si of vmstat stays at 0."}}
	if r.JVM.MaxHeap() <= 0 {
		f.Advice[0].Action = "Look with vmstat 1; if pages come back, give the machine memory or its programs less."
	}
	f.References = []string{"proc(5): /proc/vmstat"}
	return []analyze.Finding{f}
}
