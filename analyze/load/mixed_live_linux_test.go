package load

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"casefile/analyze"
	"casefile/analyze/gc/gclog"
	"casefile/analyze/threads"
	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

// ofLive is what one live JVM printed.
type ofLive struct {
	dumps []string // as kill -3 gives them
	gc    string   // with times and uptimes
	piled string   // the same with the pid before each line
	// What must be said of it.
	main   uint64 // the address of its first thread
	pauses int64
}

const (
	manyJVMs  = 10
	dumpsEach = 3
)

// liveJVMs runs small JVMs, and takes dumps and logs of each.
func liveJVMs(t *testing.T) []ofLive {
	t.Helper()
	jdk := livetest.Newest(t)
	out := make([]ofLive, manyJVMs)
	var wg sync.WaitGroup
	slots := make(chan struct{}, 3)
	for i := range out {
		dir := t.TempDir()
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			out[i] = liveJVM(t, jdk, dir)
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return out
}

func liveJVM(t *testing.T, jdk live.JDK, dir string) (o ofLive) {
	p, err := live.Start(t.Context(), jdk, "explicit-gc", live.Options{Dir: dir, JVM: []string{"-Xmx32m", "-Xms32m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Xlog:gc*:file=gc.log:time,uptime,level,tags", "-Xlog:gc*:file=piled.log:uptime,pid,level,tags"}})
	if err != nil {
		t.Error(err)
		return o
	}
	defer p.Stop()
	for range dumpsEach {
		before := len(p.Stdout())
		if err := syscall.Kill(p.PID, syscall.SIGQUIT); err != nil {
			t.Error(err)
			return o
		}
		if _, err := p.Line(t.Context(), "JNI global ref"); err != nil {
			t.Error(err)
			return o
		}
		text := p.Stdout()[before:]
		if at := strings.Index(text, "20"); at > 0 {
			text = text[at:]
		}
		o.dumps = append(o.dumps, text[:strings.Index(text, "JNI global ref")]+"JNI global refs: 1, weak refs: 0\n\n")
	}
	p.Stop()
	for name, into := range map[string]*string{"gc.log": &o.gc, "piled.log": &o.piled} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		}
		*into = string(text)
	}
	dumps, _, err := threads.ParseAll("dump", strings.NewReader(o.dumps[0]))
	if err != nil || len(dumps) != 1 {
		t.Errorf("%d dumps, %v", len(dumps), err)
		return o
	}
	o.main = firstThread(dumps[0])
	log, err := gclog.Parse("gc.log", strings.NewReader(o.gc), gclog.Options{})
	if err != nil || log.Total.Count == 0 {
		t.Errorf("no collections, %v", err)
		return o
	}
	o.pauses = log.Total.Count
	return o
}

func firstThread(d *threads.Dump) uint64 {
	for _, t := range d.Threads {
		if t.Name == "main" {
			return t.TID
		}
	}
	return 0
}

// The dumps and logs of several JVMs, mixed in every way, are told apart without a fault; where that cannot be they are not timed.
func TestLiveJVMsAreToldApart(t *testing.T) {
	all := liveJVMs(t)
	for _, n := range []int{2, 3, manyJVMs} {
		jvms := all[:n]
		for way, files := range mixedDumps(t, jvms) {
			t.Run(fmt.Sprintf("%d, dumps, %s", n, way), func(t *testing.T) {
				c := read(t, tree(t, files))
				if strings.Contains(way, "without") {
					refused(t, c)
					return
				}
				checkDumps(t, c, jvms)
			})
		}
		for way, files := range mixedLogs(t, jvms) {
			t.Run(fmt.Sprintf("%d, logs, %s", n, way), func(t *testing.T) {
				c := read(t, tree(t, files))
				if strings.Contains(way, "without") {
					refused(t, c)
					return
				}
				checkLogs(t, c, jvms)
			})
		}
	}
}

func refused(t *testing.T, c *analyze.Case) {
	t.Helper()
	for _, j := range c.JVMs() {
		if j.Dumps != nil || len(j.GC) > 0 {
			t.Errorf("%s is judged", j.Target)
		}
	}
	if len(c.Refused) == 0 {
		t.Errorf("no word, problems %q", c.Problems)
	}
}

// lineNames are ways to put a name before each line of JVM k.
var lineNames = map[string]string{"compose": "web-%d  | ", "kubectl": "[pod/web-%d/app] ", "stern": "web-%d-x7f2a app ", "syslog": "Mar  1 10:00:00 wiki%[1]d java[40%[1]d]: "}

func mixedDumps(t *testing.T, jvms []ofLive) map[string]map[string]string {
	ways := map[string]map[string]string{"similar names": {}, "folders": {}, "zips": {}, "one stream": {}, "lines without names": {}}
	plain := map[string]string{}
	named := map[string]map[string]string{}
	for way := range lineNames {
		named[way] = map[string]string{}
	}
	for k, j := range jvms {
		inZip := map[string]string{}
		for i, text := range j.dumps {
			ways["similar names"][fmt.Sprintf("app%d-dump%d.txt", k+1, i+8)] = text
			ways["folders"][fmt.Sprintf("node%d/dump%d.txt", k+1, i+8)] = text
			inZip[fmt.Sprintf("threads/dump%d.txt", i+8)] = text
			for way, name := range lineNames {
				named[way][fmt.Sprintf(name, k)] += text
			}
		}
		plain[strings.Repeat("\x00", k+1)] = j.dumps[0]
		ways["zips"][fmt.Sprintf("node%d.zip", k+1)] = zipped(t, inZip)
	}
	for i := range dumpsEach {
		for _, j := range jvms {
			ways["one stream"]["all.txt"] += j.dumps[i]
		}
	}
	ways["lines without names"]["all.txt"] = strings.ReplaceAll(interleaved(plain), "\x00", "")
	for way, texts := range named {
		ways[way] = map[string]string{"all.txt": interleaved(texts)}
	}
	return ways
}

func checkDumps(t *testing.T, c *analyze.Case, jvms []ofLive) {
	t.Helper()
	var found []uint64
	for _, j := range c.JVMs() {
		if j.Dumps == nil {
			continue
		}
		if n := len(j.Dumps.Dumps); n != dumpsEach {
			t.Errorf("%s has %d dumps", j.Target, n)
		}
		for i, d := range j.Dumps.Dumps {
			if d.UnparsedLines > 0 || d.Gaps > 0 || i > 0 && firstThread(d) != firstThread(j.Dumps.Dumps[0]) {
				t.Errorf("%s, dump %d: of %x and %x, %d lines not understood", j.Target, i, firstThread(d), firstThread(j.Dumps.Dumps[0]), d.UnparsedLines)
			}
		}
		found = append(found, firstThread(j.Dumps.Dumps[0]))
	}
	var want []uint64
	for _, j := range jvms {
		want = append(want, j.main)
	}
	slices.Sort(found)
	slices.Sort(want)
	if !slices.Equal(found, want) {
		t.Errorf("processes %x, want %x; problems %.500q", found, want, c.Problems)
	}
}

func mixedLogs(t *testing.T, jvms []ofLive) map[string]map[string]string {
	ways := map[string]map[string]string{"similar names": {}, "folders": {}, "zips": {}}
	plain, piled := map[string]string{}, map[string]string{}
	named := map[string]map[string]string{}
	for way := range lineNames {
		named[way] = map[string]string{}
	}
	for k, j := range jvms {
		ways["similar names"][fmt.Sprintf("gc-app%d.log", k+1)] = j.gc
		ways["folders"][fmt.Sprintf("node%d/gc.log", k+1)] = j.gc
		ways["zips"][fmt.Sprintf("node%d.zip", k+1)] = zipped(t, map[string]string{"logs/gc.log": j.gc})
		plain[strings.Repeat("\x00", k+1)], piled[strings.Repeat("\x00", k+1)] = j.gc, j.piled
		for way, name := range lineNames {
			named[way][fmt.Sprintf(name, k)] = j.gc
		}
	}
	ways["the decorator pid"] = map[string]string{"all.log": strings.ReplaceAll(interleaved(piled), "\x00", "")}
	for way, texts := range named {
		ways[way] = map[string]string{"all.log": interleaved(texts)}
	}
	return ways
}

func checkLogs(t *testing.T, c *analyze.Case, jvms []ofLive) {
	t.Helper()
	var found, want []int64
	for _, j := range c.JVMs() {
		for _, l := range j.GC {
			found = append(found, l.Total.Count)
			if len(l.Runs) != 1 {
				t.Errorf("%s: %d runs", l.Source, len(l.Runs))
			}
		}
	}
	for _, j := range jvms {
		want = append(want, j.pauses)
	}
	slices.Sort(found)
	slices.Sort(want)
	if !slices.Equal(found, want) || len(c.JVMs()) != len(jvms) {
		t.Errorf("%d JVMs with pauses %d, want %d; problems %.500q", len(c.JVMs()), found, want, c.Problems)
	}
}
