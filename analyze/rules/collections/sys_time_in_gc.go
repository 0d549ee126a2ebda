package collections

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

var (
	sysShare = analyze.NewLimit(0.5, "1", "CPU time of collections in the kernel", "garbagecat warns where it "+
		"passes user time")
	sysGCShare = analyze.NewLimit(0.02, "1", "time that such collections stop", "as for full collections")
)

var sysTimeInGC = &analyze.Rule{
	ID:     ids.SysTimeInGC,
	Doc:    "Collections spend most of their CPU time in the kernel.",
	Needs:  needsGC,
	Fix:    "Touch the heap at the start; keep the kernel from joining pages; stop swapping.",
	Limits: limits(sysShare, sysGCShare, views.GCOverheadCritical),
	Run:    each(collections, judgeSysTime),
}

// judgeSysTime compares the time of collections in the kernel with that in their own code.
func judgeSysTime(_ *analyze.Pass, v *gcView) []analyze.Finding {
	var sys, user float64
	var sum time.Duration
	n := 0
	heavy := func(p *gc.Pause) bool {
		return p.Flags.Has(gc.FlagCPU) && p.Sys > p.User && p.Sys >= 0.02 // stamps have 10 ms
	}
	for _, p := range v.Pauses {
		if p.Flags.Has(gc.FlagCPU) {
			sys, user = sys+float64(p.Sys), user+float64(p.User)
		}
		if heavy(p) {
			n, sum = n+1, sum+p.Duration
		}
	}
	share := float64(sum) / float64(max(v.Span(), 1))
	if v.StartUp || n < 5 || sys < sysShare.Value*(sys+user) || share < sysGCShare.Value {
		return nil
	}
	f := analyze.Finding{Severity: v.Severe(share), Confidence: analyze.Medium, Weight: min(1, share)}
	f.Say("Collections spent %s of CPU in the kernel and %s in their own code; %s took %s",
		say.Measured("system", sys, "s"), say.Measured("user", user, "s"), say.Counted("pauses", n, "such pause"), say.Time("stopped", sum))
	f.Impact = fmt.Sprintf("%s of the time %s", say.Percent(share), v.Over())
	f.Explanation = "A collection works in memory and hardly needs the kernel. When it does, pages are missing: " +
		"they were swapped out, the heap grows and is touched for the first time, or the kernel joins small pages " +
		"into huge ones."
	f.Evidence = v.CiteLongest(4, heavy)
	if v.Host != nil {
		if thp := v.Host.System.THP; thp.Known() {
			f.Evidence = append(f.Evidence, cite.Ref(thp.Ref, "transparent huge pages: "+thp.Value))
			if thp.Value == "always" {
				f.Advice = append(
					f.Advice,
					analyze.Advice{
						Action:   "Let only those have transparent huge pages who ask.",
						Setting:  "/sys/kernel/mm/transparent_hugepage/enabled",
						From:     "always",
						To:       "madvise (and -XX:+UseTransparentHugePages for the JVM)",
						Effect:   "No joining of pages inside a collection.",
						Risk:     "Other programs of the machine lose them.",
						Rollback: "The old word.",
						Verify:   "System time of a collection is far below its user time.",
					},
				)
			}
		}
		if swap := v.Host.Memory.SwapUsed; swap.Known() && swap.Value > 0 {
			f.Evidence = append(f.Evidence, cite.Ref(swap.Ref, say.Bytes(swap.Value)+" of swap in use"))
		}
	}
	f.Advice = append(
		f.Advice,
		analyze.Advice{
			Action:  "Touch the heap at the start, and start with its maximum.",
			Setting: "-Xms and -XX:+AlwaysPreTouch",
			From:    "pages come on first use",
			To:      "-Xms as -Xmx, -XX:+AlwaysPreTouch",
			Effect:  "No page is missing in a collection.",
			Risk: "Start-up takes a second for some GB, and the memory " +
				"is taken at once.",
			Rollback: "The old options.",
			Verify:   "System time of a collection is far below its user time.",
		},
	)
	return []analyze.Finding{f}
}
