package load

import (
	"fmt"
	"strings"
	"testing"
)

// Collections that stand far into the output of an application are found, and its own lines are read too.
func TestCollectionsWithinAnApplicationsOutput(t *testing.T) {
	app := strings.Repeat("2026-03-10 00:00:00,000 INFO [exec-0] c.a.Web GET /page/0 200\n", 10_000)
	gc := "[700.000s][info][gc] GC(0) Pause Full (G1 Compaction Pause) 8190M->8150M(8192M) 5200.000ms\n"
	oom := "2026-03-10 00:11:00,000 ERROR [exec-1] c.a.Web java.lang.OutOfMemoryError: Java heap space\n"
	for name, text := range map[string]string{"late": app + gc + oom + gc, "early": gc + app + oom} {
		c := read(t, tree(t, map[string]string{"app.log": text}))
		j := c.JVMs()
		if len(j) != 1 || len(j[0].GC) != 1 || j[0].GC[0].FullGCs == 0 {
			t.Fatalf("%s: %d JVMs, problems %v", name, len(j), c.Problems)
		}
		logs := j[0].AllLogs()
		if len(logs) != 1 || logs[0].Entries != 10_001 {
			t.Errorf("%s: application logs %+v", name, logs)
		}
	}
}

// What the head of a GC log states of options and flags is known of the JVM.
func TestFlagsOfALogsHead(t *testing.T) {
	log := func(head string) string {
		return head + "1.000: [GC (Allocation Failure) [PSYoungGen: 65536K->8192K(76288K)] 65536K->12288K(251392K), 0.0200000 secs]\n"
	}
	c := read(t, tree(t, map[string]string{"gc.log": log("OpenJDK 64-Bit Server VM (25.292-b10) for linux-amd64 JRE (1.8.0_292-b10), built on Apr 21 2021\n" +
		"CommandLine flags: -XX:MaxHeapSize=4294967296 -XX:ParallelGCThreads=1 -XX:TieredStopAtLevel=1 -XX:-UseCompressedOops -XX:+UseParallelGC \n")}))
	j := c.JVMs()[0]
	for name, want := range map[string]string{"MaxHeapSize": "4294967296 ergonomic 2", "ParallelGCThreads": "1 command line 2",
		"TieredStopAtLevel": "1 command line 2", "UseCompressedOops": "false ergonomic 2"} {
		if f := j.Flags[name]; fmt.Sprint(f.Value, " ", f.Origin, " ", f.Line) != want {
			t.Errorf("%s: %+v, want %s", name, f, want)
		}
	}
	if len(j.Options) != 5 || !strings.HasSuffix(j.OptionsSource, "gc.log") {
		t.Errorf("options %q of %s", j.Options, j.OptionsSource)
	}
}
