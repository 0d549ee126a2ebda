package load

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
)

// tree writes files below a new folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func read(t *testing.T, paths ...string) *analyze.Case {
	t.Helper()
	c, err := Paths(t.Context(), paths)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const (
	dumpText = "2022-07-12 01:10:00\nFull thread dump OpenJDK 64-Bit Server VM (17.0.15+6 mixed mode, sharing):\n\n\"http-nio-8090-exec-7\" #31 daemon prio=5 os_prio=0 cpu=12.00ms elapsed=100.00s tid=0x00007f0000001000 nid=0x1001 runnable  [0x00007f0000000000]\n   java.lang.Thread.State: RUNNABLE\n\tat com.acme.Shop.buy(Shop.java:1)\n\nJNI global refs: 1, weak refs: 0\n\n"
	catalina = "12-Jul-2022 01:08:59.489 INFO [main] org.apache.catalina.startup.Catalina.start Server startup in [2000] milliseconds\n12-Jul-2022 01:09:59.489 SEVERE [x] a.B.c Received a panic event\n"
	access   = "[12/Jul/2022:01:11:00 +0200] jo http-nio-8090-exec-7 10.0.0.9 GET /x?y HTTP/1.1 200 63112ms 5 - -\n"
	server   = `<Server><Service><Engine><Host><Valve className="org.apache.catalina.valves.AccessLogValve" pattern="%I|%t|%r|%s|%D"/></Host></Engine></Service></Server>`
)

// Loose logs are read whatever else a folder holds, and in whatever order.
func TestLooseLogs(t *testing.T) {
	dir := tree(t, map[string]string{
		"a/catalina.out":         catalina + dumpText + catalina,
		"b/atlassian.log":        catalina,
		"c/access_log.txt":       access,
		"d/conf_access_log.log":  "http-nio-8090-exec-7|[12/Jul/2022:01:11:00 +0200]|GET /x HTTP/1.1|200|63112\n",
		"e/conf/server.xml":      server,
		"f/notes.txt":            "nothing\nof interest\n",
		"g/conf_access_log2.log": access + "odd\n",
	})
	c := read(t, dir)
	n := c.Nodes[0]
	if len(n.JVMs) != 1 || n.JVMs[0].Dumps == nil || len(n.JVMs[0].Dumps.Dumps) != 1 {
		t.Fatalf("%d JVMs", len(n.JVMs))
	}
	if len(n.LooseLogs) != 2 {
		t.Errorf("%d logs", len(n.LooseLogs))
	}
	for _, l := range n.LooseLogs {
		if want := map[bool]int64{true: 4, false: 2}[strings.HasSuffix(l.Source, "catalina.out")]; l.Entries != want || l.Of("panic").Count != want/2 {
			t.Errorf("%s: %d entries, want %d", l.Source, l.Entries, want)
		}
	}
	if got := n.JVMs[0].LogLines("panic"); len(got) != 3 {
		t.Errorf("%d lines of a panic", len(got))
	}
	if len(n.LooseAccess) != 3 {
		t.Fatalf("%d access logs", len(n.LooseAccess))
	}
	for _, a := range n.LooseAccess {
		if len(a.Slow) != 1 || a.Slow[0].Took != 63112*time.Millisecond || a.Slow[0].Thread != "http-nio-8090-exec-7" || a.Slow[0].Path != "/x" {
			t.Errorf("%s: %+v", a.Source, a)
		}
	}
	if len(c.Problems) != 2 || !strings.Contains(c.Problems[0], "notes.txt: neither") || !strings.Contains(c.Problems[1], "1 of 2 lines do not fit") {
		t.Errorf("problems: %q", c.Problems)
	}
}

func TestCodeCache(t *testing.T) {
	for _, c := range []struct {
		name, text  string
		heaps, full int
		compiles    bool
		used        int64
	}{
		{"17, in parts", "1:\nCodeHeap 'non-profiled nmethods': size=120036Kb used=317Kb max_used=317Kb free=119718Kb\n bounds [0x0, 0x1, 0x2]\nCodeHeap 'profiled nmethods': size=120032Kb used=1715Kb max_used=1715Kb free=118316Kb\n total_blobs=1460 nmethods=1045 adapters=329\n compilation: enabled\n              stopped_count=0, restarted_count=0\n full_count=0\n", 2, 0, true, 1715 << 10},
		{"17, full", "CodeCache: size=4096Kb used=4082Kb max_used=4089Kb free=13Kb\n compilation: disabled (not enough contiguous free space left)\n              stopped_count=0, restarted_count=0\n full_count=1\n", 1, 1, false, 4082 << 10},
		{"25, in parts", "CodeHeap 'profiled nmethods': size=120036Kb used=1569Kb max_used=1569Kb free=118466Kb\nCodeCache: size=245764Kb, used=3417Kb, max_used=3443Kb, free=242344Kb\n total_blobs=1682, nmethods=1226, adapters=361, full_count=0\nCompilation: enabled, stopped_count=0, restarted_count=0\n", 1, 0, true, 1569 << 10},
		{"25, full", "CodeCache: size=4096Kb used=4095Kb max_used=4095Kb free=0Kb\n total_blobs=3309, nmethods=2933, adapters=279, full_count=1\nCompilation: disabled (not enough contiguous free space left), stopped_count=0, restarted_count=0\n", 1, 1, false, 4095 << 10},
	} {
		got, err := ParseCodeCache("x", strings.NewReader(c.text))
		if err != nil || len(got.Heaps) != c.heaps || got.Full != c.full || got.Compiles != c.compiles || got.Fullest().Used != c.used || got.FullLine == 0 {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

// The support zip of JDK 8 has dumps without CPU time, and tables of shares next to them.
func TestSupportZipCPU(t *testing.T) {
	files := map[string]string{}
	for i, at := range []string{"10_00_00", "10_00_10", "10_00_20"} {
		clock := strings.ReplaceAll(at, "_", ":")
		files["jfr-bundle/x/threaddumps/2024_01_02_"+at+".txt"] = "2024-01-02 " + clock + "\nFull thread dump OpenJDK 64-Bit Server VM (25.282-b08 mixed mode):\n\n\"worker-1\" #31 prio=5 os_prio=0 tid=0x00007f0000001000 nid=0x1001 runnable [0x00007f0000000000]\n   java.lang.Thread.State: RUNNABLE\n\tat com.acme.Shop.buy(Shop.java:1)\n\nJNI global references: 1\n\n"
		files["jfr-bundle/x/threaddumps/2024_01_02_"+at+"_thread_cpu_utilisation.txt"] = "JVM_THREAD_ID OS_THREAD_ID %CPU_USER_MODE %CPU_SYSTEM_MODE SYSTEM_TIME THREAD_NAME\n31 4097 " + []string{"10.0", "60.0", "90.0"}[i] + " 5.0 " + clock + " worker-1\nbroken\n"
	}
	c := read(t, tree(t, files))
	if len(c.Nodes) != 1 || len(c.Nodes[0].JVMs) != 1 {
		t.Fatalf("%q, %d nodes", c.Problems, len(c.Nodes))
	}
	if len(c.Problems) != 3 || !strings.Contains(c.Problems[0], "1 lines are not understood") {
		t.Errorf("of the broken lines: %q", c.Problems)
	}
	s := c.Nodes[0].JVMs[0].Dumps
	if s == nil || len(s.Dumps) != 3 {
		t.Fatal("the dumps are no series")
	}
	hot := s.Hot()
	if len(hot) != 1 || hot[0].Name != "worker-1" || hot[0].Cores < 0.79 || hot[0].Cores > 0.81 {
		t.Errorf("%+v", hot)
	}
}

// What support asks for where dumps have no CPU time: the output of top next to each of them, by thread. Two nodes have the same ids.
func TestTopBesideDumps(t *testing.T) {
	files := map[string]string{}
	for i, clock := range []string{"23:59:50", "00:00:00", "00:00:10"} {
		day := []string{"01", "02", "02"}[i]
		for node, used := range map[string][]string{"n1": {"100:00.00", "100:08.00", "100:16.00"}, "n2": {"0:01.00", "0:01.10", "0:01.20"}} {
			epoch := fmt.Sprint(1704153590 + 10*i)
			files[node+"/confluence_threads."+epoch+".txt"] = "2024-01-" + day + " " + clock + "\nFull thread dump OpenJDK 64-Bit Server VM (25.282-b08 mixed mode):\n\n\"worker-1\" #31 prio=5 os_prio=0 tid=0x00007f0000001000 nid=0x1001 runnable [0x00007f0000000000]\n   java.lang.Thread.State: RUNNABLE\n\tat com.acme.Shop.buy(Shop.java:1)\n\nJNI global references: 1\n\n"
			files[node+"/confluence_cpu_usage."+epoch+".txt"] = "top - " + clock + " up 3 days,  1:02,  1 user,  load average: 0.60, 2.26, 2.47\nThreads:  89 total,   1 running,  88 sleeping\n%Cpu(s):  0.0 us,  0.0 sy\n\n    PID USER      PR  NI    VIRT    RES    SHR S %CPU  %MEM     TIME+ COMMAND\n" +
				"   4097 conflue+  20   0   43424  13336   6292 R 99.9   0.1 " + used[i] + " java -x worker\n   9999 root  20   0   43424  13336   6292 S  0.0   0.1    30,05 other\n"
		}
	}
	files["alone.txt"] = strings.ReplaceAll(files["n1/confluence_cpu_usage.1704153590.txt"], "4097", "77")
	c := read(t, tree(t, files))
	if len(c.Nodes) != 2 || len(c.JVMs()) != 2 {
		t.Fatalf("%q, %d nodes", c.Problems, len(c.Nodes))
	}
	if len(c.Problems) != 8 || !strings.Contains(c.Problems[7], "alone.txt: no thread dump has the threads") {
		t.Errorf("problems: %q", c.Problems)
	}
	for _, j := range c.Nodes[0].JVMs {
		hot := j.Dumps.Hot()
		if !strings.Contains(j.Target, "n1/") {
			if len(hot) > 0 && hot[0].Cores > 0.02 {
				t.Errorf("%s: %+v", j.Target, hot)
			}
			continue
		}
		if len(hot) != 1 || hot[0].Name != "worker-1" || hot[0].Cores < 0.79 || hot[0].Cores > 0.81 {
			t.Errorf("%s: %+v", j.Target, hot)
		}
	}
}

// Files come compressed, cut, and in archives made from "./": what can be read of them is.
func TestPackedAndCut(t *testing.T) {
	dump, err := os.ReadFile("../../testdata/threads/hotspot-17-jcmd-l.txt")
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile("../../testdata/gc/g1-jdk17.log")
	if err != nil {
		t.Fatal(err)
	}
	gz := func(b []byte) []byte {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		if _, err := w.Write(b); err != nil {
			t.Fatal(err)
		}
		w.Close()
		return out.Bytes()
	}
	var ball bytes.Buffer
	tw := tar.NewWriter(&ball)
	other, err := os.ReadFile("../../testdata/threads/hotspot-25-jcmd-l.txt")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"./logs/dump.txt": dump, "/var/tmp/dump2.txt": other} {
		if err := tw.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
		if _, err := tw.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	tw.Close()
	packed := gz(log)
	dir := tree(t, map[string]string{"dump.txt.gz": string(gz(dump)), "cut.log.gz": string(packed[:len(packed)/2]), "all.tgz": string(gz(ball.Bytes()))})

	for name, want := range map[string]int{"dump.txt.gz": 1, "all.tgz": 2} {
		c := read(t, filepath.Join(dir, name))
		got := 0
		for _, n := range c.Nodes {
			for _, j := range n.JVMs {
				if j.Dumps != nil {
					got += len(j.Dumps.Dumps)
				}
			}
		}
		if got != want || len(c.Problems) > 0 {
			t.Errorf("%s: %d dumps, want %d; %v", name, got, want, c.Problems)
		}
	}
	c := read(t, filepath.Join(dir, "cut.log.gz"))
	if gc := c.Nodes[0].JVMs[0].GC; len(gc) != 1 || gc[0].Total.Count == 0 || len(c.Problems) == 0 || !strings.Contains(c.Problems[0], "cut.log.gz") {
		t.Errorf("of a log cut in the middle %d are read, %v", len(gc), c.Problems)
	}
}

// One path that cannot be read costs only itself.
func TestMissingPath(t *testing.T) {
	dir := tree(t, map[string]string{"app.log": "2026-01-02 10:00:05,123 ERROR [main] [core.Foo] doIt failed\njava.lang.OutOfMemoryError: Java heap space\n"})
	c, err := Paths(t.Context(), []string{filepath.Join(dir, "gone.txt"), filepath.Join(dir, "app.log")})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Nodes) != 1 || len(c.Nodes[0].LooseLogs) != 1 || len(c.Problems) != 1 || !strings.Contains(c.Problems[0], "gone.txt") {
		t.Errorf("%d nodes, problems %q", len(c.Nodes), c.Problems)
	}
	if _, err := Paths(t.Context(), []string{filepath.Join(dir, "gone.txt"), filepath.Join(dir, "too.txt")}); err == nil || !strings.Contains(err.Error(), "too.txt") {
		t.Errorf("nothing can be read: %v", err)
	}
}
