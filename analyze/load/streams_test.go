package load

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// interleaved mixes the lines of texts, each with a name of its own before it.
func interleaved(texts map[string]string) string {
	var names []string
	lines := map[string][]string{}
	for name, text := range texts {
		names = append(names, name)
		lines[name] = strings.SplitAfter(text, "\n")
	}
	slices.Sort(names)
	var b strings.Builder
	for i := 0; len(names) > 0; i++ {
		for k, name := range names { // in runs of different lengths
			n := min(1+(i+k)%3, len(lines[name]))
			for _, line := range lines[name][:n] {
				if line != "" {
					b.WriteString(name + line)
				}
			}
			lines[name] = lines[name][n:]
		}
		names = slices.DeleteFunc(names, func(name string) bool { return len(lines[name]) == 0 })
	}
	return b.String()
}

func TestStreamsOfSeveralProcesses(t *testing.T) {
	for way, before := range map[string]string{
		"compose": "web-%d  | ", "kubectl": "[pod/web-%d/app] ", "stern": "web-%d-x7f2a app ", "host": "wiki%d: ", "bracket": "[wiki%d] ",
		"pid": "[471%d] ", "syslog": "Mar  1 10:00:00 wiki%[1]d java[400%[1]d]: ",
	} {
		for _, jvms := range []int{2, 3, 10} {
			t.Run(fmt.Sprintf("%s, %d", way, jvms), func(t *testing.T) {
				dumps, logs := map[string]string{}, map[string]string{}
				for k := range jvms {
					name := fmt.Sprintf(before, k)
					for i := range 3 {
						dumps[name] += jvmOf{k, time.Hour}.dump(i)
					}
					for i := range 60 {
						logs[name] += fmt.Sprintf("[%d.%03ds][info][gc] GC(%d) Pause Young (Normal) (G1 Evacuation Pause) 9M->5M(16M) %d.000ms\n", 100*(k+1)+i, k, i, k+1)
					}
				}
				stream := interleaved(dumps)
				c := read(t, tree(t, map[string]string{"out.txt": stream}))
				nodes, counts := processesOf(c)
				if len(counts) != jvms || slices.Min(counts) != 3 || slices.Max(counts) != 3 || len(nodes) != jvms {
					t.Fatalf("dumps %d, nodes %q, problems %q", counts, nodes, c.Problems)
				}
				lines := strings.Split(stream, "\n")
				for _, j := range c.JVMs() {
					for _, d := range j.Dumps.Dumps {
						if len(d.Threads) != 5 || d.UnparsedLines > 0 {
							t.Errorf("%s: %d threads, %d lines not understood", j.Target, len(d.Threads), d.UnparsedLines)
						}
						for _, th := range d.Threads {
							if !strings.Contains(lines[th.Line-1], `"`+th.Name+`"`) {
								t.Errorf("line %d is not of %s: %s", th.Line, th.Name, lines[th.Line-1])
							}
						}
					}
				}
				c = read(t, tree(t, map[string]string{"gc.log": interleaved(logs)}))
				if got := len(c.JVMs()); got != jvms {
					t.Fatalf("%d JVMs, problems %q", got, c.Problems)
				}
				for _, j := range c.JVMs() {
					if len(j.GC) != 1 || j.GC[0].Total.Count != 60 || j.GC[0].Span > time.Minute {
						t.Errorf("%s: %+v", j.Target, j.GC)
					}
				}
			})
		}
	}
}

// Without names the lines of two JVMs cannot be told apart: they are not timed, and that is told. A restart is no second JVM.
func TestMixedGCLogsAreRefused(t *testing.T) {
	var mixed, restarts strings.Builder
	for i := range 60 {
		for _, at := range []int{100 + i, 9000 + i} {
			fmt.Fprintf(&mixed, "[%d.000s][info][gc] GC(%d) Pause Young (Normal) (G1 Evacuation Pause) 9M->5M(16M) 1.000ms\n", at, at)
		}
	}
	for range 5 {
		for i := range 60 {
			fmt.Fprintf(&restarts, "[%d.000s][info][gc] GC(%d) Pause Young (Normal) (G1 Evacuation Pause) 9M->5M(16M) 1.000ms\n", i+1, i)
		}
	}
	if c := read(t, tree(t, map[string]string{"gc.log": mixed.String()})); len(c.JVMs()) > 0 || len(c.Refused) != 1 {
		t.Errorf("%d JVMs, refused %q", len(c.JVMs()), c.Refused)
	}
	if c := read(t, tree(t, map[string]string{"gc.log": restarts.String()})); len(c.JVMs()) != 1 || len(c.Refused) > 0 {
		t.Errorf("%d JVMs, refused %q", len(c.JVMs()), c.Refused)
	}
}
