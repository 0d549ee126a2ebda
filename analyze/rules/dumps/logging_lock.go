package dumps

import (
	"cmp"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/say"
)

var loggingLock = &analyze.Rule{
	ID:     ids.LoggingLock,
	Doc:    "Threads wait for the lock of a log handler or appender over several dumps.",
	Needs:  needsDumps(2),
	Fix:    "Write fewer lines, or through an asynchronous appender that discards when it is full.",
	After:  forEver,
	Limits: []analyze.Threshold{contentionWaiters, contentionShare, contentionDumps, contentionFew, contentionCritical},
	Run:    analyze.Each(dumped(2), judgeLogging),
}

// judgeLogging looks at locks of log handlers and appenders.
func judgeLogging(pass *analyze.Pass, v *view) []analyze.Finding {
	return judgeLocks(pass, v, guardsLog, func(k *contended, p *problem) {
		p.Explanation += " The lock belongs to logging: each request waits until the lines of all others are written."
		p.Advice = []analyze.Advice{{
			Action: "Lower the level of the loggers that write most, above all DEBUG and TRACE left on after an " +
				"investigation.",
			Effect: "Fewer lines, fewer threads at the lock.",
			Risk:   "Those lines are missing when they are looked for.",
			Verify: v.lockVerify(k),
		}, {
			Action: "Write the log through an asynchronous appender with a bounded queue that discards DEBUG and " +
				"INFO when it is full.",
			Effect: "Requests hand over the line and go on.",
			Risk: "The last lines are lost when the process is killed; a queue that blocks when full only moves " +
				"the problem.",
			Verify: v.lockVerify(k),
		}, {
			Action: "Check how long writes to the log's disk take (iostat -x 1: w_await), and what else writes there (pidstat -d 1).",
			Effect: "The lock is held for a shorter time.",
			Risk:   "None in looking.",
			Verify: "Disk write latency of the log volume is below 5 ms.",
		}}
		if v.writeStands(k) {
			p.Add("; its write has stood for %s: nobody reads the other end, or the disk does not answer", say.Time("stood", v.Series.Duration()))
			p.Advice = slices.Insert(p.Advice, 0, unreadAdvice(v, k))
		}
		p.References = []string{
			"Apache Log4j 2 manual: Asynchronous loggers",
			"Logback manual: AsyncAppender",
			"Atlassian: Configuring Logging",
		}
	})
}

// writes are methods in which the runtime hands bytes to the system.
var writes = []string{"java.io.FileOutputStream.write", "java.io.RandomAccessFile.write", "sun.nio.ch.FileDispatcherImpl.write",
	"sun.nio.ch.UnixFileDispatcherImpl.write"}

// writeStands reports whether the holder of a lock stands in one write over all dumps.
func (v *view) writeStands(k *contended) bool {
	holder := cmp.Or(k.Holder, k.suspect)
	if holder == nil || !v.stoodAll(holder) {
		return false
	}
	top := holder.Obs[holder.Last].Stack.Top()
	return slices.ContainsFunc(writes, func(w string) bool { return strings.HasPrefix(top, w) })
}

// unreadAdvice is about a write that does not come back.
func unreadAdvice(v *view, k *contended) analyze.Advice {
	return analyze.Advice{
		Action: "Have the other end of what " + cmp.Or(k.Holder, k.suspect).Name + " writes to read again: a standard output that is a pipe stands when its reader " +
			"has stopped (ls -l /proc/" + v.pid() + "/fd/1 shows a pipe; then its reader, a log shipper or service manager), a file stands when its disk " +
			"does not answer. Write to a file, or through an asynchronous appender that discards, so that logging cannot stop the service.",
		Effect: "All that wait to log go on at once.",
		Risk:   "None in reading.",
		Verify: v.lockVerify(k),
	}
}
