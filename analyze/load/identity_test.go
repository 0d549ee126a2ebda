package load

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
)

// jvmOf writes the dumps of one made-up JVM: every JVM has addresses, a pid and a start of its own.
type jvmOf struct {
	number int
	aged   time.Duration // at the first dump
}

func (j jvmOf) dump(i int) string {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC).Add(time.Duration(i)*10*time.Second + time.Duration(j.number)*time.Second)
	var b strings.Builder
	fmt.Fprintf(&b, "%d:\n%s\nFull thread dump OpenJDK 64-Bit Server VM (21.0.2+13 mixed mode):\n\n", 4000+j.number, at.Format(time.DateTime))
	age := j.aged + time.Duration(i)*10*time.Second
	for n, name := range []string{"main", "Reference Handler", "Finalizer", "worker-1", "worker-2"} {
		fmt.Fprintf(&b, "\"%s\" #%d prio=5 os_prio=0 cpu=10.00ms elapsed=%.2fs tid=0x00007f%02x0000%d000 nid=%d runnable  [0x0]\n"+
			"   java.lang.Thread.State: RUNNABLE\n\tat com.example.Shop.sell(Shop.java:%d)\n\n", name, n+1, age.Seconds(), j.number, n, n+20, j.number+1)
	}
	return b.String()
}

// processesOf gives the names of the nodes and the numbers of dumps of a case, sorted.
func processesOf(c *analyze.Case) (nodes []string, dumps []int) {
	for _, n := range c.Nodes {
		nodes = append(nodes, n.Name)
		for _, j := range n.JVMs {
			if j.Dumps != nil {
				dumps = append(dumps, len(j.Dumps.Dumps))
			}
		}
	}
	slices.Sort(dumps)
	return nodes, dumps
}

func TestDumpsAreOfTheirProcess(t *testing.T) {
	for _, jvms := range []int{1, 2, 3, 10} {
		ways := map[string]map[string]string{"similar names": {}, "folders": {}, "one stream": {}, "moments": {}, "a dated folder": {}}
		for i := range 3 {
			for k := range jvms {
				text := jvmOf{k, time.Hour}.dump(i)
				ways["similar names"][fmt.Sprintf("wiki%d-threads-%d.txt", k+1, i+1)] = text
				ways["a dated folder"][fmt.Sprintf("2026-03-01/wiki%d-threads-%d.txt", k+1, i+1)] = text
				ways["folders"][fmt.Sprintf("wiki%d/dump%d.txt", k+1, i+8)] = text
				ways["moments"][fmt.Sprintf("10-00-%02d/%d.txt", 10*i, k+1)] = text
				ways["one stream"]["out.txt"] += text
			}
		}
		for way, files := range ways {
			t.Run(fmt.Sprintf("%d, %s", jvms, way), func(t *testing.T) {
				nodes, dumps := processesOf(read(t, tree(t, files)))
				if len(dumps) != jvms || slices.Min(dumps) != 3 || slices.Max(dumps) != 3 {
					t.Errorf("dumps of processes: %d", dumps)
				}
				named := jvms > 1 && (way == "similar names" || way == "a dated folder" || way == "folders")
				if named && (len(nodes) != jvms || nodes[0] != "wiki1") || !named && way == "one stream" && len(nodes) != 1 {
					t.Errorf("nodes %q", nodes)
				}
			})
		}
	}
}

// Names alone join nothing: dumps of two programs in files of one series are two processes.
func TestNamesAloneJoinNothing(t *testing.T) {
	c := read(t, tree(t, map[string]string{"dump1.txt": strings.ReplaceAll(jvmOf{1, time.Hour}.dump(0), "tid=", "x="), "dump2.txt": jvmOf{2, time.Minute}.dump(1)}))
	if _, dumps := processesOf(c); len(dumps) != 2 {
		t.Errorf("dumps of processes: %d", dumps)
	}
}

// Lines of two JVMs in one stream without a name before them cannot be told apart: they are not judged.
func TestMixedLinesAreRefused(t *testing.T) {
	a, b := strings.SplitAfter(jvmOf{1, time.Hour}.dump(0), "\n"), strings.SplitAfter(jvmOf{2, time.Hour}.dump(0), "\n")
	var mixed strings.Builder
	for i := range a {
		mixed.WriteString(a[i] + b[i])
	}
	c := read(t, tree(t, map[string]string{"out.txt": mixed.String()}))
	if _, dumps := processesOf(c); len(dumps) > 0 || len(c.Refused) == 0 {
		t.Errorf("dumps of processes: %d, refused %q", dumps, c.Refused)
	}
}

func TestSeriesOf(t *testing.T) {
	for name, want := range map[string]string{
		"a/wiki1-threads-3.txt": "a/wiki1-threads-N.txt", "dump10.txt": "dumpN.txt", "wiki2.txt": "wiki2.txt",
		"threads-2026-03-01_10-00-00.txt": "threads-DATE.txt", "jstack.1767225600": "jstack.DATE", "3.txt": "N.txt",
	} {
		if got := seriesOf(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestNaturalOrder(t *testing.T) {
	names := []string{"dump10", "dump2", "dump1", "dump02b"}
	slices.SortFunc(names, natural)
	if want := []string{"dump1", "dump2", "dump02b", "dump10"}; !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
}
