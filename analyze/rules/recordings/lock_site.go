package recordings

import (
	"fmt"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/profile"
	"casefile/analyze/profile/fromjfr"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

var (
	blockedNamed = analyze.NewLimit(0.5, "threads", "blocked at one lock on average", "less is no thread at all "+
		"most of the time")
	blockedWarn = analyze.NewLimit(
		5.0,
		"threads",
		"blocked at one lock on average: warning",
		"as for waiters at a monitor in dumps",
	)
)

var lockSite = &analyze.Rule{
	ID: ids.LockSite,
	Doc: "Threads were blocked at one kind of lock for a good part of a recording: at a monitor, or at a lock " +
		"of java.util.concurrent.",
	Needs:   needsRecording,
	Fix:     "Shorten what is done under the lock, or divide it.",
	Repeats: []string{ids.LockContention, ids.ClassLoadingLock, ids.LoggingLock},
	Limits:  []analyze.Threshold{blockedNamed, blockedWarn, views.RecordingSpan},
	Run:     analyze.Each(recordedWith("jdk.JavaMonitorEnter"), judgeLockSites),
}

// judgeLockSites sums up the waits of a recording by the class of the lock.
func judgeLockSites(_ *analyze.Pass, r *recorded) (out []analyze.Finding) {
	v, ok := r.View(profile.Lock)
	if !ok {
		return nil
	}
	byClass := views.Sites{}
	v.Each(func(frames []string, value int64, label func(string) string) {
		if len(frames) > 0 {
			at := views.OwnFrame(frames)
			byClass.Add(label(fromjfr.ClassLabel), frames, at, value, frames[at], label(fromjfr.ThreadLabel))
		}
	})
	for _, s := range byClass.Largest() {
		if r.threadsAt(s.Value) >= blockedNamed.Value {
			out = append(out, r.lock(s))
		}
	}
	return out
}

// lock is about a class of locks; the labels of s are places of the program.
func (r *recorded) lock(s *views.Site) analyze.Finding {
	blocked := r.threadsAt(s.Value)
	f := r.finding(views.Behind * blocked / max(blocked+1, float64(len(s.Threads))))
	if blocked >= blockedWarn.Value {
		f.Severity = analyze.Warning
	}
	f.Confidence = analyze.High // each wait was measured
	name := say.ShortClass(s.Name)
	if name == "" {
		name = "a lock of unknown class"
	}
	f.About = []string{name}
	places := views.Top(s.Labels, s.Value, 3)
	f.Say("On average %s threads are blocked at %s, most in %s", say.Amount("blocked", blocked, "threads"), name,
		say.Short(places[0].Name))
	f.Impact = fmt.Sprintf(
		"%s of waiting by %s in %s",
		views.Spent(s.Value),
		say.Count(len(s.Threads), "thread"),
		r.span(),
	)
	f.Explanation = "Every wait of a thread for a lock, from the recording's threshold on, was measured with the " +
		"place where it happens. Waits that had not ended are not among them."
	for _, c := range places {
		f.Evidence = append(f.Evidence, r.Cite("%s of the waiting at %s in %s", say.Percent(c.Share), name, c.Name))
	}
	f.Evidence = append(f.Evidence, r.citeCallers(s)...)
	f.Advice = []analyze.Advice{{
		Action: fmt.Sprintf("Shorten what is done while %s is held, or divide it: a lock for each key, a "+
			"read-write lock, a concurrent collection.", name),
		Effect: fmt.Sprintf("Up to %s threads do work instead of waiting.", say.Number(blocked)),
		Risk:   "A change of code: what the lock protects must stay consistent.",
		Verify: "A new recording: casefile profile --lock --pid " + r.pid() + ". Dumps taken at the same time " +
			"name the holder (lock-contention).",
	}}
	f.References = []string{"Java Concurrency in Practice, chapter 11: Reducing lock contention"}
	return f
}
