package threads

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Each format has its target, so that mutation stays near it.
func FuzzHotSpot(f *testing.F) {
	fuzzFormat(f, "hotspot-*.txt", "catalina.out")
	f.Add([]byte(small))
}
func FuzzDumpFile(f *testing.F)   { fuzzFormat(f, "dumpfile-*.txt") }
func FuzzDumpJSON(f *testing.F)   { fuzzFormat(f, "dumpfile-*.json") }
func FuzzGo(f *testing.F)         { fuzzFormat(f, "go-*.txt") }
func FuzzJRockit(f *testing.F)    { fuzzFormat(f, "jrockit.txt") }
func FuzzJavacore(f *testing.F)   { fuzzFormat(f, "javacore.txt") }
func FuzzSA(f *testing.F)         { fuzzFormat(f, "jstack-F.txt") }
func FuzzThreadInfo(f *testing.F) { fuzzFormat(f, "threadinfo.txt", "visualvm.txt") }

func fuzzFormat(f *testing.F, patterns ...string) {
	for _, p := range patterns {
		files, err := filepath.Glob(filepath.Join(fixtures, p))
		if err != nil || len(files) == 0 {
			f.Fatalf("no seed %s: %v", p, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
			f.Add(text[:len(text)/2])
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		checkAny(t, text)
		checkRecognised(t, text)
	})
}

// checkAny holds for any input: no panic, counts add up, and all measures accept what was read.
func checkAny(t *testing.T, text []byte) {
	dumps, sum, err := ParseAll("fuzz", bytes.NewReader(text))
	unparsed, threads := 0, 0
	for _, d := range dumps {
		unparsed += d.UnparsedLines
		threads += len(d.Threads)
		if len(d.Unparsed) > 20 || d.Line < 1 || d.EndLine < d.Line || d.EndLine > sum.Lines {
			t.Fatalf("dump at lines %d-%d of %d, %d unparsed kept", d.Line, d.EndLine, sum.Lines, len(d.Unparsed))
		}
		for _, th := range d.Threads {
			if th.Stack == nil || int(th.Line) > sum.Lines || th.EndLine < th.Line {
				t.Fatalf("thread %q at lines %d-%d of %d", th.Name, th.Line, th.EndLine, sum.Lines)
			}
			for _, l := range th.Locks {
				if int(l.Depth) > len(th.Stack.Frames) || l.Depth < -1 {
					t.Fatalf("lock at frame %d of %d", l.Depth, len(th.Stack.Frames))
				}
			}
		}
	}
	if err == nil && (sum.Dumps != len(dumps) || sum.Threads != threads || sum.UnparsedLines != unparsed || sum.OtherLines+sum.UnparsedLines > sum.Lines) {
		t.Fatalf("counts do not add up: %+v; %d dumps, %d threads, %d unparsed", sum, len(dumps), threads, unparsed)
	}
	s := NewSeries(dumps, nil)
	s.Hot()
	s.Stuck(1)
	s.Pools(nil)
	s.Contention()
	s.Families()
	s.Groups(true)
	s.Functions()
	for i := range s.Dumps {
		s.Graph(i).Deadlocks()
		s.Graph(i).Chains()
	}
	if err := s.Profile().CheckValid(); err != nil {
		t.Fatal(err)
	}
}

func FuzzUtilisation(f *testing.F) {
	f.Add("JVM_THREAD_ID OS_THREAD_ID %CPU_USER_MODE %CPU_SYSTEM_MODE SYSTEM_TIME THREAD_NAME\n31 4097 60.0 5.0 10:00:00 worker-1\n")
	f.Fuzz(func(t *testing.T, text string) {
		u, err := ReadUtilisation("2024_01_02_10_00_10_thread_cpu_utilisation.txt", strings.NewReader(text))
		if err != nil {
			return
		}
		for id, share := range u.Shares {
			if share < 0 || share > 1e4 {
				t.Errorf("thread %d has %v", id, share)
			}
		}
		SamplesOf([]*Utilisation{u, u}, 8)
	})
}

func FuzzTop(f *testing.F) {
	f.Add("top - 10:00:00 up 3 days\nThreads: 2\n\n  PID USER  TIME+ COMMAND\n 4097 app 103:07.45 worker-1\n 1 app 5d init\n")
	f.Fuzz(func(t *testing.T, text string) {
		tables, _, err := ReadTop(strings.NewReader(text))
		if err != nil {
			return
		}
		dump := &Dump{Time: time.Date(2024, 1, 2, 0, 0, 1, 0, time.UTC), Threads: []*Thread{{Identity: &Identity{NID: 4097}}}}
		for i, s := range TopSamples(tables, []*Dump{dump}) {
			if gap := s.Time.Sub(dump.Time).Abs(); gap > 12*time.Hour+time.Second {
				t.Errorf("table %d of %v is %v from its dump", i, tables[i].Clock, gap)
			}
			for id, c := range s.Threads {
				if c.CPU < 0 {
					t.Errorf("thread %d has %v", id, c.CPU)
				}
			}
		}
	})
}
