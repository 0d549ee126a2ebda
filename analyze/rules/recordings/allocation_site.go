package recordings

import (
	"fmt"
	"strings"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/profile"
	"casefile/analyze/profile/fromjfr"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

var (
	allocRate   = analyze.NewLimit(float64(100<<20), "bytes/s", "allocated", "below it collections are cheap")
	allocSite   = analyze.NewLimit(0.25, "1", "allocation at the largest site", "less is spread over many")
	boxingShare = analyze.NewLimit(0.10, "1", "allocation in boxes of primitives", "JDK Mission Control: rule of "+
		"primitive to object conversion")
)

var allocationSite = &analyze.Rule{
	ID: ids.AllocationSite,
	Doc: "One place of the program, or boxes of primitive values, make a large part of all allocation of a " +
		"recording.",
	Needs:  needsRecording,
	Fix:    "Allocate less at this place: reuse, read in pieces, keep values primitive.",
	Limits: []analyze.Threshold{allocRate, allocSite, boxingShare, views.GCOverheadWarn, views.RecordingSpan},
	Run:    analyze.Each(recordings.Of, judgeAllocation),
}

// judgeAllocation goes through the places that allocate, and through boxes.
func judgeAllocation(pass *analyze.Pass, r *recorded) (out []analyze.Finding) {
	v, ok := r.View(profile.Alloc)
	if !ok {
		return nil
	}
	pass.Evaluated()
	if r.per(v.Total()) < allocRate.Value {
		return nil
	}
	for _, s := range views.SitesOf(v, fromjfr.ClassLabel, nil).Largest() {
		if share := float64(s.Value) / float64(v.Total()); share >= allocSite.Value {
			out = append(out, r.allocation(v, s, share))
		}
	}
	if f, ok := r.boxing(v); ok {
		out = append(out, f)
	}
	return out
}

// collecting is the share of time that collections stop the application, by what tells it for this JVM.
func (r *recorded) collecting() float64 {
	for _, l := range r.JVM.GC {
		if l.Span > 0 {
			return float64(l.Stopped) / float64(l.Span)
		}
	}
	return 0
}

func (r *recorded) allocation(v profile.View, s *views.Site, share float64) analyze.Finding {
	stopped := r.collecting()
	f := r.finding(stopped * share)
	if stopped >= views.GCOverheadWarn.Value {
		f.Severity = analyze.Warning
	}
	classes := withShares(views.Top(s.Labels, s.Value, 3), say.ShortClass)
	f.Say("%s allocates %s of %s", say.Short(s.Name), say.Share("site_share", share), say.Flow("allocated", r.per(v.Total())))
	if classes != "" {
		f.Add(": %s", classes)
	}
	f.Impact = fmt.Sprintf("%s/s of garbage", say.Bytes(int64(r.per(s.Value))))
	if stopped > 0 {
		f.Impact += fmt.Sprintf("; collections stop the JVM for %s of the time", say.Percent(stopped))
	}
	f.Explanation = "What is allocated must be collected: the more a second, the more often. Samples of " +
		"allocations show this place of the program innermost, apart from libraries that it calls."
	f.Evidence = append([]analyze.Evidence{r.Cite("%s of what was sampled of allocation has %s as the program's "+
		"innermost call", say.Percent(share), s.Name)}, r.citeCallers(s)...)
	f.Advice = []analyze.Advice{{
		Action: fmt.Sprintf("Have the developers of %s make less for each call: read in pieces, reuse buffers, size collections "+
			"and builders at once, keep what does not change.", say.Short(s.Name)),
		Effect: fmt.Sprintf("Up to %s fewer collections.", say.Percent(share)),
		Risk:   "A change of code; objects that are kept instead raise the live set.",
		Verify: "A new recording: casefile profile --alloc --pid " + r.pid() + ".",
	}}
	f.References = []string{"HotSpot Virtual Machine Garbage Collection Tuning Guide: Factors Affecting Garbage " +
		"Collection Performance"}
	return f
}

// boxes are the objects that hold one primitive value.
var boxes = map[string]bool{
	"java.lang.Integer":   true,
	"java.lang.Long":      true,
	"java.lang.Double":    true,
	"java.lang.Float":     true,
	"java.lang.Short":     true,
	"java.lang.Character": true,
	"java.lang.Byte":      true,
	"java.lang.Boolean":   true,
}

// boxing is about objects that hold one primitive value; ok is false when they are few.
func (r *recorded) boxing(v profile.View) (f analyze.Finding, ok bool) {
	found := views.Sites{}
	var sum int64
	v.Each(func(frames []string, value int64, label func(string) string) {
		if class := label(fromjfr.ClassLabel); boxes[class] && len(frames) > 0 &&
			strings.HasSuffix(frames[0], ".valueOf") {
			at := views.OwnFrame(frames)
			found.Add(frames[at], frames, at, value, class, label(fromjfr.ThreadLabel))
			sum += value
		}
	})
	share := float64(sum) / float64(v.Total())
	if share < boxingShare.Value {
		return f, false
	}
	largest := found.Largest()
	stopped := r.collecting()
	f = r.finding(stopped * share)
	if stopped >= views.GCOverheadWarn.Value && share >= allocSite.Value {
		f.Severity = analyze.Warning
	}
	f.Say("%s of all allocation are boxes of primitive values, most of it for %s", say.Share("boxes_share", share),
		say.Short(largest[0].Name))
	f.Impact = fmt.Sprintf("%s/s of garbage", say.Bytes(int64(r.per(sum))))
	f.Explanation = "A number in a collection, a generic parameter or an Object is an object of 16 bytes or more, " +
		"made anew for values outside of -128 to 127."
	for n, s := range largest {
		if n == 3 {
			break
		}
		f.Evidence = append(
			f.Evidence,
			r.Cite(
				"%s of it as %s for %s",
				say.Percent(float64(s.Value)/float64(sum)),
				withShares(views.Top(s.Labels, s.Value, 2), say.ShortClass),
				views.ChainOf(s),
			),
		)
	}
	f.Advice = []analyze.Advice{{Action: "Keep the values primitive there: arrays, collections of primitives, " +
		"IntStream and its like, fields of type int instead of Integer.",
		Effect: fmt.Sprintf("Up to %s less allocation.", say.Percent(share)),
		Risk:   "A primitive value cannot be null.",
		Verify: "A new recording: casefile profile --alloc --pid " + r.pid() + ".",
	}}
	f.References = []string{"JDK Mission Control has a rule of it; the share is own judgement"}
	return f, true
}
