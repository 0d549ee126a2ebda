package load

import "testing"

func TestActuator(t *testing.T) {
	one := `{"threads": [
 {"threadName": "exec-1", "threadId": 31, "daemon": true, "threadState": "BLOCKED", "priority": 5, "lockName": "com.example.Store@2a", "lockOwnerId": 40, "lockOwnerName": "loader",
  "lockInfo": {"className": "com.example.Store", "identityHashCode": 42}, "stackTrace": [{"className": "com.example.Store", "methodName": "get", "fileName": "Store.java", "lineNumber": 7, "nativeMethod": false}]},
 {"threadName": "loader", "threadId": 40, "threadState": "TIMED_WAITING", "lockedMonitors": [{"className": "com.example.Store", "identityHashCode": 42, "lockedStackDepth": 1}],
  "stackTrace": [{"className": "java.lang.Thread", "methodName": "sleep", "nativeMethod": true}, {"className": "com.example.Store", "methodName": "load", "fileName": "Store.java", "lineNumber": 9}]}]}`
	c := read(t, tree(t, map[string]string{"threaddump-1.json": one, "threaddump-2.json": one}))
	_, dumps := processesOf(c)
	if len(dumps) != 1 || dumps[0] != 2 {
		t.Fatalf("dumps %d, problems %q", dumps, c.Problems)
	}
	d := c.JVMs()[0].Dumps.Dumps[0]
	if len(d.Threads) != 2 || d.UnparsedLines > 0 {
		t.Fatalf("%d threads, %d lines not understood", len(d.Threads), d.UnparsedLines)
	}
	wait := d.Threads[0].Waiting()
	if wait == nil || wait.Class != "com.example.Store" || len(d.Threads[1].Locks) != 1 || d.Threads[1].Locks[0].Addr != wait.Addr {
		t.Errorf("%+v, %+v", wait, d.Threads[1].Locks)
	}
}
