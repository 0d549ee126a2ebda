package collections

import (
	"casefile/analyze"
	"casefile/analyze/rules/views"
	"casefile/analyze/rules/vm"
	"casefile/analyze/say"
)

// gcView is one GC log as the rules of this wing look at it.
type gcView struct{ *views.Collections }

// gcViews are the logs that are judged.
var gcViews = analyze.NewMemo(func(p *analyze.Pass) (all []*gcView) {
	for _, l := range views.Logs.Of(p) {
		all = append(all, &gcView{l})
	}
	return all
})

const needsGC = "a GC log that covers half a minute or more: casefile collect --duration 60s records one on JDK 9 " +
	"and later; -Xlog:gc*,safepoint:file=gc.log (JDK 8: -Xloggc:gc.log -XX:+PrintGCDetails) keeps one"

// collections gives the logs that are long enough to prove something.
func collections(p *analyze.Pass) (enough []*gcView) {
	for _, v := range gcViews.Of(p) {
		if v.Span() < views.SpanLeast.Value {
			p.Lacks(
				"a longer GC log: what there is covers only " + say.Seconds(
					v.Span(),
				) + "; casefile collect --duration 60s",
			)
			continue
		}
		p.Evaluated()
		enough = append(enough, v)
	}
	return enough
}

// since9 picks what is true of this JVM: -Xlog, and much else of a collector, came with JDK 9.
func (v *gcView) since9(since, before string) string {
	if major := vm.Major(v.JVM.Version); v.Log.Format == "pre-unified" || major > 0 && major < 9 {
		return before
	}
	return since
}
