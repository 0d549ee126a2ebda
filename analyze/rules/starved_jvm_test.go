package rules

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/applog"
	"casefile/analyze/gc"
	"casefile/analyze/host"
	"casefile/analyze/say"
)

// Stops of seconds on a machine that lacks CPU are its consequence: one finding, and notes. Longer ones, and those on a machine that has CPU, are told.
func TestStopsOfAStarvedMachine(t *testing.T) {
	const line = `Safepoint "Cleanup", Time since last: 1000000 ns, Reaching safepoint: %d ns, At safepoint: 300000 ns, Total: %d ns`
	for _, c := range []struct {
		name  string
		busy  float64
		queue float64
		reach time.Duration
		want  string
	}{
		{"too few CPUs", 99, 12, 2 * time.Second, "critical cpu-saturated"},
		{"CPUs free", 40, 0.5, 2 * time.Second, "warning long-safepoint"},
		{"longer than that explains", 99, 12, 12 * time.Second, "critical cpu-saturated, critical long-safepoint"},
	} {
		w := newLog(128, "Parallel")
		for at := 45.0; at < 100; at += 25 {
			w.line(at, "safepoint", fmt.Sprintf(line, c.reach.Nanoseconds(), c.reach.Nanoseconds()+300000))
		}
		f := &host.Facts{Span: time.Minute, CPU: host.CPU{Count: figure(2), Busy: level(c.busy), RunQueuePerCPU: level(c.queue), Steal: level(0)}, Stall: level(0.01)}
		res := system(t, &analyze.JVM{GC: []*gc.Log{w.log(t)}}, f, time.Time{}, time.Time{})
		if got := strings.Join(loud(res), ", "); got != c.want {
			t.Errorf("%s: %q, want %q\n%s", c.name, got, c.want, show(res.Findings))
		}
	}
}

// The JVM's own lines tell of a full code cache where nothing else does; what it says of now says more than what it printed.
func TestCodeCacheByTheLog(t *testing.T) {
	logs := func() []*applog.Log {
		return logOf("compiler-disabled", "logs/catalina.out", map[int]time.Duration{2: time.Minute}, "OpenJDK 64-Bit Server VM warning: CodeCache is full. Compiler has been disabled.")
	}
	for _, c := range []struct {
		name, want string
		jvm        *analyze.JVM
	}{
		{"log only", "critical code-cache-full", &analyze.JVM{Logs: logs()}},
		{"has room again", "warning code-cache-full", &analyze.JVM{Logs: logs(), CodeCache: &analyze.CodeCache{Source: "vm/codecache.txt", Compiles: true, State: "enabled",
			Heaps: []analyze.CodeHeap{{Name: "CodeCache", Size: 240 * say.MB, Used: 80 * say.MB, Line: 1}}}}},
		{"no such line", "", &analyze.JVM{Logs: []*applog.Log{{Source: "logs/catalina.out"}}}},
	} {
		res := system(t, c.jvm, nil, time.Time{}, time.Time{})
		if got := strings.Join(loud(res), ", "); got != c.want {
			t.Errorf("%s: %q, want %q\n%s", c.name, got, c.want, show(res.Findings))
		}
		if c.want != "" && !strings.Contains(show(res.Findings), "-XX:ReservedCodeCacheSize") {
			t.Errorf("%s: %s", c.name, show(res.Findings))
		}
	}
}
