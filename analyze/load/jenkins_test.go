package load

import (
	"fmt"
	"strings"
	"testing"
)

// jenkinsThreads writes threads as Jenkins' support bundle does: one holds the queue, the others wait for it.
func jenkinsThreads(n int) string {
	var b strings.Builder
	for i := range n {
		name := fmt.Sprintf("Handling POST /job/x/build from 10.0.0.%d : Jetty (winstone)-%d", i, i)
		fmt.Fprintf(&b, "%q id=%d (0x%x) state=", name, 20+i, 20+i)
		if i == 0 {
			b.WriteString("RUNNABLE cpu=12% (running in native)\n    at hudson.model.Queue.maintain(Queue.java:1500)\n      - locked hudson.model.Queue@5a1\n\n" +
				"    Locked synchronizers: count = 1\n      - java.util.concurrent.ThreadPoolExecutor$Worker@5e7\n\n")
			continue
		}
		b.WriteString("BLOCKED cpu=0%\n    - waiting to lock <0x000005a1> (a hudson.model.Queue)\n     owned by Handling POST /job/x/build from 10.0.0.0 : Jetty (winstone)-0 id=20\n" +
			"    at hudson.model.Queue.schedule(Queue.java:500)\n\n")
	}
	fmt.Fprintf(&b, "\"idle\" id=90 (0x5a) state=WAITING cpu=0%%\n    - waiting on <0x00000077> (a java.lang.Object)\n    - locked <0x00000077> (a java.lang.Object)\n    at java.lang.Object.wait(Native Method)\n\n")
	return b.String()
}

// Jenkins' support bundle has dumps of several nodes, of slow requests and of deadlocks, none with a title.
func TestJenkinsSupportBundle(t *testing.T) {
	slow := "Username: pat\nURL: http://jenkins/job/x/build\n\n%dms elapsed in Handling POST /job/x/build from 10.0.0.1\n"
	c := read(t, tree(t, map[string]string{
		"nodes/master/thread-dump.txt":       "Master\n======\n\n" + jenkinsThreads(3),
		"nodes/slave/agent1/thread-dump.txt": "agent1\n======\n\n" + jenkinsThreads(2),
		"nodes/slave/gone/thread-dump.txt":   "gone\n======\n\nN/A: No connection to node.\n",
		"slow-requests/20260301-100000.txt":  fmt.Sprintf(slow, 12345) + jenkinsThreads(2) + fmt.Sprintf(slow, 15345) + jenkinsThreads(2),
	}))
	dumps := map[string]string{}
	for _, j := range c.JVMs() {
		if j.Dumps == nil {
			continue
		}
		for _, d := range j.Dumps.Dumps {
			dumps[j.Node.Name] += fmt.Sprint(len(d.Threads), " ")
			if d.UnparsedLines > 3 || d.Gaps > 0 {
				t.Errorf("%s: %d lines not understood: %v", d.Source, d.UnparsedLines, d.Unparsed)
			}
			blocked := d.Threads[1]
			if w := blocked.Waiting(); w == nil || w.Class != "hudson.model.Queue" || !strings.HasSuffix(w.Owner, "winstone)-0") {
				t.Errorf("%s: %q waits for %+v", d.Source, blocked.Name, w)
			}
			if idle := d.Threads[len(d.Threads)-1]; len(idle.Locks) != 1 {
				t.Errorf("%s: %+v", d.Source, idle.Locks)
			}
		}
	}
	if dumps["master"] != "4 3 3 " && dumps["master"] != "3 3 4 " || dumps["agent1"] != "3 " || len(dumps) != 2 {
		t.Errorf("threads of dumps %v, problems %q", dumps, c.Problems)
	}
}
