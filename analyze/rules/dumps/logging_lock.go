package dumps

import (
	"casefile/analyze"
	"casefile/analyze/ids"
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
			Action: "Check how long writes to the log's disk take, and what else writes there.",
			Effect: "The lock is held for a shorter time.",
			Verify: "Disk write latency of the log volume is below 5 ms.",
		}}
		p.References = []string{
			"Apache Log4j 2 manual: Asynchronous loggers",
			"Logback manual: AsyncAppender",
			"Atlassian: Configuring Logging",
		}
	})
}
