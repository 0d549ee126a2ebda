// Package chains holds the rules about waits that leave a process: through a database's sessions, to another captured
// process, or to a file system. They read the wait graph, see [casefile/analyze/waits].
package chains

import "casefile/analyze"

// Rules lists those about waits through databases and nodes.
func Rules() []*analyze.Rule {
	all := []*analyze.Rule{distributedDeadlock, dbLockWait, idleInTransaction, slowStatement, slowFile}
	for _, r := range all {
		r.OfThreads = true
	}
	return all
}
