package dumps

import (
	"fmt"
	"strings"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

var lockContention = &analyze.Rule{
	ID:     ids.LockContention,
	Doc:    "Many threads are blocked on one monitor or lock of the program over several dumps.",
	Needs:  needsDumps(2),
	Fix:    "Shorten what is done under the lock, move slow calls out of it, or divide it.",
	After:  forEver,
	Behind: behindChains,
	Limits: []analyze.Threshold{contentionWaiters, contentionShare, contentionDumps, contentionFew, contentionCritical},
	Run:    analyze.Each(dumped(2), judgeLockContention),
}

// judgeLockContention looks at locks of the program itself; a Go service has mutexes.
func judgeLockContention(pass *analyze.Pass, v *view) []analyze.Finding {
	if v.JVM == nil {
		return judgeMutexes(pass, v)
	}
	return judgeLocks(pass, v, guardsProgram, func(k *contended, p *problem) {
		p.Advice = []analyze.Advice{{
			Action: holderAdvice(k),
			Effect: "The threads behind it wait for moments instead of " + say.Seconds(max(k.HolderSpan, 0)) + ".",
			Risk:   "A change of code: what the lock protects must stay consistent.",
			Verify: v.lockVerify(k),
		}, {
			Action: v.untilThen(k),
			Effect: "Fewer threads meet at the lock.",
			Risk:   "It does not go away; it comes back with more load.",
			Verify: v.lockVerify(k),
		}}
		if k.HolderSpan <= 0 {
			p.Advice[0].Effect = "The threads behind it no longer wait one after the other."
		}
		p.References = []string{"Java Concurrency in Practice, chapter 11: Reducing lock contention"}
	})
}

// untilThen is what an admin can do before the code is changed: a job that holds the lock can be stopped or moved.
func (v *view) untilThen(k *contended) string {
	if h := k.Holder; h != nil && h.Obs[h.Last] != nil && !v.serving(h.Obs[h.Last]) {
		return "Until then stop the job that runs as " + say.Quote(h.Name) + ", or move its schedule out of the busy hours; a restart ends the run that holds the lock now."
	}
	return "Until then call less often what takes the lock: cache its result, run jobs that hold it outside the busy hours."
}

// holderAdvice depends on what the holder does while it has the lock.
func holderAdvice(k *contended) string {
	at := ""
	if k.suspectCall != "" {
		at = " in " + k.suspectCall
	}
	if f := k.holderCall(); f != nil {
		at = " in " + say.Short(f.Func)
	}
	if a := runtimeLock(k); a != "" {
		return fmt.Sprintf(a, strings.TrimPrefix(at, " in "))
	}
	switch k.HolderWait.Kind {
	case threads.WaitSocketRead, threads.WaitSocketWrite, threads.WaitConnect, threads.WaitHTTPPool, threads.WaitDBPool, threads.WaitDisk, threads.WaitProcess:
		return fmt.Sprintf("Do the slow call outside the lock%s (the holder %s), and take the lock only to store "+
			"the result.", at, k.HolderWait.Text)
	case threads.WaitSleep, threads.WaitQueue, threads.WaitResult, threads.WaitCondition, threads.WaitPool, threads.WaitPermit, threads.WaitRoom,
		threads.WaitMember, threads.WaitOthers, threads.WaitFileLock:
		return fmt.Sprintf("Do not wait while the lock is held%s (the holder %s): prepare the new state next to "+
			"the old one and swap them.", at, k.HolderWait.Text)
	case threads.WaitRunning:
		return fmt.Sprintf("Shorten what is done under the lock%s, or divide it: a lock per key, a read-write "+
			"lock, a concurrent collection.", at)
	}
	if k.kept {
		return "Find the way out on which " + k.name() + " is not unlocked (an exception, a thread that ended) and unlock it in a finally block; " +
			"a thread that reads under a read-write lock cannot take it to write. No thread is seen at work under it: until then only a " +
			"restart frees it."
	}
	return "Find who holds " + k.name() + " for long, and shorten what it does under the lock."
}

// runtimeLocks are locks that the runtime's own classes take for each call, by a method of those that want it or the class of the lock, and what does the
// same without.
var runtimeLocks = []struct{ mark, advice string }{
	{"sun.security.provider.NativePRNG", "Have %s not ask for seeds: generateSeed and SecureRandom.getInstanceStrong read /dev/random, one thread at a time, and wait for entropy. " +
		"new SecureRandom() is as good and does not wait; -Djava.security.egd=file:/dev/./urandom takes the seeds from there without a change of code."},
	{"sun.security.provider.SeedGenerator", "Have %s not ask for seeds: -Djava.security.egd=file:/dev/./urandom takes them from where nobody waits."},
	{"java.util.TimeZone", "Have %s look the zone up once and keep it: TimeZone.getTimeZone takes one lock for the whole JVM. java.time.ZoneId takes none."},
	{"java.text.SimpleDateFormat", "Give %s a java.time.format.DateTimeFormatter, which all threads may use at once without a lock."},
	{"java.text.DecimalFormat", "Give each thread of %s a format of its own, or make one for each call: a format that all share needs the lock."},
	{"java.util.Properties", "Have %s read the setting once and keep it: Properties and System.getProperty of old JDKs take one lock for all."},
}

// runtimeLock is the advice about a lock of the runtime's own classes; "" the lock is another one. It has one verb: where.
func runtimeLock(k *contended) string {
	class := strings.TrimPrefix(k.Class, "java.lang.Class for ")
	for _, l := range runtimeLocks {
		if strings.HasPrefix(class, l.mark) || k.takenBelow(l.mark) {
			return l.advice
		}
	}
	return ""
}

// takenBelow reports whether the lock is wanted by a method with this beginning: the one that a waiting thread stands in.
func (k *contended) takenBelow(prefix string) bool {
	return len(k.sightings) > 0 && len(k.sightings[0].Thread.Stack.Frames) > 0 && strings.HasPrefix(k.sightings[0].Thread.Stack.Frames[0].Func, prefix)
}
