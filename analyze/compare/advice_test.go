package compare

import (
	"strings"
	"testing"

	"casefile/analyze"
	"casefile/analyze/ids"
)

// Each kind of setting that is advised is recognised where it moved as advised, and where it did not it is not.
func TestAdviceCarriedOut(t *testing.T) {
	flag := func(name, value string) func(*analyze.JVM) {
		return func(j *analyze.JVM) { j.Flags[name] = analyze.Flag{Value: value, Origin: "command line"} }
	}
	options := func(o ...string) func(*analyze.JVM) {
		return func(j *analyze.JVM) { j.Options = o }
	}
	for name, x := range map[string]struct {
		advice        analyze.Advice
		before, after func(*analyze.JVM)
		ok, fully     bool
	}{
		"heap":             {analyze.Advice{Setting: "-Xmx", To: "-Xmx1024m"}, flag("MaxHeapSize", "536870912"), flag("MaxHeapSize", "1073741824"), true, true},
		"part of the heap": {analyze.Advice{Setting: "-Xmx", To: "-Xmx4g"}, flag("MaxHeapSize", "536870912"), flag("MaxHeapSize", "1073741824"), true, false},
		"less heap":        {analyze.Advice{Setting: "-Xmx", To: "-Xmx4g"}, flag("MaxHeapSize", "536870912"), flag("MaxHeapSize", "268435456"), false, false},
		"young":            {analyze.Advice{Setting: "-Xmn", To: "-Xmn192m"}, flag("MaxNewSize", "1048576"), flag("MaxNewSize", "201326592"), true, true},
		"young, less":      {analyze.Advice{Setting: "-Xmn", To: "-Xmn192m"}, flag("MaxNewSize", "104857600"), flag("MaxNewSize", "1048576"), false, false},
		"removed": {analyze.Advice{Setting: "-XX:NewSize=1m and -Xmn2m", From: "-XX:NewSize=1m and -Xmn2m", To: analyze.NotSet},
			options("-XX:NewSize=1m", "-Xmn2m", "-Xmx1g"), options("-Xmx1g"), true, true},
		"half removed": {analyze.Advice{From: "-XX:NewSize=1m, -Xmn2m", To: analyze.NotSet},
			options("-XX:NewSize=1m", "-Xmn2m", "-Xmx1g"), options("-Xmn2m", "-Xmx1g"), false, false},
		"never there":     {analyze.Advice{From: "-XX:+DisableExplicitGC", To: analyze.NotSet}, options("-Xmx1g"), options("-Xmx2g"), false, false},
		"a word in brace": {analyze.Advice{Setting: "-XX:MaxGCPauseMillis", To: "200 (the default)"}, flag("MaxGCPauseMillis", "5"), flag("MaxGCPauseMillis", "200"), true, true},
		"on the way":      {analyze.Advice{Setting: "-XX:ParallelGCThreads", To: "8, or not set"}, flag("ParallelGCThreads", "1"), flag("ParallelGCThreads", "4"), true, false},
		"switch":          {analyze.Advice{Setting: "-XX:+UseStringDeduplication", To: "-XX:+UseStringDeduplication"}, flag("UseStringDeduplication", "false"), flag("UseStringDeduplication", "true"), true, true},
		"switch as it is": {analyze.Advice{Setting: "-XX:+UseStringDeduplication", To: "-XX:+UseStringDeduplication"}, flag("UseStringDeduplication", "false"), flag("UseStringDeduplication", "false"), false, false},
		"property": {analyze.Advice{Setting: "-Djdk.virtualThreadScheduler.parallelism", From: "2", To: "8"},
			options("-Djdk.virtualThreadScheduler.parallelism=2"), options("-Djdk.virtualThreadScheduler.parallelism=8"), true, true},
	} {
		p := programs["cpu"]
		c := sides(t, p, p, func(b, a *Run) {
			x.before(b.Case.Nodes[0].JVMs[0])
			x.after(a.Case.Nodes[0].JVMs[0])
			b.Result.Findings = []analyze.Finding{{ID: ids.GCOverhead, Severity: analyze.Warning, Title: "x", Subject: "4711-shop", Nodes: []string{"n1"},
				Advice: []analyze.Advice{x.advice}}}
		})
		if got := len(c.Advice) == 1; got != x.ok || got && c.Advice[0].Fully != x.fully {
			t.Errorf("%s: recognised %v (%+v), want %v, fully %v", name, got, c.Advice, x.ok, x.fully)
		}
		for _, s := range c.Settings {
			if s.Kind != "rules" && s.Kind != "casefile" && (s.Followed != "") != x.ok && x.fully {
				t.Errorf("%s: setting %+v", name, s)
			}
		}
	}
}

// Fewer and longer pauses that take less time in all are better; longer ones that people notice are told all the same.
func TestPausesCountByTheirSum(t *testing.T) {
	before := programs["gc"]
	before.pause, before.room = 0.010, 6
	after := before
	after.room, after.pause = 48, 0.020 // an eighth as many, twice as long
	c := sides(t, before, after, nil)
	wants(t, c, Improvement, "time in GC pauses")
	for _, r := range c.Changed(Outcome, Cause) {
		if r.Class == "" && r.Goes == Worse {
			t.Errorf("worse: %s", r.Sentence())
		}
	}
	after.pause, after.room = 0.080, 48 // as much time in all
	if c := sides(t, before, after, nil); c.Verdict.Worse() && c.Readings[0].ofPauses {
		t.Errorf("%s", c.Verdict.Text)
	}
	after.pause = 0.3
	wants(t, sides(t, before, after, nil), Regression, "pause")
}

// What grew to many times is said in times, not in thousands of per cent.
func TestManyTimesAreSaidAsTimes(t *testing.T) {
	before := programs["locks"]
	before.lock = 0.002
	after := before
	after.lock = 0.3
	c := sides(t, before, after, nil)
	wants(t, c, Regression, " times as much (")
	if strings.Contains(c.Verdict.Text, "00 %") {
		t.Error(c.Verdict.Text)
	}
}
