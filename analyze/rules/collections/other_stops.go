package collections

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
)

var (
	otherStops   = analyze.NewLimit(0.2, "1", "of all stopped time in stops that are no collections", "garbagecat: collections below 80 % of stopped time")
	otherTime    = analyze.NewLimit(0.05, "1", "of the time in stops that are no collections: warning", "own judgement: half of the mark of collections")
	otherTimeLow = analyze.NewLimit(0.01, "1", "of the time in them, at least", "own judgement: less is not felt")
)

// stopsBeside sums up the stops that are no collections, with their operations, largest first. Stops without a name are what is left of all
// stopped time when the pauses of collections are taken off.
func stopsBeside(l *gc.Log) (sum, all time.Duration, named []gc.SafepointOp) {
	if l.Safepoints.Total == nil || l.Safepoints.Count == 0 {
		return 0, 0, nil
	}
	all = l.Safepoints.Total.Sum
	known := time.Duration(0)
	for _, op := range l.Safepoints.ByOperation {
		if op.Operation == "" {
			continue
		}
		known += op.TotalSum
		if !gc.Collects(op.Operation) {
			sum += op.TotalSum
			named = append(named, op)
		}
	}
	slices.SortStableFunc(named, func(a, b gc.SafepointOp) int { return cmp.Compare(b.TotalSum, a.TotalSum) })
	if known < all/2 {
		return max(0, all-l.Stopped), all, nil
	}
	return sum, all, named
}

// judgeOtherStops tells of stops that are each short, and many.
func (v *gcView) judgeOtherStops(pass *analyze.Pass) []analyze.Finding {
	sum, all, named := stopsBeside(v.Log)
	span := v.Run.Last - v.Run.First
	if span <= 0 || float64(sum) < otherStops.Value*float64(all) || float64(sum) < otherTimeLow.Value*float64(span) {
		return nil
	}
	var reach time.Duration
	for _, op := range named {
		reach += op.ReachSum
	}
	if 2*reach > sum {
		return nil // what takes the time is to get there, which long-safepoint tells
	}
	share := min(1, float64(sum)/float64(span))
	f := analyze.Finding{Severity: analyze.Info, Confidence: analyze.High, Weight: share}
	if share >= otherTime.Value {
		f.Severity = analyze.Warning
	}
	f.Say("Stops that are no collections take %s of the time, and %s of all stopped time", say.Share("time_share", share),
		say.Share("stop_share", float64(sum)/float64(all)))
	for i, op := range named[:min(len(named), 3)] {
		f.Add("%s %s (%s, %s)", map[bool]string{true: ":", false: ","}[i == 0], op.Operation, say.Times("stops", int(op.Count)), say.Time("stopped", op.TotalSum))
	}
	f.Impact = fmt.Sprintf("%s of stopped time in %s", say.Took(sum), say.Took(span))
	f.Explanation = "The JVM stops all threads for other work than collections too: thread dumps, agents, code that is thrown away, its own cleanup."
	if len(named) > 0 {
		v.ofStarvation(pass, &f, named[0].TotalMax)
	}
	f.Evidence = []analyze.Evidence{{Entry: v.Log.Source, Text: fmt.Sprintf("%s of %s stopped time is not of collections", say.Took(sum), say.Took(all))}}
	for _, op := range named[:min(len(named), cite.Most-1)] {
		f.Evidence = append(f.Evidence, analyze.Evidence{Entry: v.Log.Source, Text: fmt.Sprintf("%s: %s, %s together, the longest %s", op.Operation,
			say.HowOften(int(op.Count)), say.Took(op.TotalSum), say.Took(op.TotalMax))})
	}
	a := analyze.Advice{Action: "Have the JVM name the operations: " + v.since9("-Xlog:safepoint", "-XX:+PrintSafepointStatistics "+
		"-XX:PrintSafepointStatisticsCount=1") + "."}
	if len(named) > 0 {
		a = operationAdvice(named[0].Operation)
	}
	a.Effect, a.Risk, a.Verify = fmt.Sprintf("Up to %s of the time is free again.", say.Percent(share)), "None in looking.", "The stops of the next GC log are collections."
	f.Advice = []analyze.Advice{a}
	return []analyze.Finding{f}
}
