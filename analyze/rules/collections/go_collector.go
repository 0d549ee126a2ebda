package collections

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/rules/vm"
	"casefile/analyze/say"
)

// goOverhead is from where on the collector of a Go program costs more than memory would.
var goOverhead = analyze.NewLimit(0.10, "1", "of a Go program's CPU in its collector", "Go: A Guide to the Go Garbage Collector, GOGC's cost of CPU")

// goTarget is the GOGC that is advised: collections at five times the live heap in place of two.
const (
	goTarget = 400
	goUsual  = 100
)

// judgeGo tells of a Go program whose collector takes much of its CPU. Its pauses are short whatever it costs.
func (v *gcView) judgeGo() []analyze.Finding {
	share := v.Log.CPU.Share
	live, at, ok := v.Live()
	n := v.Log.Total.Count / 2 // two pauses each
	if share < goOverhead.Value || !ok || n < fewPauses {
		return nil
	}
	gogc := v.Log.Settings.GOGC
	if gogc <= 0 {
		gogc = goUsual
	}
	f := analyze.Finding{Severity: v.Severe(share), Confidence: analyze.Medium, Weight: share}
	f.Say("The collector takes %s of the program's CPU: %s collections, one every %s, for a live heap of %s", say.Share("cpu_share", share),
		say.Amount("collections", n, "collections"), say.Time("interval", v.Span()/time.Duration(n)), say.Size("live_set", live))
	f.Impact = fmt.Sprintf("%s of the CPU goes to collections; threads that allocate help with them, and answer later", say.Percent(share))
	f.Explanation = "Go collects whenever the heap has grown by GOGC per cent of what was live. A small live heap with much allocation is collected all the time."
	f.Evidence = []analyze.Evidence{v.CiteLive(at)}
	to := max(goTarget, 2*gogc)
	limit := vm.RoundUp64(float64(live) * (1 + float64(to)/100) * 1.2)
	room := "Set GOMEMLIMIT below what the container or the machine has left: the collector then works harder before memory runs out."
	from := "GOGC not set: 100"
	if gogc < goUsual*9/10 || gogc > goUsual*11/10 {
		from = fmt.Sprintf("GOGC of about %d, by what the log shows", gogc)
	}
	times := float64(to) / float64(max(gogc, 1))
	f.Advice = []analyze.Advice{{
		Action: fmt.Sprintf("Let the heap grow further between collections, with a limit: GOGC=%d GOMEMLIMIT=%dMiB.", to, limit/say.MB), Setting: "GOGC and GOMEMLIMIT",
		From: from, To: fmt.Sprintf("GOGC=%d GOMEMLIMIT=%dMiB", to, limit/say.MB),
		Effect:   fmt.Sprintf("%s times fewer collections: they take between %s and %s of the CPU.", say.Number(times), say.Percent(share/times/2), say.Percent(min(share, 1.5*share/times))),
		Risk:     fmt.Sprintf("Up to %s of heap in place of %s. %s", say.Bytes(float64(live)*(1+float64(to)/100)), say.Bytes(float64(live)*(1+float64(gogc)/100)), room),
		Rollback: "The old values and a restart.", Verify: "The percentage of the gctrace lines falls.",
	}, {
		Action: "Find who allocates: casefile profile of the service, kind alloc.", Effect: "Half the allocation is half the collections.", Risk: "None.",
		Verify: "The rate of allocation in the next profile.",
	}}
	f.References = []string{"Go: A Guide to the Go Garbage Collector"}
	return []analyze.Finding{f}
}
